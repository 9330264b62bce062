"""``vhi batch``: all cases of a worklist."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import path, whole_number
from .measure import add_output, add_settings, one_line, settings_from
from .networks import add_networks, networks_from
from .progress import progress_bar

if TYPE_CHECKING:
    from VHIWorkflowLib.study.batch import BatchResult
    from VHIWorkflowLib.study.measure_case import Request

DESCRIPTION = """\
Measure all cases of a worklist, several at a time.

The worklist is a table (TSV or CSV) with the columns case_id, time_point, stir and t1w, and optionally normal_bone,
disease_region, keep, steps and reader; paths are relative to the worklist. 'vhi scan' makes one from a folder.

A case that fails is named on standard error and does not stop the rest; the exit status is then 2. Run the same command
again to go on after an interruption: cases that were measured from the same files are not measured again.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "batch",
        help="measure all cases of a worklist",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("worklist", type=path, help="table of cases, TSV or CSV")
    add_output(parser)
    parser.add_argument("--reader", default="batch", metavar="R", help="reader of rows that name none (default: batch)")
    parser.add_argument(
        "--jobs",
        type=whole_number(1),
        default=None,
        metavar="N",
        help="cases at a time (default: one per processor, 4 at most)",
    )
    parser.add_argument("--again", action="store_true", help="measure again what is done already")
    parser.add_argument("--figure", action="store_true", help="also draw overview.png beside each record")
    add_settings(parser)
    add_networks(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure the worklist; 2 when a case failed."""
    from VHIWorkflowLib.study.workers import use_one_thread_each

    use_one_thread_each()
    from VHIWorkflowLib.files.results import RESULTS_NAME
    from VHIWorkflowLib.files.worklists import read_worklist
    from VHIWorkflowLib.study.batch import run_batch
    from VHIWorkflowLib.study.requests import requests_from

    cases = read_worklist(arguments.worklist)
    requests = requests_from(
        cases,
        arguments.out,
        settings_from(arguments),
        reader=arguments.reader,
        figure=arguments.figure,
        networks=networks_from(arguments),
    )
    _check_keys(arguments.worklist, requests)
    jobs = arguments.jobs or min(os.cpu_count() or 1, 4)
    results: list[BatchResult] = []
    with (
        closing(run_batch(requests, min(jobs, max(len(requests), 1)), again=arguments.again)) as running,
        progress_bar(len(requests), "case") as bar,
    ):
        for result in running:
            results.append(result)
            bar.update()
            for line in _lines(result):
                bar.write(line)
    counts = {
        state: sum(result.state == state for result in results) for state in ("measured", "done before", "failed")
    }
    if arguments.json:
        print(json.dumps({**counts, "cases": [_document(result) for result in results]}, ensure_ascii=False, indent=1))
    else:
        print(", ".join(f"{count} {state}" for state, count in counts.items() if count or state == "measured"))
        if (arguments.out / RESULTS_NAME).exists():
            print(f"table  {arguments.out / RESULTS_NAME}")
    return 2 if counts["failed"] else 0


def _check_keys(worklist: Path, requests: Sequence[Request]) -> None:
    """Refuse a case that is listed with the reader of the command line and without one."""
    from VHIWorkflowLib.files.errors import InputError

    seen = set()
    for key in (request.key for request in requests):
        plain = tuple(part.casefold() for part in (key.case_id, key.time_point, key.reader))
        if plain in seen:
            problem = f"has case {key.case_id!r}, {key.time_point!r} twice for reader {key.reader!r}; delete one"
            raise InputError(worklist, problem)
        seen.add(plain)


def _lines(result: BatchResult) -> list[str]:
    """What standard error says about a case."""
    name = " / ".join((result.request.key.case_id, result.request.key.time_point, result.request.key.reader))
    if result.problem is not None:
        return [f"vhi: {name}: {one_line(result.problem)}"]
    return [f"warning: {name}: {one_line(warning)}" for warning in result.warnings]


def _document(result: BatchResult) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(result.request.key) | {
        "state": result.state,
        "problem": result.problem,
        "warnings": list(result.warnings),
    }
