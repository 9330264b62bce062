"""What a network looks like: a U-Net described by plain values, and the names and shapes of its weights.

Level 0 of the encoder works at full resolution, each further level at half of it (max pooling). Every level is a number
of convolutions with zero padding, each followed by a leaky ReLU. Level n of the decoder takes what level n of the
encoder found, beside (before, in the order of channels) what came from level n + 1, enlarged by repeating each value.
A convolution of size 1 makes the output of decoder level 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.sentences import sentences_of

_ = sentences_of(__name__)

FAMILY = "unet"
Output = Literal["sigmoid", "softmax"]


@dataclass(frozen=True)
class Convolution:
    """One convolution: the name of its weights, channels in and out, and size of the kernel along each axis."""

    name: str
    channels_in: int
    channels_out: int
    kernel_size: int


@dataclass(frozen=True)
class Architecture:
    """A U-Net whose batch normalisation is folded into the convolutions.

    Parameters
    ----------
    dimensions
        2 or 3.
    input_channels, output_channels
        Slices seen at once, and what is found. With `softmax` the first output channel is the background.
    features
        Channels of each level, full resolution first.
    convolutions_per_level
        In each level of the encoder and of the decoder.
    kernel_size
        Odd; the same along all axes.
    negative_slope
        Of the leaky ReLU.
    output
        What turns the last values into probabilities: `sigmoid`, each channel for itself, or `softmax` over them all.

    Examples
    --------
    >>> Architecture(dimensions=2, features=(16, 32, 64)).multiple
    4
    """

    dimensions: int
    features: tuple[int, ...]
    input_channels: int = 1
    output_channels: int = 1
    convolutions_per_level: int = 2
    kernel_size: int = 3
    negative_slope: float = 0.01
    output: Output = "sigmoid"

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", tuple(self.features))
        sizes = (*self.features, self.input_channels, self.output_channels, self.convolutions_per_level)
        if self.dimensions not in (2, 3) or not self.features or min(sizes) < 1 or self.kernel_size % 2 == 0:
            raise ValueError(_("no such network: {network}").format(network=self))
        if self.output not in ("sigmoid", "softmax"):
            raise ValueError(_("no such output: {output}").format(output=self.output))

    @property
    def levels(self) -> int:
        """Number of resolutions."""
        return len(self.features)

    @property
    def multiple(self) -> int:
        """Each side of the input must be a multiple of this many pixels."""
        return 1 << (self.levels - 1)

    def encoder(self, level: int) -> tuple[Convolution, ...]:
        """Convolutions of one level of the encoder, in order."""
        source = self.features[level - 1] if level else self.input_channels
        return self._level(f"encoder.{level}", source, self.features[level])

    def decoder(self, level: int) -> tuple[Convolution, ...]:
        """Convolutions of one level of the decoder, in order; level counts as in the encoder."""
        return self._level(f"decoder.{level}", self.features[level] + self.features[level + 1], self.features[level])

    @property
    def head(self) -> Convolution:
        """The last convolution, of size 1."""
        return Convolution("head", self.features[0], self.output_channels, 1)

    def convolutions(self) -> Iterator[Convolution]:
        """All convolutions: encoder from the top, decoder from the top, head."""
        for level in range(self.levels):
            yield from self.encoder(level)
        for level in range(self.levels - 1):
            yield from self.decoder(level)
        yield self.head

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every array of weights, by name.

        Examples
        --------
        >>> Architecture(dimensions=2, features=(4,), convolutions_per_level=1).weight_shapes()
        {'encoder.0.0.weight': (4, 1, 3, 3), 'encoder.0.0.bias': (4,), 'head.weight': (1, 4, 1, 1), 'head.bias': (1,)}
        """
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in self.convolutions():
            kernel = (layer.kernel_size,) * self.dimensions
            shapes[f"{layer.name}.weight"] = (layer.channels_out, layer.channels_in, *kernel)
            shapes[f"{layer.name}.bias"] = (layer.channels_out,)
        return shapes

    def check(self, weights: Mapping[str, npt.NDArray[np.floating]]) -> None:
        """Compare names and shapes of weights with those of this architecture.

        Raises
        ------
        ValueError
            If they differ.
        """
        expected = self.weight_shapes()
        names = [*expected, *sorted(weights.keys() - expected.keys())]
        wrong = [name for name in names if name not in weights or weights[name].shape != expected.get(name)]
        if wrong:
            raise ValueError(_("the weights do not fit the network: {arrays}").format(arrays=", ".join(wrong[:3])))

    @property
    def number_of_weights(self) -> int:
        """Number of all weights and biases."""
        return sum(prod(shape) for shape in self.weight_shapes().values())

    def document(self) -> dict[str, Any]:
        """As written in ``model.json``."""
        values = asdict(self)
        return {
            "family": FAMILY,
            "dimensions": values["dimensions"],
            "input_channels": values["input_channels"],
            "output_channels": values["output_channels"],
            "features": list(self.features),
            "convolutions_per_level": values["convolutions_per_level"],
            "kernel_size": values["kernel_size"],
            "activation": "leaky_relu",
            "negative_slope": values["negative_slope"],
            "downsampling": "max_pool",
            "upsampling": "nearest",
            "output": values["output"],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Architecture:
        """From ``model.json``, which the schema has found valid."""
        fixed = {"family", "activation", "downsampling", "upsampling"}
        return cls(**{key: value for key, value in document.items() if key not in fixed})

    def _level(self, name: str, source: int, target: int) -> tuple[Convolution, ...]:
        channels = (source, *(target,) * self.convolutions_per_level)
        return tuple(
            Convolution(f"{name}.{n}", channels[n], channels[n + 1], self.kernel_size)
            for n in range(self.convolutions_per_level)
        )
