"""One definition of the network: folding keeps the outputs, TorchScript gives the same, names are as documented."""

from __future__ import annotations

import io

import pytest
import torch
from BoneSegModelsLib import unet_torch
from BoneSegModelsLib.architecture import Architecture

NETWORKS = [
    Architecture(dimensions=2, features=(4, 6, 8)),
    Architecture(dimensions=2, features=(5,), input_channels=2, output_channels=3, convolutions_per_level=1),
    Architecture(dimensions=3, features=(3, 4), output_channels=4, convolutions_per_level=3, output="softmax"),
    Architecture(dimensions=2, features=(3, 4, 4, 5), kernel_size=5, negative_slope=0.2),
]


def trained(architecture: Architecture) -> unet_torch.UNet:
    """A network whose batch normalisation has seen something."""
    torch.manual_seed(7)
    network = unet_torch.build(architecture, batch_norm=True)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias)
    with torch.no_grad():
        for _ in range(3):
            network(3 * image(architecture) + 1)
    return network.eval()


def image(architecture: Architecture) -> torch.Tensor:
    """A batch of two images of random size."""
    size = [architecture.multiple * 3, architecture.multiple * 2, architecture.multiple][: architecture.dimensions]
    return torch.randn(2, architecture.input_channels, *size)


@pytest.mark.parametrize("architecture", NETWORKS)
def test_folding_keeps_the_outputs(architecture: Architecture) -> None:
    network = trained(architecture)
    folded = unet_torch.build_with_weights(architecture, unet_torch.fold_batch_norm(network))
    batch = image(architecture)
    with torch.no_grad():
        torch.testing.assert_close(folded(batch), network(batch), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("architecture", NETWORKS)
def test_names_and_shapes_are_those_documented(architecture: Architecture) -> None:
    weights = unet_torch.fold_batch_norm(unet_torch.build(architecture, batch_norm=True))
    assert {name: array.shape for name, array in weights.items()} == architecture.weight_shapes()
    assert sum(array.size for array in weights.values()) == architecture.number_of_weights


@pytest.mark.parametrize("architecture", NETWORKS)
def test_torchscript_gives_the_same(architecture: Architecture) -> None:
    network = unet_torch.build_with_weights(architecture, unet_torch.fold_batch_norm(trained(architecture)))
    file = io.BytesIO(unet_torch.torchscript(network).save_to_buffer())
    with pytest.deprecated_call():
        loaded = torch.jit.load(file)
    batch = image(architecture)
    with torch.no_grad():
        torch.testing.assert_close(loaded(batch), network(batch))


def test_weights_of_another_network_are_refused() -> None:
    weights = unet_torch.fold_batch_norm(unet_torch.build(NETWORKS[0]))
    with pytest.raises(ValueError, match=r"encoder\.0\.0\.weight"):
        unet_torch.build_with_weights(NETWORKS[1], weights)


def test_an_architecture_survives_its_document() -> None:
    for architecture in NETWORKS:
        assert Architecture.from_document(architecture.document()) == architecture
