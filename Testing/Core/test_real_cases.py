"""The real scans give the figures of ``expected.tsv``, voxel by voxel, however they are stored."""

from __future__ import annotations

import gzip
import struct
from functools import cache

import numpy as np
import pytest
from RealCases import RealCase, real_cases
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.islands import Islands, find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.masks import BoneVoxels
from VHIWorkflowLib.core.measurement import Preliminary, Settings, measure
from VHIWorkflowLib.core.stability import LeftOut, Stability, how_much_hangs_on_normal_bone
from VHIWorkflowLib.core.targets import Touching

pytestmark = pytest.mark.real_cases

CASES = {case.case_id: case for case in real_cases()}
IDS = ("1007", "1012", "1013", "1016", "1234", "2015", "3002", "4386")
WITH_MANUAL_MASKS = tuple(case_id for case_id in IDS if case_id != "2015")
STUDY = Settings(tolerance=0.0)


@cache
def measured(case_id: str, settings: Settings | None = None) -> Preliminary:
    case = CASES[case_id]
    return measure(case.stir(), case.normal_bone(), case.disease_region(), settings)


@cache
def simulated_reader(case_id: str) -> CleaningSession:
    """Keeps the islands that touch what at least two of the four manual trials marked."""
    session = CleaningSession.of(measured(case_id), start="keep")
    session.keep(Touching.mask(CASES[case_id].majority()))
    return session


@cache
def stability(case_id: str) -> Stability:
    """For the simulated reader; where there are no manual masks, with every island kept."""
    case = measured(case_id)
    kept = simulated_reader(case_id).kept_voxels() if case_id in WITH_MANUAL_MASKS else case.islands.voxels
    return how_much_hangs_on_normal_bone(case, kept)


def voxel_sets(case: Preliminary) -> tuple[bytes, bytes]:
    return np.packbits(case.mask()).tobytes(), np.packbits(case.conservative_mask()).tobytes()


def test_all_eight_cases_are_there() -> None:
    assert tuple(CASES) == IDS
    assert tuple(case_id for case_id, case in CASES.items() if case.has_manual_masks) == WITH_MANUAL_MASKS


@pytest.mark.parametrize("case_id", IDS)
def test_by_default_the_stable_figures_are_hit(case_id: str) -> None:
    found, expected = measured(case_id), CASES[case_id].expected
    assert found.thresholds.sensitive == pytest.approx(float(expected["stable_threshold_sensitive"]), abs=1e-3)
    assert found.thresholds.conservative == pytest.approx(float(expected["threshold_conservative"]), abs=1e-3)
    assert found.thresholds.iqr_multiple == pytest.approx(float(expected["stable_iqr_multiple"]), abs=1e-9)
    assert found.vhi.sensitive_voxels == int(expected["stable_sensitive"])
    assert found.vhi.conservative_voxels == int(expected["stable_conservative"])
    assert len(found.islands.part_slice) == int(expected["stable_islands_2d"])
    assert found.islands.number == int(expected["stable_islands_3d26"])
    assert found.warnings == ()


@pytest.mark.parametrize("case_id", IDS)
def test_with_tolerance_zero_the_figures_of_the_study_are_hit(case_id: str) -> None:
    found, expected = measured(case_id, STUDY), CASES[case_id].expected
    assert found.thresholds.sensitive == pytest.approx(float(expected["threshold_sensitive"]), abs=1e-3)
    assert found.thresholds.conservative == pytest.approx(float(expected["threshold_conservative"]), abs=1e-3)
    assert found.thresholds.iqr_multiple == pytest.approx(float(expected["iqr_multiple"]), abs=1e-9)
    assert found.statistics.q3 == pytest.approx(float(expected["normal_bone_q3"]), abs=1e-3)
    assert found.statistics.iqr == pytest.approx(float(expected["normal_bone_iqr"]), abs=1e-3)
    assert found.statistics.voxels == int(expected["normal_bone_voxels"])
    assert found.vhi.sensitive_voxels == int(expected["sensitive_ge4px_excl_normal"])
    assert found.vhi.conservative_voxels == int(expected["conservative_ge4px_excl_normal"])
    assert len(found.islands.part_slice) == int(expected["islands_2d"])
    assert found.islands.number == int(expected["islands_3d26"])
    assert found.grid.voxel_volume_mm3 == pytest.approx(float(expected["voxel_mm3"]), abs=5e-7)


@pytest.mark.parametrize("case_id", IDS)
def test_with_the_normal_bone_left_in_the_figures_of_the_published_code_are_hit(case_id: str) -> None:
    case, expected, limits = CASES[case_id], CASES[case_id].expected, measured(case_id, STUDY).thresholds
    stir = case.stir()
    lattice = Lattice(stir.grid.shape, stir.grid.slice_axis)
    bone = BoneVoxels.of(stir.array, case.disease_region(), lattice)
    everywhere = np.ones(bone.codes.size, dtype=bool)
    above = bone.codes[bone.at_or_above(limits.sensitive_cut, everywhere)]

    def counts(islands: Islands) -> tuple[int, int]:
        intensities = stir.array.ravel()[islands.voxels].astype(np.float64)
        return islands.voxels.size, int((intensities >= limits.conservative).sum())

    raw, large = counts(find_islands(Runs.of(above), lattice)), counts(find_islands(Runs.of(above), lattice, 4))
    assert raw == (int(expected["sensitive_raw"]), int(expected["conservative_raw"]))
    assert large == (int(expected["sensitive_ge4px"]), int(expected["conservative_ge4px"]))


@pytest.mark.parametrize("case_id", WITH_MANUAL_MASKS)
def test_the_simulated_reader_keeps_the_expected_voxels(case_id: str) -> None:
    session = simulated_reader(case_id)
    assert session.vhi.sensitive_voxels == int(CASES[case_id].expected["stable_simulated_reader"])
    assert session.mask().sum() == session.vhi.sensitive_voxels
    assert len(session.steps) == 1


def scaled_exactly(case: RealCase) -> tuple[Volume, Volume]:
    """The scan in float64, and the whole numbers that are stored in the file."""
    with gzip.open(case.stir_path) as file:
        slope, intercept = struct.unpack_from("<ff", file.read(120), 112)
    stir = case.stir()
    levels = np.round((stir.array.astype(np.float64) - intercept) / slope)
    assert (np.float32(levels * slope + intercept) == stir.array).all()
    return Volume(levels * float(slope) + float(intercept), stir.grid), Volume(levels, stir.grid)


@pytest.mark.parametrize("case_id", IDS)
def test_by_default_all_ways_of_storing_a_scan_give_the_same_voxels(case_id: str) -> None:
    case, here = CASES[case_id], measured(case_id)
    for stored in scaled_exactly(case):
        there = measure(stored, case.normal_bone(), case.disease_region())
        assert there.thresholds.iqr_multiple == here.thresholds.iqr_multiple
        assert voxel_sets(there) == voxel_sets(here)
        assert (there.near_sensitive, there.near_conservative) == (here.near_sensitive, here.near_conservative)


def test_with_tolerance_zero_213_voxels_of_1007_hang_on_rounding() -> None:
    case = CASES["1007"]
    as_float32 = measured("1007", STUDY)
    for stored in scaled_exactly(case):
        there = measure(stored, case.normal_bone(), case.disease_region(), STUDY)
        assert (as_float32.vhi.sensitive_voxels, there.vhi.sensitive_voxels) == (5760, 5973)
        assert np.count_nonzero(there.mask() ^ as_float32.mask()) == 213
    assert measured("1007").near_sensitive > 0


def test_with_tolerance_zero_the_multiple_of_1013_hangs_on_rounding() -> None:
    case = CASES["1013"]
    _, levels = scaled_exactly(case)
    there = measure(levels, case.normal_bone(), case.disease_region(), STUDY)
    assert (measured("1013", STUDY).thresholds.iqr_multiple, there.thresholds.iqr_multiple) == (2.95, 3.0)


# How much hangs on the region


def ratio(case_id: str, part: str, which: int, of: str = "above_threshold_voxels") -> float:
    (each,) = [each for each in stability(case_id).left_out if (each.part, each.which) == (part, which)]
    return float(getattr(each, of) / getattr(stability(case_id), of))


def largest_over_slices(of: str) -> float:
    return max(
        float(getattr(each, of) / getattr(stability(case_id), of))
        for case_id in IDS
        for each in stability(case_id).left_out
        if each.part == "slice"
    )


@pytest.mark.parametrize(
    ("case_id", "brightest", "above_threshold", "preliminary"),
    [("3002", 1, 1.46, 1.459), ("1234", 5, 2.00, 2.024), ("2015", 5, 1.79, 1.839)],
)
def test_without_the_brightest_voxels_the_mask_grows_as_published(
    case_id: str, brightest: int, above_threshold: float, preliminary: float
) -> None:
    assert round(ratio(case_id, "brightest", brightest), 2) == above_threshold
    assert round(ratio(case_id, "brightest", brightest, of="preliminary_voxels"), 3) == preliminary


def test_without_one_slice_the_mask_grows_at_most_as_published() -> None:
    assert round(largest_over_slices("above_threshold_voxels"), 2) == 1.89
    assert round(largest_over_slices("preliminary_voxels"), 3) == 1.914


def test_without_one_slice_vhi_changes_as_published() -> None:
    low, high = {}, {}
    for case_id in WITH_MANUAL_MASKS:
        span = stability(case_id).vhi_range_voxels
        assert span is not None
        vhi = simulated_reader(case_id).vhi.sensitive_voxels
        low[case_id], high[case_id] = round(span[0] / vhi, 2), round(span[1] / vhi, 2)
    assert high.pop("1234") == 3.51
    assert (min(low.values()), max(high.values())) == (0.91, 1.59)


@pytest.mark.parametrize("case_id", IDS)
def test_each_stability_figure_is_what_measuring_again_gives(case_id: str) -> None:
    case, here = CASES[case_id], measured(case_id)
    kept = simulated_reader(case_id).mask() if case_id in WITH_MANUAL_MASKS else here.mask()
    stir, normal = case.stir(), case.normal_bone()
    places = np.argwhere(normal)
    in_mm = stir.grid.to_ras(places).round(2).tolist()
    intensities = stir.array[normal].tolist()
    bright_first = sorted(range(len(places)), key=lambda n: (-intensities[n], in_mm[n][::-1]))

    def measured_without(each: LeftOut) -> Preliminary:
        left = np.zeros_like(normal)
        in_slice = places[:, stir.grid.slice_axis] == each.which
        chosen = places[in_slice if each.part == "slice" else bright_first[: each.which]]
        left[tuple(chosen.T)] = True
        return measure(stir, normal & ~left, case.disease_region())

    assert len(stability(case_id).left_out) > 4
    for each in stability(case_id).left_out:
        again = measured_without(each)
        reader = CleaningSession.of(again, start="keep")
        reader.keep(Touching.mask(kept))
        assert each.thresholds == again.thresholds
        assert each.above_threshold_voxels == again.above_threshold_voxels
        assert each.preliminary_voxels == again.vhi.sensitive_voxels
        assert each.vhi_voxels == reader.vhi.sensitive_voxels
