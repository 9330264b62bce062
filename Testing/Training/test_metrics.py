"""Figures of agreement on masks whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from Training.dataset import Subject
from Training.metrics import compare, dice, surface_distance_95
from Training.reports import summary, table
from VHIWorkflowLib.core.grids import Grid, Volume

SPACING = (3.3, 0.6, 0.6)
masks = arrays(np.bool_, (3, 8, 8))


def block(slices: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((6, 20, 20), dtype=bool)
    mask[slices, 5:15, columns] = True
    return mask


def subject(region: np.ndarray) -> Subject:
    return Subject("one", Volume(np.zeros(region.shape), Grid(region.shape, np.diag([*SPACING[::-1], 1.0]))), region)


@given(masks, masks)
def test_dice_is_symmetric_and_one_only_for_equal_masks(first: np.ndarray, second: np.ndarray) -> None:
    found = dice(first, second)
    assert found == dice(second, first)
    if found is None:
        assert not first.any()
        assert not second.any()
    else:
        assert 0 <= found <= 1
        assert (found == 1) == np.array_equal(first, second)


def test_a_shifted_surface_is_that_far_away() -> None:
    first, second = block(slice(1, 5), slice(5, 15)), block(slice(1, 5), slice(8, 15))
    assert surface_distance_95(first, first, SPACING) == 0
    assert surface_distance_95(first, second, SPACING) == pytest.approx(1.8)
    assert surface_distance_95(first, np.zeros_like(first), SPACING) is None


def test_the_edge_of_the_field_of_view_is_no_surface() -> None:
    first = np.zeros((1, 20, 20), dtype=bool)
    first[:, :10] = True
    second = first.copy()
    second[:, 10:12] = True
    assert surface_distance_95(first, second, SPACING) == pytest.approx(1.2)


def test_empty_slices_are_counted_apart() -> None:
    manual, predicted = block(slice(1, 4), slice(5, 15)), block(slice(2, 6), slice(5, 15))
    found = compare(subject(manual), predicted)
    assert found.slice_dice == [0, 1, 1]
    assert (found.empty_slices, found.empty_slices_filled) == (3, 2)
    assert found.volume_difference_percent == pytest.approx(100 / 3)
    figures = summary([found])
    assert figures["slice_dice"] == {"mean": pytest.approx(2 / 3), "median": 1.0, "worst": 0.0}
    assert figures["slices_missed"] == 1
    assert "2/3" in table([found])


def test_an_empty_manual_region_is_refused() -> None:
    empty = np.zeros((1, 4, 4), dtype=bool)
    with pytest.raises(ValueError, match="empty"):
        compare(subject(empty), empty)
