"""``vhi scan``: a folder into a worklist."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from .arguments import path

DESCRIPTION = """\
Look through a folder for examinations with a STIR and a T1w scan, and write them as a worklist for 'vhi batch'.

Files are recognised by name (stir, t1, normal_bone, disease_region), DICOM series by their description. Folders without
a complete pair are listed on standard error. Look the worklist over before you measure: names can mislead.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "scan",
        help="make a worklist from a folder of scans",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=path, help="folder of scans: NIfTI, NRRD, MHA or DICOM")
    parser.add_argument("--out", required=True, type=path, metavar="FILE", help="worklist to write, .tsv or .csv")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Scan a folder."""
    from VHIWorkflowLib.files.errors import InputError
    from VHIWorkflowLib.files.worklists import scan_folder, write_worklist

    from .measure import one_line

    if not arguments.folder.is_dir():
        raise InputError(arguments.folder, "is not a folder")
    cases, problems = scan_folder(arguments.folder)
    if not cases:
        example = f", for example {problems[0]}" if problems else ""
        raise InputError(arguments.folder, f"holds no examination with a STIR and a T1w scan{example}")
    write_worklist(cases, arguments.out)
    if arguments.json:
        print(json.dumps({"worklist": str(arguments.out), "cases": len(cases), "problems": problems}, indent=1))
        return 0
    for problem in problems:
        print(f"left out: {one_line(problem)}", file=sys.stderr)
    print(f"{len(cases)} cases\nworklist  {arguments.out}")
    return 0
