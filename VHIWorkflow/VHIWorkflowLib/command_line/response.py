"""``vhi response``: how VHI changed between two time points."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from .arguments import path

if TYPE_CHECKING:
    from VHIWorkflowLib.agreement.limits import Limits

DESCRIPTION = """\
Compare VHI at two time points, subject by subject.

With the smallest detectable change of an agreement study (--agreement, the folder that 'vhi agree' wrote), subjects
whose VHI rose or fell by more are named. A table of other scores (--scores, with a column case_id, and time_point
where it has several) is correlated with the change; one of its columns (--group) can divide the subjects. Writes
cases.tsv (each subject), summary.tsv (figures over all, with 95 % intervals), scores.tsv and report.html.

  vhi response results/results.tsv --baseline pre --follow-up post --agreement agreement --out response
  vhi response results#AB --baseline pre --follow-up post --scores clinic.csv --group responder --out response
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
    add_limits_to(parser)
    parser.add_argument("--scores", type=path, metavar="TABLE", help="other scores of the subjects, TSV or CSV")
    parser.add_argument("--group", metavar="COLUMN", help="column of that table that divides the subjects")
    parser.add_argument("--out", required=True, type=path, metavar="DIR", help="folder for tables and report")
    parser.add_argument("--json", action="store_true", help="print where the files lie as JSON, for scripts")
    parser.set_defaults(run=run)


def add_limits_to(parser: argparse.ArgumentParser) -> None:
    """Options that say what change can be detected."""
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--agreement", type=path, metavar="DIR", help="what 'vhi agree' wrote; its limits are used")
    limit.add_argument("--smallest-detectable-change", type=float, metavar="MM3", help="limit in mm3")


def limits_of(arguments: argparse.Namespace) -> Limits:
    """What change can be detected, by these options.

    Raises
    ------
    InputError
        If the limit makes no sense or cannot be read.
    """
    from VHIWorkflowLib.agreement.limits import Limits, given_limit, read_limits

    if arguments.smallest_detectable_change is not None:
        return given_limit(arguments.smallest_detectable_change)
    return Limits() if arguments.agreement is None else read_limits(arguments.agreement)


def run(arguments: argparse.Namespace) -> int:
    """Work out the changes, and write tables and report."""
    from VHIWorkflowLib.agreement.response_study import study_response
    from VHIWorkflowLib.agreement.response_tables import write_response
    from VHIWorkflowLib.agreement.scores import read_scores
    from VHIWorkflowLib.agreement.sources import read_reader_rows
    from VHIWorkflowLib.files.errors import InputError
    from VHIWorkflowLib.files.safe_files import write_atomically
    from VHIWorkflowLib.report.figures import counted
    from VHIWorkflowLib.report.response_report import response_report

    if arguments.group is not None and arguments.scores is None:
        raise InputError("--group", "needs the table that has this column; give it with --scores")
    points = (arguments.baseline, arguments.follow_up)
    scores = None if arguments.scores is None else read_scores(arguments.scores, arguments.group, *points)
    study = study_response(read_reader_rows(arguments.results), *points, limits_of(arguments), scores)
    files = write_response(arguments.out, study)
    files["report"] = arguments.out / "report.html"
    write_atomically(files["report"], response_report(study).encode())
    if arguments.json:
        print(json.dumps({name: str(path) for name, path in files.items()}))
        return 0
    found = study.found
    print(f"{counted(len(found.subjects), 'subject')} with {found.baseline} and {found.follow_up}")
    if found.incomplete:
        print(f"  without VHI at one of them, left out: {', '.join(found.incomplete)}")
    print(f"report  {files['report']}")
    return 0
