"""What is found lies where it is, however the scan is stored, and every doubt is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.errors import ModelError, SegmentationCancelledError
from BoneSegModelsLib.export import write_model_folder
from BoneSegModelsLib.inference import label_map, segment
from BoneSegModelsLib.model_description import IntensityScaling, ModelDescription, ModelInput, Orientation, Patch
from BoneSegModelsLib.model_folders import Model
from BoneSegModelsLib.patches import tile
from BoneSegModelsLib.scaling import scale
from Networks.synthetic_models import (
    FLAT,
    POINTWISE,
    bright_model,
    description,
    dice,
    labels,
    oblique_grid,
    random_model,
    restored,
    smooth_scan,
    solid_description,
    sphere_scan,
    stored_ways,
    with_context,
)
from VHIWorkflowLib.core.grids import Grid, Volume


@pytest.fixture
def flat(tmp_path: Path) -> Model:
    """A 2D model with random weights."""
    return random_model(tmp_path, description(FLAT))


@pytest.fixture
def solid(tmp_path: Path) -> Model:
    """A 3D model with several labels and patches."""
    return random_model(tmp_path, solid_description())


@pytest.mark.parametrize(
    ("made", "spacing"),
    [
        (description(FLAT), (3.3, 0.6, 0.6)),
        (description(FLAT), (3.3, 0.5, 0.8)),
        (with_context(1), (3.3, 0.6, 0.6)),
        (solid_description(), (2.0, 1.0, 1.0)),
        (solid_description(), (1.0, 1.0, 1.0)),
    ],
    ids=["2D", "2D, pixels not square", "2D, with neighbours", "3D", "3D, isotropic"],
)
def test_all_48_ways_of_storing_give_the_same(
    tmp_path: Path, made: ModelDescription, spacing: tuple[float, float, float]
) -> None:
    model = random_model(tmp_path, made)
    backend = open_backend(model, "numpy")
    scan = smooth_scan(oblique_grid((5, 30, 22), spacing))
    wanted = segment(scan, model, backend)
    assert 0.001 < (wanted.labels > 0).mean() < 0.999
    count = 0
    for stored, order, flips in stored_ways(scan):
        found = segment(stored, model, backend)
        assert found.labels.shape == stored.array.shape
        np.testing.assert_array_equal(restored(found.labels, order, flips), wanted.labels)
        back = np.stack([restored(single, order, flips) for single in found.probabilities])
        np.testing.assert_allclose(back, wanted.probabilities, atol=1e-6)
        count += 1
    assert count == 48


@pytest.mark.parametrize("tilt", [-30.0, 0.0, 20.0, 50.0])
@pytest.mark.parametrize("pixel_mm", [0.4, 0.6, 0.83, 1.2])
def test_a_ball_is_found_where_it_is(tmp_path: Path, tilt: float, pixel_mm: float) -> None:
    model = bright_model(tmp_path)
    side = round(50 / pixel_mm)
    scan = sphere_scan(oblique_grid((15, side, side + 4), (3.0, pixel_mm, pixel_mm), tilt), radius_mm=15)
    result = segment(scan, model, open_backend(model, "numpy"))
    assert dice(result.labels > 0, scan.array >= 0.5) >= 0.98
    volume_mm3 = (result.labels > 0).sum() * scan.grid.voxel_volume_mm3
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.03)


def test_the_network_sees_the_canonical_orientation(tmp_path: Path) -> None:
    """Axial slices given to a network for coronal ones keep their columns, and a warning says so."""
    model = bright_model(tmp_path)
    grid = Grid((5, 20, 20), np.diag([0.6, 0.6, 3.0, 1.0]))
    result = segment(sphere_scan(grid, 5), model, open_backend(model, "numpy"))
    assert result.warnings[0] == "the slices are not coronal, which is what the network was made for"
    axial = ModelInput("T1w", 0.6, orientation=Orientation("S", "P", "L"))
    model = bright_model(tmp_path / "axial", input=axial)
    assert not segment(smooth_scan(grid), model, open_backend(model, "numpy")).warnings


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 2), (2, 1, 7), (1, 40, 40), (3, 13, 29)])
def test_tiny_volumes_and_single_slices(flat: Model, solid: Model, shape: tuple[int, int, int]) -> None:
    scan = smooth_scan(oblique_grid(shape, (3.0, 0.6, 0.6)))
    for model in (flat, solid):
        for name in ("torch", "numpy"):
            result = segment(scan, model, open_backend(model, name, "cpu"))  # type: ignore[arg-type]
            assert result.labels.shape == shape
            assert result.probabilities.shape == (len(model.description.labels), *shape)
            assert np.isfinite(result.probabilities).all()


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("name", ["torch", "numpy"])
@pytest.mark.parametrize("patch", [None, Patch((12, 12), 0.3)])
def test_a_network_sees_the_neighbours_of_a_slice(tmp_path: Path, offset: int, name: str, patch: Patch | None) -> None:
    """A network that passes on the channel of one neighbour finds in each slice what that neighbour holds."""
    context = 2
    network = replace(POINTWISE, input_channels=2 * context + 1)
    weights = {key: np.zeros(shape, np.float32) for key, shape in network.weight_shapes().items()}
    weights["encoder.0.0.weight"][0, context + offset, 1, 1] = 1
    weights["head.weight"][:] = 40
    weights["head.bias"][:] = -20
    made = description(network, input=ModelInput("T1w", 0.6, context_slices=context), patch=patch)
    model = write_model_folder(tmp_path / made.name, made, [(network, weights)])
    grid = Grid((6, 20, 18), np.diag([-0.6, 0.6, 3.0, 1.0])[[0, 2, 1, 3]] * [[1], [-1], [-1], [1]])
    scan = smooth_scan(grid)
    found = segment(scan, model, open_backend(model, name, "cpu"))  # type: ignore[arg-type]
    alone = bright_model(tmp_path / "alone")
    wanted = segment(scan, alone, open_backend(alone, "numpy")).probabilities
    shown = [min(max(number + offset, 0), 5) for number in range(6)]
    np.testing.assert_allclose(found.probabilities, wanted[:, shown], atol=1e-5)


def test_neighbours_of_a_single_slice_are_the_slice_itself(tmp_path: Path) -> None:
    model = random_model(tmp_path, with_context(1))
    scan = smooth_scan(oblique_grid((1, 20, 20), (3, 0.6, 0.6)))
    thrice = Volume(np.repeat(scan.array, 3, axis=0), oblique_grid((3, 20, 20), (3, 0.6, 0.6)))
    one, three = segment(scan, model), segment(thrice, model)
    np.testing.assert_allclose(one.probabilities[:, 0], three.probabilities[:, 1], atol=1e-6)


def test_an_empty_slice_between_full_ones_stays_empty(tmp_path: Path) -> None:
    model = random_model(tmp_path, with_context(1))
    scan = smooth_scan(oblique_grid((5, 24, 24), (3, 0.6, 0.6)))
    scan.array[2] = 0
    assert not segment(scan, model).probabilities[:, 2].any()


@pytest.mark.parametrize("name", ["torch", "numpy"])
@pytest.mark.parametrize("value", [0, 300])
@pytest.mark.parametrize("way", ["unit_range", "z_score"])
def test_empty_slices_change_nothing_on_the_others(tmp_path: Path, name: str, value: int, way: str) -> None:
    """Padded at both ends, as when series are brought to one number of slices: each slice is found as without them."""
    seen = replace(with_context(2).input, intensity=IntensityScaling((1, 99), way))  # type: ignore[arg-type]
    model = random_model(tmp_path, replace(with_context(2), input=seen))
    backend = open_backend(model, name, "cpu")  # type: ignore[arg-type]
    scan = smooth_scan(oblique_grid((7, 24, 24), (3, 0.45, 0.45)))
    wide = np.full((12, 24, 24), value, scan.array.dtype)
    wide[3:10] = scan.array
    wanted = segment(scan, model, backend).probabilities
    assert wanted.std() > 0.001
    found = segment(Volume(wide, oblique_grid((12, 24, 24), (3, 0.45, 0.45))), model, backend).probabilities
    assert np.array_equal(found[:, 3:10], wanted)
    assert not found[:, [0, 1, 2, 10, 11]].any()


def test_margins_of_one_grey_level_do_not_change_the_scaling() -> None:
    scan = smooth_scan(oblique_grid((4, 24, 24), (3, 0.6, 0.6))).array
    wide = np.pad(scan, ((1, 2), (9, 0), (5, 7)))
    for way in ("unit_range", "z_score"):
        scaling = IntensityScaling((1, 99), way)  # type: ignore[arg-type]
        assert np.array_equal(scale(wide, scaling)[1:5, 9:, 5:29], scale(scan, scaling))


def test_progress_counts_slices(flat: Model) -> None:
    seen: list[tuple[int, int]] = []
    scan = smooth_scan(oblique_grid((7, 16, 16), (3, 0.6, 0.6)))
    segment(scan, flat, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 7) for done in range(1, 8)]


def test_progress_counts_patches(solid: Model) -> None:
    seen: list[tuple[int, int]] = []
    scan = smooth_scan(oblique_grid((12, 20, 12), (1, 1, 1)))
    segment(scan, solid, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 4) for done in range(1, 5)]


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_cancelling_stops_between_slices(flat: Model, name: str) -> None:
    backend = open_backend(flat, name, "cpu")  # type: ignore[arg-type]
    seen: list[int] = []
    scan = smooth_scan(oblique_grid((40, 16, 16), (3, 0.6, 0.6)))
    with pytest.raises(SegmentationCancelledError, match="cancelled"):
        segment(scan, flat, backend, progress=lambda done, _: seen.append(done), cancelled=lambda: len(seen) >= 3)
    assert 3 <= len(seen) <= 3 + backend.batch_size
    with pytest.raises(SegmentationCancelledError):
        segment(scan, flat, backend, cancelled=lambda: True)


def test_a_volume_of_zeros_holds_nothing_and_says_so(flat: Model, solid: Model) -> None:
    for model in (flat, solid):
        grid = oblique_grid((3, 20, 20), (3, 0.6, 0.6))
        result = segment(Volume(np.zeros(grid.shape, np.int16), grid), model)
        assert not result.labels.any()
        assert not result.probabilities.any()
        assert result.warnings == (
            "the scan holds one grey level only, so nothing can be found in it",
            "the network synthetic found nothing in this scan",
        )


def test_empty_slices_stay_empty(flat: Model) -> None:
    scan = smooth_scan(oblique_grid((5, 24, 24), (3, 0.6, 0.6)))
    scan.array[[0, 3]] = 0
    result = segment(scan, flat)
    assert not result.probabilities[:, [0, 3]].any()
    assert result.probabilities[:, [1, 2, 4]].any(axis=(0, 2, 3)).all()


def test_the_way_grey_levels_are_stored_does_not_matter(flat: Model) -> None:
    scan = smooth_scan(oblique_grid((3, 24, 24), (3, 0.6, 0.6)))
    whole = np.round(scan.array).astype(np.int16)
    wanted = segment(Volume(whole, scan.grid), flat).probabilities
    for kind in (np.float32, np.float64, np.int32, ">i2"):
        found = segment(Volume(whole.astype(kind), scan.grid), flat).probabilities
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    steeper = segment(Volume(whole * 3.5 - 20, scan.grid), flat).probabilities
    np.testing.assert_allclose(steeper, wanted, atol=1e-4)


def test_numbers_that_are_none_are_warned_of(flat: Model) -> None:
    scan = smooth_scan(oblique_grid((3, 24, 24), (3, 0.6, 0.6)))
    scan.array[0, 0, :3] = np.nan, np.inf, -np.inf
    result = segment(scan, flat)
    assert np.isfinite(result.probabilities).all()
    assert result.warnings[0].startswith("3 voxels of the scan hold no finite number")
    with pytest.raises(ModelError, match="no finite grey level"):
        segment(Volume(np.full(scan.array.shape, np.nan), scan.grid), flat)
    with pytest.raises(ModelError, match="no grey levels"):
        segment(Volume(np.ones(scan.array.shape, complex), scan.grid), flat)


def test_absurd_spacings_are_refused_or_warned_of(tmp_path: Path) -> None:
    model = bright_model(tmp_path, input=ModelInput("T1w", 0.6, tested_spacing_mm=(0.4, 1.0)))
    for pixel in (0.01, 5.0):
        grid = oblique_grid((3, 24, 24), (6.0, pixel, pixel))
        warnings = segment(smooth_scan(grid), model).warnings
        assert any(f"pixels of {pixel:.3g} x {pixel:.3g} mm" in text for text in warnings)
    with pytest.raises(ModelError, match="check the spacing of the scan"):
        segment(smooth_scan(oblique_grid((3, 24, 24), (900.0, 500.0, 500.0))), model)


def test_another_contrast_is_warned_of(tmp_path: Path) -> None:
    model = bright_model(tmp_path, input=ModelInput("T1w", 0.6, largest_skewness=2.1))
    grid = oblique_grid((5, 40, 40), (3, 0.6, 0.6))
    tissue = np.random.default_rng(0).normal(100, 15, grid.shape)
    bright = np.where(np.random.default_rng(1).random(grid.shape) < 0.02, 700, tissue)
    air = np.indices(grid.shape)[1] < 8
    fine, odd = (segment(Volume(np.where(air, 0, part), grid), model) for part in (tissue, bright))
    assert not any("contrast" in text for text in fine.warnings)
    assert odd.warnings[0] == "the contrast does not look like T1w: was another scan chosen by mistake?"


def test_an_implausible_volume_is_warned_of(tmp_path: Path) -> None:
    scan = sphere_scan(oblique_grid((15, 60, 60), (3, 0.6, 0.6)), 12)
    for limits, warned in (((1.0, 20.0), False), ((50.0, 200.0), True)):
        model = bright_model(tmp_path, labels=(replace(labels(1)[0], expected_volume_ml=limits),))
        assert any("look at it" in text for text in segment(scan, model).warnings) is warned


def test_what_the_network_is_unsure_of_is_warned_of_with_its_slices(tmp_path: Path) -> None:
    """Grey levels near the middle are what a network that goes by brightness cannot decide."""
    grid = oblique_grid((15, 60, 60), (3, 0.6, 0.6))
    scan = sphere_scan(grid, 12)
    unsure = replace(labels(1)[0], largest_unsure_share=0.3)
    model = bright_model(tmp_path, labels=(unsure,))
    assert not segment(scan, model).warnings
    for slices, words in (([6], "on slice 6 (counted from 0)"), ([5, 6, 8], "on slices 5 to 6, 8 (counted from 0)")):
        array = scan.array.copy()
        array[slices, 5:55, 5:15] = array.min() + 0.49 * np.ptp(array)
        (warning,) = segment(Volume(array, grid), model).warnings
        assert words in warning
    everywhere = np.where(scan.array < scan.array.max() / 2, scan.array.max() * 0.49, scan.array)
    everywhere[:, :12, :12] = 0
    (warning,) = segment(Volume(everywhere, grid), model).warnings
    assert "in all of this scan" in warning
    assert not segment(Volume(everywhere, grid), bright_model(tmp_path / "unchecked")).warnings


def test_parts_too_small_for_their_label_are_dropped(tmp_path: Path) -> None:
    grid = oblique_grid((15, 60, 60), (3, 0.6, 0.6))
    large = sphere_scan(grid, 12)
    scan = Volume(large.array.copy(), grid)
    scan.array[0, 2:4, 2:4] = large.array.max()
    every = segment(scan, bright_model(tmp_path))
    assert every.labels[0].any()
    model = bright_model(tmp_path, labels=(replace(labels(1)[0], smallest_part_ml=0.1),))
    found = segment(scan, model)
    assert not found.labels[0].any()
    assert np.array_equal(found.labels[1:], every.labels[1:])
    assert np.array_equal(found.probabilities[0] >= model.description.threshold, found.labels > 0)


def test_the_result_names_the_model(flat: Model) -> None:
    result = segment(smooth_scan(oblique_grid((2, 16, 16), (3, 0.6, 0.6))), flat)
    assert (result.model_name, result.model_version, result.model_sha256) == ("synthetic", "1.2.3", flat.sha256)
    assert result.label_map().grid is result.probability().grid


def test_the_most_probable_label_wins_if_it_reaches_the_threshold() -> None:
    made = replace(description(replace(POINTWISE, output_channels=2)), threshold=0.5)
    probabilities = np.array([[0.6, 0.4, 0.5, 0.7], [0.7, 0.49, 0.5, 0.2]], np.float32).reshape(2, 1, 1, 4)
    assert label_map(probabilities, made).ravel().tolist() == [4, 0, 2, 2]


@pytest.mark.parametrize("blending", ["gaussian", "linear"])
def test_patches_of_a_pointwise_network_change_nothing(tmp_path: Path, blending: str) -> None:
    scan = smooth_scan(oblique_grid((3, 50, 41), (3, 0.6, 0.6)))
    whole = bright_model(tmp_path / "whole")
    parts = bright_model(tmp_path / "parts", patch=Patch((16, 24), 0.3, blending))  # type: ignore[arg-type]
    one, other = segment(scan, whole), segment(scan, parts)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)


def test_patches_cover_everything_with_the_overlap_asked_for() -> None:
    for size in range(1, 90):
        tiling = tile((size,), Patch((16,), 0.5), 1)
        covered = np.zeros(tiling.padded_shape, int)
        for box in tiling.boxes():
            covered[box] += 1
        assert (covered >= 1).all()
        assert all(later - earlier <= 8 for earlier, later in zip(tiling.starts[0], tiling.starts[0][1:], strict=False))
        assert len(list(tiling.boxes())) == len(tiling)


def test_grey_levels_are_scaled_as_the_file_says() -> None:
    values = np.array([[[0.0, 1, 2, 3, 10]], [[1.0, 2, 4, 6, 20]]])
    by_slice = scale(np.stack([values[0], 2 * values[0]]), IntensityScaling((0, 100), "unit_range", "slice"))
    np.testing.assert_allclose(by_slice[0], by_slice[1])
    by_volume = scale(values, IntensityScaling((0, 50), "unit_range", "volume", (-0.5, 1.5)))
    np.testing.assert_allclose(by_volume[1, 0], [0.4, 0.8, 1.5, 1.5, 1.5])
    normal = scale(values, IntensityScaling((0, 100), "z_score", "volume", None))
    assert normal.mean() == pytest.approx(0, abs=1e-6)
    assert normal.std() == pytest.approx(1, abs=1e-6)
    assert not scale(np.full((2, 3, 3), 7.0), IntensityScaling()).any()
