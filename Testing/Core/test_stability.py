"""What hangs on the normal bone: each figure is what a reader would get who erased that part and measured again."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from Core.small_cases import NEIGHBOURS_26, SmallCase, oblique_affine, small_case
from scipy import ndimage
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.measurement import Preliminary, Settings, measure
from VHIWorkflowLib.core.stability import LeftOut, Stability, how_much_hangs_on_normal_bone
from VHIWorkflowLib.core.targets import BesidePlane, SmallerThan
from VHIWorkflowLib.core.thresholds import thresholds_by_hand


def some_kept(case: Preliminary) -> BoolArray:
    """A cleaned mask: the larger islands of one half."""
    session = CleaningSession.of(case)
    x, y, z = case.grid.to_ras([np.array(case.grid.shape) / 2])[0].tolist()
    session.remove(SmallerThan.pixels(6, case.grid))
    session.remove(BesidePlane((x, y, z), (1.0, 0.2, 0.1)))
    assert 0 < session.vhi.sensitive_voxels < case.vhi.sensitive_voxels
    return session.mask()


def left_out_region(case: SmallCase, each: LeftOut) -> BoolArray:
    """The part of the normal bone that a figure speaks of."""
    part = case.normal_bone.copy()
    if each.part == "slice":
        part[np.arange(part.shape[0]) != each.which] = False
        return part
    intensities = np.where(case.normal_bone, case.stir.array, -np.inf).ravel()
    brightest = np.argsort(-intensities, kind="stable")[: each.which]
    assert intensities[brightest[-1]] > np.sort(intensities)[::-1][each.which], "a tie: which ones are meant?"
    part[:] = False
    part.flat[brightest] = True
    return part


def measured_or_problem(case: SmallCase, settings: Settings) -> Preliminary | str:
    try:
        return case.measured(settings)
    except MeasurementError as error:
        return str(error)


def assert_is_measuring_again(case: SmallCase, settings: Settings, kept: BoolArray, each: LeftOut) -> None:
    part = left_out_region(case, each)
    assert each.voxels == part.sum()
    again = measured_or_problem(replace(case, normal_bone=case.normal_bone & ~part), settings)
    if isinstance(again, str):
        assert each == LeftOut(each.part, each.which, each.voxels, problem=again)
        return
    labels, _ = ndimage.label(again.mask(), NEIGHBOURS_26)
    touched = np.unique(labels[kept & (labels > 0)])
    assert each.thresholds == again.thresholds
    assert each.above_threshold_voxels == again.above_threshold_voxels
    assert each.preliminary_voxels == again.vhi.sensitive_voxels
    assert each.vhi_voxels == np.isin(labels, touched).sum()
    assert each.problem is None


def stability_of(case: SmallCase, settings: Settings) -> tuple[Stability, BoolArray]:
    measured = case.measured(settings)
    kept = some_kept(measured)
    return how_much_hangs_on_normal_bone(measured, np.flatnonzero(kept)), kept


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("settings", [Settings(), Settings(tolerance=0.0, minimum_group_pixels=2)])
def test_each_figure_is_what_measuring_again_without_that_part_gives(seed: int, settings: Settings) -> None:
    case = small_case(seed)
    stability, kept = stability_of(case, settings)
    middle, voxels = case.stir.grid.shape[0] // 2, int(case.normal_bone.sum())
    assert [(each.part, each.which) for each in stability.left_out] == [
        ("slice", middle - 1),
        ("slice", middle),
        ("slice", middle + 1),
        ("brightest", 1),
        ("brightest", 5),
        ("brightest", math.ceil(0.005 * voxels)),
    ]
    for each in stability.left_out:
        assert_is_measuring_again(case, settings, kept, each)
    assert len({each.vhi_voxels for each in stability.left_out}) > 1


def test_normal_bone_beyond_the_disease_region_does_not_come_in_when_left_out() -> None:
    case = small_case(3)
    case = replace(case, disease_region=case.disease_region & ~case.normal_bone)
    stability, kept = stability_of(case, Settings())
    for each in stability.left_out:
        assert_is_measuring_again(case, Settings(), kept, each)


def test_range_and_effect_are_read_off_the_figures() -> None:
    stability, kept = stability_of(small_case(0), Settings())
    slices = [each.vhi_voxels for each in stability.left_out if each.part == "slice" and each.vhi_voxels is not None]
    assert stability.vhi_voxels == kept.sum()
    assert stability.vhi_range_voxels == (min(slices), max(slices))
    assert stability.left_out[3].vhi_voxels is not None
    assert stability.top_voxel_effect == stability.left_out[3].vhi_voxels / kept.sum()
    assert stability.top_voxel_effect != 1


def test_the_brightest_voxels_are_named_with_their_place() -> None:
    case = small_case(0)
    stability, _ = stability_of(case, Settings())
    intensities = [each.intensity for each in stability.brightest]
    assert intensities == np.sort(case.stir.array[case.normal_bone])[::-1][:5].tolist()
    for each in stability.brightest:
        assert case.normal_bone[each.index]
        assert case.stir.array[each.index] == each.intensity
        assert each.ras_mm == pytest.approx(case.stir.grid.to_ras([each.index])[0], abs=0.006)


def test_among_equally_bright_voxels_the_place_in_the_patient_decides() -> None:
    case = small_case(0)
    stir = case.stir.array.copy()
    tied = np.argwhere(case.normal_bone)[::17][:7]
    stir[tuple(tied.T)] = 140.0
    case = replace(case, stir=Volume(stir, case.stir.grid))
    stability, _ = stability_of(case, Settings())
    places = [each.ras_mm for each in stability.brightest]
    assert {each.intensity for each in stability.brightest} == {140.0}
    assert [(z, y, x) for x, y, z in places] == sorted((z, y, x) for x, y, z in places)
    expected = sorted(case.stir.grid.to_ras(tied).round(2).tolist(), key=lambda place: place[::-1])[:5]
    assert places == [tuple(place) for place in expected]
    one, five = stability.left_out[3:5]
    assert one.thresholds is not None
    assert five.thresholds is not None
    assert one.thresholds.conservative == five.thresholds.conservative == 140.0


def test_a_region_on_a_single_slice_says_that_none_can_be_left_out() -> None:
    case = small_case(1)
    middle = case.stir.grid.shape[0] // 2
    only = np.zeros_like(case.normal_bone)
    only[middle, 5:17, 6:18] = case.normal_bone[middle, 5:17, 6:18] | (case.stir.array[middle, 5:17, 6:18] < 95)
    case = replace(case, normal_bone=only, disease_region=case.disease_region | only)
    stability, _ = stability_of(case, Settings())
    (only_slice, *_) = stability.left_out
    assert (only_slice.part, only_slice.which, only_slice.voxels) == ("slice", middle, only.sum())
    assert only_slice.problem is not None
    assert only_slice.problem.startswith("the normal bone has 0 voxels")
    assert (only_slice.thresholds, only_slice.preliminary_voxels, only_slice.vhi_voxels) == (None, None, None)
    assert stability.vhi_range_voxels is None
    assert stability.top_voxel_effect is not None


def test_the_smallest_region_allowed_cannot_lose_a_voxel() -> None:
    case = small_case(1)
    fifty = np.zeros_like(case.normal_bone)
    fifty.flat[np.flatnonzero(case.normal_bone)[:50]] = True
    stability, _ = stability_of(replace(case, normal_bone=fifty), Settings())
    assert all(each.problem is not None and "at least 50" in each.problem for each in stability.left_out)
    assert stability.vhi_range_voxels is None
    assert stability.top_voxel_effect is None


def test_thresholds_by_hand_do_not_hang_on_the_region() -> None:
    case = small_case(2)
    by_hand = thresholds_by_hand(95.0, 140.0)
    measured = measure(case.stir, case.normal_bone, case.disease_region, thresholds=by_hand)
    stability = how_much_hangs_on_normal_bone(measured, measured.islands.voxels)
    for each in stability.left_out:
        assert each.thresholds is by_hand
        again = measure(
            case.stir, case.normal_bone & ~left_out_region(case, each), case.disease_region, thresholds=by_hand
        )
        assert each.preliminary_voxels == again.vhi.sensitive_voxels


def test_nothing_kept_has_no_effect_to_report() -> None:
    measured = small_case(0).measured()
    stability = how_much_hangs_on_normal_bone(measured, np.empty(0, dtype=np.int64))
    assert stability.vhi_voxels == 0
    assert {each.vhi_voxels for each in stability.left_out} == {0}
    assert stability.top_voxel_effect is None


def test_the_order_of_the_kept_voxels_does_not_matter() -> None:
    measured = small_case(0).measured()
    kept = np.flatnonzero(some_kept(measured))
    shuffled = np.random.default_rng(0).permutation(kept)
    assert how_much_hangs_on_normal_bone(measured, kept) == how_much_hangs_on_normal_bone(measured, shuffled)


def test_a_part_without_which_only_small_groups_remain_leaves_no_vhi() -> None:
    """Leaving out the calm slice raises the sensitive threshold until single voxels remain of the island kept."""
    grid = Grid((3, 16, 16), oblique_affine((0.6, 0.6, 3.3)))
    rng = np.random.default_rng(0)
    stir = np.full(grid.shape, 50.0)
    region, normal = np.ones(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=bool)
    normal[0, :8], normal[1, :8] = True, True
    stir[0, :8] = 100 + np.round(rng.uniform(-10, 10, (8, 16)))
    stir[1, :8] = 200 + np.round(rng.uniform(-60, 60, (8, 16)))
    stir[1, 0, 0] = 400
    stir[2, 10, 4:8] = [370, 420, 370, 420]
    case = SmallCase(Volume(stir, grid), normal, region & ~normal)
    measured = case.measured()
    kept = measured.mask()
    assert kept.sum() == 4
    stability = how_much_hangs_on_normal_bone(measured, np.flatnonzero(kept))
    for each in stability.left_out[:2]:
        assert_is_measuring_again(case, Settings(), kept, each)
    without_calm = stability.left_out[0]
    assert without_calm.above_threshold_voxels == 2
    assert (without_calm.preliminary_voxels, without_calm.vhi_voxels) == (0, 0)
