"""From intensities and regions to masks: what ``measure`` finds is what the definition says, voxel by voxel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from Core.small_cases import SmallCase, neighbours_in_slice, oblique_affine, small_case
from scipy import ndimage
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.measurement import Settings, measure
from VHIWorkflowLib.core.thresholds import (
    DEFAULT_TOLERANCE,
    normal_bone_statistics,
    thresholds_by_hand,
    thresholds_from,
)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "settings", [Settings(), Settings(tolerance=0.0), Settings(tolerance=0.01, minimum_group_pixels=2)]
)
def test_the_masks_are_those_of_the_definition(seed: int, settings: Settings) -> None:
    case = small_case(seed)
    found = case.measured(settings)
    intensities = case.stir.array.astype(np.float64)
    limits = thresholds_from(normal_bone_statistics(intensities[case.normal_bone]), settings.tolerance)
    equal_within = settings.tolerance * limits.conservative
    region = case.disease_region & ~case.normal_bone
    above = region & (intensities >= limits.sensitive - equal_within)
    groups, _ = ndimage.label(above, neighbours_in_slice(0))
    sensitive = above & (np.bincount(groups.ravel()) >= settings.minimum_group_pixels)[groups]
    conservative = sensitive & (intensities >= limits.conservative - equal_within)

    assert found.thresholds == limits
    assert found.above_threshold_voxels == above.sum()
    assert (found.mask() == sensitive).all()
    assert (found.conservative_mask() == conservative).all()
    assert (found.vhi.sensitive_voxels, found.vhi.conservative_voxels) == (sensitive.sum(), conservative.sum())
    assert 0 < found.vhi.conservative_voxels < found.vhi.sensitive_voxels < found.above_threshold_voxels
    near = [(region & (abs(intensities - t) <= equal_within)).sum() for t in (limits.sensitive, limits.conservative)]
    assert [found.near_sensitive, found.near_conservative] == near


def test_grey_levels_on_a_threshold_count_and_are_counted() -> None:
    """A threshold on a grey level: with the tolerance its voxels are in, on whichever side rounding put them."""
    case = small_case(1)
    limits = case.measured().thresholds
    stir = case.stir.array.astype(np.float64)
    free = np.argwhere(case.disease_region & ~case.normal_bone & (stir < limits.sensitive))[:40]
    stir[tuple(free.T)] = limits.sensitive * (1 - 1e-9)
    nudged = Volume(stir, case.stir.grid)
    voxels = []
    for tolerance in (DEFAULT_TOLERANCE, 0.0):
        by_hand = thresholds_by_hand(limits.sensitive, limits.conservative, tolerance)
        before, after = (
            measure(s, case.normal_bone, case.disease_region, thresholds=by_hand) for s in (case.stir, nudged)
        )
        voxels.append(after.above_threshold_voxels - before.above_threshold_voxels)
        assert after.near_sensitive == (40 if tolerance else 0)
    assert voxels == [40, 0]


@pytest.mark.parametrize("seed", range(4))
def test_float32_float64_and_whole_grey_levels_give_the_same_masks(seed: int) -> None:
    case = small_case(seed)
    slope = 0.73
    levels = np.round(case.stir.array.astype(np.float64) / slope)
    here = case.measured()
    for stored in (
        case.stir.array.astype(np.float64),
        (levels * slope).astype(np.float64),
        levels,
        levels.astype(np.int16),
        levels.astype(np.uint16),
        np.asfortranarray(case.stir.array),
    ):
        there = replace(case, stir=Volume(stored, case.stir.grid)).measured()
        assert (there.mask() == here.mask()).all()
        assert (there.conservative_mask() == here.conservative_mask()).all()
        assert there.thresholds.iqr_multiple == here.thresholds.iqr_multiple
        assert (there.near_sensitive, there.near_conservative) == (here.near_sensitive, here.near_conservative)


def test_masks_may_hold_labels_instead_of_truth_values() -> None:
    case = small_case(2)
    labelled = measure(
        case.stir,
        case.normal_bone.astype(np.uint8) * 3,  # type: ignore[arg-type]
        case.disease_region.astype(np.int16) * 2,  # type: ignore[arg-type]
    )
    assert (labelled.mask() == case.measured().mask()).all()
    assert labelled.normal_bone.dtype == labelled.disease_region.dtype == bool


def test_normal_bone_is_taken_out_whether_or_not_it_was_in_the_region() -> None:
    case = small_case(4)
    without = replace(case, disease_region=case.disease_region & ~case.normal_bone)
    assert (without.measured().mask() == case.measured().mask()).all()
    assert not (case.measured().mask() & case.normal_bone).any()


def test_thresholds_by_hand_are_used_as_they_are() -> None:
    case = small_case(5)
    by_hand = thresholds_by_hand(90.0, 150.0)
    found = measure(case.stir, case.normal_bone, case.disease_region, thresholds=by_hand)
    assert found.thresholds is by_hand
    assert (
        found.above_threshold_voxels
        == ((case.stir.array.astype(float) >= 90 - 150e-6) & case.disease_region & ~case.normal_bone).sum()
    )


def test_the_smallest_group_as_an_area_wins_over_pixels() -> None:
    case = small_case(6)
    area = Settings(minimum_group_pixels=4, minimum_group_area_mm2=2.5)  # 0.36 mm2 a pixel: 7 px
    assert case.measured(area).minimum_pixels == 7
    assert (case.measured(area).mask() == case.measured(Settings(minimum_group_pixels=7)).mask()).all()


def with_value(case: SmallCase, where: np.ndarray, value: float) -> SmallCase:
    stir = case.stir.array.copy()
    stir.flat[np.flatnonzero(where)[0]] = value
    return replace(case, stir=Volume(stir, case.stir.grid))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused_inside_the_bone_only(value: float) -> None:
    case = small_case(0)
    for where in (case.disease_region & ~case.normal_bone, case.normal_bone):
        with pytest.raises(MeasurementError, match="not numbers"):
            with_value(case, where, value).measured()
    outside = with_value(case, ~case.imaged_bone, value)
    assert (outside.measured().mask() == case.measured().mask()).all()


def test_regions_that_cannot_be_measured_are_refused_by_name() -> None:
    case = small_case(0)
    nothing = np.zeros_like(case.normal_bone)
    with pytest.raises(MeasurementError, match="normal bone has 0 voxels"):
        replace(case, normal_bone=nothing).measured()
    with pytest.raises(MeasurementError, match="nothing is left of the disease region"):
        replace(case, disease_region=case.normal_bone).measured()
    with pytest.raises(MeasurementError, match="nothing is left of the disease region"):
        replace(case, disease_region=nothing).measured()
    with pytest.raises(MeasurementError, match="the normal bone has shape"):
        replace(case, normal_bone=case.normal_bone[1:]).measured()
    with pytest.raises(MeasurementError, match="the disease region has shape"):
        replace(case, disease_region=case.disease_region[:, 1:]).measured()
    with pytest.raises(MeasurementError, match="at least 1 pixel"):
        Settings(minimum_group_pixels=0)


def test_normal_bone_far_from_the_disease_region_is_a_warning() -> None:
    rng = np.random.default_rng(1)
    grid = Grid((6, 20, 30), oblique_affine((0.6, 0.6, 3.3)))
    stir = Volume(np.round(rng.normal(100, 10, grid.shape)), grid)
    region, normal = np.zeros(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=bool)
    region[:, :, :14], normal[2:4, 5:12, 10:20] = True, True
    assert measure(stir, np.roll(normal, -3, axis=2), region).warnings == ()
    (warning,) = measure(stir, normal, region).warnings
    assert warning.startswith("60 % of the normal bone lies beyond the disease region")
