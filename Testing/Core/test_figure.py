"""The overview picture shows what is there, where it is, the same way for every way of storing the scan."""

from __future__ import annotations

import io
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from VHIWorkflowLib import figure_page
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.figure import draw_overview, png_bytes
from VHIWorkflowLib.figure_page import PADDING, heading
from VHIWorkflowLib.figure_view import View

MASKS = ("sensitive", "conservative", "normal_bone", "disease_region", "removed")
Pixels = npt.NDArray[np.uint8]

OBLIQUE_CORONAL = np.array(
    [
        [-0.80, 0.000, 0.000, 60.0],
        [0.000, -0.40, -2.86, 30.0],
        [0.000, -0.6928, 1.651, -20.0],
        [0.000, 0.000, 0.000, 1.0],
    ]
)
"""Columns run left, rows down and slightly back, slices to the back: a usual sacroiliac acquisition."""


def plain(shape: tuple[int, int, int], affine: npt.ArrayLike = OBLIQUE_CORONAL) -> tuple[Volume, dict[str, BoolArray]]:
    """Marrow-like noise in the whole volume, which is all disease region; the other masks are empty."""
    grid = Grid(shape, np.asarray(affine, dtype=np.float64))
    stir = np.random.default_rng(5).normal(300, 40, size=shape).astype(np.float32)
    masks = {name: np.zeros(shape, dtype=bool) for name in MASKS}
    masks["disease_region"][:] = True
    return Volume(stir, grid), masks


def pixels_of(stir: Volume, masks: dict[str, BoolArray], title: str = "case", lines: tuple[str, ...] = ()) -> Pixels:
    return np.asarray(draw_overview(stir, **masks, title=title, lines=lines))


def tiles(page: Pixels, title: str = "case") -> Pixels:
    """The page below its heading and right of its border: starts with the first tile's corner."""
    layout = figure_page.Layout(1, 1, page.shape[1] - 2 * PADDING, 1, 1.0)
    return page[heading(layout, title, ()).height :, PADDING:]


def bounding(where: BoolArray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("sensitive", figure_page.SENSITIVE),
        ("normal_bone", figure_page.NORMAL_BONE),
        ("conservative", figure_page.CONSERVATIVE),
        ("removed", figure_page.REMOVED),
    ],
)
def test_a_mask_is_coloured_where_it_lies_and_nowhere_else(name: str, colour: tuple[int, int, int]) -> None:
    stir, masks = plain((1, 100, 100))
    before = tiles(pixels_of(stir, masks))
    masks[name][0, 60:80, 20:50] = True
    after = tiles(pixels_of(stir, masks))
    changed = (before != after).any(axis=2)
    changed[:60, -400:] = False  # the volume kept is written there
    scale = 1000 / 100
    assert bounding(changed[:1000]) == pytest.approx((60 * scale, 80 * scale, 20 * scale, 50 * scale), abs=2)
    shift = after.astype(int) - before.astype(int)
    towards = np.array(colour) - before.astype(int)
    assert (shift[changed] * towards[changed] >= 0).all()


def test_the_disease_region_is_a_thin_outline() -> None:
    stir, masks = plain((1, 100, 100))
    masks["disease_region"][:] = False
    masks["disease_region"][0, 30:70, 30:70] = True
    picture = tiles(pixels_of(stir, masks))
    masks["normal_bone"] = masks["disease_region"].copy()
    assert (picture != tiles(pixels_of(stir, masks))).any(axis=2).sum() > 1e4
    assert np.ptp(picture[: picture.shape[1] // 2].astype(int), axis=2).max() <= 15


def test_the_signal_stays_readable_below_the_masks() -> None:
    stir, masks = plain((1, 100, 100))
    bare = tiles(pixels_of(stir, masks)).astype(float).mean(axis=2)[450:550, 450:550]
    masks["sensitive"][0, 40:60, 40:60] = masks["conservative"][0, 40:60, 40:60] = True
    covered = tiles(pixels_of(stir, masks)).astype(float).mean(axis=2)[450:550, 450:550]
    assert np.corrcoef(bare.ravel(), covered.ravel())[0, 1] > 0.99
    assert covered.std() > 0.7 * bare.std()


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_the_way_of_storing_makes_no_difference_but_for_slice_numbers(
    order: tuple[int, int, int], flips: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(View, "stored_number", lambda view, displayed: displayed)
    stir, masks = plain((4, 30, 24))
    masks["sensitive"][1, 4:9, 3:12] = True
    masks["removed"][2, 20:26, 15:20] = True
    masks["normal_bone"][2, 10:16, 9:14] = True
    affine = stir.grid.affine.copy()
    for axis in flips:
        affine[:3, 3] += affine[:3, 2 - axis] * (stir.grid.shape[axis] - 1)
        affine[:3, 2 - axis] *= -1
    affine[:, :3] = affine[:, [2 - axis for axis in order]][:, ::-1]

    def stored(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.flip(array, flips).transpose(order).copy()

    other = Volume(stored(stir.array), Grid(stored(stir.array).shape, affine))
    assert np.array_equal(
        pixels_of(other, {name: stored(mask) for name, mask in masks.items()}), pixels_of(stir, masks)
    )


def test_the_patients_right_is_on_the_left_and_the_head_is_up() -> None:
    to_the_right_and_up = np.array([[0.8, 0, 0, 0], [0, 0, -3.3, 0], [0, 0.8, 0, 0], [0, 0, 0, 1.0]])
    stir, masks = plain((1, 100, 100), to_the_right_and_up)
    masks["normal_bone"][0, 80:90, 80:90] = True
    right, _, up = stir.grid.to_ras([(0, 85, 85)])[0]
    assert (right, up) == pytest.approx((68, 68))
    outline = (tiles(pixels_of(stir, masks))[:1000, :1000] == figure_page.NORMAL_BONE).all(axis=2)
    assert bounding(outline) == pytest.approx((100, 200, 100, 200), abs=2)


@pytest.mark.parametrize(
    ("axes", "letters"),
    [
        (((-1, 0, 0), (0, 0, -1), (0, -1, 0)), ("R", "L", "S", "I")),
        (((1, 0, 0), (0, 1, 0), (0, 0, 1)), ("R", "L", "A", "P")),
        (((0, 1, 0), (0, 0, 1), (1, 0, 0)), ("A", "P", "S", "I")),
        (((-1, 0, 0), (0, -0.5, -0.866), (0, -0.866, 0.5)), ("R", "L", "SA", "IP")),
    ],
)
def test_letters_say_where_the_edges_lie(axes: npt.ArrayLike, letters: tuple[str, ...]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array(axes, dtype=float).T * (0.6, 0.6, 3.3)
    assert View(Grid((5, 8, 8), affine)).letters == letters


def test_slices_run_from_front_to_back_with_the_numbers_they_have_in_the_file() -> None:
    grid = Grid((5, 8, 8), OBLIQUE_CORONAL)
    front = grid.to_ras([(0, 4, 4)])[0][1]
    assert front > grid.to_ras([(4, 4, 4)])[0][1]
    assert [View(grid).stored_number(place) for place in range(5)] == [1, 2, 3, 4, 5]
    backwards = grid.affine.copy()
    backwards[:3, 3] += backwards[:3, 2] * 4
    backwards[:3, 2] *= -1
    assert [View(Grid((5, 8, 8), backwards)).stored_number(place) for place in range(5)] == [5, 4, 3, 2, 1]


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    stir, masks = plain((1, 100, 100), np.diag([1.0, 1.0, 3.0, 1.0]))
    white = (pixels_of(stir, masks) == 255).all(axis=2)
    longest = max(np.diff(np.flatnonzero(np.diff(np.pad(row, 1).astype(int)))).max(initial=0) for row in white)
    assert longest == 200  # 100 mm are 1,000 pixels; the longest round length below a third of them is 20 mm


@pytest.mark.parametrize("shape", [(1, 64, 64), (1, 1, 1), (3, 1000, 1000), (200, 40, 40), (2, 8, 300)])
@pytest.mark.parametrize("with_region", [True, False])
def test_any_size_and_empty_masks_give_a_page_of_sensible_size(shape: tuple[int, int, int], with_region: bool) -> None:
    stir, masks = plain(shape, np.diag([0.7, 0.7, 3.0, 1.0]))
    masks["disease_region"][:] = with_region
    height, width, _ = pixels_of(stir, masks).shape
    assert 1000 <= width <= 2600
    assert height <= 3000


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 300.0])
def test_a_volume_without_contrast_is_drawn(value: float) -> None:
    stir, masks = plain((2, 16, 16))
    assert pixels_of(Volume(np.full_like(stir.array, value), stir.grid), masks).any()


def test_no_voxel_is_lost_where_the_picture_is_smaller_than_the_slice() -> None:
    stir, masks = plain((9, 1000, 1000), np.diag([0.2, 0.2, 3.0, 1.0]))
    before = pixels_of(stir, masks)
    masks["removed"][4, 333, 777] = True
    assert (pixels_of(stir, masks) != before).any()


def test_only_slices_with_a_mask_are_shown() -> None:
    stir, masks = plain((20, 40, 40))
    masks["disease_region"][5:] = False
    few = pixels_of(stir, masks)
    masks["disease_region"][:] = True
    assert few.shape != pixels_of(stir, masks).shape


def test_the_same_case_gives_the_same_bytes_and_they_are_the_picture() -> None:
    stir, masks = plain((3, 40, 40))
    first, second = (draw_overview(stir, **masks, title="A", lines=["B"]) for _ in range(2))
    assert png_bytes(first) == png_bytes(second)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(first)))), np.asarray(first))


@pytest.mark.parametrize("title", ["word " * 100, "x" * 500, "Zoë Łuk 体积 mm³\n\x00\t2", ""])
def test_text_is_never_cut_off_at_the_border(title: str) -> None:
    stir, masks = plain((1, 40, 40))
    page = pixels_of(stir, masks, title, (title,))
    assert (page[:, -PADDING + 2 :] == page[0, 0]).all()


def test_a_mask_of_another_shape_is_refused_by_name() -> None:
    stir, masks = plain((3, 40, 40))
    masks["normal_bone"] = np.zeros((3, 40, 41), dtype=bool)
    with pytest.raises(MeasurementError, match="normal bone"):
        pixels_of(stir, masks)
