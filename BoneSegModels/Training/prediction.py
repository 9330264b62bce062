"""What a network says about a subject, on the subject's own grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from BoneSegModelsLib.inference import neighbours
from BoneSegModelsLib.small_parts import small_parts
from torch import nn
from VHIWorkflowLib.core.grids import BoolArray

from .configuration import TrainingConfiguration
from .dataset import Subject, network_slices
from .slices import centred

SLICES_AT_ONCE = 5
THRESHOLD = 0.5
SMALLEST_PART_ML = 1.0
"""Connected parts below this are dropped: those of the manual regions have 14 ml and more, bar stray voxels."""


def without_small_parts(probabilities: npt.NDArray[np.floating], subject: Subject) -> npt.NDArray[np.floating]:
    """Probabilities on the grid of a subject, 0 where a part is too small: what the exported model will give."""
    region = np.asarray(probabilities >= THRESHOLD)
    small = small_parts(region, 1000 * SMALLEST_PART_ML / subject.t1w.grid.voxel_volume_mm3)
    return np.where(small, probabilities.dtype.type(0), probabilities)


def region_of(probabilities: npt.NDArray[np.floating], subject: Subject) -> BoolArray:
    """Region of a subject from the probabilities on its grid."""
    return np.asarray(without_small_parts(probabilities, subject) >= THRESHOLD)


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
    """Probabilities of scaled slices, shape (slices, rows, columns), at the network's spacing; on the CPU.

    Slices of one grey level hold nothing, and are no neighbours, as when a model is run.
    """
    rows, columns = image.shape[1:]
    multiple = configuration.multiple
    padded = centred(image, -(-rows // multiple) * multiple, -(-columns // multiple) * multiple)
    above, left = (padded.shape[1] - rows) // 2, (padded.shape[2] - columns) // 2
    empty = (image.amax((1, 2)) == image.amin((1, 2))).numpy()
    places = [neighbours(number, configuration.context_slices, empty) for number in range(len(image))]
    stacks = padded[torch.tensor(places)]
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        parts = [torch.sigmoid(network(part.to(device)))[:, 0] for part in torch.split(stacks, SLICES_AT_ONCE)]
    network.train(was_training)
    probabilities = torch.cat(parts)[:, above : above + rows, left : left + columns].float().cpu()
    probabilities[torch.from_numpy(empty)] = 0
    return probabilities
