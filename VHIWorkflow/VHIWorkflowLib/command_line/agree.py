"""``vhi agree``: how far readers, repeats or methods agree over the same cases."""

from __future__ import annotations

import argparse
import json
from itertools import combinations
from pathlib import Path
from typing import Any

DESCRIPTION = """\
Compare two or more readings of the same cases.

A reading is a results folder or results table (with #reader behind it when it holds several readers), or a folder of
masks whose file names are the cases. Every two readings are compared; cases that one of them lacks are named and left
out. Writes cases.tsv (each case), summary.tsv (figures over all cases, with 95 % intervals) and report.html, which
opens in any browser without a network.

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
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for tables and report")
    parser.add_argument("--json", action="store_true", help="print where the files lie as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, and write tables and report."""
    from VHIWorkflowLib.agreement.comparison import compare
    from VHIWorkflowLib.agreement.sources import read_sources
    from VHIWorkflowLib.agreement.summary import summary
    from VHIWorkflowLib.agreement.tables import CASE_COLUMNS, SUMMARY_COLUMNS, case_cells, statistic_cells, write_rows
    from VHIWorkflowLib.files.safe_files import write_atomically
    from VHIWorkflowLib.report.agreement_report import agreement_report

    sources = read_sources(arguments.readings)
    found = [compare(a, b) for a, b in combinations(sources, 2)]
    out: Path = arguments.out
    files = {name: out / name for name in ("cases.tsv", "summary.tsv", "report.html")}
    write_rows(files["cases.tsv"], CASE_COLUMNS, [case_cells(each, case) for each in found for case in each.cases])
    figures = [statistic_cells(each, figure) for each in found for figure in summary(each)]
    write_rows(files["summary.tsv"], SUMMARY_COLUMNS, figures)
    write_atomically(files["report.html"], agreement_report(found).encode())
    _say(found, files, arguments.json)
    return 0


def _say(found: Any, files: dict[str, Path], as_json: bool) -> None:
    if as_json:
        print(json.dumps({name.partition(".")[0]: str(path) for name, path in files.items()}))
        return
    for each in found:
        print(f"{each.a} and {each.b}: {len(each.cases)} cases compared")
        for names, reading in ((each.only_a, each.a), (each.only_b, each.b)):
            if names:
                print(f"  only in {reading}, left out: {', '.join(names)}")
        for name, problem in each.left_out:
            print(f"  left out {name}: {problem}")
    print(f"report  {files['report.html']}")
