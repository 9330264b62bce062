"""``vhi response``: how VHI changed between two time points."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

DESCRIPTION = """\
Compare VHI at two time points, subject by subject.

With the smallest detectable change of an agreement study ("VHI (mm3), smallest detectable change" in the summary.tsv of
'vhi agree'), subjects whose VHI rose or fell by more are named. Writes subjects.tsv, summary.tsv and report.html.

  vhi response results/results.tsv --baseline pre --follow-up post --smallest-detectable-change 350 --out response
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "response",
        help="change of VHI between two time points",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("results", metavar="RESULTS", help="results folder or table, with #reader behind it if needed")
    parser.add_argument("--baseline", required=True, metavar="TIME_POINT", help="name of the first time point")
    parser.add_argument("--follow-up", required=True, metavar="TIME_POINT", help="name of the second time point")
    parser.add_argument(
        "--smallest-detectable-change", type=float, metavar="MM3", help="limit in mm3, from an agreement study"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for tables and report")
    parser.add_argument("--json", action="store_true", help="print where the files lie as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Work out the changes, and write tables and report."""
    from VHIWorkflowLib.agreement.response import changes, summarise
    from VHIWorkflowLib.agreement.sources import read_reader_rows
    from VHIWorkflowLib.agreement.tables import number_cell, write_rows
    from VHIWorkflowLib.files.errors import InputError
    from VHIWorkflowLib.files.safe_files import write_atomically
    from VHIWorkflowLib.report.response_report import SUBJECT_COLUMNS, response_report, subject_cells

    limit: float | None = arguments.smallest_detectable_change
    if limit is not None and not 0 <= limit < float("inf"):
        raise InputError("--smallest-detectable-change", "must be zero or more mm3")
    found = changes(read_reader_rows(arguments.results), arguments.baseline, arguments.follow_up)
    out: Path = arguments.out
    files = {name: out / name for name in ("subjects.tsv", "summary.tsv", "report.html")}
    write_rows(files["subjects.tsv"], SUBJECT_COLUMNS, [subject_cells(each, limit) for each in found.subjects])
    summary = summarise(found)
    rows = [[name, *map(number_cell, (e.value, e.low, e.high)), str(e.n)] for name, e in summary.estimates]
    rows += [[f"{name}, {test.name} p", number_cell(test.p), "", "", str(test.n)] for name, test in summary.tests]
    write_rows(files["summary.tsv"], ("statistic", "value", "low", "high", "n"), rows)
    write_atomically(files["report.html"], response_report(found, limit).encode())
    if arguments.json:
        print(json.dumps({name.partition(".")[0]: str(path) for name, path in files.items()}))
        return 0
    print(f"{len(found.subjects)} subjects with {found.baseline} and {found.follow_up}")
    if found.incomplete:
        print(f"  one time point only, left out: {', '.join(found.incomplete)}")
    print(f"report  {files['report.html']}")
    return 0
