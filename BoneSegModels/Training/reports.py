"""Tables of agreement, for reading and for later analysis."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from .metrics import SliceAgreement, SubjectAgreement

SUMMARY, TABLE, SLICES = "summary.json", "subjects.txt", "slices.tsv"

COLUMNS = "{:<10} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>11}"
HEADER = COLUMNS.format("subject", "volume", "mean", "median", "worst", "d95_mm", "volume_%", "empty_wrong")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean, median and smallest of some values."""
    return {"mean": float(np.mean(values)), "median": float(np.median(values)), "worst": float(np.min(values))}


def summary(subjects: Sequence[SubjectAgreement]) -> dict[str, Any]:
    """Figures over all subjects: Dice per slice and per subject, distances, volumes, empty slices."""
    slices = [value for subject in subjects for value in subject.slice_dice]
    distances = [s.distance_95_mm for s in subjects if s.distance_95_mm is not None]
    differences = [subject.volume_difference_percent for subject in subjects]
    return {
        "subjects": len(subjects),
        "slice_dice": spread(slices),
        "slice_dice_5th_percentile": float(np.percentile(slices, 5)),
        "subject_dice": spread([subject.dice for subject in subjects]),
        "distance_95_mm": {"median": float(np.median(distances)), "worst": max(distances)} if distances else None,
        "volume_difference_percent": {
            "mean": float(np.mean(differences)),
            "largest": max(differences, key=abs),
        },
        "slices_with_region": len(slices),
        "slices_missed": sum(value == 0 for value in slices),
        "empty_slices": sum(subject.empty_slices for subject in subjects),
        "empty_slices_filled": sum(subject.empty_slices_filled for subject in subjects),
    }


def table(subjects: Sequence[SubjectAgreement]) -> str:
    """Figures of each subject as text: Dice of the volume, and mean, median and worst Dice of its slices."""
    lines = [HEADER]
    for subject in subjects:
        dice = spread(subject.slice_dice)
        distance = f"{subject.distance_95_mm:.2f}" if subject.distance_95_mm is not None else "-"
        empty = f"{subject.empty_slices_filled}/{subject.empty_slices}"
        figures = [f"{value:.3f}" for value in (subject.dice, *dice.values())]
        lines.append(
            COLUMNS.format(subject.subject, *figures, distance, f"{subject.volume_difference_percent:+.1f}", empty)
        )
    return "\n".join(lines)


def write_report(folder: Path, subjects: Sequence[SubjectAgreement]) -> dict[str, Any]:
    """Write `summary.json`, `subjects.txt` and `slices.tsv`; returns the summary."""
    figures = summary(subjects)
    (folder / SUMMARY).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (folder / TABLE).write_text(table(subjects) + "\n", encoding="utf-8")
    with (folder / SLICES).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(SliceAgreement)], delimiter="\t")
        writer.writeheader()
        writer.writerows(asdict(one) for subject in subjects for one in subject.slices)
    return figures
