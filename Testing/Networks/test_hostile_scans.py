"""Scans that the network was not made for end as a mask with warnings, or as one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from BoneSegModelsLib.architecture import Architecture
from BoneSegModelsLib.backends import Backend, open_backend
from BoneSegModelsLib.errors import ModelError
from BoneSegModelsLib.inference import Segmentation, segment
from BoneSegModelsLib.model_description import IntensityScaling, ModelInput
from BoneSegModelsLib.model_folders import Model
from BoneSegModelsLib.scaling import skewness
from Networks.synthetic_models import description, labels, oblique_grid, random_model
from RealCases import REAL_CASES
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.volumes import read_image
from VHIWorkflowLib.phantom import make_phantom

LARGEST_SKEWNESS = 2.1
SEEN = ModelInput(
    "T1w",
    1.2,
    context_slices=1,
    intensity=IntensityScaling(limits=(-0.1, 1.5)),
    tested_spacing_mm=(0.4, 1.2),
    largest_skewness=LARGEST_SKEWNESS,
)
NETWORK = Architecture(2, (3, 4, 5), input_channels=3)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Backend]:
    """A network of random weights with all checks that a real one has: what it finds is nonsense by nature."""
    bone = replace(labels(1)[0], expected_volume_ml=(150.0, 900.0))
    made = description(NETWORK, input=SEEN, labels=(bone,), threshold=0.45)
    model = random_model(tmp_path_factory.mktemp("models"), made)
    return model, open_backend(model, "numpy")


def found(running: tuple[Model, Backend], array: npt.NDArray[np.generic], grid: Grid) -> Segmentation:
    """What is found; always finite, on the grid of the scan."""
    result = segment(Volume(array, grid), *running)
    assert result.labels.shape == grid.shape
    assert np.isfinite(result.probabilities).all()
    return result


def ball(grid: Grid, radii_mm: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    """An ellipsoid around the origin, radii along RAS."""
    places = grid.to_ras(np.indices(grid.shape).reshape(3, -1).T) / np.array(radii_mm)
    return np.asarray((np.linalg.norm(places, axis=1) <= 1).reshape(grid.shape))


def head(grid: Grid) -> npt.NDArray[np.float64]:
    """A skull of bright fat around grey tissue, small in the field of view."""
    inner, skull = ball(grid, (60, 75, 60)), ball(grid, (70, 85, 70))
    noise = np.random.default_rng(0).normal(0, 8, grid.shape)
    return np.asarray(np.abs(np.where(inner, 300, np.where(skull, 900, 0)) + noise))


def knee(grid: Grid) -> npt.NDArray[np.float64]:
    """Two bright bones with a gap between them in darker tissue."""
    noise = np.random.default_rng(0).normal(0, 8, grid.shape)
    height = grid.to_ras(np.indices(grid.shape).reshape(3, -1).T)[:, 2].reshape(grid.shape)
    bone = ball(grid, (30, 30, 90)) & (np.abs(height) > 5)
    return np.asarray(np.abs(np.where(bone, 800, np.where(ball(grid, (50, 50, 120)), 250, 0)) + noise))


@pytest.mark.parametrize("body_part", [head, knee])
def test_another_body_part_is_a_mask_with_a_warning(
    running: tuple[Model, Backend], body_part: Callable[[Grid], npt.NDArray[np.float64]]
) -> None:
    grid = oblique_grid((15, 100, 100), (3.0, 1.0, 1.0), tilt=0)
    result = found(running, body_part(grid), grid)
    volume_ml = (result.labels > 0).sum() * grid.voxel_volume_mm3 / 1000
    if not 150 <= volume_ml <= 900:
        assert result.warnings


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("value", [0, 7])
def test_one_grey_level_is_no_mask_and_a_warning(running: tuple[Model, Backend], kind: type, value: int) -> None:
    grid = oblique_grid((5, 40, 40), (3.3, 0.6, 0.6))
    result = found(running, np.full(grid.shape, value, kind), grid)
    assert not result.labels.any()
    assert result.warnings[0] == "the scan holds one grey level only, so nothing can be found in it"


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((1, 64, 64), (3.3, 0.6, 0.6)), ((2, 512, 512), (3.3, 0.4, 0.4)), ((512, 512, 2), (0.4, 0.4, 3.3))],
    ids=["one slice", "512 x 512", "512 x 512, stored on its side"],
)
def test_unusual_sizes_are_masks(
    running: tuple[Model, Backend], shape: tuple[int, int, int], spacing: tuple[float, float, float]
) -> None:
    grid = oblique_grid(shape, spacing)
    array = np.random.default_rng(0).gamma(4, 50, shape)
    assert found(running, array, grid).labels.shape == shape


@pytest.mark.parametrize("pixel_mm", [0.05, 0.2, 2.5, 10.0])
def test_extreme_pixels_are_warned_of(running: tuple[Model, Backend], pixel_mm: float) -> None:
    grid = oblique_grid((3, 48, 48), (30.0, pixel_mm, pixel_mm))
    result = found(running, np.random.default_rng(0).gamma(4, 50, grid.shape), grid)
    assert any("lie outside of what the network was tried on" in warning for warning in result.warnings)


def test_pixels_of_a_tenth_of_a_micrometre_are_warned_of(running: tuple[Model, Backend]) -> None:
    grid = oblique_grid((3, 48, 48), (2.0, 1e-4, 1e-4))
    assert found(running, np.random.default_rng(0).gamma(4, 50, grid.shape), grid).warnings


@pytest.mark.parametrize("pixel_mm", [1e3, 1e6])
def test_impossible_pixels_are_a_sentence(running: tuple[Model, Backend], pixel_mm: float) -> None:
    grid = oblique_grid((3, 48, 48), (2e6, pixel_mm, pixel_mm))
    with pytest.raises(ModelError, match="check the spacing of the scan"):
        segment(Volume(np.random.default_rng(0).gamma(4, 50, grid.shape), grid), *running)


@pytest.mark.parametrize("share", [1e-4, 0.5, 0.999])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
def test_numbers_that_are_none_are_warned_of(running: tuple[Model, Backend], share: float, value: float) -> None:
    grid = oblique_grid((4, 40, 40), (3.3, 0.6, 0.6))
    array = np.random.default_rng(0).gamma(4, 50, grid.shape)
    array[np.random.default_rng(1).random(grid.shape) < share] = value
    assert "no finite number" in found(running, array, grid).warnings[0]


def test_a_scan_of_nothing_but_nan_is_a_sentence(running: tuple[Model, Backend]) -> None:
    grid = oblique_grid((4, 40, 40), (3.3, 0.6, 0.6))
    with pytest.raises(ModelError, match="no finite grey level; choose another"):
        segment(Volume(np.full(grid.shape, np.nan), grid), *running)


def test_noise_alone_is_no_crash(running: tuple[Model, Backend]) -> None:
    grid = oblique_grid((4, 40, 40), (3.3, 0.6, 0.6))
    result = found(running, np.random.default_rng(0).normal(0, 1, grid.shape), grid)
    assert result.labels.shape == grid.shape


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_phantom_is_told_from_its_stir(running: tuple[Model, Backend], seed: int) -> None:
    """The phantom's own contrast lies on the right sides of the limit taken from real scans."""
    phantom = make_phantom(seed, shape=(7, 128, 128))
    words = "the contrast does not look like T1w: was another scan chosen by mistake?"
    assert words not in found(running, phantom.t1w.array, phantom.t1w.grid).warnings


SCANS = [
    f"{case}/{name}" for name in ("t1w", "stir") for case in ("1007", "1012", "1013", "1016", "1234", "3002", "4386")
]


@pytest.mark.real_cases
@pytest.mark.parametrize("scan", SCANS)
def test_the_limit_tells_real_t1w_from_real_stir(scan: str) -> None:
    array = read_image(REAL_CASES / f"{scan}.nii.gz").array
    assert (skewness(array) > LARGEST_SKEWNESS) is scan.endswith("stir")
