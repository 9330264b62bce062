"""What training makes small."""

from __future__ import annotations

import torch
from torch.nn import functional


def dice_and_cross_entropy(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, dice_share: float
) -> torch.Tensor:
    """Mean cross-entropy and one minus the Dice of the whole batch, mixed.

    Parameters
    ----------
    logits, target, weight
        Tensors of one shape; the target is 0 or 1, the weight is 0 where a pixel does not count.
    dice_share
        Share of the Dice loss, 0 to 1.
    """
    logits = logits.float()
    probability = torch.sigmoid(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="sum")
    overlap = (probability * target * weight).sum()
    total = ((probability + target) * weight).sum()
    dice = (2 * overlap + 1) / (total + 1)
    return (1 - dice_share) * entropy / weight.sum().clamp(min=1) + dice_share * (1 - dice)
