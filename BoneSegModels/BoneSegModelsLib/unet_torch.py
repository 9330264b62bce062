"""The U-Net of a model file as a torch module: one definition for training, for export and for inference.

Imports torch: only what trains, exports or runs networks with torch may import this module, and late.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .architecture import Architecture, Convolution

Weights = dict[str, npt.NDArray[np.float32]]


class Level(nn.Module):
    """Convolutions of one level of the encoder or decoder, each followed by a leaky ReLU."""

    def __init__(
        self, layers: tuple[Convolution, ...], dimensions: int, negative_slope: float, batch_norm: bool
    ) -> None:
        super().__init__()
        norm = nn.BatchNorm2d if dimensions == 2 else nn.BatchNorm3d
        self.convolutions = nn.ModuleList([_convolution(layer, dimensions) for layer in layers])
        self.norms = nn.ModuleList([norm(layer.channels_out) if batch_norm else nn.Identity() for layer in layers])
        self.negative_slope = negative_slope

    def forward(self, value: Tensor) -> Tensor:
        """What comes out of the last convolution of this level."""
        for convolution, norm in zip(self.convolutions, self.norms):  # noqa: B905 (TorchScript knows no `strict`)
            value = nn.functional.leaky_relu(norm(convolution(value)), self.negative_slope)
        return value


class UNet(nn.Module):
    """U-Net as `Architecture` describes it; the output is not yet probabilities (logits).

    Parameters
    ----------
    architecture
        What to build.
    batch_norm
        With batch normalisation between each convolution and its leaky ReLU, as for training.

    Notes
    -----
    Input of shape (batch, input_channels, [slices,] rows, columns), each side a multiple of `Architecture.multiple`;
    output of the same shape with output_channels.
    """

    def __init__(self, architecture: Architecture, batch_norm: bool = False) -> None:
        super().__init__()
        dimensions, slope = architecture.dimensions, architecture.negative_slope
        levels = range(architecture.levels)
        self.encoder = nn.ModuleList(
            [Level(architecture.encoder(level), dimensions, slope, batch_norm) for level in levels]
        )
        self.decoder = nn.ModuleList(  # in the order of running, deepest first
            [Level(architecture.decoder(level), dimensions, slope, batch_norm) for level in reversed(levels[:-1])]
        )
        self.head = _convolution(architecture.head, dimensions)
        self.pool = nn.MaxPool2d(2) if dimensions == 2 else nn.MaxPool3d(2)
        self.enlarge = nn.Upsample(scale_factor=2.0, mode="nearest")
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, a=slope, nonlinearity="leaky_relu")
                nn.init.zeros_(_bias(module))

    def forward(self, image: Tensor) -> Tensor:
        """Logits of an image."""
        skips: list[Tensor] = []
        value = image
        for number, level in enumerate(self.encoder):
            if number > 0:
                value = self.pool(value)
            value = level(value)
            skips.append(value)
        skips.pop()
        for level in self.decoder:
            value = level(torch.cat([skips.pop(), self.enlarge(value)], 1))
        logits: Tensor = self.head(value)
        return logits


def build(architecture: Architecture, batch_norm: bool = False) -> UNet:
    """A U-Net with random weights (He et al. 2015), in training mode."""
    return UNet(architecture, batch_norm)


def build_with_weights(architecture: Architecture, weights: Mapping[str, npt.NDArray[np.float32]]) -> UNet:
    """A U-Net without batch normalisation, with these weights, ready to run.

    Raises
    ------
    ValueError
        If names or shapes of the weights are not those of the architecture.
    """
    architecture.check(weights)
    network = UNet(architecture)
    with torch.no_grad():
        for name, convolution, _ in _named_layers(network):
            convolution.weight.copy_(torch.from_numpy(np.array(weights[f"{name}.weight"])))
            _bias(convolution).copy_(torch.from_numpy(np.array(weights[f"{name}.bias"])))
    return network.eval()


def fold_batch_norm(network: nn.Module) -> Weights:
    """The weights of a network with its batch normalisation, as in evaluation, folded into the convolutions.

    Parameters
    ----------
    network
        What `build` made, with batch normalisation or without; it stays as it is.

    Returns
    -------
    Arrays by the names of `Architecture.weight_shapes`.

    Raises
    ------
    TypeError
        If it is another network.
    """
    if not isinstance(network, UNet):
        raise TypeError(f"a UNet is needed, not {type(network).__name__}")
    weights: Weights = {}
    for name, convolution, norm in _named_layers(network):
        weights |= _folded(name, convolution, norm)
    return weights


def torchscript(network: UNet) -> torch.jit.ScriptModule:
    """A network as TorchScript, which runs without this module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript stays readable; its successors are not yet
        script: torch.jit.ScriptModule = torch.jit.script(network.eval())
    return script


def _convolution(layer: Convolution, dimensions: int) -> nn.Conv2d | nn.Conv3d:
    kind = nn.Conv2d if dimensions == 2 else nn.Conv3d
    return kind(layer.channels_in, layer.channels_out, layer.kernel_size, padding=layer.kernel_size // 2)


def _bias(convolution: nn.Conv2d | nn.Conv3d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias


def _named_layers(network: UNet) -> Iterator[tuple[str, nn.Conv2d | nn.Conv3d, nn.Module]]:
    """Each convolution by the name of its weights in the model file, with the normalisation that follows."""
    for part, levels in (("encoder", [*network.encoder]), ("decoder", [*network.decoder][::-1])):
        for number, level in enumerate(levels):
            assert isinstance(level, Level)
            for n, (convolution, norm) in enumerate(zip(level.convolutions, level.norms, strict=True)):
                assert isinstance(convolution, nn.Conv2d | nn.Conv3d)
                yield f"{part}.{number}.{n}", convolution, norm
    yield "head", network.head, nn.Identity()


def _folded(name: str, convolution: nn.Conv2d | nn.Conv3d, norm: nn.Module) -> Weights:
    weight, bias = _array(convolution.weight), _array(_bias(convolution))
    if isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        weight = weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))
        bias = (bias - _array(norm.running_mean)) * scale + _array(norm.bias)
    return {f"{name}.weight": weight.astype(np.float32), f"{name}.bias": bias.astype(np.float32)}


def _array(tensor: Tensor) -> npt.NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()
