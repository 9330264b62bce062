"""Bone-marrow oedema of the phantom: patches beside the sacroiliac joints."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .anatomy import Pelvis
from .bones import JOINT_WIDTH_MM
from .shapes import FloatArray, Frame, slab_around, smooth_field, step_up
from .signal import Tissue

LESIONS_AT_LOAD_1 = 7
LARGEST_NUMBER_OF_LESIONS = 40
NEAR_LESION = (3, 9, 9)
"""Voxels (slices, rows, columns) around a lesion that count as close to it."""


def oedema_field(seeds: tuple[int, int], load: float, frame: Frame, pelvis: Pelvis) -> FloatArray:
    """Share of oedema in every voxel, 0 to 1; zero outside marrow.

    Parameters
    ----------
    seeds
        Subject seed and time point.
    load
        1 is a usual active case; the number of lesions is proportional to it.
    frame, pelvis
        Where the voxels are and what is there.
    """
    oedema = np.zeros(frame.shape, dtype=np.float32)
    number = min(round(LESIONS_AT_LOAD_1 * load), LARGEST_NUMBER_OF_LESIONS)
    if number == 0:
        return oedema
    outline = 0.28 * smooth_field((seeds[0], 80), frame, (6, 6, 6))
    intensity = 1 + 0.18 * smooth_field((seeds[0], 81), frame, (5, 4, 4))
    depth, height, left = frame.axes
    for index in range(number):
        rng = np.random.default_rng([seeds[0], 90, index])
        change = np.random.default_rng([*seeds, 91, index]).uniform(0.9, 1.1) if seeds[1] > 1 else 1.0
        sacral, right = rng.random() < 0.5, rng.random() < 0.5
        centre = rng.uniform((-12, -34), (14, 14))
        size = change * rng.uniform(0.65, 1.35) * np.array([5.5, 9.0, 8.0])
        peak = rng.uniform(0.4, 0.75)
        slab = slab_around(depth, centre[0], 1.6 * size[0])
        below_border = pelvis.ilium_depth_mm[slab]
        away = -JOINT_WIDTH_MM - below_border if sacral else below_border
        distance = ((depth[slab] - centre[0]) / size[0]) ** 2 + ((height - centre[1]) / size[1]) ** 2
        distance = distance + (away / size[2]) ** 2 + outline[slab]
        place = pelvis.marrow[slab] & (away > 0) & ((left < 0) if right else (left > 0))
        np.maximum(oedema[slab], peak * step_up(-distance, -1.1, -0.75) * place, out=oedema[slab])
    return np.clip(oedema * intensity, 0, 0.95)


def dry_joint_beside(oedema: FloatArray, pelvis: Pelvis) -> None:
    """Turn joint fluid close to a lesion into cartilage, so that a lesion's island is the lesion's own."""
    near = ndimage.maximum_filter((oedema > 0).astype(np.uint8), size=NEAR_LESION) > 0
    dry = pelvis.bright["joint fluid"] & near
    pelvis.tissue[dry] = Tissue.CARTILAGE
    pelvis.bright["joint fluid"] &= ~dry
