"""``vhi consensus``: one mask from those of several readers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from VHIWorkflowLib.agreement.rules import RULES

DESCRIPTION = """\
Put the masks of several readers together, case by case.

A reading is a results folder (with #reader behind it when it holds several readers), or a folder of masks whose file
names are the cases. Writes one mask for each case that all readings have, performance.tsv (sensitivity and specificity
of each reader against the consensus), and others.tsv (Dice of each reader with the consensus of all the others, from
three readers on).

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
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for masks and tables")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Put masks together."""
    from VHIWorkflowLib.agreement.reference import make_references
    from VHIWorkflowLib.agreement.sources import read_sources

    made = make_references(read_sources(arguments.readings), arguments.rule, arguments.out)
    print(f"{len(made.cases)} cases, by {arguments.rule}")
    for name, problem in made.left_out:
        print(f"  left out {name}: {problem}")
    print(f"masks  {arguments.out}")
    return 0
