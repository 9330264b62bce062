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
WIDTH_PIXELS = 240
PLAIN_GROUND = 40
JPEG_QUALITY = 85
DASH = 6
"""Where both outlines are the same, pieces of so many pixels have the one colour and the other in turn."""


def thumbnail(scene: Scene, dispute: Dispute) -> bytes:
    """JPEG of the surroundings of a dispute: outline of reader a yellow, of reader b light blue.

    Without a scan the outlines lie on a plain ground.
    """
    view = View(scene.grid)
    count = scene.grid.shape[view.axes[0]]
    number = count - 1 - dispute.slice_number if view.flipped[0] else dispute.slice_number
    island = view.show(mask_from(dispute.voxels, scene.grid.shape))[number]
    _, down, right = view.spacing_mm
    box = (
        _around(np.flatnonzero(island.any(axis=1)), down, island.shape[0]),
        _around(np.flatnonzero(island.any(axis=0)), right, island.shape[1]),
    )
    rows, columns = island[box].shape
    size = (WIDTH_PIXELS, max(round(WIDTH_PIXELS * rows * down / (columns * right)), 1))
    tile = np.full((size[1], size[0], 3), PLAIN_GROUND, dtype=np.uint8)
    if scene.stir is not None:
        tile[:] = _grey(view.show(scene.stir.array)[number][box], size)[:, :, None]
    edge_a, edge_b = (_edge(_enlarged(view.show(mask)[number][box], size)) for mask in (scene.a, scene.b))
    y, x = np.indices(edge_a.shape)
    tile[edge_a] = COLOUR_A
    tile[edge_b & ~(edge_a & ((x + y) // DASH % 2 == 0))] = COLOUR_B
    stream = io.BytesIO()
    Image.fromarray(tile).save(stream, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    return stream.getvalue()


def _grey(values: npt.NDArray[np.generic], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Part of a slice as grey levels, enlarged to a size (width, height)."""
    grey = np.asarray(values, dtype=np.float64)
    low, high = np.percentile(grey, [1, 99.5])
    shade = ((grey - low) / max(high - low, 1e-9) * 255).clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(shade).resize(size, Image.Resampling.BICUBIC))


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
