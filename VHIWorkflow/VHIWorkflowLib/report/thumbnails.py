"""Small pictures of a slice in which two readers disagree, with the outlines of both; the right is on the left."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from VHIWorkflowLib.agreement.disputes import Dispute
from VHIWorkflowLib.agreement.failures import Scene
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.measurement import mask_from
from VHIWorkflowLib.figure_view import View

COLOUR_A = (255, 214, 10)
COLOUR_B = (64, 224, 255)
MARGIN_MM = 14.0
LEAST_MM = 46.0
WIDTH_PIXELS = 300
DASH = 6
"""Where both outlines are the same, pieces of so many pixels have the one colour and the other in turn."""


def thumbnail(scene: Scene, dispute: Dispute) -> bytes:
    """PNG of the surroundings of a dispute: outline of reader a yellow, of reader b light blue."""
    view = View(scene.stir.grid)
    count = scene.stir.grid.shape[view.axes[0]]
    number = count - 1 - dispute.slice_number if view.flipped[0] else dispute.slice_number
    island = view.show(mask_from(dispute.voxels, scene.stir.grid.shape))[number]
    _, down, right = view.spacing_mm
    box = (
        _around(np.flatnonzero(island.any(axis=1)), down, island.shape[0]),
        _around(np.flatnonzero(island.any(axis=0)), right, island.shape[1]),
    )
    grey = np.asarray(view.show(scene.stir.array)[number][box], dtype=np.float64)
    low, high = np.percentile(grey, [1, 99.5])
    shade = ((grey - low) / max(high - low, 1e-9) * 255).clip(0, 255).astype(np.uint8)
    size = (WIDTH_PIXELS, max(round(WIDTH_PIXELS * shade.shape[0] * down / (shade.shape[1] * right)), 1))
    enlarged = np.asarray(Image.fromarray(shade).resize(size, Image.Resampling.BICUBIC))
    tile = np.repeat(enlarged[:, :, None], 3, axis=2)
    edge_a, edge_b = (_edge(_enlarged(view.show(mask)[number][box], size)) for mask in (scene.a, scene.b))
    y, x = np.indices(edge_a.shape)
    tile[edge_a] = COLOUR_A
    tile[edge_b & ~(edge_a & ((x + y) // DASH % 2 == 0))] = COLOUR_B
    stream = io.BytesIO()
    Image.fromarray(tile).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _around(hit: npt.NDArray[np.intp], spacing: float, size: int) -> slice:
    """Rows or columns around those hit, with a margin, and not fewer than make a picture."""
    middle = (int(hit[0]) + int(hit[-1])) / 2
    half = max((int(hit[-1]) - int(hit[0])) / 2 + MARGIN_MM / spacing, LEAST_MM / 2 / spacing)
    return slice(max(round(middle - half), 0), min(round(middle + half) + 1, size))


def _enlarged(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    image = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)
    enlarged: BoolArray = np.asarray(image) > 0
    return enlarged


def _edge(mask: BoolArray) -> BoolArray:
    """Pixels of a mask with a neighbour of four outside it."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: BoolArray = mask & ~inside
    return edge
