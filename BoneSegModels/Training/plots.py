"""Pictures of a cross-validation: `python -m Training.plots --data FOLDER --cross-validation FOLDER`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .dataset import load_subjects
from .evaluate import judge_cross_validation
from .metrics import SubjectAgreement
from .train import LOG

PICTURES = ("slices.png", "volumes.png", "learning.png")
Curve = Sequence[Mapping[str, Any]]


def plot_slices(path: Path, found: Sequence[SubjectAgreement]) -> None:
    """Dice of each slice, from one end of the scan to the other: a line a subject."""
    figure, axes = _figure("slice, as a share of the scan from front to back", "Dice of the slice")
    for subject in found:
        dice = [np.nan if one.dice is None else one.dice for one in subject.slices]
        axes.plot(np.linspace(0, 1, len(dice)), dice, marker=".", label=f"{subject.subject} ({subject.dice:.3f})")
    every = [dice for subject in found for dice in subject.slice_dice]
    axes.axhline(
        float(np.mean(every)), color="black", linestyle=":", label=f"mean of all slices ({np.mean(every):.3f})"
    )
    axes.set_ylim(0, 1)
    _save(figure, axes, path)


def plot_volumes(path: Path, found: Sequence[SubjectAgreement]) -> None:
    """Difference of the volumes of the regions against the manual volume (Bland and Altman 1986)."""
    figure, axes = _figure("manual region, voxels", "predicted minus manual, percent of manual")
    differences = [subject.volume_difference_percent for subject in found]
    for subject, difference in zip(found, differences, strict=True):
        axes.plot(sum(one.manual_pixels for one in subject.slices), difference, "o", label=subject.subject)
    mean, deviation = float(np.mean(differences)), float(np.std(differences, ddof=1)) if len(found) > 1 else 0.0
    for level, style in ((mean, "-"), (mean - 1.96 * deviation, "--"), (mean + 1.96 * deviation, "--")):
        axes.axhline(level, color="grey", linestyle=style)
    _save(figure, axes, path)


def plot_learning(path: Path, logs: Mapping[str, Curve]) -> None:
    """Loss of each run over the steps; Dice of each held-out volume, the mean over the runs that hold it out."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    held_out: dict[str, dict[int, list[float]]] = {}
    for log in logs.values():
        above.plot([entry["step"] for entry in log], [entry["loss"] for entry in log], linewidth=0.5)
        for entry in log:
            for subject, dice in entry.get("held_out_dice", {}).items():
                held_out.setdefault(subject, {}).setdefault(entry["step"], []).append(dice)
    for subject, curve in sorted(held_out.items()):
        below.plot(list(curve), [float(np.mean(values)) for values in curve.values()], marker=".", label=subject)
    above.set(ylabel=f"loss of {len(logs)} runs", yscale="log")
    below.set(xlabel="step", ylabel="Dice of the held-out volume")
    above.grid(alpha=0.3)
    below.grid(alpha=0.3)
    _save(figure, below, path)


def read_logs(folder: Path) -> dict[str, Curve]:
    """Learning curves of each run below a folder, by the name of its folder."""
    return {
        path.parent.name: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in sorted(folder.glob(f"*/{LOG}"))
    }


def _figure(across: str, up: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot(xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(figure: Any, axes: Any, path: Path) -> None:
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.plots", description="Draw a cross-validation.")
    parser.add_argument("--data", required=True, help="folder of labelled subjects, or phantom:N for N synthetic ones")
    parser.add_argument("--cross-validation", required=True, type=Path, help="result folder of Training.cross_validate")
    chosen = parser.parse_args(arguments)
    folder: Path = chosen.cross_validation
    found = judge_cross_validation(folder, load_subjects(chosen.data))
    if not found:
        parser.error(f"{folder} holds no prediction yet")
    slices, volumes, learning = (folder / name for name in PICTURES)
    plot_slices(slices, found)
    plot_volumes(volumes, found)
    plot_learning(learning, read_logs(folder))
    print(f"{', '.join(PICTURES)} are in {folder}")


if __name__ == "__main__":
    main()
