"""``vhi demo``: the whole job on a case it makes itself."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .arguments import path, whole_number

DESCRIPTION = """\
Make a synthetic examination of the sacroiliac joints, measure and clean it, and show where the files and a picture lie.

The known truth of the phantom plays the reader: islands that touch a lesion are kept, the rest (vessels, joint fluid,
facet joints, coil flare, noise) is removed. Nothing is downloaded.

With --worklist, make the six cases of the tutorial instead (three subjects, two time points each) and a worklist of
them, to read in 3D Slicer or to measure with 'vhi batch'.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="measure a synthetic case, to see how it works",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=path, default=Path("vhi-demo"), metavar="DIR", help="folder to write (vhi-demo)")
    parser.add_argument("--seed", type=whole_number(0), default=1, metavar="N", help="which synthetic subject (1)")
    parser.add_argument(
        "--worklist", type=path, metavar="DIR", help="write the six cases of the tutorial and their worklist here"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make, measure, clean and show; or make the tutorial's cases."""
    if arguments.worklist is not None:
        return _write_tutorial(arguments.worklist, as_json=arguments.json)
    from VHIWorkflowLib.study.demo import make_and_measure

    from .measure import in_words, outcome_document

    demo = make_and_measure(arguments.out, arguments.seed)
    if arguments.json:
        truth = {"scans": str(demo.scans), "truth_voxels": demo.truth_voxels, "dice": round(demo.dice, 4)}
        print(json.dumps(outcome_document(demo.outcome) | truth, ensure_ascii=False, indent=1))
        return 0
    print(in_words(demo.outcome))
    print(f"scans    {demo.scans}")
    print(
        f"\nThe truth has {demo.truth_voxels} voxels of inflammation, the cleaned mask "
        f"{demo.outcome.record.vhi.sensitive_voxels}; overlap (Dice) {demo.dice:.2f}."
    )
    return 0


def _write_tutorial(folder: Path, *, as_json: bool) -> int:
    from VHIWorkflowLib.study.tutorial import SUBJECTS, TIME_POINTS, write_tutorial

    from .progress import progress_bar

    with progress_bar(len(SUBJECTS) * len(TIME_POINTS), "case") as bar:

        def one_more(done: int, total: int) -> None:
            bar.update()

        worklist = write_tutorial(folder, one_more)
    print(json.dumps({"worklist": str(worklist)}, ensure_ascii=False) if as_json else f"worklist {worklist}")
    return 0
