"""What training makes small."""

from __future__ import annotations

import torch
from torch.nn import functional

SMOOTHING = 20.0
"""Pixels added to both sides of Dice, so that a slice with hardly any region does not outweigh the others."""


def dice_and_cross_entropy(logits: torch.Tensor, target: torch.Tensor, dice_share: float) -> torch.Tensor:
    """Mean cross-entropy and one minus the mean Dice of the slices, mixed: a small region counts like a large one.

    Parameters
    ----------
    logits, target
        Tensors of one shape, slices first; the target is the share of each pixel in the region, 0 to 1.
    dice_share
        Share of the Dice loss, 0 to 1.

    Notes
    -----
    Squares in the denominator of Dice make it smallest where the probability equals the share, also between 0 and 1.
    """
    logits = logits.float()
    probability = torch.sigmoid(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, target)
    overlap = (probability * target).flatten(1).sum(1)
    total = (probability**2 + target**2).flatten(1).sum(1)
    dice = (2 * overlap + SMOOTHING) / (total + SMOOTHING)
    return (1 - dice_share) * entropy + dice_share * (1 - dice.mean())
