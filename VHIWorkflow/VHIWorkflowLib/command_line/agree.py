"""``vhi agree``: how far readers, repeats or methods agree over the same cases."""

from __future__ import annotations

import argparse
import json
import os
from itertools import combinations
from pathlib import Path
from typing import Any

from .arguments import path
from .progress import counted_bar

DESCRIPTION = """\
Compare two or more readings of the same cases.

A reading is a results folder or results table (with #reader behind it when it holds several readers), or a folder of
masks (NIfTI, NRRD, MHA, Slicer segmentation, DICOM SEG) whose file names are the cases. Every two readings are
compared; cases that one of them lacks are named and left out. Writes cases.tsv (each case), summary.tsv (figures over
all cases, with 95 % intervals), failures.tsv (the cases that readers disagree on most, and which part of the
measurement made the difference), islands.tsv (their largest disputed islands), reasons.tsv (why one reader does not
count what the other does) and report.html, which opens in any browser without a network. From three readings on, each
is compared with composite masks of all and of the others too (folder composite).

  vhi agree results#AB results#CD --out agreement
  vhi agree masks_first masks_again --out repeatability
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "agree",
        help="how far readers, repeats or methods agree",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("readings", nargs="+", metavar="READING", help="two or more readings")
    parser.add_argument("--out", required=True, type=path, metavar="DIR", help="folder for tables and report")
    parser.add_argument("--failures", type=int, default=10, metavar="N", help="look into so many cases (10)")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="cases at a time (one for each processor)")
    parser.add_argument("--json", action="store_true", help="print where the files lie as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, and write tables and report."""
    from VHIWorkflowLib.study.workers import use_one_thread_each

    use_one_thread_each()
    from VHIWorkflowLib.agreement.comparison import compare
    from VHIWorkflowLib.agreement.failures import failures
    from VHIWorkflowLib.agreement.reference import LEAST_FOR_OTHERS, make_references
    from VHIWorkflowLib.agreement.reference_tables import write_references
    from VHIWorkflowLib.agreement.rules import RULES
    from VHIWorkflowLib.agreement.sources import read_sources
    from VHIWorkflowLib.agreement.tables import write_agreement
    from VHIWorkflowLib.files.errors import InputError
    from VHIWorkflowLib.files.safe_files import write_atomically
    from VHIWorkflowLib.report.agreement_report import agreement_report
    from VHIWorkflowLib.report.methods import methods_of_sources
    from VHIWorkflowLib.report.thumbnails import thumbnail

    if arguments.failures < 0 or arguments.jobs < 0:
        raise InputError("--failures and --jobs", "must be zero or more")
    jobs = arguments.jobs or os.cpu_count() or 1
    sources = read_sources(arguments.readings)
    found, worst = [], []
    for a, b in combinations(sources, 2):
        with counted_bar("case") as progress:
            found.append(compare(a, b, progress, jobs))
        with counted_bar("case looked into") as progress:
            worst.append(failures(a, b, found[-1], arguments.failures, progress, draw=thumbnail, jobs=jobs))
    references = None
    if len(sources) >= LEAST_FOR_OTHERS:
        with counted_bar("composite case") as progress:
            references = make_references(sources, RULES, progress=progress, distances=False, jobs=jobs)
    files = write_agreement(arguments.out, found, worst)
    if references is not None:
        composites = write_references(arguments.out / "composite", references)
        files |= {f"composite_{name}": path for name, path in composites.items()}
    files["report"] = arguments.out / "report.html"
    report = agreement_report(found, worst, references, methods_of_sources(sources))
    write_atomically(files["report"], report.encode())
    _say(found, files, arguments.json)
    return 0


def _say(found: Any, files: dict[str, Path], as_json: bool) -> None:
    if as_json:
        print(json.dumps({name: str(path) for name, path in files.items()}))
        return
    from VHIWorkflowLib.report.figures import counted

    for each in found:
        print(f"{each.a} and {each.b}: {counted(len(each.cases))} compared")
        for names, reading in ((each.only_a, each.a), (each.only_b, each.b)):
            if names:
                print(f"  only in {reading}, left out: {', '.join(names)}")
        for name, problem in each.left_out:
            print(f"  left out {name}: {problem}")
    print(f"report  {files['report']}")
