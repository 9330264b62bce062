"""``vhi consensus``: a mask for each case, and each reader against the composite of all and of the others."""

from __future__ import annotations

import numpy as np
import pytest
from Agreement.test_agree import GRID, masks_of, rows_of
from CommandLine.command_lines import run_here
from VHIWorkflowLib.agreement.reference import make_references
from VHIWorkflowLib.agreement.rules import RULES
from VHIWorkflowLib.agreement.sources import read_source
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.volumes import read_mask


@pytest.fixture
def three_readers(tmp_path):
    """Rows of 20 and of 8 voxels, 4 columns further on from reader to reader."""
    return [masks_of(tmp_path / name, {"S1": 20, "S2": 8}, shift) for name, shift in (("A", 0), ("B", 4), ("C", 8))]


def test_masks_tables_and_report_of_three_readers(three_readers, tmp_path, capsys):
    out = tmp_path / "out"
    done = run_here(capsys, "consensus", *three_readers, "--rule", "majority", "--out", out)
    assert done.status == 0, done.err
    assert np.array_equal(np.flatnonzero(read_mask(out / "S1.nii.gz").array[1]), np.arange(4, 24))
    assert GRID.matches(read_mask(out / "S2.nii.gz").grid)
    rows = {(row["case_id"], row["a"], row["b"]): row for row in rows_of(out / "cases.tsv")}
    assert float(rows["S1", "B", "majority of all"]["sensitivity"]) == 1
    assert float(rows["S1", "A", "majority of all"]["sensitivity"]) == pytest.approx(16 / 20)
    assert float(rows["S1", "A", "majority of all"]["dice"]) == pytest.approx(2 * 16 / 40)
    assert float(rows["S1", "A", "majority of the others"]["dice"]) == pytest.approx(2 * 12 / (20 + 16), rel=1e-5)
    assert rows["S1", "A", "majority of the others"]["sensitivity"] == ""
    figures = {(row["statistic"], row["a"], row["b"]): row for row in rows_of(out / "summary.tsv")}
    assert float(figures["sensitivity, median", "A", "majority of all"]["value"]) == pytest.approx(
        (16 / 20 + 4 / 8) / 2
    )
    assert figures["Dice, median", "A", "majority of the others"]["n"] == "2"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Dice with that of the others" in page
    assert "taken as they are" in page


def test_agreement_of_three_readings_has_every_composite(three_readers, tmp_path, capsys):
    out = tmp_path / "out"
    assert run_here(capsys, "agree", *three_readers, "--out", out).status == 0
    rules = {row["b"].split(" of ")[0] for row in rows_of(out / "composite" / "cases.tsv")}
    assert rules == set(RULES)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Readers against composite masks" in page
    assert page.count('<th scope="row">staple</th>') == 3


def test_masks_without_their_empty_slices_have_a_composite_too(three_readers, tmp_path):
    whole = read_mask(three_readers[2] / "S1.nii.gz")
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_ras((1, 0, 0))[0]
    piece = Volume(whole.array[1:3].astype(np.uint8), Grid((2, *GRID.shape[1:]), affine))
    write_volume(three_readers[2] / "S1.nii.gz", piece)
    found = make_references([read_source(str(each)) for each in three_readers], ["majority"], tmp_path / "out")
    assert found.left_out == ()
    assert np.array_equal(np.flatnonzero(read_mask(tmp_path / "out" / "S1.nii.gz").array[1]), np.arange(4, 24))


def test_cases_that_a_reader_lacks_are_named(tmp_path, capsys):
    readers = masks_of(tmp_path / "A", {"S1": 20, "S2": 8}), masks_of(tmp_path / "B", {"S1": 20})
    out = tmp_path / "out"
    done = run_here(capsys, "consensus", *readers, "--out", out)
    assert "left out S2: not read by B" in done.out
    assert not (out / "S2.nii.gz").exists()
    assert {row["b"] for row in rows_of(out / "cases.tsv")} == {"majority of all"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "left out: 1." in page
    assert "S2: not read by B." in page


def test_a_single_reading_is_refused(tmp_path, capsys):
    done = run_here(capsys, "consensus", masks_of(tmp_path / "A", {"S1": 20}), "--out", tmp_path / "out")
    assert "name two or more" in done.problem
