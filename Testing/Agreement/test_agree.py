"""``vhi agree`` from folders of masks and results folders to tables and a page that opens anywhere."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from CommandLine.command_lines import run_here
from VHIWorkflowLib.agreement.comparison import compare
from VHIWorkflowLib.agreement.sources import read_source
from VHIWorkflowLib.agreement.summary import summary
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.image_writing import write_volume

GRID = Grid((4, 12, 14), np.diag([0.6, 0.6, 3.3, 1.0]))
"""Voxels of 1.188 mm3."""


def masks_of(folder: Path, sizes: dict[str, int], shift: int = 0, grid: Grid = GRID) -> Path:
    """Masks of so many voxels in a row, moved by some columns."""
    folder.mkdir()
    for name, size in sizes.items():
        mask = np.zeros(grid.shape, dtype=np.uint8)
        mask[1].ravel()[shift : shift + size] = 1
        write_volume(folder / f"{name}.nii.gz", Volume(mask, grid))
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture
def readings(tmp_path: Path) -> tuple[Path, Path]:
    """Five common cases, one with two empty masks, and one of each reader alone."""
    sizes = {"S1": 20, "S2": 35, "S3": 50, "S4": 10, "S5": 0}
    first = masks_of(tmp_path / "first", {**sizes, "only first": 3})
    return first, masks_of(tmp_path / "again", {**sizes, "S9": 4}, shift=5)


def test_tables_and_report_from_two_folders_of_masks(readings, tmp_path, capsys):
    out = tmp_path / "out"
    done = run_here(capsys, "agree", *readings, "--out", out)
    assert done.status == 0, done.err
    assert "5 cases compared" in done.out
    assert "only in first, left out: only first" in done.out
    assert "only in again, left out: S9" in done.out
    cases = {row["case_id"]: row for row in rows_of(out / "cases.tsv")}
    assert list(cases) == ["S1", "S2", "S3", "S4", "S5"]
    assert float(cases["S1"]["dice"]) == pytest.approx(15 / 20)
    assert float(cases["S1"]["volume_a_mm3"]) == pytest.approx(20 * 1.188)
    assert (cases["S5"]["dice"], cases["S5"]["volume_a_mm3"]) == ("", "0")
    figures = {row["statistic"]: row for row in rows_of(out / "summary.tsv")}
    assert float(figures["Dice, median"]["value"]) == pytest.approx(
        np.median([15 / 20, 30 / 35, 45 / 50, 5 / 10]), rel=1e-5
    )
    assert figures["Dice, median"]["n"] == "4"
    assert figures["cases with two empty masks"]["value"] == "1"
    assert float(figures["VHI (mm3), bias"]["value"]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert "Only in first, left out (1): only first." in page
    assert "Two empty masks, left out of overlap and distances (1): S5." in page
    assert not re.search(r"""(src|href)=['"](?!#|data:)|url\(|@import""", page)


def test_texts_from_files_cannot_become_html(tmp_path, capsys):
    evil = {"a<script>alert(1)": 5, "b": 6, "c": 9}
    first, second = (masks_of(tmp_path / name, evil) for name in ("one & two", "<b>"))
    out = tmp_path / "out"
    assert run_here(capsys, "agree", first, second, "--out", out).status == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "a&lt;script&gt;alert(1)" in page
    assert "<b>" not in page


def test_masks_of_other_grids_are_named_and_left_out(tmp_path):
    other = Grid((4, 12, 14), np.diag([0.7, 0.6, 3.3, 1.0]))
    first, second = masks_of(tmp_path / "a", {"S1": 5, "S2": 9}), masks_of(tmp_path / "b", {"S1": 5})
    masks_of(tmp_path / "c", {"S2": 9}, grid=other)
    shutil.copy(tmp_path / "c" / "S2.nii.gz", second)
    found = compare(read_source(str(first)), read_source(str(second)))
    assert [case.name for case in found.cases] == ["S1"]
    assert found.left_out[0][0] == "S2"
    assert "different grids" in found.left_out[0][1]


def test_one_case_is_compared_and_says_what_cannot_be_worked_out(tmp_path):
    first, second = masks_of(tmp_path / "a", {"S1": 5}), masks_of(tmp_path / "b", {"S1": 8})
    figures = {each.name: each for each in summary(compare(read_source(str(first)), read_source(str(second))))}
    assert figures["Dice, median"].estimate.value == pytest.approx(10 / 13)
    assert figures["Dice, median"].estimate.low is None
    assert figures["VHI (mm3), bias"].estimate is None
    assert "at least 2 cases" in figures["VHI (mm3), bias"].problem


def test_readings_without_a_common_case_are_an_error(tmp_path):
    first, second = masks_of(tmp_path / "a", {"S1": 5}), masks_of(tmp_path / "b", {"S2": 8})
    with pytest.raises(InputError, match="no case in common with a"):
        compare(read_source(str(first)), read_source(str(second)))


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "does not exist"), ("empty", "holds neither results.tsv nor masks")],
)
def test_a_reading_that_is_none_is_one_line_and_status_2(tmp_path, capsys, name, message):
    (tmp_path / "empty").mkdir()
    masks_of(tmp_path / "a", {"S1": 5})
    done = run_here(capsys, "agree", tmp_path / "a", tmp_path / name, "--out", tmp_path / "out")
    assert message in done.problem
    assert not (tmp_path / "out").exists()
