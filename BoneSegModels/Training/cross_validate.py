"""Train and evaluate fold by fold: `python -m Training.cross_validate --data FOLDER --out FOLDER`.

Every subject is held out once. Each fold has a folder like that of `Training.train`; `predictions/SUBJECT.npz` holds
the probabilities for the subjects while they were held out. A fold that is finished is not repeated.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from .configuration import TrainingConfiguration
from .dataset import Subject, load_subjects, network_slices, split_by_subject
from .metrics import SubjectAgreement, compare
from .prediction import predict_subject
from .reports import table, write_report
from .train import Limits, Run, add_common_arguments, chosen_configuration, train

PREDICTIONS = "predictions"


def cross_validate(
    configuration: TrainingConfiguration,
    subjects: Sequence[Subject],
    folder: Path,
    *,
    folds: int,
    device: torch.device,
    minutes: float,
) -> list[SubjectAgreement]:
    """Train and evaluate each fold in turn.

    Returns
    -------
    Agreement of every subject with the network that was not trained on it; of fewer subjects when time ran out.
    """
    split = split_by_subject([subject.name for subject in subjects], folds)
    predictions = folder / PREDICTIONS
    predictions.mkdir(parents=True, exist_ok=True)
    (folder / "folds.json").write_text(json.dumps(split, indent=2) + "\n", encoding="utf-8")
    prepared = [
        network_slices(s, configuration.spacing_mm, configuration.intensity_percentiles, configuration.target)
        for s in subjects
    ]
    until = time.monotonic() + 60 * minutes
    found: list[SubjectAgreement] = []
    for number, names in enumerate(split):
        left = (until - time.monotonic()) / 60
        run = train(
            configuration,
            [subject for subject in prepared if subject.name not in names],
            folder / f"fold{number}",
            held_out=[subject for subject in prepared if subject.name in names],
            device=device,
            limits=Limits(minutes=left),
        )
        if run.step < configuration.steps:
            break
        found += [_judge(run, subject, predictions) for subject in subjects if subject.name in names]
        write_report(folder, found)
        print(f"fold {number + 1} of {folds}\n{table(found)}", flush=True)
    return found


def _judge(run: Run, subject: Subject, predictions: Path) -> SubjectAgreement:
    """Predict a subject that was held out, keep the probabilities, compare with the manual region."""
    probabilities = predict_subject(run.average, subject, run.configuration, run.device)
    path = predictions / f"{subject.name}.npz"
    np.savez_compressed(path, probabilities=np.round(255 * probabilities).astype(np.uint8))
    return compare(subject.name, subject.region, probabilities >= 0.5, subject.spacing_mm)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.cross_validate", description="Cross-validate a recipe.")
    add_common_arguments(parser)
    parser.add_argument("--folds", type=int, default=5, help="number of folds by subject (default: %(default)s)")
    parser.add_argument("--leave-one-out", action="store_true", help="one fold per subject")
    chosen = parser.parse_args(arguments)
    subjects = load_subjects(chosen.data)
    found = cross_validate(
        chosen_configuration(chosen),
        subjects,
        chosen.out,
        folds=len(subjects) if chosen.leave_one_out else chosen.folds,
        device=torch.device(chosen.device),
        minutes=chosen.minutes,
    )
    if len(found) < len(subjects):
        print(f"stopped after {len(found)} of {len(subjects)} subjects; the same command goes on")
    else:
        print((chosen.out / "summary.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
