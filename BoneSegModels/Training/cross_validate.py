"""Train and evaluate fold by fold: `python -m Training.cross_validate --data FOLDER --out FOLDER`.

Every subject is held out once. Each network has a folder like that of `Training.train`, `foldF_memberM`;
`predictions/SUBJECT.npz` holds the probabilities for the subjects while they were held out, the mean over the networks
of their fold. A network that is finished is not trained again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from .configuration import TrainingConfiguration
from .dataset import Subject, load_subjects, load_unlabelled, network_slices, split_by_subject
from .metrics import SubjectAgreement, compare
from .prediction import predict_subject, region_of
from .reports import table, write_report
from .train import Limits, add_common_arguments, chosen_configuration, train

PREDICTIONS = "predictions"


@dataclass(frozen=True)
class CrossValidation:
    """What is cross-validated and where.

    Attributes
    ----------
    source
        Of the subjects, see `load_subjects`.
    configuration
        The recipe; member M of each fold has its seed plus M.
    folder
        For the result.
    unlabelled
        Source of subjects that each network labels itself.
    folds, members
        Number of folds by subject, and of networks a fold, whose mean probability is judged.
    device
        cpu, cuda or mps.
    until
        A time of `time.monotonic` at which training stops; it can go on later.
    jobs
        Networks trained at the same time, each by a process with its share of the processor: on few cores faster than
        one after the other with all of them, and a GPU has room for several.
    """

    source: str
    configuration: TrainingConfiguration
    folder: Path
    folds: int
    device: str = "cpu"
    until: float = float("inf")
    jobs: int = 1
    members: int = 1
    unlabelled: str | None = None


def cross_validate(task: CrossValidation) -> list[SubjectAgreement]:
    """Train and evaluate all folds.

    Returns
    -------
    Agreement of every subject with the network that was not trained on it; of fewer subjects when time ran out.
    """
    subjects = load_subjects(task.source)
    split = split_by_subject([subject.name for subject in subjects], task.folds)
    task.folder.mkdir(parents=True, exist_ok=True)
    (task.folder / "folds.json").write_text(json.dumps(split, indent=2) + "\n", encoding="utf-8")
    networks = list(product(range(task.members), range(len(split))))
    if task.jobs == 1:
        done = [train_member(task, fold, member) for member, fold in networks]
    else:
        share = max((os.cpu_count() or 1) // task.jobs, 1)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(task.jobs, context, torch.set_num_threads, (share,)) as pool:
            waiting = [pool.submit(train_member, task, fold, member) for member, fold in networks]
            done = [each.result() for each in waiting]
    whole = {
        fold for fold in range(len(split)) if all(d for d, (_, f) in zip(done, networks, strict=True) if f == fold)
    }
    held_out = {name for fold in whole for name in split[fold]}
    found = judge_folder(task.folder, [subject for subject in subjects if subject.name in held_out])
    if found:
        write_report(task.folder, found)
        print(table(found), flush=True)
    return found


def member_folder(task: CrossValidation, fold: int, member: int) -> Path:
    """Where a network of a fold is trained."""
    return task.folder / f"fold{fold}_member{member}"


def train_member(task: CrossValidation, fold: int, member: int) -> bool:
    """Train one network of a fold, or go on with it, and keep what it predicts; whether it is finished."""
    folder = member_folder(task, fold, member)
    if (folder / PREDICTIONS).is_dir():
        return True
    subjects = load_subjects(task.source)
    names = split_by_subject([subject.name for subject in subjects], task.folds)[fold]
    configuration = replace(task.configuration, seed=task.configuration.seed + member)
    prepared = [network_slices(subject, configuration.model_input()) for subject in subjects]
    run = train(
        configuration,
        [subject for subject in prepared if subject.name not in names],
        folder,
        held_out=[subject for subject in prepared if subject.name in names],
        unlabelled=[network_slices(s, configuration.model_input()) for s in load_unlabelled(task.unlabelled)],
        device=torch.device(task.device),
        limits=Limits(minutes=(task.until - time.monotonic()) / 60),
    )
    if run.step < configuration.steps:
        return False
    part = folder / f"{PREDICTIONS}.part"
    part.mkdir(exist_ok=True)
    for subject in subjects:
        if subject.name in names:
            keep_prediction(part, subject.name, predict_subject(run.average, subject, configuration, run.device))
    part.rename(folder / PREDICTIONS)
    return True


def keep_prediction(folder: Path, name: str, probabilities: npt.NDArray[np.floating]) -> None:
    """Write the probabilities of a subject, in steps of 1/255."""
    np.savez_compressed(folder / f"{name}.npz", probabilities=np.round(255 * probabilities).astype(np.uint8))


def kept_prediction(folder: Path, name: str) -> npt.NDArray[np.float64]:
    """Read what `keep_prediction` wrote."""
    with np.load(folder / f"{name}.npz") as arrays:
        return np.asarray(arrays["probabilities"] / 255)


def judge_folder(folder: Path, subjects: Sequence[Subject]) -> list[SubjectAgreement]:
    """Mean prediction of the networks of each fold, kept and compared with the manual region."""
    (folder / PREDICTIONS).mkdir(exist_ok=True)
    found = []
    for subject in subjects:
        parts = sorted(folder.glob(f"fold*/{PREDICTIONS}/{subject.name}.npz"))
        mean = np.mean([kept_prediction(part.parent, subject.name) for part in parts], axis=0)
        keep_prediction(folder / PREDICTIONS, subject.name, mean)
        found.append(compare(subject, region_of(mean, subject)))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.cross_validate", description="Cross-validate a recipe.")
    add_common_arguments(parser)
    parser.add_argument("--folds", type=int, default=5, help="number of folds by subject (default: %(default)s)")
    parser.add_argument("--leave-one-out", action="store_true", help="one fold per subject")
    parser.add_argument(
        "--members", type=int, default=1, help="networks a fold, as many as ship (default: %(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=1, help="networks trained at the same time (default: %(default)s)")
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
            chosen.members,
            chosen.unlabelled,
        )
    )
    if len(found) < len(subjects):
        print(f"stopped after {len(found)} of {len(subjects)} subjects; the same command goes on")
    else:
        print((chosen.out / "summary.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
