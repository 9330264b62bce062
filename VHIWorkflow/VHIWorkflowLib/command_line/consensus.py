"""``vhi consensus``: one mask from those of several readers."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from VHIWorkflowLib.agreement.rules import RULES

from .arguments import path
from .progress import counted_bar

DESCRIPTION = """\
Put the masks of several readers together, case by case.

A reading is a results folder (with #reader behind it when it holds several readers), or a folder of masks whose file
names are the cases. Writes one mask for each case that all readings have, cases.tsv (each reader against the composite
of all, with sensitivity and specificity, and from three readers on against the composite of the others), summary.tsv
(figures over all cases, with 95 % intervals) and report.html.

  vhi consensus results#AB results#CD results#EF --rule staple --out reference
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "consensus",
        help="one mask from several readers",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("readings", nargs="+", metavar="READING", help="two or more readings")
    parser.add_argument("--rule", choices=RULES, default="majority", help="how masks are put together (majority)")
    parser.add_argument("--out", required=True, type=path, metavar="DIR", help="folder for masks, tables and report")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="cases at a time (one for each processor)")
    parser.add_argument("--json", action="store_true", help="print where the files lie as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Put masks together, and write masks, tables and report."""
    from VHIWorkflowLib.study.workers import use_one_thread_each

    use_one_thread_each()
    from VHIWorkflowLib.agreement.reference import make_references
    from VHIWorkflowLib.agreement.reference_tables import write_references
    from VHIWorkflowLib.agreement.sources import read_sources
    from VHIWorkflowLib.files.errors import InputError
    from VHIWorkflowLib.files.safe_files import write_atomically
    from VHIWorkflowLib.report.figures import counted
    from VHIWorkflowLib.report.methods import methods_of_sources
    from VHIWorkflowLib.report.reference_report import reference_report

    if arguments.jobs < 0:
        raise InputError("--jobs", "must be zero or more")
    sources = read_sources(arguments.readings)
    with counted_bar("case") as progress:
        jobs = arguments.jobs or os.cpu_count() or 1
        made = make_references(sources, [arguments.rule], arguments.out, progress, jobs=jobs)
    files = write_references(arguments.out, made)
    files["report"] = arguments.out / "report.html"
    write_atomically(files["report"], reference_report(made, methods_of_sources(sources)).encode())
    if arguments.json:
        print(json.dumps({"masks": str(arguments.out), **{name: str(path) for name, path in files.items()}}))
        return 0
    print(f"{counted(len(made.cases))}, by {arguments.rule}")
    for name, problem in made.left_out:
        print(f"  left out {name}: {problem}")
    print(f"masks  {arguments.out}\nreport {files['report']}")
    return 0
