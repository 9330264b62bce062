"""Changed scans show the same bone in the same place, and the command says what a model makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from BoneSegModelsLib.backends import open_backend
from Networks.synthetic_models import bright_model, dice, random_model, with_context
from scipy import ndimage
from Training import robustness
from Training.dataset import Subject, phantom_subject
from Training.scanner_changes import CHANGES, Shown
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.resampling import region_on_stir

IN_PLACE = [name for name in CHANGES if not name.startswith(("gamma", "noise", "receiver", "marrow"))]


@pytest.fixture(scope="module")
def subject() -> Subject:
    return phantom_subject(1, shape=(9, 96, 96))


def changed(subject: Subject, scan: Volume, name: str) -> Volume:
    return CHANGES[name](Shown(scan, subject.region, np.random.default_rng(1)))


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_changes_the_grid_leaves_the_bone_in_its_place(subject: Subject, name: str) -> None:
    bone = Volume(subject.region.astype(np.float64), subject.t1w.grid)
    there = changed(subject, bone, name)
    back = region_on_stir(there, bone.grid)
    seen = bone.grid.inside(there.grid)
    assert 0.3 < seen.mean() <= 1
    assert dice(back & seen, subject.region & seen) > 0.8
    assert (there.grid.shape, there.array.dtype.kind) == (there.array.shape, "f")


@pytest.mark.parametrize("name", list(CHANGES))
def test_every_change_changes_the_scan_but_by_chance_that_is_repeated(subject: Subject, name: str) -> None:
    once, twice = changed(subject, subject.t1w, name), changed(subject, subject.t1w, name)
    assert np.array_equal(once.array, twice.array)
    assert np.isfinite(once.array).all()
    assert once.array.shape != subject.t1w.array.shape or not np.array_equal(once.array, subject.t1w.array)


def test_marrow_changes_inside_the_bone_only(subject: Subject) -> None:
    there = changed(subject, subject.t1w, "marrow x 0.6").array
    ratio = np.median(there[subject.region] / np.maximum(subject.t1w.array[subject.region], 1))
    assert ratio == pytest.approx(0.6, abs=0.1)
    far = ndimage.distance_transform_edt(~subject.region) > 10
    assert far.any()
    np.testing.assert_allclose(there[far], subject.t1w.array[far], rtol=1e-6)


def test_storage_is_nothing_to_a_model_and_is_seen_as_such(subject: Subject, tmp_path: Path) -> None:
    model = random_model(tmp_path, with_context(1))
    backend = open_backend(model, "numpy")
    (borne,) = robustness.bear(subject, model, backend, ["stored another way"], seed=1)
    assert borne.own_dice > 0.9999
    assert borne.volume_ratio == pytest.approx(1, abs=1e-4)
    assert borne.manual_dice == pytest.approx(borne.manual_dice_before, abs=1e-4)


def test_a_model_that_goes_by_grey_levels_is_caught_by_gamma(subject: Subject, tmp_path: Path) -> None:
    model = bright_model(tmp_path)
    backend = open_backend(model, "numpy")
    gamma, stored = robustness.bear(subject, model, backend, ["gamma 1.4", "stored another way"], seed=1)
    assert gamma.own_dice < 0.95 < stored.own_dice


def test_the_command_prints_a_table_and_keeps_every_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = with_context(1)
    random_model(tmp_path / "models", made)
    out = tmp_path / "rows.tsv"
    chosen = ["--data", "phantom:1", "--unlabelled", "phantom:1", "--models", str(tmp_path / "models")]
    changes = ["--changes", "gamma 0.7", "slices of 5 mm"]
    robustness.main([*chosen, "--model", made.name, *changes, "--out", str(out)])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in printed if line.startswith("| ")] == [
        "| change",
        "| gamma 0.7",
        "| slices of 5 mm",
    ]
    rows = out.read_text(encoding="utf-8").splitlines()
    assert rows[0].split("\t")[:3] == ["subject", "change", "labelled"]
    assert len(rows) == 1 + 2 * 2
