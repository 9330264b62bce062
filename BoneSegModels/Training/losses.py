"""What training makes small."""

from __future__ import annotations

import torch
from torch.nn import functional


def dice_and_cross_entropy(logits: torch.Tensor, target: torch.Tensor, dice_share: float) -> torch.Tensor:
    """Mean cross-entropy and one minus the Dice of the whole batch, mixed.

    Parameters
    ----------
    logits, target
        Tensors of one shape; the target is the share of each pixel in the region, 0 to 1.
    dice_share
        Share of the Dice loss, 0 to 1.

    Notes
    -----
    Squares in the denominator of Dice make it smallest where the probability equals the share, also between 0 and 1.
    """
    logits = logits.float()
    probability = torch.sigmoid(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, target)
    overlap = (probability * target).sum()
    total = (probability**2 + target**2).sum()
    dice = (2 * overlap + 1) / (total + 1)
    return (1 - dice_share) * entropy + dice_share * (1 - dice)
