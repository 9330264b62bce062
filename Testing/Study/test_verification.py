"""``verify``: what was measured is the same when recomputed, and whatever was tampered with is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Study.study_cases import KEY, edit_json, request_for, study_case
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.results import RESULTS_NAME
from VHIWorkflowLib.files.segmentation_files import (
    Segment,
    read_labelmap,
    read_segmentation,
    write_labelmap,
    write_segmentation,
)
from VHIWorkflowLib.files.volumes import sha256_of
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_inputs import load_case
from VHIWorkflowLib.study.demo import write_phantom
from VHIWorkflowLib.study.measure_case import measure_case
from VHIWorkflowLib.study.reading import Reading, Sitting
from VHIWorkflowLib.study.verification import Verified, find_records, verify_folder

KINDS = (SENSITIVE, CONSERVATIVE, NORMAL_BONE, DISEASE_REGION)


@pytest.fixture
def results(study: Path) -> Path:
    """Results of one measured case."""
    return study / "results"


@pytest.fixture
def folder(results: Path) -> Path:
    """Its record's folder."""
    return results / KEY.case_id / KEY.time_point / KEY.reader


def verified(results: Path) -> Verified:
    """The verdict on the only record."""
    (found,) = verify_folder(results)
    return found


def test_a_fresh_record_is_the_same(results, folder):
    assert find_records(results) == [folder]
    assert verified(results) == Verified(folder, "same")


def test_phantoms_with_every_kind_of_cleaning_are_the_same(tmp_path):
    for seed in (1, 2):
        files = write_phantom(make_phantom(seed, shape=(8, 96, 96)), tmp_path / "scans" / str(seed))
        key = replace(KEY, case_id=f"phantom {seed}")
        measure_case(request_for(files, tmp_path / "results", key))
        reading = Reading(replace(key, reader="CD"), load_case(files), Sitting(tmp_path / "results"))
        biggest = max(reading.session.partition.units(None), key=reading.session.partition.size_of)
        reading.session.cut(biggest.island, reading.session.partition.voxels_of(biggest)[::2])
        reading.session.remove(TheseIslands((max(reading.session.partition),)), reason="vessel")
        reading.finish()
    found = list(verify_folder(tmp_path / "results"))
    assert [each.verdict for each in found] == ["same"] * 4
    assert not any(each.problems for each in found)


def flip_labelmap_voxel(folder: Path) -> None:
    labels = read_labelmap(folder / "labelmap.nii.gz")
    array = labels.array.copy()
    array.ravel()[7] = 1
    write_labelmap(folder / "labelmap.nii.gz", array, labels.grid)


def change_segment(name: str, allow_new_hash: bool) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        segments = read_segmentation(folder / "segmentation.seg.nrrd")
        masks = {kind.name: segments[kind.name].array.copy() for kind in KINDS}
        inside = np.flatnonzero(masks[name])
        masks[name].ravel()[inside[inside.size // 2]] = False
        write_segmentation(
            folder / "segmentation.seg.nrrd",
            [Segment(kind, masks[kind.name]) for kind in KINDS],
            segments[SENSITIVE.name].grid,
        )
        if allow_new_hash:
            digest = sha256_of(folder / "segmentation.seg.nrrd")
            edit_json(folder / "case.json", lambda record: record["files"].update({"segmentation.seg.nrrd": digest}))

    return change


def drop_segment(folder: Path) -> None:
    segments = read_segmentation(folder / "segmentation.seg.nrrd")
    kept = [Segment(kind, segments[kind.name].array) for kind in KINDS if kind is not NORMAL_BONE]
    write_segmentation(folder / "segmentation.seg.nrrd", kept, segments[SENSITIVE.name].grid)


def flip_labelmap_and_hash(folder: Path) -> None:
    flip_labelmap_voxel(folder)
    digest = sha256_of(folder / "labelmap.nii.gz")
    edit_json(folder / "case.json", lambda record: record["files"].update({"labelmap.nii.gz": digest}))


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "case.json", change)


def edit_row(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        table = folder.parents[2] / RESULTS_NAME
        text = table.read_text(encoding="utf-8")
        assert old in text
        table.write_text(text.replace(old, new), encoding="utf-8")

    return change


def change_stir(folder: Path) -> None:
    case = study_case()
    array = case.stir.array.copy()
    array[0, 0, 0] += 1  # outside the bone: nothing measured changes, but the scan is another
    write_volume(folder.parents[3] / "scans" / "stir.nii.gz", Volume(array, case.stir.grid))


def move_stir(folder: Path) -> None:
    case = study_case()
    affine = case.stir.grid.affine.copy()
    affine[0, 3] += 5
    moved = replace(case.stir.grid, affine=affine)
    write_volume(folder.parents[3] / "scans" / "stir.nii.gz", Volume(case.stir.array, moved))


def digest_of_step(record: dict[str, Any]) -> None:
    island = record["cleaning"]["steps"][0]["islands"][0]
    island["digest"] = island["digest"][::-1]


def drop_a_kept_island(record: dict[str, Any]) -> None:
    record["cleaning"]["steps"][0]["islands"].pop()


def add_to(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        for name in names[:-1]:
            record = record[name]
        record[names[-1]] += 1

    return change


TAMPERING: dict[str, tuple[Callable[[Path], object], str]] = {
    "label map": (flip_labelmap_voxel, "labelmap.nii.gz was changed after the measurement"),
    "label map and its hash": (flip_labelmap_and_hash, "labelmap.nii.gz is not the cleaned mask"),
    "label map gone": (lambda folder: (folder / "labelmap.nii.gz").unlink(), "labelmap.nii.gz is missing"),
    "segmentation": (change_segment("Sensitive", False), "segmentation.seg.nrrd was changed"),
    "sensitive segment and hash": (change_segment("Sensitive", True), "'Sensitive' in segmentation.seg.nrrd is not"),
    "conservative segment and hash": (change_segment("Conservative", True), "'Conservative' in segmentation.seg.nrrd"),
    "normal bone and hash": (change_segment("Normal bone", True), "the normal bone in segmentation.seg.nrrd is not"),
    "disease region and hash": (change_segment("Disease region", True), "the disease region in segmentation.seg.nrrd"),
    "segment dropped": (drop_segment, "has no segment 'Normal bone'"),
    "segmentation gone": (lambda folder: (folder / "segmentation.seg.nrrd").unlink(), "segmentation.seg.nrrd"),
    "segmentation cut off": (
        lambda folder: os.truncate(folder / "segmentation.seg.nrrd", 1500),
        "segmentation.seg.nrrd",
    ),
    "sensitive threshold": (edited(add_to("thresholds", "sensitive")), "thresholds: recorded"),
    "conservative threshold": (edited(add_to("thresholds", "conservative")), "thresholds: recorded"),
    "voxels at the threshold": (edited(add_to("thresholds", "voxels_at_sensitive")), "voxels at the thresholds"),
    "statistics": (edited(add_to("normal_bone", "statistics", "q1")), "normal bone statistics"),
    "preliminary": (edited(add_to("preliminary", "sensitive_voxels")), "preliminary mask"),
    "above the threshold": (edited(add_to("preliminary", "above_threshold_voxels")), "voxels above the threshold"),
    "VHI": (edited(add_to("result", "sensitive_voxels")), "VHI: recorded"),
    "conservative VHI": (edited(add_to("result", "conservative_voxels")), "VHI: recorded"),
    "islands": (edited(add_to("result", "islands")), "islands: recorded 25, recomputed 24"),
    "removed islands": (edited(add_to("result", "islands_removed")), "removed islands: recorded 17, recomputed 16"),
    "stability": (edited(add_to("stability", "vhi_voxels")), "stability"),
    "effort": (edited(add_to("cleaning", "seconds_spent")), "cleaning_seconds"),
    "time": (edited(lambda record: record.update(measured_at="2020-01-01T00:00:00.000+00:00")), "measured_at"),
    "tolerance": (edited(lambda record: record["settings"].update(tolerance=0.005)), "thresholds"),
    "smallest group": (
        edited(lambda record: record["settings"].update(minimum_group_pixels=12)),
        "does not fit this case",
    ),
    "start mode": (edited(lambda record: record["cleaning"].update(start="remove")), "VHI"),
    "digest of a step": (edited(digest_of_step), "step 1"),
    "an island dropped from a step": (edited(drop_a_kept_island), "VHI"),
    "steps dropped": (edited(lambda record: record["cleaning"].update(steps=[])), "VHI"),
    "grid": (edited(add_to("grid", "affine_ijk_to_ras", 0, 3)), "the STIR scan lies on another grid"),
    "record cut off": (lambda folder: os.truncate(folder / "case.json", 900), "case.json: is not a whole JSON file"),
    "record of another program": (edited(lambda record: record.update(format="x")), "case.json: is not a"),
    "version": (edited(add_to("format_version")), "update VHIWorkflow"),
    "key missing": (edited(lambda record: record.pop("thresholds")), "thresholds"),
    "case renamed": (edited(lambda record: record.update(case_id="S 02")), "case_id"),
    "row changed": (edit_row("\t24\t16\t", "\t24\t15\t"), "results.tsv says islands_removed 15, the record 16"),
    "row missing": (edit_row("S 01\t", "S 02\t"), "results.tsv has no row for it"),
    "table gone": (lambda folder: (folder.parents[2] / RESULTS_NAME).unlink(), "results.tsv has no row for it"),
    "scan changed": (change_stir, "stir.nii.gz was changed after the measurement"),
    "scan moved in space": (move_stir, "the STIR scan lies on another grid than recorded"),
    "scan cut off": (lambda folder: os.truncate(folder.parents[3] / "scans" / "stir.nii.gz", 2000), "stir.nii.gz"),
    "mask changed": (
        lambda folder: os.truncate(folder.parents[3] / "scans" / "keep.nii.gz", 100),
        "keep.nii.gz was changed after the measurement",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_named(results, folder, what):
    tamper, words = TAMPERING[what]
    tamper(folder)
    found = next(each for each in verify_folder(results) if each.folder == folder)
    assert found.verdict == "differs"
    assert any(words in problem for problem in found.problems), found.problems
    assert not any("\n" in problem for problem in found.problems)


def test_a_row_without_a_record_is_named(results, folder):
    shutil.rmtree(folder)
    found = verified(results)
    assert found == Verified(folder, "differs", ("results.tsv has a row, but there is no case.json",))


def test_a_scan_that_is_gone_cannot_be_checked(study, results):
    (study / "scans" / "stir.nii.gz").unlink()
    found = verified(results)
    assert found.verdict == "not checked"
    assert "stir.nii.gz is no longer there" in found.problems[0]


def test_a_case_the_reader_has_not_finished_cannot_be_checked(results, files):
    reading = Reading.resume(KEY, load_case(files), Sitting(results))
    reading.session.undo()
    assert verified(results).verdict == "not checked"
    reading.finish()
    assert verified(results).verdict == "same"


def test_a_study_moved_as_a_whole_is_still_the_same(study, tmp_path):
    moved = tmp_path / "archive" / "2025"
    moved.parent.mkdir()
    study.rename(moved)
    found = verified(moved / "results")
    assert found == Verified(moved / "results" / KEY.case_id / KEY.time_point / KEY.reader, "same")
    record = read_record(found.folder)
    assert {each.path.parent for each in record.inputs} == {moved / "scans"}


def test_results_moved_alone_are_checked_against_the_scans_where_they_were(results, files, tmp_path):
    measure_case(request_for(files, results))
    shutil.move(results, tmp_path / "elsewhere" / "results")
    assert verified(tmp_path / "elsewhere" / "results").verdict == "same"


def test_one_spoilt_case_does_not_hide_the_others(results, folder, files):
    for reader in ("CD", "EF"):
        measure_case(request_for(files, results, replace(KEY, reader=reader)))
    os.truncate(folder / "case.json", 10)
    assert [each.verdict for each in verify_folder(results)] == ["differs", "same", "same"]


def test_verifying_changes_nothing(results):
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in results.rglob("*")}
    verified(results)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in results.rglob("*")} == before
