"""``vhi verify``: recompute recorded measurements."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .arguments import path

DESCRIPTION = """\
Recompute every measurement of a results folder from its record and scan, and say which differ.

Thresholds, masks, every cleaning step, label map, segmentation, stability figures and table row are compared exactly.
Exit status 0 when all are the same, else 2. A case whose scan is no longer there cannot be checked and counts as
different; keep scans and results together in one folder, and both can be moved.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="recompute every number from its record",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=path, help="results folder (--out of measure or batch)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify a folder; 2 when a case differs or cannot be checked."""
    from VHIWorkflowLib.files.errors import InputError
    from VHIWorkflowLib.study.verification import verify_folder

    if not arguments.folder.is_dir():
        raise InputError(arguments.folder, "is not a folder of results")
    found = []
    for each in verify_folder(arguments.folder):
        found.append(each)
        if not arguments.json:
            print(f"{each.verdict:<12} {each.folder.relative_to(arguments.folder).as_posix()}")
            for problem in each.problems:
                print(f"             {problem}")
    if not found:
        raise InputError(arguments.folder, "holds no records")
    if arguments.json:
        print(
            json.dumps(
                [
                    {"folder": str(each.folder), "verdict": each.verdict, "problems": list(each.problems)}
                    for each in found
                ],
                ensure_ascii=False,
                indent=1,
            )
        )
    return 0 if all(each.verdict == "same" for each in found) else 2
