"""``vhi segment``: find the disease region; it arrives with the networks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command."""
    text = "find the disease region on T1w (not yet: the networks are not bundled)"
    parser = commands.add_parser("segment", help=text, description=text, allow_abbrev=False)
    parser.add_argument("--t1", required=True, metavar="SCAN", help="T1-weighted scan")
    parser.add_argument("--out", required=True, metavar="FILE", type=Path, help="label file to write")
    parser.add_argument("--model", default="disease_region", metavar="NAME", help="which network")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Say that it is not there yet."""
    from VHIWorkflowLib.core.errors import VHIError

    raise VHIError("segment: this version has no networks yet; draw the disease region by hand and give it to measure")
