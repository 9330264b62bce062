"""How well a ranking orders islands, and whether its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score
from VHIWorkflowLib.core.grids import BoolArray, FloatArray

from .rank_data import RankCase
from .rank_forest import HeldOut

LIMITS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Of the reliability table's rows."""


def figures(kept: BoolArray, probability: FloatArray, voxels: npt.NDArray[np.int64]) -> dict[str, float]:
    """AUC and average precision by count and by volume, Brier score; not a number where only one kind is present."""
    found = {"islands": float(kept.size), "kept": float(kept.sum())}
    both = bool(kept.any() and not kept.all())
    for name, weights in (("", None), ("_by_volume", voxels.astype(np.float64))):
        auc = roc_auc_score(kept, probability, sample_weight=weights) if both else np.nan
        precision = average_precision_score(kept, probability, sample_weight=weights) if both else np.nan
        found |= {f"auc{name}": float(auc), f"average_precision{name}": float(precision)}
    return found | {
        "brier": float(np.mean((probability - kept) ** 2)),
        "brier_of_mean": float(kept.mean() * (1 - kept.mean())),
    }


def reliability(kept: BoolArray, probability: FloatArray) -> list[dict[str, float]]:
    """For islands of like probability: how many, mean probability, and share that readers kept."""
    rows = []
    for low, high in pairwise(LIMITS):
        inside = (probability >= low) & ((probability < high) | (high == LIMITS[-1]))
        if inside.any():
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "islands": int(inside.sum()),
                    "mean_probability": float(probability[inside].mean()),
                    "kept_share": float(kept[inside].mean()),
                }
            )
    return rows


def report(cases: Sequence[RankCase], held_out: HeldOut) -> dict[str, Any]:
    """Figures of all cases together and of each, with the reliability table.

    Every fold has a calibration of its own, which keeps the order within a case but moves cases against each other;
    ``order_before_calibration`` is that of the forests alone. One ranking has one calibration, and one order.
    """
    probabilities = held_out.probabilities
    kept = np.concatenate([case.kept for case in cases])
    voxels = np.concatenate([case.voxels for case in cases])
    together = np.concatenate(list(probabilities))
    each = {
        case.name: figures(case.kept, probability, case.voxels)
        for case, probability in zip(cases, probabilities, strict=True)
    }
    return {
        "pooled": figures(kept, together, voxels),
        "order_before_calibration": figures(kept, np.concatenate(held_out.raw), voxels),
        "cases": each,
        "mean_of_cases": {
            name: float(np.nanmean([found[name] for found in each.values()])) for name in ("auc", "average_precision")
        },
        "reliability": reliability(kept, together),
    }


def text(found: dict[str, Any]) -> str:
    """The report as tables."""
    columns = ("auc", "average_precision", "auc_by_volume", "average_precision_by_volume", "brier", "brier_of_mean")
    head = ("AUC", "AP", "AUC vol.", "AP vol.", "Brier", "of mean")
    lines = ["{:<8} {:>7} {:>5}".format("case", "islands", "kept") + "".join(f"{name:>10}" for name in head)]
    for name, one in {**found["cases"], "pooled": found["pooled"]}.items():
        numbers = "".join(f"{one[column]:>10.3f}" for column in columns)
        lines.append(f"{name:<8} {one['islands']:>7.0f} {one['kept']:>5.0f}{numbers}")
    raw, means = found["order_before_calibration"], found["mean_of_cases"]
    lines.append(
        f"pooled, before calibration: AUC {raw['auc']:.3f}, AP {raw['average_precision']:.3f}, Brier {raw['brier']:.3f}"
    )
    lines.append(f"mean of cases: AUC {means['auc']:.3f}, AP {means['average_precision']:.3f}")
    lines.append("\nprobability    islands  mean probability  share kept")
    for row in found["reliability"]:
        place = f"{row['from']:.2f} to {row['to']:.2f}"
        lines.append(f"{place:<14} {row['islands']:>7} {row['mean_probability']:>17.3f} {row['kept_share']:>11.3f}")
    return "\n".join(lines)
