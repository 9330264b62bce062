"""Train and evaluate fold by fold: `python -m Training.cross_validate --data FOLDER --out FOLDER`.

Every subject is held out once. Each fold has a folder like that of `Training.train`; `predictions/SUBJECT.npz` holds
the probabilities for the subjects while they were held out. A fold that is finished is not repeated.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from .configuration import TrainingConfiguration
from .dataset import Subject, load_subjects, network_slices, split_by_subject
from .metrics import SubjectAgreement, compare
from .prediction import predict_subject, region_of
from .reports import table, write_report
from .train import Limits, Run, add_common_arguments, chosen_configuration, train

PREDICTIONS = "predictions"


@dataclass(frozen=True)
class CrossValidation:
    """What is cross-validated and where: source of subjects, recipe, result folder, folds, device, time, processes.

    With several processes each trains folds of its own with its share of the processor, which on few cores is faster
    than one fold after the other with all of them. `until` is a time of `time.monotonic`.
    """

    source: str
    configuration: TrainingConfiguration
    folder: Path
    folds: int
    device: str = "cpu"
    until: float = float("inf")
    jobs: int = 1

    def split(self) -> list[tuple[str, ...]]:
        """Names of the subjects held out by each fold."""
        return split_by_subject([subject.name for subject in load_subjects(self.source)], self.folds)


def cross_validate(task: CrossValidation) -> list[SubjectAgreement]:
    """Train and evaluate all folds.

    Returns
    -------
    Agreement of every subject with the network that was not trained on it; of fewer subjects when time ran out.
    """
    split = task.split()
    (task.folder / PREDICTIONS).mkdir(parents=True, exist_ok=True)
    (task.folder / "folds.json").write_text(json.dumps(split, indent=2) + "\n", encoding="utf-8")
    numbers = range(len(split))
    if task.jobs == 1:
        return _gathered(task, map(partial(run_fold, task), numbers))
    share = max((os.cpu_count() or 1) // task.jobs, 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(task.jobs, context, torch.set_num_threads, (share,)) as pool:
        return _gathered(task, pool.map(partial(run_fold, task), numbers))


def _gathered(task: CrossValidation, results: Iterable[list[SubjectAgreement]]) -> list[SubjectAgreement]:
    """Report after each fold that is done."""
    found: list[SubjectAgreement] = []
    for number, judged in enumerate(results):
        found += judged
        if judged:
            write_report(task.folder, found)
            print(f"fold {number + 1} of {task.folds}\n{table(found)}", flush=True)
    return found


def run_fold(task: CrossValidation, number: int) -> list[SubjectAgreement]:
    """Train one fold, or go on with it, and judge the subjects it holds out; nothing when time ran out."""
    subjects, names = load_subjects(task.source), task.split()[number]
    prepared = [network_slices(subject, task.configuration.model_input()) for subject in subjects]
    run = train(
        task.configuration,
        [subject for subject in prepared if subject.name not in names],
        task.folder / f"fold{number}",
        held_out=[subject for subject in prepared if subject.name in names],
        device=torch.device(task.device),
        limits=Limits(minutes=(task.until - time.monotonic()) / 60),
    )
    if run.step < task.configuration.steps:
        return []
    return [_judge(run, subject, task.folder / PREDICTIONS) for subject in subjects if subject.name in names]


def _judge(run: Run, subject: Subject, predictions: Path) -> SubjectAgreement:
    """Predict a subject that was held out, keep the probabilities, compare with the manual region."""
    probabilities = predict_subject(run.average, subject, run.configuration, run.device)
    path = predictions / f"{subject.name}.npz"
    np.savez_compressed(path, probabilities=np.round(255 * probabilities).astype(np.uint8))
    return compare(subject, region_of(probabilities, subject))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.cross_validate", description="Cross-validate a recipe.")
    add_common_arguments(parser)
    parser.add_argument("--folds", type=int, default=5, help="number of folds by subject (default: %(default)s)")
    parser.add_argument("--leave-one-out", action="store_true", help="one fold per subject")
    parser.add_argument("--jobs", type=int, default=1, help="folds trained at the same time (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    subjects = load_subjects(chosen.data)
    found = cross_validate(
        CrossValidation(
            chosen.data,
            chosen_configuration(chosen),
            chosen.out,
            len(subjects) if chosen.leave_one_out else chosen.folds,
            chosen.device,
            time.monotonic() + 60 * chosen.minutes,
            chosen.jobs,
        )
    )
    if len(found) < len(subjects):
        print(f"stopped after {len(found)} of {len(subjects)} subjects; the same command goes on")
    else:
        print((chosen.out / "summary.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
