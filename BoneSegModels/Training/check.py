"""Run the whole chain on synthetic subjects in a moment: `python -m Training.check`.

Cross-validation of a tiny network on the phantom, evaluation and pictures of what it kept, two networks trained on
everything, exported as a model and run.
It shows that every step works with the one before; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from BoneSegModelsLib.inference import segment
from BoneSegModelsLib.model_folders import load_model_folder

from . import cross_validate, evaluate, export, plots, train
from .configuration import AugmentationStrength, TrainingConfiguration
from .dataset import NetworkSlices, Subject, load_subjects, network_slices

STILL = AugmentationStrength(*[0.0] * len(fields(AugmentationStrength)))
"""No change at all."""


def tiny_configuration(
    steps: int = 4, strength: AugmentationStrength | None = None, spacing_mm: float = 4.0
) -> TrainingConfiguration:
    """A network and a schedule that take a moment."""
    return TrainingConfiguration(
        features=(4, 6, 8),
        spacing_mm=spacing_mm,
        crop_mm=160.0,
        steps=steps,
        warm_up_steps=1,
        batch_size=2,
        augmentation=strength or AugmentationStrength(),
    )


def tiny_subjects() -> list[Subject]:
    """Four synthetic subjects."""
    return load_subjects("phantom:4")


@functools.cache
def tiny_slices() -> tuple[NetworkSlices, ...]:
    """The same at the spacing of the tiny network."""
    configuration = tiny_configuration()
    return tuple(network_slices(subject, configuration.model_input()) for subject in tiny_subjects())


def run_chain(folder: Path, steps: int) -> None:
    """Cross-validate, evaluate and train on synthetic subjects; every result lies below the folder."""
    recipe = folder / "tiny.json"
    recipe.write_text(tiny_configuration(steps).to_json(), encoding="utf-8")
    chain = ["--data", "phantom:3", "--configuration", str(recipe)]
    cross_validate.main([*chain, "--out", str(folder / "folds"), "--leave-one-out"])
    evaluate.main(["--data", "phantom:3", "--cross-validation", str(folder / "folds"), "--out", str(folder / "judged")])
    runs = [folder / f"all{seed}" for seed in (1, 2)]
    for seed, run in enumerate(runs, start=1):
        train.main([*chain, "--out", str(run), "--seed", str(seed)])
    plots.main(["--data", "phantom:3", "--cross-validation", str(folder / "folds")])
    model = folder / "phantom_bone"
    made = ["--command", "python -m Training.check", "--version", "0.0.0", "--out", str(model)]
    export.main(["--runs", *map(str, runs), "--cross-validation", str(folder / "folds"), *made])
    found = segment(tiny_subjects()[0].t1w, load_model_folder(model))
    print(f"the exported model finds {int((found.labels > 0).sum())} voxels in the first phantom")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.check", description="Run the whole chain on phantoms.")
    parser.add_argument("--steps", type=int, default=40, help="of each training (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder to keep the results (default: a temporary one)")
    chosen = parser.parse_args(arguments)
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        run_chain(chosen.out, chosen.steps)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run_chain(Path(folder), chosen.steps)


if __name__ == "__main__":
    main()
