"""The pool of training slices, from which batches are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from .augmentation import Batch, Draw, augment
from .configuration import TrainingConfiguration
from .dataset import FINER, NetworkSlices, with_neighbours


@dataclass(frozen=True)
class SlicePool:
    """Slices of all training subjects, padded to one size.

    Attributes
    ----------
    names
        Subjects in the pool.
    image, target
        Tensors of shape (slices, rows, columns), with `FINER` pixels along one of the network's.
    neighbours
        For each slice the places of itself and its neighbours in the same subject, shape (slices, 2 reach + 1): one
        neighbour more on each side than the network sees, for imitating thicker slices.
    """

    names: tuple[str, ...]
    image: torch.Tensor
    target: torch.Tensor
    neighbours: torch.Tensor

    def batch(self, configuration: TrainingConfiguration, step: int, size: int | None = None, stream: int = 0) -> Batch:
        """A batch of one training step, changed at random; the same step and stream give the same batch.

        `size` is that of the batch, where it is not that of the configuration.
        """
        draw = Draw(configuration.seed, step, size or configuration.batch_size, self.image.device, stream)
        chosen = self.neighbours[draw.integers(len(self.image))]
        return augment(
            self.image[chosen],
            self.target[chosen],
            configuration.augmentation,
            spacing_mm=configuration.spacing_mm,
            crop_pixels=configuration.crop_pixels,
            finer=FINER,
            draw=draw,
        )


def pool_slices(subjects: Sequence[NetworkSlices], context_slices: int, device: torch.device) -> SlicePool:
    """Gather the slices of subjects on a device.

    Raises
    ------
    ValueError
        If there is no subject.
    """
    if not subjects:
        raise ValueError("there is no subject to train on")
    rows = max(subject.fine_image.shape[1] for subject in subjects)
    columns = max(subject.fine_image.shape[2] for subject in subjects)
    neighbours: list[torch.Tensor] = []
    first = 0
    for subject in subjects:
        neighbours.append(first + with_neighbours(len(subject.image), context_slices + 1))
        first += len(subject.image)
    image, target = (
        torch.cat([centred(getattr(subject, name), rows, columns) for subject in subjects]).to(device)
        for name in ("fine_image", "fine_target")
    )
    return SlicePool(tuple(subject.name for subject in subjects), image, target, torch.cat(neighbours).to(device))


def centred(slices: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Pad slices, shape (slices, rows, columns), evenly to a larger size with 0."""
    above, left = (rows - slices.shape[1]) // 2, (columns - slices.shape[2]) // 2
    return functional.pad(slices, (left, columns - slices.shape[2] - left, above, rows - slices.shape[1] - above))
