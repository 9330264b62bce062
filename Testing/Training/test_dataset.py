"""Subjects reach the network in one orientation, spacing and scale, and folds never share a subject."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from RealCases import REAL_CASES
from Training.check import tiny_subjects
from Training.dataset import (
    Subject,
    canonical_axes,
    interforaminal_marrow,
    network_size,
    network_slices,
    read_subjects,
    scale_intensities,
    split_by_subject,
    subject_from,
    target_and_weight,
    to_canonical,
)
from VHIWorkflowLib.core.grids import Grid, Volume

OBLIQUE_CORONAL = np.array([[-0.6, 0.01, -0.05, 80], [0, 0.33, -2.7, -100], [0, 0.5, 1.8, -20], [0, 0, 0, 1.0]])
OBLIQUE_CORONAL[:3, :3] = np.linalg.qr(OBLIQUE_CORONAL[:3, :3])[0] * np.array([0.6, 0.6, 3.3])


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_orientation_does_not_depend_on_how_the_scan_is_stored(
    order: tuple[int, int, int], signs: tuple[int, int, int]
) -> None:
    grid = Grid((4, 6, 8), OBLIQUE_CORONAL)
    stored = Volume(np.arange(4 * 6 * 8, dtype=np.float32).reshape(grid.shape), grid)
    flipped = np.flip(stored.array.transpose(order), [axis for axis in range(3) if signs[axis] < 0])
    moves = np.eye(4)
    for position, axis in enumerate(order):
        moves[:3, position] = 0
        moves[axis, position] = signs[position]
        if signs[position] < 0:
            moves[axis, 3] += stored.array.shape[axis] - 1
    swap = np.eye(4)[[2, 1, 0, 3]]
    other = Volume(flipped, Grid(flipped.shape, grid.affine @ swap @ moves @ swap))
    expected = to_canonical(stored)
    found = to_canonical(other)
    assert any(np.array_equal(found, slices) for slices in (expected, expected[::-1]))


def test_rows_run_to_the_feet_and_columns_to_the_left() -> None:
    grid = Grid((4, 6, 8), OBLIQUE_CORONAL)
    corner = Volume(np.zeros(grid.shape), grid)
    heights = grid.to_ras([[1, row, 4] for row in range(6)])[:, 2]
    sides = grid.to_ras([[1, 3, column] for column in range(8)])[:, 0]
    corner.array[:, int(np.argmin(heights)), int(np.argmin(sides))] = 1
    assert to_canonical(corner)[:, -1, -1].all()
    assert canonical_axes(grid)[0] == (0, 1, 2)


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


@given(st.floats(0.01, 1000), st.floats(-100, 100))
def test_scaling_does_not_depend_on_the_units_of_a_scan(factor: float, offset: float) -> None:
    values = np.random.default_rng(1).normal(500, 200, (3, 20, 20)).astype(np.float32)
    once = scale_intensities(values, (1, 99))
    again = scale_intensities((values * factor + offset).astype(np.float32), (1, 99))
    assert np.abs(once - again).max() < 1e-2


def test_normal_bone_outside_the_manual_region_is_not_counted_or_added() -> None:
    region = np.zeros((1, 8, 8), dtype=bool)
    normal = region.copy()
    region[:, :, :3] = normal[:, 2:6, 2:5] = True
    subject = Subject("one", np.ones(region.shape, dtype=np.float32), region, normal, (3.3, 0.6, 0.6))
    target, counted = target_and_weight(subject, "as_drawn")
    assert np.array_equal(target, region)
    assert np.array_equal(counted, ~normal | region)
    target, counted = target_and_weight(subject, "all_bone")
    assert (target >= (region | normal)).all()
    assert counted.all()


def test_marrow_between_the_foramina_is_found_without_fat_and_nerves() -> None:
    region = np.zeros((1, 60, 120), dtype=bool)
    region[:, 10:50, 10:45] = region[:, 10:50, 75:110] = True
    rng = np.random.default_rng(1)
    intensities = (100 + rng.normal(0, 10, region.shape)).astype(np.float32)
    intensities[:, 10:25, 45:75] = 300
    subject = Subject("one", intensities, region, np.zeros_like(region), (3.3, 0.6, 0.6))
    found = interforaminal_marrow(subject)
    assert found[:, 30:45, 50:70].all()
    assert not found[:, 10:23].any()
    assert not (found & region).any()


@pytest.mark.parametrize("spacing_mm", [0.6, 1.2, 4.0])
def test_the_field_of_view_stays(spacing_mm: float) -> None:
    subject = tiny_subjects()[0]
    size = network_size(subject.region.shape, subject.spacing_mm, spacing_mm)
    assert np.allclose(np.array(size) * spacing_mm, 200, atol=spacing_mm)
    prepared = network_slices(subject, spacing_mm, (1, 99))
    assert tuple(prepared.image.shape[1:]) == size
    assert float(prepared.target.mean()) == pytest.approx(float(subject.region.mean()), abs=0.01)


def test_a_region_on_another_grid_is_refused() -> None:
    grid = Grid((4, 6, 8), OBLIQUE_CORONAL)
    other = Grid((4, 6, 8), OBLIQUE_CORONAL * np.array([[1, 1, 1, 2]]))
    with pytest.raises(ValueError, match="grid"):
        subject_from("one", Volume(np.ones(grid.shape), grid), Volume(np.ones(grid.shape), other), None)


@pytest.mark.real_cases
def test_all_labelled_subjects_are_found() -> None:
    subjects = read_subjects(Path(REAL_CASES))
    assert len(subjects) == 10
    assert all(subject.region.any() for subject in subjects)
    assert sum(subject.normal_bone.any() for subject in subjects) == 8
