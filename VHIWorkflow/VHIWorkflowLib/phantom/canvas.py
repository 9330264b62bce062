"""The canvas on which one subject's pelvis is painted, in the subject's own coordinates."""

from __future__ import annotations

import numpy as np

from ..core.grids import BoolArray
from .shapes import FloatArray, Frame, Points, ellipsoid, paint_tube, smooth_field
from .signal import Tissue

WARP_COARSE_MM = 2.2
WARP_FINE_MM = 0.5
SIZE_SPREAD = 0.03


class Canvas:
    """Tissue of every voxel, painted from outside to inside, and the coordinates to paint by.

    ``depth`` has shape (k, 1, 1); ``height``, ``left`` and ``side`` (distance from the midline) have the frame's shape
    and are bent and scaled in a way of the subject's own. All in mm.

    Attributes
    ----------
    tissue
        Values of `Tissue`.
    fat
        Share of fat in marrow and muscle, 0 to 1.
    """

    def __init__(self, subject_seed: int, frame: Frame) -> None:
        self.seed = subject_seed
        self.frame = frame
        self.depth, height, left = frame.axes
        size = 1 + SIZE_SPREAD * self.rng(1).uniform(-1, 1, size=2)
        self.height = np.float32(size[0]) * height + self._warp(2)
        self.left = np.float32(size[1]) * left + self._warp(3)
        self.side = np.abs(self.left)
        self.tissue = np.full(frame.shape, Tissue.MUSCLE, dtype=np.uint8)
        self.fat = np.zeros(frame.shape, dtype=np.float32)

    def rng(self, tag: int) -> np.random.Generator:
        """Random numbers of this subject for one purpose."""
        return np.random.default_rng([self.seed, tag])

    def field(self, tag: int, depth_mm: float, height_mm: float, left_mm: float) -> FloatArray:
        """Random field of this subject with knots this many mm apart."""
        return smooth_field((self.seed, tag), self.frame, (depth_mm, height_mm, left_mm))

    def fill(self, where: BoolArray, tissue: Tissue) -> None:
        """Make voxels one tissue."""
        self.tissue[where] = tissue

    def empty(self) -> BoolArray:
        """Mask of the frame's shape with nothing in it."""
        return np.zeros(self.frame.shape, dtype=bool)

    def tubes(self, lines: list[tuple[Points, float]]) -> BoolArray:
        """Mask of tubes, each given by points (depth, height, left) and a radius in mm."""
        mask = self.empty()
        for points, radius in lines:
            paint_tube(mask, self.frame, points, radius)
        return mask

    def blob(self, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> FloatArray:
        """Squared relative distance from an ellipsoid's centre, 1 on its surface."""
        return ellipsoid(self.depth, self.height, self.left, centre, radii)

    def _warp(self, tag: int) -> FloatArray:
        warp = self.field(tag, 30, 32, 32)
        warp *= np.float32(WARP_COARSE_MM)
        warp += np.float32(WARP_FINE_MM) * self.field(tag + 10, 9, 9, 9)
        return warp
