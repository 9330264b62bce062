"""``vhi report``: everything on a results folder as one page, and a page for each subject."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from .arguments import path
from .progress import counted_bar
from .response import add_limits_to, limits_of

if TYPE_CHECKING:
    from VHIWorkflowLib.report.study_report import Watch

DESCRIPTION = """\
Write the report of a study: how far its readers agree and where they do not, the change between two time points, what
reading cost, and with which software and models it was made.

Writes into RESULTS/report (or --out): report.html, which opens in any browser without a network and prints well, the
same tables as TSV, and patients/<case_id>.html, a page for each subject with thresholds, pictures of all slices and
VHI now and before. The smallest detectable change is that between the two readers of the folder, unless another is
given.

  vhi report results --baseline pre --follow-up post
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        help="the report of a study, and a page for each subject",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("results", type=path, metavar="RESULTS", help="results folder")
    parser.add_argument("--baseline", metavar="TIME_POINT", help="name of the first time point, for the change")
    parser.add_argument("--follow-up", metavar="TIME_POINT", help="name of the second time point")
    add_limits_to(parser)
    parser.add_argument("--scores", type=path, metavar="TABLE", help="other scores of the subjects, TSV or CSV")
    parser.add_argument("--group", metavar="COLUMN", help="column of that table that divides the subjects")
    parser.add_argument("--no-patients", action="store_true", help="no pages of the subjects")
    parser.add_argument("--failures", type=int, default=10, metavar="N", help="look into so many cases (10)")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="cases at a time (one for each processor)")
    parser.add_argument("--out", type=path, metavar="DIR", help="folder for the report (RESULTS/report)")
    parser.add_argument("--json", action="store_true", help="print where the report lies as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the report."""
    from VHIWorkflowLib.study.workers import use_one_thread_each

    use_one_thread_each()
    from VHIWorkflowLib.agreement.scores import read_scores
    from VHIWorkflowLib.report.study_report import Wanted, write_study_report

    _check(arguments)
    given = arguments.agreement is not None or arguments.smallest_detectable_change is not None
    points = None if arguments.baseline is None else (arguments.baseline, arguments.follow_up)
    scores = None
    if points is not None and arguments.scores is not None:
        scores = read_scores(arguments.scores, arguments.group, *points)
    wanted = Wanted(
        arguments.results,
        points,
        limits_of(arguments) if given else None,
        scores,
        patients=not arguments.no_patients,
        most_failures=arguments.failures,
        jobs=arguments.jobs or os.cpu_count() or 1,
    )
    with _bars() as watch:
        report = write_study_report(wanted, arguments.out or arguments.results / "report", watch)
    print(json.dumps({"report": str(report)}) if arguments.json else f"report  {report}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse options that do not fit together."""
    from VHIWorkflowLib.files.errors import InputError

    if (arguments.baseline is None) != (arguments.follow_up is None):
        raise InputError("--baseline and --follow-up", "belong together; give both or none")
    if arguments.scores is not None and arguments.baseline is None:
        raise InputError("--scores", "needs the time points that are compared; give --baseline and --follow-up")
    if arguments.group is not None and arguments.scores is None:
        raise InputError("--group", "needs the table that has this column; give it with --scores")
    if arguments.failures < 0 or arguments.jobs < 0:
        raise InputError("--failures and --jobs", "must be zero or more")


@contextmanager
def _bars() -> Iterator[Watch]:
    """A progress bar for each thing that is counted, the one before closed."""
    with ExitStack() as open_bar:

        def watch(unit: str) -> Any:
            open_bar.close()
            return open_bar.enter_context(counted_bar(unit))

        yield watch
