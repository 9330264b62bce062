"""A reader at work: every step is saved, a sitting goes on where the last one ended, the files tell what was done."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Study.study_cases import KEY, files_below, study_case, ticking_clock
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.measurement import Settings
from VHIWorkflowLib.core.ranking import RankScores, RankSource
from VHIWorkflowLib.core.targets import RankBelow, SmallerThan, TheseIslands, Touching
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.results import HISTORY_NAME, RESULTS_NAME, read_rows
from VHIWorkflowLib.files.segmentation_files import read_labelmap, read_segmentation
from VHIWorkflowLib.files.volumes import sha256_of
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_inputs import CaseFiles, LoadedCase, load_case
from VHIWorkflowLib.study.case_record import CaseKey, Model
from VHIWorkflowLib.study.reading import Reading, Sitting
from VHIWorkflowLib.study.verification import verify_folder


@pytest.fixture
def loaded(files: CaseFiles) -> LoadedCase:
    """The case, read."""
    return load_case(files)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder for results, not there yet."""
    return tmp_path / "readings"


def test_nothing_is_written_before_the_first_step(loaded, out):
    Reading(KEY, loaded, Sitting(out))
    assert not out.exists()


def test_every_step_undo_and_redo_is_on_disk_when_the_call_returns(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out))
    session = reading.session

    def saved_as_it_stands() -> bool:
        record = read_record(reading.folder)
        assert record.state == "begun"
        assert record.vhi == session.vhi
        return record.cleaning == session.recorded() and bool(record.cleaning.steps or record.cleaning.undone)

    session.remove(TheseIslands((3,)), reason="vessel")
    assert saved_as_it_stands()
    session.remove(SmallerThan(20.0))
    assert saved_as_it_stands()
    session.undo()
    assert saved_as_it_stands()
    session.redo()
    assert saved_as_it_stands()
    session.undo()
    session.undo()
    assert saved_as_it_stands()
    session.restore(TheseIslands((3,)))
    assert len(read_record(reading.folder).cleaning.undone) == 2


def test_a_merged_step_is_saved_decision_by_decision(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out))
    with reading.session.as_one_step():
        reading.session.remove(TheseIslands((3,)))
        assert len(read_record(reading.folder).cleaning.steps) == 1
        reading.session.remove(TheseIslands((4,)))
    first, second = read_record(reading.folder).cleaning.steps
    assert first.group == second.group


def test_nothing_is_saved_when_nothing_changes(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out))
    reading.session.remove(SmallerThan(0.001))
    reading.session.undo()
    assert not out.exists()


def test_without_autosave_nothing_is_written_before_the_end(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out), autosave=False)
    reading.session.remove(TheseIslands((3,)))
    assert not out.exists()
    reading.save()
    assert read_record(reading.folder).cleaning == reading.session.recorded()


def test_resume_goes_on_with_undo_redo_and_effort(loaded, out):
    first = Reading(KEY, loaded, Sitting(out, clock=ticking_clock(2.0)))
    first.session.remove(TheseIslands((3, 4)))
    with first.session.as_one_step():
        first.session.remove(TheseIslands((5,)))
        first.session.keep(TheseIslands((6,)))
    first.session.remove(TheseIslands((7,)))
    first.session.undo()
    spent = first.session.seconds_spent
    assert spent > 0

    again = Reading.resume(KEY, loaded, Sitting(out, clock=ticking_clock(5.0)))
    assert np.array_equal(again.session.mask(), first.session.mask())
    assert again.session.recorded() == first.session.recorded()
    assert (again.session.undo_count, again.session.redo_count) == (1, 0)
    again.session.redo()
    assert again.session.vhi.sensitive_voxels < first.session.vhi.sensitive_voxels
    assert again.session.seconds_spent > spent
    again.session.undo()
    again.session.undo()
    assert len(again.session.steps) == 1
    again.session.undo()
    assert not again.session.steps
    assert read_record(again.folder).cleaning.undo_count == 4
    assert np.array_equal(again.session.mask(), again.case.mask())


def test_resume_takes_start_mode_settings_and_thresholds_from_the_record(loaded, out):
    by_hand = replace(Reading(KEY, loaded, Sitting(out)).case.thresholds, sensitive=330.0, iqr_multiple=None)
    sitting = Sitting(out, "keep", Settings(minimum_group_pixels=6), by_hand)
    first = Reading(KEY, loaded, sitting)
    first.session.keep(TheseIslands((2,)))
    again = Reading.resume(KEY, loaded, Sitting(out))
    assert again.session.start == "keep"
    assert again.case.settings == sitting.settings
    assert again.case.thresholds == by_hand
    assert np.array_equal(again.session.mask(), first.session.mask())


def test_resume_of_a_case_never_begun_begins_it(loaded, out):
    assert Reading.resume(KEY, loaded, Sitting(out)).session.steps == ()


def test_a_finished_case_can_be_taken_up_again(loaded, out):
    first = Reading(KEY, loaded, Sitting(out))
    first.session.remove(TheseIslands((3,)))
    first.finish()
    again = Reading.resume(KEY, loaded, Sitting(out))
    again.session.remove(TheseIslands((4,)))
    assert read_record(again.folder).state == "begun"
    assert len(read_rows(out / RESULTS_NAME)) == 1
    again.finish()
    (row,) = read_rows(out / RESULTS_NAME)
    assert row.islands_removed == 2
    assert [row.islands_removed for row in read_rows(out / HISTORY_NAME)] == [1]


@pytest.mark.parametrize("what", ["stir", "normal_bone", "disease_region"])
def test_resume_refuses_another_scan_or_region(loaded, out, what):
    first = Reading(KEY, loaded, Sitting(out))
    first.session.remove(TheseIslands((3,)))
    before = files_below(out)
    if what == "stir":
        array = loaded.stir.array.copy()
        array[tuple(np.argwhere(loaded.normal_bone)[0])] += 60
        altered = replace(loaded, stir=Volume(array, loaded.stir.grid))
    else:
        mask = getattr(loaded, what).copy()
        mask[tuple(np.argwhere(mask & ~loaded.normal_bone if what == "disease_region" else mask)[0])] = False
        altered = replace(loaded, **{what: mask})
    with pytest.raises(RecordError, match="other scans or regions"):
        Reading.resume(KEY, altered, Sitting(out))
    assert files_below(out) == before


def test_resume_refuses_steps_that_no_longer_fit_by_name(loaded, out):
    first = Reading(KEY, loaded, Sitting(out))
    first.session.remove(TheseIslands((3,)))
    array = loaded.stir.array.copy()
    island = first.session.partition.voxels_of(first.session.partition.find(first.session.steps[0].units[0], None))
    array.ravel()[island[-1]] = 300  # one voxel of the removed island is dark now; thresholds stay
    with pytest.raises((CleaningError, RecordError), match="island"):
        Reading.resume(KEY, replace(loaded, stir=Volume(array, loaded.stir.grid)), Sitting(out))


def test_resume_refuses_a_damaged_record_and_leaves_it(loaded, out):
    first = Reading(KEY, loaded, Sitting(out))
    first.session.remove(TheseIslands((3,)))
    path = first.folder / "case.json"
    path.write_bytes(path.read_bytes()[:-200])
    before = files_below(out)
    with pytest.raises(RecordError, match="not a whole JSON file"):
        Reading.resume(KEY, loaded, Sitting(out))
    assert files_below(out) == before


def test_finish_writes_all_files_and_the_row(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out, clock=ticking_clock()))
    reading.session.remove(Touching.mask(loaded.disease_region & ~loaded.keep), reason="other")
    reading.session.keep(Touching.mask(loaded.keep))
    record = reading.finish()
    assert sorted(files_below(reading.folder)) == ["case.json", "labelmap.nii.gz", "segmentation.seg.nrrd"]
    assert read_record(reading.folder).cleaning == record.cleaning == reading.session.recorded()
    assert record.state == "done"
    assert record.stability == reading.stability()
    for name, digest in record.files.items():
        assert sha256_of(reading.folder / name) == digest

    labels = read_labelmap(reading.folder / "labelmap.nii.gz").array
    assert np.array_equal(labels > 0, reading.session.mask())
    assert np.array_equal(labels == 2, reading.session.conservative_mask())
    assert 0 < (labels == 2).sum() < (labels > 0).sum()
    segments = read_segmentation(reading.folder / "segmentation.seg.nrrd", loaded.stir.grid)
    assert np.array_equal(segments["Sensitive"].array, labels > 0)
    assert np.array_equal(segments["Conservative"].array, labels == 2)
    assert np.array_equal(segments["Normal bone"].array, loaded.normal_bone)
    assert np.array_equal(segments["Disease region"].array, loaded.disease_region)

    (row,) = read_rows(out / RESULTS_NAME)
    assert row.key == (KEY.case_id, KEY.time_point, KEY.reader)
    assert row.vhi_sensitive_voxels == (labels > 0).sum()
    assert row.vhi_sensitive_mm3 == pytest.approx((labels > 0).sum() * 0.6 * 0.7 * 3.3, abs=2e-3)
    assert row.vhi_conservative_voxels == (labels == 2).sum()
    assert row.cleaning_seconds == pytest.approx(reading.session.seconds_spent)
    assert row.vhi_sensitive_low_mm3 <= row.vhi_sensitive_mm3 <= row.vhi_sensitive_high_mm3


def test_measuring_again_replaces_the_row_and_keeps_the_earlier_one(loaded, out):
    sizes = []
    for islands in ((1,), (1, 2), (1, 2, 3)):
        reading = Reading(KEY, loaded, Sitting(out, clock=ticking_clock(len(islands))), autosave=False)
        reading.session.remove(TheseIslands(islands))
        sizes.append(reading.finish().vhi.sensitive_voxels)
    assert [row.vhi_sensitive_voxels for row in read_rows(out / RESULTS_NAME)] == sizes[-1:]
    assert [row.vhi_sensitive_voxels for row in read_rows(out / HISTORY_NAME)] == sizes[:-1]


def test_two_readers_have_separate_folders_and_rows(loaded, out):
    readings = [Reading(replace(KEY, reader=reader), loaded, Sitting(out)) for reader in ("AB", "CD")]
    readings[0].session.remove(TheseIslands((1,)))
    readings[1].session.remove(TheseIslands((2,)))
    for reading in readings:
        reading.finish()
    assert [reading.folder.name for reading in readings] == ["AB", "CD"]
    assert read_record(readings[0].folder).cleaning.steps != read_record(readings[1].folder).cleaning.steps
    assert [row.reader for row in read_rows(out / RESULTS_NAME)] == ["AB", "CD"]
    assert not (out / HISTORY_NAME).exists()


def test_a_second_window_on_the_same_case_never_leaves_half_a_record(loaded, out):
    one, other = (Reading.resume(KEY, loaded, Sitting(out)) for _ in range(2))
    one.session.remove(TheseIslands((1,)))
    other.session.remove(TheseIslands((2,)))
    one.session.remove(TheseIslands((3,)))
    one.finish()
    record = other.finish()  # the last to finish is the one the files and the row tell of
    assert read_record(other.folder).cleaning == record.cleaning == other.session.recorded()
    labels = read_labelmap(other.folder / "labelmap.nii.gz").array
    assert np.array_equal(labels > 0, other.session.mask())
    assert len(read_rows(out / RESULTS_NAME)) == 1
    assert len(read_rows(out / HISTORY_NAME)) == 1


def test_a_step_that_cannot_be_saved_says_so_and_stands_in_memory(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out))
    reading.session.remove(TheseIslands((1,)))
    before = files_below(out)
    reading.folder.joinpath("case.json").rename(reading.folder / "moved.json")
    reading.folder.joinpath("case.json").mkdir()
    with pytest.raises(RecordError, match="rename the folder"):
        reading.session.remove(TheseIslands((2,)))
    assert len(reading.session.steps) == 2
    reading.folder.joinpath("case.json").rmdir()
    reading.session.remove(TheseIslands((3,)))
    assert len(read_record(reading.folder).cleaning.steps) == 3
    assert before["S 01/baseline/AB/case.json"] == reading.folder.joinpath("moved.json").read_bytes()


@pytest.mark.parametrize("name", [RESULTS_NAME, HISTORY_NAME])
def test_a_damaged_table_stops_finish_before_anything_is_replaced(loaded, out, name):
    reading = Reading(KEY, loaded, Sitting(out), autosave=False)
    reading.finish()
    reading.session.remove(TheseIslands((1,)))
    (out / name).write_text("case_id\treader\n", encoding="utf-8")
    before = files_below(out)
    with pytest.raises(RecordError, match="not the header of a results table"):
        reading.finish()
    assert files_below(out) == before


@pytest.mark.parametrize("key", [CaseKey("../x", "t", "r"), CaseKey("=1", "t", "r"), CaseKey("c", "", "r")])
def test_names_are_checked_before_anything_is_done(loaded, out, key):
    with pytest.raises(InputError, match="rename it"):
        Reading(key, loaded, Sitting(out))
    assert not out.exists()


def test_a_case_that_cannot_be_measured_names_the_file_to_look_at(loaded, out):
    few = np.zeros_like(loaded.normal_bone)
    few[2, 18, 10:14] = True
    with pytest.raises(InputError, match=r"normal_bone\.nii\.gz: .*50"):
        Reading(KEY, replace(loaded, normal_bone=few), Sitting(out))
    with pytest.raises(InputError, match=r"disease_region\.nii\.gz: nothing is left"):
        Reading(KEY, replace(loaded, disease_region=loaded.normal_bone), Sitting(out))
    dark = Volume(np.full_like(loaded.stir.array, 7), loaded.stir.grid)
    with pytest.raises(InputError, match=r"stir\.nii\.gz: .*one single intensity"):
        Reading(KEY, replace(loaded, stir=dark), Sitting(out))
    proposed = replace(loaded, normal_bone=few, inputs=loaded.inputs[:2])
    with pytest.raises(InputError, match=r"stir\.nii\.gz: .*50"):
        Reading(KEY, proposed, Sitting(out))
    assert not out.exists()


def test_the_record_is_enough_to_redo_the_masks(loaded, out):
    reading = Reading(KEY, loaded, Sitting(out))
    biggest = max(reading.session.partition.units(None), key=reading.session.partition.size_of)
    voxels = reading.session.partition.voxels_of(biggest)
    reading.session.cut(biggest.island, voxels[: voxels.size // 3])
    reading.session.remove(Touching(voxels[:1]))
    reading.session.remove(TheseIslands((2,)), in_slice=0)
    reading.finish()
    again = CleaningSession.of(reading.case)
    again.replay(read_record(reading.folder).cleaning.steps)
    assert np.array_equal(again.mask(), reading.session.mask())
    assert np.array_equal(again.mask(), read_labelmap(reading.folder / "labelmap.nii.gz").array > 0)
    assert json.loads((reading.folder / "case.json").read_text())["result"]["sensitive_voxels"] == again.mask().sum()


def test_the_case_is_as_the_arrays_say(loaded):
    case = study_case()
    assert np.array_equal(loaded.stir.array, case.stir.array)
    assert np.array_equal(loaded.normal_bone, case.normal_bone)
    assert loaded.stir.grid.matches(case.stir.grid)


def test_a_ranking_is_on_record_and_nobody_needs_it_to_check_or_go_on(loaded, out):
    source = RankSource("island_rank", "1.2.3", "a" * 64)
    sitting = Sitting(out, ranking=lambda case: RankScores(np.linspace(1, 0, case.islands.number), source))
    reading = Reading(KEY, loaded, sitting)
    reading.session.remove(RankBelow(0.4))
    record = reading.finish()
    assert record.models == (Model("island_rank", "1.2.3", "a" * 64),)
    step = read_record(reading.folder).cleaning.steps[0]
    assert step.target["model"] == {"name": "island_rank", "version": "1.2.3", "sha256": "a" * 64}
    assert 0 < record.islands_removed < record.islands
    assert [each.verdict for each in verify_folder(out)] == ["same"]
    again = Reading.resume(KEY, loaded, Sitting(out))
    assert again.session.steps == reading.session.steps
    assert again.record("begun").models == record.models
    np.testing.assert_array_equal(again.session.mask(), reading.session.mask())
