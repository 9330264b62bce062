"""``vhi table``: the results of many folders in one table."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .arguments import path

DESCRIPTION = """\
Put the results of one or more folders into one table.

A file that ends in .csv opens in a spreadsheet by double click; .tsv is for statistics programs. The first column says
which folder a row came from. Exit status 2 when a table cannot be read.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "table",
        help="put results into one table for a spreadsheet",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folders", nargs="+", type=path, metavar="RESULTS", help="results folder, or a results.tsv")
    parser.add_argument("--out", required=True, type=path, metavar="FILE", help="table to write, .csv or .tsv")
    parser.add_argument("--json", action="store_true", help="print where the table lies as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the table."""
    from VHIWorkflowLib.files.results import check_is_no_record, read_tables, write_table

    check_is_no_record(arguments.out)
    found = read_tables(arguments.folders)
    write_table([row for _, row in found], arguments.out, [source for source, _ in found])
    if arguments.json:
        print(json.dumps({"table": str(arguments.out), "rows": len(found)}))
    else:
        print(f"{len(found)} rows\ntable  {arguments.out}")
    return 0
