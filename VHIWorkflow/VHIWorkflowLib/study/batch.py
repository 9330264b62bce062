"""Measure many cases, several at a time; what is done already is not done again."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Literal

from VHIWorkflowLib import __version__
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.files.results import RESULTS_NAME, format_row, read_rows
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.files.safe_files import case_folder
from VHIWorkflowLib.files.volumes import sha256_of

from .case_files import RECORD_NAME, read_record
from .case_inputs import regions_to_find
from .found_regions import bundled_regions
from .measure_case import FIGURE_NAME, Request, measure_case, steps_input
from .workers import worker_pool


@dataclass(frozen=True)
class BatchResult:
    """What became of one case: measured, done before, or failed and why (one sentence)."""

    request: Request
    state: Literal["measured", "done before", "failed"]
    problem: str | None = None
    warnings: tuple[str, ...] = ()


def run_batch(requests: Sequence[Request], jobs: int, *, again: bool = False) -> Generator[BatchResult, None, None]:
    """Measure cases in processes of their own, and yield each as it ends.

    A case that fails, or takes its process down with it, does not stop the others. Interrupting leaves finished cases
    finished.

    Parameters
    ----------
    requests
        The cases.
    jobs
        How many at a time.
    again
        Measure also what was measured before from the same files with the same settings.
    """
    pool = worker_pool(jobs)
    try:
        futures = {pool.submit(_one, request, again): request for request in requests}
        yield from _results(futures, again)
    finally:
        pool.shutdown(cancel_futures=True)  # only here: leaving a with block would take the cancelling back


def _results(futures: dict[Future[BatchResult], Request], again: bool) -> Iterator[BatchResult]:
    lost: list[Request] = []
    for future in as_completed(futures):
        try:
            yield future.result()
        except BrokenProcessPool:
            lost.append(futures[future])
    for request in lost:  # one of them took the process down: each alone now, so that the others still get done
        with worker_pool(1) as alone:
            try:
                yield alone.submit(_one, request, again).result()
            except BrokenProcessPool:
                yield BatchResult(request, "failed", f"{request.files.stir}: measuring it ended its process (memory?)")


def _one(request: Request, again: bool) -> BatchResult:
    try:
        if not again and is_done(request):
            return BatchResult(request, "done before")
        outcome = measure_case(request)
    except VHIError as error:
        return BatchResult(request, "failed", str(error))
    except Exception as error:
        return BatchResult(request, "failed", f"{request.files.stir}: unexpected {type(error).__name__}: {error}")
    return BatchResult(request, "measured", warnings=outcome.record.warnings)


def is_done(request: Request) -> bool:
    """Whether a case was measured from the same files and settings by this version, its files and row included."""
    folder = case_folder(request.out, request.key.case_id, request.key.time_point, request.key.reader)
    if not (folder / RECORD_NAME).exists():
        return False
    try:
        record = read_record(folder)
        row = _row(request)
    except VHIError:
        return False
    return (
        record.state == "done"
        and record.software_version == __version__
        and record.settings == request.settings
        and row is not None
        and format_row(row) == format_row(record.row())
        and all(
            (folder / name).is_file() and sha256_of(folder / name) == digest for name, digest in record.files.items()
        )
        and (request.figure is not True or (folder / FIGURE_NAME).is_file())
        and _models(request) == sorted((model.name, model.sha256) for model in record.models)
        and _inputs(request) == sorted((each.role, each.sha256) for each in record.inputs)
    )


def _row(request: Request) -> ResultsRow | None:
    table = request.out / RESULTS_NAME
    key = (request.key.case_id, request.key.time_point, request.key.reader)
    return next((row for row in read_rows(table) if row.key == key), None) if table.exists() else None


def _models(request: Request) -> list[tuple[str, str]] | None:
    """Name and SHA-256 of each model that would find a region; None where there is none that could."""
    try:
        return sorted(bundled_regions(request.networks).sha256s(**regions_to_find(request.files)))
    except VHIError:
        return None


def _inputs(request: Request) -> list[tuple[str, str]]:
    """Role and SHA-256 of each input."""
    steps = () if request.steps is None else (steps_input(request.steps),)
    return sorted((each.role, each.sha256) for each in (*request.files.inputs(), *steps))
