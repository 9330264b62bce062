"""Cover slices or volumes with patches, and put together what a network says about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from .model_description import Patch

FloatArray = npt.NDArray[np.float32]
Box = tuple[slice, ...]

GAUSSIAN_WIDTH = 1 / 8
"""Standard deviation of the blending weights as a share of the patch."""
LEAST_WEIGHT = 1e-3


@dataclass(frozen=True)
class Tiling:
    """Patches over an image of some shape, padded evenly around.

    Attributes
    ----------
    shape, padded_shape
        Of the image, and with its margins.
    patch_shape
        Of every patch.
    starts
        First index of patches along each axis of the padded image.
    blending
        How the weight of a patch falls off: `gaussian`, `linear`, or None for a single patch.
    """

    shape: tuple[int, ...]
    padded_shape: tuple[int, ...]
    patch_shape: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    blending: str | None

    @property
    def inner(self) -> Box:
        """Where the image lies in the padded image."""
        margins = [(wide - n) // 2 for n, wide in zip(self.shape, self.padded_shape, strict=True)]
        return tuple(slice(margin, margin + n) for margin, n in zip(margins, self.shape, strict=True))

    def boxes(self) -> Iterator[Box]:
        """Place of each patch in the padded image."""
        for corner in product(*self.starts):
            yield tuple(slice(start, start + n) for start, n in zip(corner, self.patch_shape, strict=True))

    def __len__(self) -> int:
        """Number of patches."""
        return int(np.prod([len(starts) for starts in self.starts]))

    def padded(self, image: FloatArray) -> FloatArray:
        """The image with margins of 0."""
        wide = np.zeros(self.padded_shape, dtype=np.float32)
        wide[self.inner] = image
        return wide

    def weights(self) -> FloatArray:
        """Blending weights of one patch."""
        weights = np.ones(self.patch_shape)
        if self.blending is not None:
            for axis, size in enumerate(self.patch_shape):
                weights *= _falloff(size, self.blending).reshape([-1 if a == axis else 1 for a in range(weights.ndim)])
        return np.asarray(np.maximum(weights / weights.max(), LEAST_WEIGHT), dtype=np.float32)


def tile(shape: tuple[int, ...], patch: Patch | None, multiple: int) -> Tiling:
    """Cover an image with patches of the size asked for, or with one as large as the image.

    Parameters
    ----------
    shape
        Of the image: (rows, columns) or (slices, rows, columns).
    patch
        None: one patch, each side rounded up to the multiple.

    Examples
    --------
    >>> tile((40, 64), Patch((32, 32), overlap=0.25), 4).starts
    ((0, 8), (0, 16, 32))
    >>> tile((30, 41), None, 8).padded_shape
    (32, 48)
    """
    if patch is None:
        whole = tuple(-(-n // multiple) * multiple for n in shape)
        return Tiling(shape, whole, whole, tuple((0,) for _ in shape), None)
    padded = tuple(max(n, side) for n, side in zip(shape, patch.size, strict=True))
    starts = tuple(_starts(n, side, patch.overlap) for n, side in zip(padded, patch.size, strict=True))
    return Tiling(shape, padded, patch.size, starts, patch.blending)


def _starts(size: int, side: int, overlap: float) -> tuple[int, ...]:
    """Evenly spread over the size, at least so near each other as the overlap asks."""
    stride = max(int(side * (1 - overlap)), 1)
    count = -(-(size - side) // stride) + 1
    return tuple(round(start) for start in np.linspace(0, size - side, count))


def _falloff(size: int, blending: str) -> npt.NDArray[np.float64]:
    distance = np.abs((np.arange(size) + 0.5) / size - 0.5)
    if blending == "gaussian":
        return np.asarray(np.exp(-0.5 * (distance / GAUSSIAN_WIDTH) ** 2))
    return 1 - 2 * distance
