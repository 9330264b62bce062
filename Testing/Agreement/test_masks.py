"""Overlap, distances and islands of two masks, on made masks with known figures and on the study's readers."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from RealCases import REAL_CASES
from scipy import ndimage
from VHIWorkflowLib.agreement.masks import mask_agreement
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.files.volumes import read_mask

GRID = Grid((6, 20, 22), np.diag([0.6, 0.6, 3.3, 1.0]))
READERS = ("R11", "R12", "R21", "R22")


def cube(first: tuple[int, int, int], size: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[tuple(slice(start, start + length) for start, length in zip(first, size, strict=True))] = True
    return mask


def random_masks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (rng.random(GRID.shape) < rng.uniform(0, 0.2) for _ in range(2))
    return a, b | (a & (rng.random(GRID.shape) < 0.5))


def test_a_mask_agrees_with_itself():
    found = mask_agreement(cube((1, 2, 3), (2, 5, 6)), cube((1, 2, 3), (2, 5, 6)), GRID)
    assert (found.overlap.dice, found.overlap.jaccard, found.overlap.volume_similarity) == (1, 1, 1)
    assert (found.distances.hd95_mm, found.distances.mean_mm) == (0, 0)
    assert (found.islands.sensitivity, found.islands.precision) == (1, 1)


def test_two_voxels_are_as_far_apart_as_they_lie():
    found = mask_agreement(cube((1, 2, 3), (1, 1, 1)), cube((3, 2, 7), (1, 1, 1)), GRID)
    assert found.overlap.dice == 0
    assert found.distances.hd95_mm == pytest.approx(np.hypot(2 * 3.3, 4 * 0.6))
    assert found.distances.mean_mm == found.distances.hd95_mm


def test_islands_count_as_found_when_they_share_a_voxel():
    a = cube((0, 0, 0), (1, 3, 3)) | cube((4, 10, 10), (1, 2, 2))
    b = cube((0, 2, 2), (1, 4, 4)) | cube((2, 15, 15), (1, 2, 2)) | cube((5, 0, 15), (1, 1, 1))
    found = mask_agreement(a, b, GRID).islands
    assert (found.islands_a, found.found_a, found.islands_b, found.found_b) == (2, 1, 3, 1)
    assert (found.sensitivity, found.precision) == (1 / 3, 1 / 2)


def test_two_empty_masks_have_no_overlap_to_speak_of():
    nothing = np.zeros(GRID.shape, dtype=bool)
    found = mask_agreement(nothing, nothing, GRID)
    assert found.overlap.both_empty
    assert (found.overlap.dice, found.distances, found.islands.sensitivity) == (None, None, None)


def test_one_empty_mask_overlaps_nothing():
    found = mask_agreement(cube((1, 2, 3), (2, 5, 6)), np.zeros(GRID.shape, dtype=bool), GRID)
    assert (found.overlap.dice, found.overlap.jaccard, found.distances) == (0, 0, None)
    assert (found.islands.sensitivity, found.islands.precision) == (None, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_swapping_masks_swaps_roles_and_nothing_else(seed):
    a, b = random_masks(seed)
    there, back = mask_agreement(a, b, GRID), mask_agreement(b, a, GRID)
    assert there.overlap.dice == back.overlap.dice
    if there.distances is None:
        assert back.distances is None
    else:
        assert there.distances.hd95_mm == back.distances.hd95_mm
        assert there.distances.mean_mm == pytest.approx(back.distances.mean_mm)
    assert (there.islands.sensitivity, there.islands.precision) == (back.islands.precision, back.islands.sensitivity)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_overlap_is_that_of_simpleitk(seed):
    a, b = random_masks(seed)
    if not (a.any() and b.any()):
        return
    measure = SimpleITK.LabelOverlapMeasuresImageFilter()
    measure.Execute(*(SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in (a, b)))
    found = mask_agreement(a, b, GRID).overlap
    assert found.dice == pytest.approx(measure.GetDiceCoefficient())
    assert found.jaccard == pytest.approx(measure.GetJaccardCoefficient())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_distances_are_those_of_a_distance_map_of_the_whole_volume(seed):
    a, b = random_masks(seed)
    if not (a.any() and b.any()):
        return
    surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in (a, b)]
    maps = [ndimage.distance_transform_edt(~surface, sampling=GRID.spacing_mm) for surface in surfaces]
    directed = [maps[1][surfaces[0]], maps[0][surfaces[1]]]
    found = mask_agreement(a, b, GRID).distances
    assert found.hd95_mm == pytest.approx(max(np.percentile(each, 95) for each in directed))
    assert found.mean_mm == pytest.approx(np.concatenate(directed).mean())


def test_masks_of_another_shape_are_refused():
    with pytest.raises(MeasurementError, match="do not lie on a grid"):
        mask_agreement(np.zeros((2, 2, 2), dtype=bool), np.zeros(GRID.shape, dtype=bool), GRID)


@pytest.mark.real_cases
def test_the_studys_readers_agree_as_published():
    """Published over eight cases: medians between readers 0.53 to 0.56, within the two readers 0.63 and 0.69.

    Seven of the eight are here, and their medians are higher by up to 0.05, but for R21 with R22, where they are lower
    by 0.01. A median of eight is the mean of the two in the middle: when the missing case lies below the third lowest
    of the seven, these are the third and the fourth of the seven, whatever it has, and when it lies above the fifth,
    the fourth and the fifth. With the missing case below, all pairs come out as published but R21 with R22; with it
    above, that pair does too. That it lies there cannot be checked: it is not published with these cases.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for case in (path for path in sorted(REAL_CASES.iterdir()) if (path / "inflammation_R11.nii.gz").exists()):
        masks = {reader: read_mask(case / f"inflammation_{reader}.nii.gz", allow_empty=True) for reader in READERS}
        for n, one in enumerate(READERS):
            for other in READERS[n + 1 :]:
                a, b = masks[one], masks[other]
                dice = mask_agreement(a.array, b.array, a.grid).overlap.dice
                assert dice is not None
                found.setdefault((one, other), []).append(dice)
    here = {pair: round(float(np.median(values)), 3) for pair, values in found.items()}
    assert here == {
        ("R11", "R12"): 0.648,
        ("R11", "R21"): 0.589,
        ("R11", "R22"): 0.582,
        ("R12", "R21"): 0.604,
        ("R12", "R22"): 0.607,
        ("R21", "R22"): 0.684,
    }
    eighth_below = {pair: round(float(np.median([0.0, *values])), 2) for pair, values in found.items()}
    between = [median for pair, median in eighth_below.items() if pair[0][1] != pair[1][1]]
    assert (min(between), max(between)) == (0.53, 0.56)
    assert eighth_below["R11", "R12"] == 0.63
    assert round(float(np.median([1.0, *found["R21", "R22"]])), 2) == 0.69
