"""``vhi consensus`` writes one mask a case, each reader's performance, and each reader against the others."""

from __future__ import annotations

import numpy as np
import pytest
from Agreement.test_agree import GRID, masks_of, rows_of
from CommandLine.command_lines import run_here
from VHIWorkflowLib.files.volumes import read_mask


def test_masks_and_tables_of_three_readers(tmp_path, capsys):
    readers = [masks_of(tmp_path / name, {"S1": 20, "S2": 8}, shift) for name, shift in (("A", 0), ("B", 4), ("C", 8))]
    masks_of(tmp_path / "D", {"S1": 20})
    out = tmp_path / "out"
    done = run_here(capsys, "consensus", *readers, "--rule", "majority", "--out", out)
    assert done.status == 0, done.err
    assert np.array_equal(np.flatnonzero(read_mask(out / "S1.nii.gz").array[1]), np.arange(4, 24))
    rows = {(row["case_id"], row["reader"]): row for row in rows_of(out / "performance.tsv")}
    assert float(rows["S1", "B"]["sensitivity"]) == 1
    assert float(rows["S1", "A"]["sensitivity"]) == pytest.approx(16 / 20)
    others = {(row["case_id"], row["reader"]): float(row["dice_with_others"]) for row in rows_of(out / "others.tsv")}
    assert others["S1", "A"] == pytest.approx(2 * 12 / (20 + 16), rel=1e-5)
    assert GRID.matches(read_mask(out / "S2.nii.gz").grid)


def test_cases_that_one_reader_lacks_are_named(tmp_path, capsys):
    readers = masks_of(tmp_path / "A", {"S1": 20, "S2": 8}), masks_of(tmp_path / "B", {"S1": 20})
    done = run_here(capsys, "consensus", *readers, "--out", tmp_path / "out")
    assert "left out S2: not all readings have it" in done.out
    assert not (tmp_path / "out" / "S2.nii.gz").exists()
    assert not (tmp_path / "out" / "others.tsv").exists()


def test_a_single_reading_is_refused(tmp_path, capsys):
    done = run_here(capsys, "consensus", masks_of(tmp_path / "A", {"S1": 20}), "--out", tmp_path / "out")
    assert "name two or more" in done.problem
