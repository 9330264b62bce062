"""From files to records: what a measurement is made of, whatever it was stored as, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from Study.study_cases import KEY, files_below, request_for, study_case, ticking_clock
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.core.thresholds import Thresholds
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.results import RESULTS_NAME, ResultsRow, read_rows
from VHIWorkflowLib.files.segmentation_files import read_labelmap, read_segmentation
from VHIWorkflowLib.files.volumes import read_image, sha256_of
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan, load_case
from VHIWorkflowLib.study.measure_case import NOT_CLEANED, NOTHING_TOUCHED, measure_case
from VHIWorkflowLib.study.overview import caption_of
from VHIWorkflowLib.study.reading import Reading, Sitting
from VHIWorkflowLib.study.verification import verify_folder


def test_keep_keeps_the_islands_it_touches_and_removes_the_rest(files, tmp_path):
    outcome = measure_case(request_for(files, tmp_path))
    case = study_case()
    kept = read_labelmap(outcome.folder / "labelmap.nii.gz").array > 0
    assert np.array_equal(kept, case.keep & (case.stir.array >= outcome.record.thresholds.sensitive))
    assert outcome.record.islands == 24
    assert outcome.record.islands_removed == 16
    assert outcome.record.cleaning.start == "keep"
    assert {each.role for each in outcome.record.inputs} == {"stir", "t1w", "normal_bone", "disease_region", "keep"}


def test_without_cleaning_the_record_says_so(files, tmp_path):
    record = measure_case(request_for(replace(files, keep=None), tmp_path)).record
    assert record.vhi == record.preliminary
    assert record.warnings == (NOT_CLEANED,)


def test_an_empty_mask_of_what_is_kept_leaves_nothing(files, tmp_path):
    case = study_case()
    write_volume(tmp_path / "none.nii.gz", Volume(np.zeros_like(case.keep), case.stir.grid))
    record = measure_case(request_for(replace(files, keep=tmp_path / "none.nii.gz"), tmp_path / "out")).record
    assert record.vhi.sensitive_voxels == 0
    assert record.islands_removed == record.islands


def test_a_mask_of_what_is_kept_that_touches_nothing_is_a_warning_in_the_record(files, tmp_path):
    case = study_case()
    elsewhere = np.zeros_like(case.keep)
    elsewhere[0, 0, 0] = True
    write_volume(tmp_path / "elsewhere.nii.gz", Volume(elsewhere, case.stir.grid))
    record = measure_case(request_for(replace(files, keep=tmp_path / "elsewhere.nii.gz"), tmp_path / "out")).record
    assert (record.vhi.sensitive_voxels, record.warnings) == (0, (NOTHING_TOUCHED,))
    assert NOTHING_TOUCHED not in measure_case(request_for(files, tmp_path / "out")).record.warnings


def test_the_record_names_each_input_with_its_hash(files, tmp_path):
    record = measure_case(request_for(files, tmp_path)).record
    assert [each.sha256 for each in record.inputs] == [sha256_of(each.path) for each in record.inputs]
    assert len({each.sha256 for each in record.inputs}) == 5


def test_the_picture_is_written_beside_the_record_or_where_it_is_wanted(files, tmp_path):
    beside = measure_case(request_for(files, tmp_path / "out", figure=True))
    assert beside.figure == beside.folder / "overview.png"
    elsewhere = measure_case(request_for(files, tmp_path / "out", figure=tmp_path / "pictures" / "a.png"))
    for path in (beside.figure, elsewhere.figure):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_picture_says_which_regions_no_reader_marked(files, tmp_path):
    record = measure_case(request_for(files, tmp_path / "out")).record
    assert not any("found by" in line for line in caption_of(record))
    found = replace(
        record,
        disease_region=replace(record.disease_region, origin="disease_region 1.2.3, edited"),
        normal_bone=replace(record.normal_bone, origin="normal_bone 4.5.6"),
    )
    said = "disease region found by disease_region 1.2.3, edited; normal bone found by normal_bone 4.5.6"
    assert said in caption_of(found)


def test_normal_bone_in_several_pieces_is_their_union(files, tmp_path):
    case = study_case()
    whole = measure_case(request_for(files, tmp_path / "whole")).record
    pieces = []
    for number, part in enumerate((slice(0, 2), slice(2, None))):
        mask = np.zeros_like(case.normal_bone)
        mask[part] = case.normal_bone[part]
        pieces.append(tmp_path / f"piece{number}.nrrd")
        write_volume(pieces[-1], Volume(mask, case.stir.grid))
    record = measure_case(request_for(replace(files, normal_bone=tuple(pieces)), tmp_path / "pieces")).record
    assert (record.normal_bone, record.vhi, record.thresholds) == (whole.normal_bone, whole.vhi, whole.thresholds)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)], ids=["flipped", "permuted and flipped"])
def test_masks_may_be_stored_in_another_order_than_the_scan(files, tmp_path, axes):
    plain = measure_case(request_for(files, tmp_path / "plain"))
    for path in (files.normal_bone[0], files.disease_region, files.keep):
        image = SimpleITK.PermuteAxes(SimpleITK.ReadImage(path), axes)
        SimpleITK.WriteImage(SimpleITK.Flip(image, [True, False, True]), path)
    other = measure_case(request_for(files, tmp_path / "other"))
    for name in ("thresholds", "preliminary", "vhi", "normal_bone", "disease_region", "stability"):
        assert getattr(other.record, name) == getattr(plain.record, name)
    masks = [read_labelmap(outcome.folder / "labelmap.nii.gz").array for outcome in (plain, other)]
    assert np.array_equal(*masks)
    assert [each.verdict for each in verify_folder(tmp_path / "other")] == ["same"]


def test_what_was_written_can_be_measured_again(files, tmp_path):
    first = measure_case(request_for(files, tmp_path / "first"))
    written = first.folder / "segmentation.seg.nrrd"
    again = replace(files, normal_bone=(written,), disease_region=written, keep=written)
    record = measure_case(request_for(again, tmp_path / "again")).record
    assert (record.normal_bone, record.disease_region) == (first.record.normal_bone, first.record.disease_region)
    assert (record.thresholds, record.preliminary, record.vhi) == (
        first.record.thresholds,
        first.record.preliminary,
        first.record.vhi,
    )


def test_an_unfinished_reading_is_not_replaced(files, tmp_path):
    request = request_for(files, tmp_path / "out")
    reading = Reading(request.key, load_case(files), Sitting(request.out))
    reading.session.remove(TheseIslands((1,)))
    before = (reading.folder / "case.json").read_bytes()
    with pytest.raises(RecordError, match=r"case\.json: holds an unfinished reading"):
        measure_case(request)
    assert (reading.folder / "case.json").read_bytes() == before
    assert sorted(path.name for path in request.out.iterdir()) == [request.key.case_id]


# Recorded steps


def recorded(files: CaseFiles, out: Path) -> Reading:
    """A reading with a cut, scopes and reasons, finished."""
    reading = Reading(KEY, load_case(files), Sitting(out, clock=ticking_clock()))
    session = reading.session
    biggest = max(session.partition.units(None), key=session.partition.size_of)
    voxels = session.partition.voxels_of(biggest)
    session.cut(biggest.island, voxels[: voxels.size // 2])
    session.remove(TheseIslands((max(session.partition),)), reason="vessel")
    session.remove(TheseIslands((2, 3)), in_slice=0, reason="artefact")
    with session.as_one_step():
        session.remove(TheseIslands((7, 8)))
        session.restore(TheseIslands((8,)))
    reading.finish()
    return reading


@pytest.mark.parametrize("name", ["", "case.json"])
def test_steps_repeat_to_the_same_files_bit_by_bit(files, tmp_path, name):
    reading = recorded(files, tmp_path / "first")
    request = request_for(replace(files, keep=None), tmp_path / "second", steps=reading.folder / name)
    outcome = measure_case(request)
    for file in ("labelmap.nii.gz", "segmentation.seg.nrrd"):
        assert (outcome.folder / file).read_bytes() == (reading.folder / file).read_bytes()
    assert outcome.record.vhi == reading.session.vhi
    steps = [step.to_json() for step in outcome.record.cleaning.steps]
    assert steps == [step.to_json() for step in read_record(reading.folder).cleaning.steps]
    assert outcome.record.inputs[-1].role == "steps"


def test_steps_of_another_case_are_refused_by_name_and_nothing_is_written(files, tmp_path):
    reading = recorded(files, tmp_path / "first")
    other = study_case(2).write(tmp_path / "other")
    with pytest.raises(InputError) as raised:
        measure_case(request_for(replace(other, keep=None), tmp_path / "out", steps=reading.folder / "case.json"))
    message = str(raised.value)
    assert message.startswith(str(reading.folder / "case.json"))
    assert re.search(r"step \d+ \((cut|remove) island \d+", message)
    assert not (tmp_path / "out").exists()


def test_steps_may_be_those_of_the_record_that_is_written_anew(files, tmp_path):
    reading = recorded(files, tmp_path / "out")
    measure_case(request_for(replace(files, keep=None), tmp_path / "out", steps=reading.folder / "case.json"))
    assert [each.verdict for each in verify_folder(tmp_path / "out")] == ["same"]


def test_steps_and_keep_exclude_each_other(files, tmp_path):
    with pytest.raises(InputError, match="exclude each other"):
        measure_case(request_for(files, tmp_path / "out", steps=tmp_path / "case.json"))


# T1w on another grid


def t1w_grid(moved_mm: float, step: float = 1.5) -> Grid:
    """A coarser grid of the same directions, moved along the slices."""
    stir = study_case().stir.grid
    affine = stir.affine.copy()
    affine[:3, 0] *= step
    affine[:3, 1] *= step
    corner = stir.affine[:3, :3] @ np.array([(step - 1) / 2, (step - 1) / 2, 0])
    normal = stir.affine[:3, 2] / np.linalg.norm(stir.affine[:3, 2])
    affine[:3, 3] = stir.affine[:3, 3] + corner + moved_mm * normal
    k, j, i = stir.shape
    return Grid((k, round(j / step), round(i / step + 0.4)), affine)


def on_t1w(folder: Path, files: CaseFiles, grid: Grid) -> CaseFiles:
    """The case with its T1w and its disease region on another grid."""
    region = np.ones(grid.shape, dtype=bool)
    region[:, :2] = region[:, -2:] = region[:, :, :2] = region[:, :, -2:] = False
    write_volume(folder / "t1.nii.gz", Volume(np.indices(grid.shape).sum(axis=0).astype(np.float32), grid))
    write_volume(folder / "bone.nii.gz", Volume(region, grid))
    return replace(files, t1w=Scan(folder / "t1.nii.gz"), disease_region=folder / "bone.nii.gz")


def test_a_disease_region_on_the_t1w_grid_is_resampled(files, tmp_path):
    outcome = measure_case(request_for(on_t1w(tmp_path, files, t1w_grid(0.0)), tmp_path / "out"))
    case = study_case()
    found = read_segmentation(outcome.folder / "segmentation.seg.nrrd", case.stir.grid)["Disease region"].array
    expected = np.zeros_like(found)
    expected[:, 3:33, 3:37] = True  # two voxels of 1.5 pixels on each side
    assert found.sum() == pytest.approx(expected.sum(), rel=0.1)
    assert (found & expected).sum() > 0.95 * min(found.sum(), expected.sum())
    assert outcome.record.warnings == ()
    assert [each.verdict for each in verify_folder(tmp_path / "out")] == ["same"]


def test_t1w_that_covers_too_little_is_a_warning_in_the_record(files, tmp_path):
    outcome = measure_case(request_for(on_t1w(tmp_path, files, t1w_grid(6.6)), tmp_path / "out"))
    (warning,) = outcome.record.warnings
    assert warning == "T1w covers only 67 % of the STIR field"
    assert json.loads((outcome.folder / "case.json").read_text())["warnings"] == [warning]


def test_t1w_elsewhere_in_space_is_refused(files, tmp_path):
    with pytest.raises(InputError, match=r"t1\.nii\.gz: .*do not overlap in space"):
        measure_case(request_for(on_t1w(tmp_path, files, t1w_grid(500.0)), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_disease_region_on_a_third_grid_is_refused(files, tmp_path):
    moved = on_t1w(tmp_path, files, t1w_grid(0.0))
    with pytest.raises(InputError, match=r"bone\.nii\.gz: lies neither on the STIR nor on the T1w grid"):
        measure_case(request_for(replace(moved, t1w=files.t1w), tmp_path / "out"))


def test_a_grid_that_differs_by_header_rounding_is_the_same(files, tmp_path):
    case = study_case()
    before = measure_case(request_for(files, tmp_path / "a")).record
    affine = case.stir.grid.affine + np.array([[2e-5] * 4] * 3 + [[0] * 4])
    write_volume(tmp_path / "bone.nrrd", Volume(case.disease_region, Grid(case.stir.grid.shape, affine)))
    after = measure_case(request_for(replace(files, disease_region=tmp_path / "bone.nrrd"), tmp_path / "b")).record
    assert after.disease_region == before.disease_region
    assert after.vhi == before.vhi


# Ways of storing a scan


@pytest.mark.parametrize("ending", [".nii", ".nrrd", ".mha"])
def test_the_format_does_not_matter(files, tmp_path, ending):
    before = measure_case(request_for(files, tmp_path / "before")).record.row()
    again = study_case().write(tmp_path / "again", ending)
    after = measure_case(request_for(again, tmp_path / "after")).record.row()
    assert_rows_alike(after, before)


@pytest.mark.parametrize("axes", [(2, 1, 0), (1, 0, 2), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(False, False, True), (True, True, False)])
def test_the_stored_order_of_axes_does_not_matter(files, tmp_path, axes, flips):
    before = measure_case(request_for(files, tmp_path / "before")).record.row()
    for path in (files.stir.path, files.t1w.path, *files.normal_bone, files.disease_region, files.keep):
        image = SimpleITK.Flip(SimpleITK.PermuteAxes(SimpleITK.ReadImage(path), axes), flips)
        SimpleITK.WriteImage(image, path)
    after = measure_case(request_for(files, tmp_path / "after")).record.row()
    assert_rows_alike(after, before)


def assert_rows_alike(found: ResultsRow, expected: ResultsRow, scale: float = 1.0) -> None:
    """Equal in all that a scan determines; grey levels times a scale, and as exact as a header can say them."""
    for field in fields(ResultsRow):
        mine, theirs = getattr(found, field.name), getattr(expected, field.name)
        if field.name.startswith(("threshold", "normal_bone_")) and field.name != "normal_bone_voxels":
            assert mine * scale == pytest.approx(theirs, rel=2e-6), field.name
        elif field.name.endswith("mm3"):
            assert mine == pytest.approx(theirs, rel=2e-6), field.name
        elif field.name not in ("measured_at", "cleaning_seconds", "case_id", "time_point", "reader"):
            assert mine == theirs, field.name


# Thresholds as they come from the settings


def test_tolerance_and_smallest_group_are_on_record(files, tmp_path):
    request = request_for(files, tmp_path)
    record = measure_case(replace(request, settings=replace(request.settings, minimum_group_pixels=9))).record
    assert read_record(tmp_path / KEY.case_id / KEY.time_point / KEY.reader).settings.minimum_group_pixels == 9
    assert record.preliminary.sensitive_voxels < record.above_threshold_voxels
    assert isinstance(record.thresholds, Thresholds)


def test_a_failed_measurement_leaves_the_earlier_one_as_it_was(files, tmp_path):
    measure_case(request_for(files, tmp_path / "out"))
    before = files_below(tmp_path / "out")
    files.stir.path.write_bytes(files.stir.path.read_bytes()[:-40])
    with pytest.raises(InputError):
        measure_case(request_for(files, tmp_path / "out"))
    assert files_below(tmp_path / "out") == before
    assert len(read_rows(tmp_path / "out" / RESULTS_NAME)) == 1


def test_measuring_again_keeps_the_earlier_records_in_the_order_they_were_made(files, tmp_path):
    records = []
    for pixels in (4, 9, 16):
        request = request_for(files, tmp_path)
        settings = replace(request.settings, minimum_group_pixels=pixels)
        outcome = measure_case(replace(request, settings=settings))
        records.append((outcome.folder / "case.json").read_bytes())
    assert (outcome.folder / "case.1.json").read_bytes() == records[0]
    assert (outcome.folder / "case.2.json").read_bytes() == records[1]
    assert (outcome.folder / "case.json").read_bytes() == records[2]
    assert not (outcome.folder / "case.3.json").exists()
    assert read_record(outcome.folder / "case.1.json").settings.minimum_group_pixels == 4
    assert [found.problems for found in verify_folder(tmp_path)] == [()]


def test_a_record_kept_just_before_the_program_was_killed_is_not_kept_twice(files, tmp_path):
    folder = measure_case(request_for(files, tmp_path)).folder
    (folder / "case.1.json").write_bytes((folder / "case.json").read_bytes())
    measure_case(request_for(files, tmp_path))
    assert not (folder / "case.2.json").exists()


def test_a_case_that_cannot_be_written_again_has_no_second_copy_of_its_record(files, tmp_path):
    measure_case(request_for(files, tmp_path / "out"))
    (tmp_path / "out" / RESULTS_NAME).write_text("no table")
    before = files_below(tmp_path / "out")
    with pytest.raises(RecordError):
        measure_case(request_for(files, tmp_path / "out"))
    assert files_below(tmp_path / "out") == before


def test_a_scan_in_a_folder_with_a_number_sign_is_no_series(files, tmp_path):
    odd = tmp_path / "no#1"
    odd.mkdir()
    files.stir.path.rename(odd / "stir.nii.gz")
    assert Scan.parse(str(odd / "stir.nii.gz")) == Scan(odd / "stir.nii.gz")
    assert Scan.parse(f"{odd}#T2 STIR") == Scan(odd, "T2 STIR")
    assert read_image(Scan.parse(str(odd / "stir.nii.gz")).path).grid.shape == study_case().stir.grid.shape
