"""The U-Net of a model file with numpy alone: every convolution is a matrix product, float32.

Arrays inside have their channels last and a margin of zeros as wide as the next convolution needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from .architecture import Architecture, Convolution

FloatArray = npt.NDArray[np.float32]

BUFFER_BYTES = 2 * 2**20
"""Neighbourhoods are gathered in pieces of about this size, which stay in the processor's cache."""


@dataclass(frozen=True)
class _Layer:
    """A convolution as a matrix of shape (kernel x channels in, channels out)."""

    matrix: FloatArray
    bias: FloatArray
    kernel_size: int


class NumpyUNet:
    """A U-Net that runs without torch.

    Parameters
    ----------
    architecture
        What it looks like.
    weights
        By the names of `Architecture.weight_shapes`.
    """

    def __init__(self, architecture: Architecture, weights: Mapping[str, FloatArray]) -> None:
        architecture.check(weights)
        self._dimensions = architecture.dimensions
        self._slope = np.float32(architecture.negative_slope)
        self._margin = architecture.kernel_size // 2
        levels = range(architecture.levels)
        self._encoder = [[_layer(weights, layer) for layer in architecture.encoder(level)] for level in levels]
        self._decoder = [[_layer(weights, layer) for layer in architecture.decoder(level)] for level in levels[:-1]]
        self._head = _layer(weights, architecture.head)

    def __call__(self, image: FloatArray) -> FloatArray:
        """Logits of one image.

        Parameters
        ----------
        image
            Shape (input channels, [slices,] rows, columns); each side a multiple of `Architecture.multiple`.

        Returns
        -------
        Shape (output channels, [slices,] rows, columns).
        """
        value = self._with_margin(np.moveaxis(image, 0, -1))
        skips = []
        for level, layers in enumerate(self._encoder):
            if level > 0:
                value = self._with_margin(_max_pool(self._inner(value)))
            for layer in layers:
                value = self._convolve(value, layer)
            skips.append(value)
        skips.pop()
        for layers in reversed(self._decoder):
            value = self._joined(skips.pop(), value)
            for layer in layers:
                value = self._convolve(value, layer)
        inner = self._inner(value)
        logits = inner.reshape(-1, inner.shape[-1]) @ self._head.matrix + self._head.bias
        return np.ascontiguousarray(np.moveaxis(logits.reshape(*inner.shape[:-1], -1), -1, 0))

    def _convolve(self, image: FloatArray, layer: _Layer) -> FloatArray:
        """Convolution and leaky ReLU; image and result have margins."""
        size = self._inner(image).shape[:-1]
        channels_in, channels_out = image.shape[-1], layer.matrix.shape[1]
        result = self._zeros((*size, channels_out))
        inner = self._inner(result)
        neighbourhoods = _neighbourhoods(image, size, layer.kernel_size)
        row_voxels = int(np.prod(size[1:]))
        rows = min(max(BUFFER_BYTES // (4 * row_voxels * layer.matrix.shape[0]), 1), size[0])
        gathered = np.empty((rows, *neighbourhoods.shape[1:]), dtype=np.float32)
        product_of, scaled = (np.empty((rows * row_voxels, channels_out), dtype=np.float32) for _ in range(2))
        assert neighbourhoods.shape[-1] == layer.kernel_size * channels_in
        for start in range(0, size[0], rows):
            part = neighbourhoods[start : start + rows]
            count = len(part) * row_voxels
            np.copyto(gathered[: len(part)], part)
            value, low = product_of[:count], scaled[:count]
            np.matmul(gathered[: len(part)].reshape(count, -1), layer.matrix, out=value)
            value += layer.bias
            np.multiply(value, self._slope, out=low)
            shape = (len(part), *size[1:], channels_out)
            np.maximum(value.reshape(shape), low.reshape(shape), out=inner[start : start + rows])
        return result

    def _joined(self, skip: FloatArray, deeper: FloatArray) -> FloatArray:
        """Channels of a level of the encoder, then those of the deeper level, each value repeated along every axis."""
        inner = self._inner(deeper)
        channels = skip.shape[-1]
        joined = np.zeros((*skip.shape[:-1], channels + deeper.shape[-1]), dtype=np.float32)
        joined[..., :channels] = skip
        target = self._inner(joined)
        for offsets in product((0, 1), repeat=self._dimensions):
            target[(*(slice(offset, None, 2) for offset in offsets), slice(channels, None))] = inner
        return joined

    def _zeros(self, shape: tuple[int, ...]) -> FloatArray:
        return np.zeros((*(n + 2 * self._margin for n in shape[:-1]), shape[-1]), dtype=np.float32)

    def _with_margin(self, image: FloatArray) -> FloatArray:
        wide = self._zeros(image.shape)
        self._inner(wide)[...] = image
        return wide

    def _inner(self, image: FloatArray) -> FloatArray:
        """View of an image without its margin."""
        return image[tuple(slice(self._margin, n - self._margin) for n in image.shape[:-1])]


def _layer(weights: Mapping[str, FloatArray], layer: Convolution) -> _Layer:
    weight = np.asarray(weights[f"{layer.name}.weight"], dtype=np.float32)
    kernel_first = np.moveaxis(weight, (0, 1), (-1, -2))
    matrix = np.ascontiguousarray(kernel_first.reshape(-1, layer.channels_out))
    return _Layer(matrix, np.asarray(weights[f"{layer.name}.bias"], dtype=np.float32), layer.kernel_size)


def _neighbourhoods(image: FloatArray, size: tuple[int, ...], kernel_size: int) -> FloatArray:
    """View of shape (*size, kernel, ..., kernel x channels): the last kernel axis and channels lie side by side."""
    *steps, item = image.strides
    kernel = (kernel_size,) * (len(size) - 1)
    shape = (*size, *kernel, kernel_size * image.shape[-1])
    return as_strided(image, shape, (*steps, *steps[:-1], item), writeable=False)


def _max_pool(image: FloatArray) -> FloatArray:
    for axis in range(image.ndim - 1):
        before = (slice(None),) * axis
        image = np.maximum(image[(*before, slice(0, None, 2))], image[(*before, slice(1, None, 2))])
    return image
