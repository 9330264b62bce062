"""The synthetic examination is what the tests and tutorials built on it take for granted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.thresholds import normal_bone_statistics, thresholds_from
from VHIWorkflowLib.phantom import Phantom, make_phantom

SEEDS = (1, 2)


@cache
def examination(subject_seed: int, time_point: int = 1, lesion_load: float = 1.0) -> Phantom:
    return make_phantom(subject_seed, time_point, lesion_load=lesion_load)


@dataclass(frozen=True)
class Reading:
    """What a reader faces, worked out plainly: the islands, and those a perfect reader keeps."""

    labels: npt.NDArray[np.int32]
    islands: int
    kept: BoolArray
    kept_islands: npt.NDArray[np.int32]
    truth: BoolArray

    @property
    def dice(self) -> float:
        return float(2 * (self.kept & self.truth).sum() / (self.kept.sum() + self.truth.sum()))


@cache
def reading(subject_seed: int, lesion_load: float = 1.0) -> Reading:
    phantom = examination(subject_seed, lesion_load=lesion_load)
    normal = phantom.normal_bone.array
    thresholds = thresholds_from(normal_bone_statistics(phantom.stir.array[normal]))
    region = phantom.disease_region.array & ~normal
    sensitive = region & (phantom.stir.array >= thresholds.sensitive_cut)
    within_slice = np.zeros((3, 3, 3), dtype=bool)
    within_slice[1] = True
    groups, _ = ndimage.label(sensitive, within_slice)
    large = np.bincount(groups.ravel()) >= 4
    labels, islands = ndimage.label(sensitive & large[groups], np.ones((3, 3, 3)))
    truth = phantom.lesions.array & region
    touched = np.unique(labels[truth & (labels > 0)])
    return Reading(labels, islands, np.isin(labels, touched) & (labels > 0), touched, truth)


def test_the_same_arguments_give_the_same_voxels() -> None:
    first, second = (make_phantom(4, 2, lesion_load=0.5, shape=(9, 96, 96)) for _ in range(2))
    for name in ("stir", "t1w", "normal_bone", "disease_region", "lesions"):
        a, b = getattr(first, name), getattr(second, name)
        assert a.array.dtype == b.array.dtype
        assert a.array.tobytes() == b.array.tobytes()
        assert np.array_equal(a.grid.affine, b.grid.affine)


def test_other_subjects_are_others() -> None:
    assert not np.array_equal(examination(1).disease_region.array, examination(2).disease_region.array)


@pytest.mark.parametrize("seed", SEEDS)
def test_slices_are_oblique_and_anisotropic(seed: int) -> None:
    grid = examination(seed).stir.grid
    assert grid.slice_axis == 0
    assert grid.spacing_mm == pytest.approx((3.3, 200 / 256, 200 / 256))
    assert np.linalg.det(grid.affine[:3, :3]) > 0
    assert grid.affine[1, 2] < 0  # slices run from front to back
    steepest = np.abs(grid.affine[:3, :3] / np.linalg.norm(grid.affine[:3, :3], axis=0)).max(axis=0)
    assert (steepest[1:] < 0.95).all()


def test_grey_levels_are_positive_multiples_of_a_slope() -> None:
    for volume in (examination(1).stir, examination(1).t1w):
        levels = np.unique(volume.array)
        assert volume.array.dtype == np.float32
        assert levels[0] > 0
        assert np.allclose(levels / levels[0], np.rint(levels / levels[0]), atol=1e-3)
        assert levels.size > 500


@pytest.mark.parametrize("seed", SEEDS)
def test_normal_bone_is_large_plain_marrow_over_several_slices(seed: int) -> None:
    phantom = examination(seed)
    normal = phantom.normal_bone.array
    assert normal.sum() >= 1000
    assert normal.any(axis=(1, 2)).sum() >= 3
    assert not (normal & ~phantom.disease_region.array).any()
    assert not (normal & phantom.lesions.array).any()
    for volume in phantom.not_inflammation.values():
        assert not (normal & volume.array).any()
    statistics = normal_bone_statistics(phantom.stir.array[normal])
    assert 0.05 < statistics.iqr / statistics.median < 0.3
    assert 1.2 < statistics.maximum / statistics.median < 2.0


@pytest.mark.parametrize("seed", SEEDS)
def test_lesions_lie_in_the_disease_region_and_outshine_normal_bone(seed: int) -> None:
    phantom = examination(seed)
    lesions, normal = phantom.lesions.array, phantom.normal_bone.array
    assert lesions.sum() > 500
    assert not (lesions & ~phantom.disease_region.array).any()
    assert np.median(phantom.stir.array[lesions]) > 1.4 * np.median(phantom.stir.array[normal])
    assert np.median(phantom.t1w.array[lesions]) < 0.95 * np.median(phantom.t1w.array[normal])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_faces_many_islands_of_which_few_are_lesions(seed: int) -> None:
    found = reading(seed)
    assert 60 <= found.islands <= 300
    assert 2 <= found.kept_islands.size <= found.islands / 4


@pytest.mark.parametrize("seed", SEEDS)
def test_keeping_the_islands_that_touch_a_lesion_recovers_the_truth(seed: int) -> None:
    assert reading(seed).dice > 0.8


def test_a_healthy_subject_has_no_lesion_and_still_much_to_clean() -> None:
    assert not examination(2, lesion_load=0).lesions.array.any()
    found = reading(2, lesion_load=0)
    assert found.islands >= 30
    assert not found.kept.any()


@pytest.mark.parametrize("name", ["vessel", "joint fluid", "facet joint", "coil flare"])
def test_everything_named_not_inflammation_is_seen_by_the_threshold(name: str) -> None:
    mask = examination(1).not_inflammation[name].array
    assert not (mask & ~examination(1).disease_region.array).any()
    assert (reading(1).labels[mask] > 0).any()


def test_a_follow_up_shows_the_same_bones_a_little_elsewhere_with_fewer_of_the_same_lesions() -> None:
    first, second = examination(1), examination(1, 2, 0.5)
    a, b = first.disease_region.array, second.disease_region.array
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.85
    assert not np.array_equal(a, b)
    assert not np.array_equal(first.stir.grid.affine, second.stir.grid.affine)
    assert 0 < second.lesions.array.sum() < first.lesions.array.sum()
    near = ndimage.binary_dilation(first.lesions.array, np.ones((3, 9, 9)))
    assert (second.lesions.array & near).sum() > 0.9 * second.lesions.array.sum()


def test_more_load_is_more_lesion() -> None:
    sizes = [make_phantom(1, lesion_load=load, shape=(13, 96, 96)).lesions.array.sum() for load in (0, 0.5, 1, 3)]
    assert sizes == sorted(set(sizes))


def test_t1w_may_have_its_own_grid_over_the_same_field_of_view() -> None:
    phantom = make_phantom(1, shape=(9, 96, 96), t1w_shape=(9, 128, 112))
    assert phantom.t1w.array.shape == (9, 128, 112)
    assert phantom.stir.grid.share_inside(phantom.t1w.grid) > 0.98
    assert not phantom.stir.grid.matches(phantom.t1w.grid)


@pytest.mark.parametrize("bad", [{"lesion_load": -1.0}, {"time_point": 0}, {"shape": (3, 96, 96)}])
def test_senseless_requests_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|needs"):
        make_phantom(**bad)  # type: ignore[arg-type]
