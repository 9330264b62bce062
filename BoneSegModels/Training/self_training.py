"""Unlabelled subjects that the network in training labels itself.

From some step on a share of each batch comes from them. What the averaged weights say about a whole slice is the target
for changed copies of it; it is renewed from time to time. Nothing but the subjects trained on goes into these labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .augmentation import Batch
from .configuration import TrainingConfiguration
from .dataset import NetworkSlices
from .prediction import predict_slices
from .slices import SlicePool, centred, pool_slices

STREAM = 1


@dataclass(frozen=True)
class OwnLabels:
    """Slices of unlabelled subjects, and what the network last said about them."""

    subjects: tuple[NetworkSlices, ...]
    pool: SlicePool

    def renew(self, network: nn.Module, configuration: TrainingConfiguration) -> None:
        """Label all slices with a network."""
        device, shape = self.pool.target.device, self.pool.target.shape[1:]
        parts = []
        for subject in self.subjects:
            said = predict_slices(network, subject.image, configuration, device).to(device)
            fine = functional.interpolate(said[:, None], size=subject.fine_image.shape[1:], mode="bilinear")[:, 0]
            parts.append(centred(fine, shape[0], shape[1]))
        self.pool.target.copy_(torch.cat(parts))

    def batch(self, configuration: TrainingConfiguration, step: int) -> Batch:
        """The share of a step's batch that comes from these subjects."""
        return self.pool.batch(configuration, step, configuration.unlabelled_size, STREAM)


@dataclass(frozen=True)
class Pools:
    """What batches are drawn from: labelled slices, and those that the network labels itself, if any."""

    labelled: SlicePool
    own: OwnLabels | None

    def batch(self, configuration: TrainingConfiguration, step: int, network: nn.Module) -> Batch:
        """The batch of one step; `network`, that of the averaged weights, gives new labels where they are due."""
        if self.own is None or step < configuration.label_from:
            return self.labelled.batch(configuration, step)
        if (step - configuration.label_from) % configuration.label_every == 0:
            self.own.renew(network, configuration)
        first = self.labelled.batch(configuration, step, configuration.batch_size - configuration.unlabelled_size)
        second = self.own.batch(configuration, step)
        return Batch(torch.cat([first.image, second.image]), torch.cat([first.target, second.target]))


def own_labels(
    subjects: Sequence[NetworkSlices], configuration: TrainingConfiguration, device: torch.device
) -> OwnLabels | None:
    """Unlabelled subjects for a run; None where there are none or the configuration wants none."""
    if not subjects or configuration.unlabelled_size == 0:
        return None
    return OwnLabels(tuple(subjects), pool_slices(subjects, configuration.context_slices, device))
