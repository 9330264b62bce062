"""A reader's list: states from the files, the same order at every sitting, names hidden when blinded, flags kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from Study.study_cases import study_case
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.files.worklist_cases import WorklistCase
from VHIWorkflowLib.files.worklists import write_worklist
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.kept_list import KeptList, list_path
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.reading import Sitting
from VHIWorkflowLib.study.reading_list import ReadingList, was_blinded

NAMES = [(f"S{number:02}", point) for number in range(1, 5) for point in ("pre", "post")]


@pytest.fixture(scope="module")
def scans(tmp_path_factory) -> Path:
    """One pair of scans with regions, which stands for every case."""
    folder = tmp_path_factory.mktemp("scans")
    study_case().write(folder)
    return folder


@pytest.fixture
def worklist(scans, tmp_path) -> Path:
    """Four subjects, two time points each."""
    return written(tmp_path / "worklist.tsv", scans, NAMES)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder for results, not there yet."""
    return tmp_path / "readings"


def written(path: Path, scans: Path, names: list[tuple[str, str]], reader: str | None = None) -> Path:
    cases = [
        WorklistCase(
            case_id,
            time_point,
            Scan(scans / "stir.nii.gz"),
            Scan(scans / "t1w.nii.gz"),
            (scans / "normal_bone.nii.gz",),
            scans / "disease_region.nii.gz",
            reader=reader,
        )
        for case_id, time_point in names
    ]
    write_worklist(cases, path)
    return path


def names_of(listed: ReadingList) -> list[tuple[str, str]]:
    return [(each.key.case_id, each.key.time_point) for each in listed]


def test_an_open_list_is_the_worklist_and_writes_nothing(worklist, out):
    listed = ReadingList.open(worklist, out, "AB")
    assert names_of(listed) == NAMES
    assert [each.title for each in listed][:2] == ["S01  pre", "S01  post"]
    assert {each.state for each in listed} == {"new"}
    assert not out.exists()


def test_states_follow_the_reader(worklist, out):
    listed = ReadingList.open(worklist, out, "AB")
    case = OpenCase.open(listed[0].key, listed[0].files, Sitting(out))
    case.reading.session.remove(TheseIslands((1,)))
    assert listed[0].state == "new"
    assert listed.refresh(0).state == "begun"
    record = case.finish()
    assert listed.refresh(0).state == "done"
    assert listed[0].vhi_mm3 == record.vhi.sensitive_mm3
    (case.folder / "case.json").write_text("{", encoding="utf-8")
    assert listed.refresh(0).state == "damaged"
    assert "case.json" in listed[0].problem
    assert ReadingList.open(worklist, out, "CD")[0].state == "new"


def test_the_next_case_is_the_next_that_is_not_done_and_round(worklist, out):
    listed = ReadingList.open(worklist, out, "AB")
    OpenCase.open(listed[1].key, listed[1].files, Sitting(out)).finish()
    listed.refresh(1)
    assert listed.next_unfinished(0) == 2
    assert listed.next_unfinished(7) == 0
    for position in range(8):
        OpenCase.open(listed[position].key, listed[position].files, Sitting(out)).finish()
        listed.refresh(position)
    assert listed.next_unfinished(3) is None


def test_a_blinded_list_hides_names_and_keeps_its_order(worklist, out):
    first = ReadingList.open(worklist, out, "AB", blinded=True, seed=7)
    assert names_of(first) != NAMES
    assert sorted(names_of(first)) == sorted(NAMES)
    assert [each.title for each in first] == [f"Case {number}" for number in range(1, 9)]
    again = ReadingList.open(worklist, out, "AB", blinded=True)
    assert names_of(again) == names_of(first)
    assert again.seed == 7
    assert json.loads(list_path(out, "AB").read_text(encoding="utf-8"))["seed"] == 7
    unblinded = ReadingList.open(worklist, out, "AB")
    assert (names_of(unblinded), unblinded.seed) == (NAMES, None)
    assert names_of(ReadingList.open(worklist, out, "AB", blinded=True)) == names_of(first)


def test_readers_have_orders_of_their_own(worklist, out):
    orders = {tuple(names_of(ReadingList.open(worklist, out, f"R{n}", blinded=True))) for n in range(6)}
    assert len(orders) > 1


def test_new_cases_of_a_blinded_worklist_come_last(worklist, scans, out):
    first = names_of(ReadingList.open(worklist, out, "AB", blinded=True, seed=1))
    written(worklist, scans, [("S00", "pre"), *NAMES, ("S09", "pre")])
    later = names_of(ReadingList.open(worklist, out, "AB", blinded=True))
    assert later[:8] == first
    assert sorted(later[8:]) == [("S00", "pre"), ("S09", "pre")]


def test_flags_are_kept_and_taken_away(worklist, out):
    listed = ReadingList.open(worklist, out, "AB")
    assert listed.flag(2, "metal?").flag == "metal?"
    listed.flag(3, "")
    again = ReadingList.open(worklist, out, "AB", blinded=True)
    position = again.position_of(CaseKey(*NAMES[2], "AB"))
    assert again[position].flag == "metal?"
    again.flag(position, None)
    flags = [each.flag for each in ReadingList.open(worklist, out, "AB")]
    assert flags == [None, None, None, "", None, None, None, None]


def test_rows_of_another_reader_are_left_out(scans, tmp_path, out):
    path = written(tmp_path / "other.tsv", scans, NAMES, reader="CD")
    assert len(ReadingList.open(path, out, "CD")) == len(NAMES)
    with pytest.raises(InputError, match="no case for reader AB"):
        ReadingList.open(path, out, "AB")


def test_a_folder_is_searched_for_cases(scans, out):
    assert [each.case.case_id for each in ReadingList.open(scans, out, "AB")] == [scans.name]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "VHIWorkflow reading list", "format_version": 99}'])
def test_a_damaged_list_is_an_error_and_stays_as_it_is(worklist, out, content):
    out.mkdir()
    list_path(out, "AB").write_text(content, encoding="utf-8")
    with pytest.raises(RecordError, match=r"reading_list\.AB\.json"):
        ReadingList.open(worklist, out, "AB")
    assert list_path(out, "AB").read_text(encoding="utf-8") == content


@given(seed=st.integers(0, 2**31), names=st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
def test_the_order_hangs_on_seed_and_names_not_on_the_worklists_order(seed, names):
    cases = [WorklistCase(*name, Scan(Path("s")), Scan(Path("t"))) for name in names]
    order = KeptList().with_order(cases, seed).order
    assert KeptList().with_order(cases[::-1], seed).order == order
    assert sorted(order) == sorted(names)


def test_it_is_known_that_a_reader_reads_blinded(worklist, out):
    assert not was_blinded(out, "AB")
    ReadingList.open(worklist, out, "CD").flag(0, "motion")
    ReadingList.open(worklist, out, "AB", blinded=True)
    assert was_blinded(out, "AB")
    assert not was_blinded(out, "CD")
