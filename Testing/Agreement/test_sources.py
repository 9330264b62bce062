"""Where readings come from: results folders, tables, records alone, folders of masks; and what is said of the rest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from Agreement.test_agree import masks_of
from Agreement.test_response import ROW, remove_vhi
from CommandLine.command_lines import run_here
from Study.study_cases import KEY, request_for, study_case
from VHIWorkflowLib.agreement.comparison import compare
from VHIWorkflowLib.agreement.sources import read_reader_rows, read_source, read_sources
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.results import write_table
from VHIWorkflowLib.study.measure_case import measure_case


@pytest.fixture(scope="module")
def results_once(tmp_path_factory) -> Path:
    """One case of one reader."""
    folder = tmp_path_factory.mktemp("measured")
    measure_case(request_for(study_case().write(folder / "scans"), folder / "results"))
    return folder / "results"


def test_records_without_their_table_are_read_as_the_table(results_once, tmp_path):
    shutil.copytree(results_once, tmp_path / "records")
    (tmp_path / "records" / "results.tsv").unlink()
    by_table, by_records = read_source(str(results_once)), read_source(str(tmp_path / "records"))
    assert by_records.name == by_table.name == KEY.reader
    assert by_records.rows[0].vhi_sensitive_voxels == by_table.rows[0].vhi_sensitive_voxels
    assert by_records.cases[0].mask.read().array.any()
    assert read_reader_rows(str(tmp_path / "records"))[0].key == by_table.rows[0].key


def test_repeats_of_one_reader_are_told_apart_by_their_folders(results_once, tmp_path):
    shutil.copytree(results_once, tmp_path / "again" / "results")
    shutil.copytree(results_once, tmp_path / "first" / "results")
    texts = [str(tmp_path / name / "results") for name in ("first", "again")]
    assert [source.name for source in read_sources(texts)] == ["AB (first/results)", "AB (again/results)"]
    with pytest.raises(InputError, match="named twice"):
        read_sources([texts[0], texts[0]])


def test_a_reading_with_two_time_points_does_not_go_with_masks_that_have_none(tmp_path):
    write_table([ROW, replace(ROW, time_point="post")], tmp_path / "results.tsv")
    masks = read_source(str(masks_of(tmp_path / "masks", {"S1": 5})))
    with pytest.raises(InputError, match="'pre' and 'post', but the other reading has no time points"):
        compare(read_source(str(tmp_path / "results.tsv")), masks)


def test_a_case_that_stands_twice_is_said(tmp_path):
    write_table([ROW, replace(ROW, vhi_sensitive_mm3=9.0)], tmp_path / "results.tsv")
    other = masks_of(tmp_path / "masks", {"S1": 5})
    shutil.copy(other / "S1.nii.gz", other / "S2.nii.gz")
    with pytest.raises(InputError, match="has case 'S1' twice; keep one of them"):
        compare(read_source(str(tmp_path / "results.tsv")), read_source(str(other)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("masks/S1.nii.gz", "is a single mask; name the folder"),
        ("results.tsv#CD", "no finished case of reader CD; there are AB"),
        ("nothing", "holds neither results.tsv nor masks"),
        ("elsewhere", "does not exist"),
    ],
)
def test_what_is_no_reading_is_said(tmp_path, name, message):
    write_table([ROW], tmp_path / "results.tsv")
    masks_of(tmp_path / "masks", {"S1": 5})
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match=message):
        read_source(str(tmp_path / name))


def test_a_case_without_vhi_is_left_out_by_name_and_a_damaged_table_is_said(tmp_path, capsys):
    for name in ("a", "b"):
        made = [replace(ROW, case_id=case, reader=name, vhi_sensitive_mm3=9.0) for case in ("S1", "S2", "S3", "S4")]
        write_table(made, tmp_path / f"{name}.tsv")
    remove_vhi(tmp_path / "a.tsv", "S2", "pre")
    out = tmp_path / "out"
    done = run_here(capsys, "agree", tmp_path / "a.tsv", tmp_path / "b.tsv", "--out", out)
    assert "3 cases compared" in done.out
    sentence = "S2 pre: one of the readings has neither a mask nor VHI of it."
    assert f"Could not be compared and left out (1):</p>\n<p>{sentence}" in report_of(out)
    assert "VHI alone compared (3): S1 pre, S3 pre, S4 pre." in report_of(out)
    text = (tmp_path / "a.tsv").read_text(encoding="utf-8").replace("S3\tpre\ta\t2026", "S3\tpre\ta\t")
    (tmp_path / "a.tsv").write_text(text.replace("\t100\t", "\tmany\t"), encoding="utf-8")
    done = run_here(capsys, "agree", tmp_path / "a.tsv", tmp_path / "b.tsv", "--out", out)
    assert "is damaged, not only without VHI" in done.problem


def report_of(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")
