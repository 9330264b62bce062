"""Recompute recorded measurements from their inputs, and say where anything differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.core.stability import how_much_hangs_on_normal_bone
from VHIWorkflowLib.files.results import RESULTS_NAME, format_row, read_rows
from VHIWorkflowLib.files.results_rows import COLUMNS, ResultsRow
from VHIWorkflowLib.files.segmentation_files import read_labelmap, read_segmentation
from VHIWorkflowLib.files.volumes import read_image, sha256_of

from .case_files import RECORD_NAME, read_record
from .case_record import CaseRecord
from .reading import LABELMAP_NAME, SEGMENTATION_NAME, label_map, region_of
from .redone import repeat

Verdict = Literal["same", "differs", "not checked"]


@dataclass(frozen=True)
class Verified:
    """One record: the same, different (and where), or why it could not be recomputed."""

    folder: Path
    verdict: Verdict
    problems: tuple[str, ...] = ()


def find_records(out: Path) -> list[Path]:
    """Folders below a results folder that hold a record, in the order of their names."""
    return sorted(path.parent for path in out.glob(f"*/*/*/{RECORD_NAME}"))


def verify_folder(out: Path) -> Iterator[Verified]:
    """Recompute every record of a results folder, and look for rows without one."""
    rows = {row.key: row for row in read_rows(out / RESULTS_NAME)} if (out / RESULTS_NAME).exists() else {}
    for folder in find_records(out):
        key = (folder.parent.parent.name, folder.parent.name, folder.name)
        yield verify_record(folder, rows.pop(key, None))
    for key in rows:
        yield Verified(out.joinpath(*key), "differs", (f"{RESULTS_NAME} has a row, but there is no {RECORD_NAME}",))


def verify_record(folder: Path, row: ResultsRow | None) -> Verified:
    """Recompute one record.

    Parameters
    ----------
    folder
        Of the record.
    row
        Its row in the results table, None when it has none.
    """
    try:
        record = read_record(folder)
    except VHIError as error:
        return Verified(folder, "differs", (str(error),))
    if record.state != "done":
        return Verified(folder, "not checked", ("the reader has not finished this case",))
    stir = next(each for each in record.inputs if each.role == "stir")
    if not stir.path.exists():
        return Verified(folder, "not checked", (f"{stir.path} is no longer there",))
    problems: list[str] = []
    try:
        for find in (_files_changed(folder, record), _row_differs(record, row), _recomputed_differs(folder, record)):
            problems.extend(find)  # keeps what was found before an error
    except VHIError as error:
        problems.append(str(error))
    return Verified(folder, "differs" if problems else "same", tuple(problems))


def _files_changed(folder: Path, record: CaseRecord) -> Iterator[str]:
    """Files beside the record, and inputs, that are no longer what they were."""
    for name, digest in record.files.items():
        if not (folder / name).is_file():
            yield f"{name} is missing"
        elif sha256_of(folder / name) != digest:
            yield f"{name} was changed after the measurement"
    for each in record.inputs:
        if each.path == folder / RECORD_NAME:  # its own steps were repeated, and it was written anew
            continue
        if each.path.exists() and sha256_of(each.path, series=each.series) != each.sha256:
            yield f"{each.path} was changed after the measurement"


def _row_differs(record: CaseRecord, row: ResultsRow | None) -> Iterator[str]:
    if row is None:
        yield f"{RESULTS_NAME} has no row for it"
        return
    for name, recorded, found in zip(COLUMNS, format_row(record.row()), format_row(row), strict=True):
        if recorded != found:
            yield f"{RESULTS_NAME} says {name} {found or 'nothing'}, the record {recorded or 'nothing'}"


def _recomputed_differs(folder: Path, record: CaseRecord) -> Iterator[str]:
    stir_input = next(each for each in record.inputs if each.role == "stir")
    stir = read_image(stir_input.path, series=stir_input.series)
    if not stir.grid.matches(record.grid):
        yield "the STIR scan lies on another grid than recorded"
        return
    segments = {name: volume.array for name, volume in read_segmentation(folder / SEGMENTATION_NAME, stir.grid).items()}
    missing = [
        kind.name for kind in (SENSITIVE, CONSERVATIVE, NORMAL_BONE, DISEASE_REGION) if kind.name not in segments
    ]
    if missing:
        yield f"{SEGMENTATION_NAME} has no segment {missing[0]!r}"
        return
    normal_bone, disease_region = segments[NORMAL_BONE.name], segments[DISEASE_REGION.name]
    for recorded, mask, name in (
        (record.normal_bone, normal_bone, "normal bone"),
        (record.disease_region, disease_region, "disease region"),
    ):
        if region_of(mask, recorded.origin, recorded.confidence) != recorded:
            yield f"the {name} in {SEGMENTATION_NAME} is not the recorded one"
            return
    case, session = repeat(record, stir, normal_bone, disease_region)
    yield from _figures_differ(record, case, session)
    yield from _masks_differ(folder, segments, session)


def _figures_differ(record: CaseRecord, case: Preliminary, session: CleaningSession) -> Iterator[str]:
    for name, recorded, found in (
        ("normal bone statistics", record.statistics, case.statistics),
        ("thresholds", record.thresholds, case.thresholds),
        (
            "voxels at the thresholds",
            (record.near_sensitive, record.near_conservative),
            (case.near_sensitive, case.near_conservative),
        ),
        ("voxels above the threshold", record.above_threshold_voxels, case.above_threshold_voxels),
        ("preliminary mask", record.preliminary, case.vhi),
        ("islands", record.islands, len(session.partition)),
        ("removed islands", record.islands_removed, session.islands_removed()),
        ("VHI", record.vhi, session.vhi),
        ("stability", record.stability, how_much_hangs_on_normal_bone(case, session.kept_voxels())),
    ):
        if recorded != found:
            yield f"{name}: recorded {recorded}, recomputed {found}"


def _masks_differ(folder: Path, segments: Mapping[str, BoolArray], session: CleaningSession) -> Iterator[str]:
    sensitive, conservative = session.mask(), session.conservative_mask()
    if not np.array_equal(read_labelmap(folder / LABELMAP_NAME).array, label_map(session)):
        yield f"{LABELMAP_NAME} is not the cleaned mask"
    for name, mask in ((SENSITIVE.name, sensitive), (CONSERVATIVE.name, conservative)):
        if not np.array_equal(segments[name], mask):
            yield f"the segment {name!r} in {SEGMENTATION_NAME} is not the cleaned mask"
