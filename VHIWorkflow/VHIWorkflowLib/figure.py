"""The overview picture of a case: all slices with the masks, for a radiologist to check at a glance."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from VHIWorkflowLib.core.sentences import sentences_of

from .core.errors import MeasurementError
from .core.grids import BoolArray, Volume, bounding_box
from .figure_page import (
    CONSERVATIVE,
    DISEASE_REGION,
    NORMAL_BONE,
    PADDING,
    PAPER,
    REMOVED,
    SENSITIVE,
    Colour,
    Layout,
    TileLabel,
    footer,
    heading,
    label_tile,
)
from .figure_view import View

_ = sentences_of(__name__)

Pixels = npt.NDArray[np.uint8]

MARGIN_MM = 10.0
MOST_SLICES = 48
SAMPLED_PIXELS = 300_000
"""About as many pixels decide brightness and contrast."""


def draw_overview(
    stir: Volume,
    *,
    sensitive: BoolArray,
    conservative: BoolArray,
    normal_bone: BoolArray,
    disease_region: BoolArray,
    removed: BoolArray,
    title: str,
    lines: Sequence[str] = (),
) -> Image.Image:
    """Draw all slices that contain any of the masks.

    The picture does not depend on the order in which the volume is stored, but for the numbers of the slices, which are
    those of the file, from 1. Slices run from the front (oblique coronal) and are shown upright with the patient's
    right on the left.

    Parameters
    ----------
    stir
        The STIR volume.
    sensitive, conservative
        Cleaned masks, shape (k, j, i) as STIR.
    normal_bone, disease_region
        Regions, same shape.
    removed
        Preliminary sensitive voxels that cleaning took away, same shape.
    title
        Case line, drawn large.
    lines
        Further lines below it; long ones are wrapped.

    Raises
    ------
    MeasurementError
        If a mask has another shape than STIR.
    """
    masks = {
        "disease region": disease_region,
        "normal bone": normal_bone,
        "removed": removed,
        "sensitive": sensitive,
        "conservative": conservative,
    }
    for name, mask in masks.items():
        if mask.shape != stir.grid.shape:
            raise MeasurementError(
                _("the {name} mask of shape {shape} does not fit STIR of {grid_shape}").format(
                    name=name, shape=mask.shape, grid_shape=stir.grid.shape
                )
            )
    view = View(stir.grid)
    shown = {name: view.show(mask.astype(bool, copy=False)) for name, mask in masks.items()}
    slices, box = _extent(shown, view)
    values = view.show(stir.array)
    low, high = _window(values, shown["disease region"], slices, box)
    down, right = view.spacing_mm[1:]
    layout = Layout.of(len(slices), (box[0].stop - box[0].start) * down, (box[1].stop - box[1].start) * right)
    head, foot = heading(layout, title, lines), footer(layout, _note(len(slices), values.shape[0]))
    page = Image.new("RGB", (layout.width, head.height + layout.height + foot.height), PAPER)
    page.paste(head, (0, 0))
    page.paste(foot, (0, head.height + layout.height))
    draw = ImageDraw.Draw(page)
    for index, number in enumerate(slices):
        tile = _grey_tile(values[(number, *box)], low, high, layout)
        _draw_masks(tile, {name: mask[(number, *box)] for name, mask in shown.items()})
        x, y = layout.corner(index)
        corner = (PADDING + x, head.height + y)
        page.paste(Image.fromarray(tile), corner)
        volume = np.count_nonzero(shown["sensitive"][number]) * stir.grid.voxel_volume_mm3
        kept = f"{volume:,.0f} mm3" if volume else ""
        label_tile(draw, layout, corner, TileLabel(str(view.stored_number(number)), kept, view.letters))
    return page


def png_bytes(image: Image.Image) -> bytes:
    """PNG file of an image; the same image gives the same bytes."""
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=2)
    return stream.getvalue()


def _extent(shown: dict[str, BoolArray], view: View) -> tuple[list[int], tuple[slice, slice]]:
    """Slices to show, and the rows and columns around the disease region (else around any mask, else all)."""
    anything = shown["disease region"].copy()
    for mask in shown.values():
        anything |= mask
    count, rows, columns = anything.shape
    frame = shown["disease region"] if shown["disease region"].any() else anything
    if not frame.any():
        frame = np.ones_like(anything)
    down, right = view.spacing_mm[1:]
    _, row_box, column_box = bounding_box(frame)
    box = (_widened(row_box, MARGIN_MM / down, rows), _widened(column_box, MARGIN_MM / right, columns))
    slices = np.flatnonzero(anything.any(axis=(1, 2)))
    if slices.size == 0:
        slices = np.arange(count)
    if slices.size > MOST_SLICES:
        telling = shown["sensitive"] | shown["removed"] | shown["normal bone"]
        slices = np.flatnonzero(telling.any(axis=(1, 2))) if telling.any() else slices
    if slices.size > MOST_SLICES:
        slices = slices[np.linspace(0, slices.size - 1, MOST_SLICES).round().astype(int)]
    return [int(number) for number in slices], box


def _note(shown: int, all_slices: int) -> str:
    number = f"All {all_slices} slices" if shown == all_slices else f"{shown} of {all_slices} slices"
    return f"{number}, numbered as in the file; yellow numbers: kept in this slice"


def _widened(box: slice, margin: float, size: int) -> slice:
    return slice(max(box.start - math.ceil(margin), 0), min(box.stop + math.ceil(margin), size))


def _window(
    values: npt.NDArray[np.generic], region: BoolArray, slices: list[int], box: tuple[slice, slice]
) -> tuple[float, float]:
    """Intensities shown as black and white: bone readable, oedema bright but not burnt out by fluid elsewhere."""
    rows, columns = box
    pixels = len(slices) * (rows.stop - rows.start) * (columns.stop - columns.start)
    step = max(1, math.isqrt(pixels // SAMPLED_PIXELS))
    sample = (slices, slice(rows.start, rows.stop, step), slice(columns.start, columns.stop, step))
    numbers = np.asarray(values[sample], dtype=np.float32)
    everything = numbers[np.isfinite(numbers)]
    inside = numbers[region[sample] & np.isfinite(numbers)]
    if inside.size == 0:
        inside = everything
    if inside.size == 0:
        return 0.0, 1.0
    low = float(np.percentile(everything, 0.5))
    high = max(float(np.percentile(inside, 99.7)), low + 3.2 * (float(np.median(inside)) - low))
    return low, high if high > low else low + 1.0


def _grey_tile(values: npt.NDArray[np.generic], low: float, high: float, layout: Layout) -> Pixels:
    """One slice as RGB, shape (tile height, tile width, 3)."""
    inside = np.nan_to_num(np.clip(np.asarray(values, dtype=np.float32), low, high), nan=low)
    grey = Image.fromarray(((inside - low) * np.float32(255 / (high - low))).clip(0, 255).astype(np.uint8))
    resized = np.asarray(grey.resize((layout.tile_width, layout.tile_height), Image.Resampling.BICUBIC))
    return np.repeat(resized[:, :, None], 3, axis=2)


def _draw_masks(tile: Pixels, masks: dict[str, BoolArray]) -> None:
    """Thin outlines and a faint tint, so that the signal below stays readable."""
    nothing = np.zeros(tile.shape[:2], dtype=bool)
    large = {name: _enlarged(mask, tile) for name, mask in masks.items() if mask.any()}
    if "disease region" in large:
        _blend(tile, _inner_edge(large["disease region"]), DISEASE_REGION, 0.7)
    if "normal bone" in large:
        _blend(tile, large["normal bone"], NORMAL_BONE, 0.08)
        _blend(tile, _inner_edge(large["normal bone"]), NORMAL_BONE, 1.0)
    if "removed" in large:
        y, x = np.arange(tile.shape[0])[:, None], np.arange(tile.shape[1])
        _blend(tile, large["removed"] & ((x + y) % 5 == 0), REMOVED, 0.5)
        _blend(tile, _outer_edge(large["removed"]), REMOVED, 0.75)
    if "sensitive" in large:
        _blend(tile, large["sensitive"] & ~large.get("conservative", nothing), SENSITIVE, 0.22)
        _blend(tile, _outer_edge(large["sensitive"]), SENSITIVE, 1.0)
    if "conservative" in large:
        _blend(tile, large["conservative"], CONSERVATIVE, 0.24)
        _blend(tile, _inner_edge(large["conservative"]), CONSERVATIVE, 0.6)


def _enlarged(mask: BoolArray, tile: Pixels) -> BoolArray:
    """Mask at the size of a tile; where the tile is smaller than the mask, no voxel is lost."""
    height, width = tile.shape[:2]
    shrinks = height < mask.shape[0] or width < mask.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    image = Image.fromarray(mask.astype(np.uint8) * 255).resize((width, height), method)
    enlarged: BoolArray = np.asarray(image) >= (1 if shrinks else 128)
    return enlarged


def _blend(tile: Pixels, where: BoolArray, colour: Colour, opacity: float) -> None:
    below = tile[where].astype(np.float32)
    tile[where] = (below + (np.array(colour, dtype=np.float32) - below) * np.float32(opacity)).round().astype(np.uint8)


def _inner_edge(mask: BoolArray) -> BoolArray:
    """Pixels of a mask that have a neighbour (of four) outside it; the border of the picture is no edge."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: BoolArray = mask & ~inside
    return edge


def _outer_edge(mask: BoolArray) -> BoolArray:
    """Pixels outside a mask that have a neighbour (of four) in it."""
    return _inner_edge(~mask)
