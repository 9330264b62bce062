"""Tables of VHI that are no results tables: what `vhi table` makes, what a spreadsheet saves, what others wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from Agreement.test_response import ROW
from CommandLine.command_lines import run_here
from VHIWorkflowLib.agreement.vhi_rows import ForeignRow, measured_rows, read_any_table
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.results import write_table


def table_of(folder: Path, text: str, name: str = "theirs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_what_vhi_table_makes_is_read_with_all_it_says(tmp_path, ending):
    made = [replace(ROW, case_id=case) for case in ("S1", "S2")]
    write_table(made, tmp_path / f"all.{ending}", ["one", "two"])
    rows, gaps = read_any_table(tmp_path / f"all.{ending}")
    assert [row.key for row in measured_rows(rows)] == [row.key for row in made]
    assert [row.vhi_sensitive_mm3 for row in rows] == [ROW.vhi_sensitive_mm3] * 2
    assert gaps == []


def test_case_and_vhi_are_enough_and_the_file_names_the_reader(tmp_path):
    path = table_of(tmp_path, "case_id;vhi_sensitive_mm3;sparcc\nS1;120.5;7\nS2;30;\nS3;;4\n")
    rows, gaps = read_any_table(path)
    assert rows == [ForeignRow("S1", "", "theirs", 120.5, 30.0), ForeignRow("S2", "", "theirs", 30.0, 30.0)]
    assert gaps == [("S3", "", "theirs")]


def test_a_results_table_that_a_spreadsheet_wrote_its_own_way_keeps_its_vhi(tmp_path):
    write_table([ROW], tmp_path / "all.csv")
    text = (tmp_path / "all.csv").read_text(encoding="utf-8-sig").replace(str(ROW.islands), "many", 1)
    rows, _ = read_any_table(table_of(tmp_path, text, "again.csv"))
    assert [(row.key, row.vhi_sensitive_mm3) for row in rows] == [(ROW.key, ROW.vhi_sensitive_mm3)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case_id,vhi\nS1,3\n", "has no column vhi_sensitive_mm3; it has case_id, vhi"),
        ("subject,vhi_sensitive_mm3\nS1,3\n", "has no column case_id"),
        ("case_id,vhi_sensitive_mm3\nS1,much\n", "'much' as vhi_sensitive_mm3 of 'S1'; a volume in mm3 is needed"),
        ("case_id,vhi_sensitive_mm3\nS1,-4\n", "'-4' as vhi_sensitive_mm3"),
        ("case_id,vhi_sensitive_mm3\nS1,nan\n", "'nan' as vhi_sensitive_mm3"),
        ("case_id,vhi_sensitive_mm3\n,4\n", "a line without case_id"),
        ("case_id,vhi_sensitive_mm3\nS1,4\nS2,0\n", "VHI of zero for 'S2'.*add a column voxel_volume_mm3"),
        ("case_id,vhi_sensitive_mm3,voxel_volume_mm3\nS1,4,0\n", "a voxel_volume_mm3 of zero"),
        ("case_id,vhi_sensitive_mm3\n", "holds no line"),
        ("case_id,vhi_sensitive_mm3\nS1,4,5\n", "line 2 has 3 cells, the first line 2"),
        ("case_id,case_id\nS1,4\n", "two columns of the same name"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_any_table(table_of(tmp_path, text))


def test_a_zero_is_read_where_the_volume_of_a_voxel_is_given(tmp_path):
    path = table_of(tmp_path, "case_id,vhi_sensitive_mm3,voxel_volume_mm3\nS1,0,1.17\n")
    assert read_any_table(path)[0] == [ForeignRow("S1", "", "theirs", 0.0, 1.17)]


def test_tables_from_elsewhere_are_compared_and_the_report_says_that_it_does_not_know_how_they_came_about(
    tmp_path, capsys
):
    one = table_of(tmp_path, "case_id,vhi_sensitive_mm3\nS1,120\nS2,40\nS3,9\n", "one.csv")
    other = table_of(tmp_path, "case_id\tvhi_sensitive_mm3\nS1\t100\nS2\t60\nS3\t9\n", "other.tsv")
    done = run_here(capsys, "agree", one, other, "--out", tmp_path / "out")
    assert "one and other: 3 cases compared" in done.out
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "VHI of 6 readings was taken from a table as it is; how it was measured is not known." in report


def test_the_change_is_worked_out_from_a_table_from_elsewhere(tmp_path, capsys):
    lines = ["case_id,time_point,vhi_sensitive_mm3", "S1,pre,120", "S1,post,60", "S2,pre,40", "S2,post,50"]
    path = table_of(tmp_path, "\n".join(lines) + "\n")
    done = run_here(capsys, "response", path, "--baseline", "pre", "--follow-up", "post", "--out", tmp_path / "out")
    assert "2 subjects with pre and post" in done.out
    cells = (tmp_path / "out" / "cases.tsv").read_text(encoding="utf-8").splitlines()[1].split("\t")
    assert cells[0] == "S1"
    assert "-60" in cells
