"""What a network says about a subject, on the subject's own grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from .configuration import TrainingConfiguration
from .dataset import Subject, network_slices, with_neighbours
from .slices import centred

SLICES_AT_ONCE = 5


def predict_subject(
    network: nn.Module, subject: Subject, configuration: TrainingConfiguration, device: torch.device
) -> npt.NDArray[np.float32]:
    """Probability of the region at every voxel, shape (slices, rows, columns) of the subject."""
    prepared = network_slices(subject, configuration.model_input())
    probabilities = predict_slices(network, prepared.image, configuration, device)
    return subject.frame(configuration.model_input()).back(probabilities.numpy())


def predict_slices(
    network: nn.Module, image: torch.Tensor, configuration: TrainingConfiguration, device: torch.device
) -> torch.Tensor:
    """Probabilities of scaled slices, shape (slices, rows, columns), at the network's spacing; on the CPU."""
    rows, columns = image.shape[1:]
    multiple = configuration.multiple
    padded = centred(image, -(-rows // multiple) * multiple, -(-columns // multiple) * multiple)
    above, left = (padded.shape[1] - rows) // 2, (padded.shape[2] - columns) // 2
    stacks = padded[with_neighbours(len(padded), configuration.context_slices)]
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        parts = [torch.sigmoid(network(part.to(device)))[:, 0] for part in torch.split(stacks, SLICES_AT_ONCE)]
    network.train(was_training)
    return torch.cat(parts)[:, above : above + rows, left : left + columns].float().cpu()
