"""Subjects reach the network as they do when a model is run, and folds never share a subject."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from BoneSegModelsLib.architecture import Architecture
from hypothesis import given
from hypothesis import strategies as st
from RealCases import REAL_CASES
from Training import pack
from Training.check import tiny_configuration, tiny_slices, tiny_subjects
from Training.dataset import (
    load_subjects,
    load_unlabelled,
    network_slices,
    read_subjects,
    split_by_subject,
    subject_from,
    with_neighbours,
)
from Training.slices import pool_slices
from VHIWorkflowLib.core.grids import Grid, Volume


@given(st.integers(2, 30), st.data())
def test_every_subject_is_held_out_once_and_never_trained_on_then(count: int, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.text(min_size=1), min_size=count, max_size=count, unique=True))
    folds = split_by_subject(names, data.draw(st.integers(2, count)))
    assert sorted(name for fold in folds for name in fold) == sorted(names)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1


@pytest.mark.parametrize(("names", "folds"), [(["a", "a"], 2), (["a", "b"], 3), (["a", "b"], 1)])
def test_impossible_splits_are_refused(names: list[str], folds: int) -> None:
    with pytest.raises(ValueError, match="subject"):
        split_by_subject(names, folds)


@pytest.mark.parametrize("spacing_mm", [1.2, 4.0])
def test_the_field_of_view_and_the_volume_of_the_region_stay(spacing_mm: float) -> None:
    subject = tiny_subjects()[0]
    wanted = tiny_configuration(spacing_mm=spacing_mm).model_input()
    prepared = network_slices(subject, wanted)
    assert tuple(prepared.image.shape) == subject.frame(wanted).shape
    assert np.allclose(np.array(prepared.image.shape[1:]) * spacing_mm, 200, atol=spacing_mm)
    assert float(prepared.target.mean()) == pytest.approx(float(subject.region.mean()), abs=0.01)


def test_neighbours_never_come_from_another_subject() -> None:
    pool = pool_slices(tiny_slices(), 1, torch.device("cpu"))
    counts = [len(subject.image) for subject in tiny_slices()]
    owner = np.repeat(np.arange(len(counts)), counts)
    assert (owner[pool.neighbours.numpy()] == owner[:, None]).all()
    assert (pool.neighbours[:, 2].numpy() == np.arange(len(owner))).all()
    assert with_neighbours(1, 2).tolist() == [[0] * 5]


def test_fine_slices_are_as_smooth_as_those_of_the_network() -> None:
    for subject in tiny_slices():
        for coarse, fine in ((subject.image, subject.fine_image), (subject.target, subject.fine_target)):
            assert fine.shape[1:] == (2 * coarse.shape[1], 2 * coarse.shape[2])
            again = torch.nn.functional.avg_pool2d(fine[:, None], 2)[:, 0]
            assert float((again - coarse).abs().mean()) < 0.02


def test_packed_subjects_are_the_same_to_the_last_bit(tmp_path: Path) -> None:
    pack.main(["--data", "phantom:2", "--out", str(tmp_path / "two.npz")])
    for packed, subject in zip(load_subjects(str(tmp_path / "two.npz")), load_subjects("phantom:2"), strict=True):
        assert packed.name == subject.name
        assert packed.t1w.grid == subject.t1w.grid
        assert packed.t1w.array.dtype == subject.t1w.array.dtype
        assert np.array_equal(packed.t1w.array, subject.t1w.array)
        assert np.array_equal(packed.region, subject.region)


def test_unlabelled_subjects_bring_no_region() -> None:
    assert load_unlabelled(None) == []
    assert not any(subject.region.any() for subject in load_unlabelled("phantom:2"))


def test_the_network_has_a_channel_for_each_slice_it_sees() -> None:
    assert tiny_configuration().architecture() == Architecture(2, (4, 6, 8), input_channels=3)


def test_a_region_on_another_grid_is_refused() -> None:
    grid = Grid((4, 6, 8), np.diag([0.6, 0.6, 3.3, 1.0]))
    shifted = np.diag([0.6, 0.6, 3.3, 1.0])
    shifted[0, 3] = 5.0
    other = Grid((4, 6, 8), shifted)
    with pytest.raises(ValueError, match="grid"):
        subject_from("one", Volume(np.ones(grid.shape), grid), Volume(np.ones(grid.shape), other))


@pytest.mark.real_cases
def test_all_labelled_subjects_are_found() -> None:
    subjects = read_subjects(Path(REAL_CASES))
    assert len(subjects) == 10
    assert all(subject.region.any() for subject in subjects)
