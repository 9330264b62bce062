"""The pool of training slices, from which batches are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from .augmentation import Batch, Draw, augment
from .configuration import TrainingConfiguration
from .dataset import NetworkSlices


@dataclass(frozen=True)
class SlicePool:
    """Slices of all training subjects, padded to one size.

    Attributes
    ----------
    names
        Subjects in the pool.
    image, target, weight
        Tensors of shape (slices, rows, columns).
    before, after
        Index of the neighbouring slice of the same subject; at an end the slice itself.
    """

    names: tuple[str, ...]
    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    before: torch.Tensor
    after: torch.Tensor

    def batch(self, configuration: TrainingConfiguration, step: int) -> Batch:
        """The batch of one training step, changed at random; the same step gives the same batch."""
        draw = Draw(configuration.seed, step, configuration.batch_size)
        chosen = draw.integers(len(self.image)).to(self.image.device)
        stack = torch.stack([self.image[index] for index in (self.before[chosen], chosen, self.after[chosen])], dim=1)
        return augment(
            stack,
            self.target[chosen],
            self.weight[chosen],
            configuration.augmentation,
            spacing_mm=configuration.spacing_mm,
            crop_pixels=configuration.crop_pixels,
            draw=draw,
        )


def pool_slices(subjects: Sequence[NetworkSlices], device: torch.device) -> SlicePool:
    """Gather the slices of subjects on a device.

    Raises
    ------
    ValueError
        If there is no subject.
    """
    if not subjects:
        raise ValueError("there is no subject to train on")
    rows = max(subject.image.shape[1] for subject in subjects)
    columns = max(subject.image.shape[2] for subject in subjects)
    before: list[int] = []
    after: list[int] = []
    for subject in subjects:
        first, count = len(before), len(subject.image)
        before += [first + max(n - 1, 0) for n in range(count)]
        after += [first + min(n + 1, count - 1) for n in range(count)]
    image, target, weight = (
        torch.cat([centred(getattr(subject, name), rows, columns, outside) for subject in subjects]).to(device)
        for name, outside in (("image", 0.0), ("target", 0.0), ("weight", 1.0))
    )
    names = tuple(subject.name for subject in subjects)
    return SlicePool(names, image, target, weight, torch.tensor(before).to(device), torch.tensor(after).to(device))


def centred(slices: torch.Tensor, rows: int, columns: int, outside: float = 0.0) -> torch.Tensor:
    """Pad slices, shape (slices, rows, columns), evenly to a larger size."""
    above, left = (rows - slices.shape[1]) // 2, (columns - slices.shape[2]) // 2
    margins = (left, columns - slices.shape[2] - left, above, rows - slices.shape[1] - above)
    return functional.pad(slices, margins, value=outside)
