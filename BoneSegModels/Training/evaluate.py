"""Judge regions against the manual ones: `python -m Training.evaluate --data FOLDER ...`.

Either one training result is run on subjects it was not trained on (`--run FOLDER --subjects ...`), or the kept
predictions of a cross-validation are judged again (`--cross-validation FOLDER`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from BoneSegModelsLib.unet_torch import build_with_weights

from .configuration import read_configuration
from .cross_validate import PREDICTIONS, kept_prediction
from .dataset import Subject, load_subjects
from .metrics import SubjectAgreement, compare
from .prediction import predict_subject, region_of
from .reports import summary, table, write_report
from .train import CONFIGURATION, WEIGHTS


def judge_run(run: Path, subjects: Sequence[Subject], device: torch.device) -> list[SubjectAgreement]:
    """Run one training result on subjects and compare.

    Raises
    ------
    FileNotFoundError
        If the run is not finished.
    """
    configuration = read_configuration(run / CONFIGURATION)
    with np.load(run / WEIGHTS) as arrays:
        network = build_with_weights(configuration.architecture(), dict(arrays)).to(device)
    return [compare(s, region_of(predict_subject(network, s, configuration, device), s)) for s in subjects]


def judge_cross_validation(folder: Path, subjects: Sequence[Subject], threshold: float = 0.5) -> list[SubjectAgreement]:
    """Compare the kept predictions of a cross-validation; subjects not yet predicted are left out."""
    found = []
    for subject in subjects:
        if (folder / PREDICTIONS / f"{subject.name}.npz").is_file():
            found.append(compare(subject, region_of(kept_prediction(folder / PREDICTIONS, subject.name), subject)))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.evaluate", description="Judge predicted regions.")
    parser.add_argument("--data", required=True, help="folder of labelled subjects, or phantom:N for N synthetic ones")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", type=Path, help="result folder of Training.train")
    source.add_argument("--cross-validation", type=Path, help="result folder of Training.cross_validate")
    parser.add_argument("--subjects", nargs="*", metavar="SUBJECT", help="only these (default: all)")
    parser.add_argument("--out", type=Path, help="folder for summary.json, subjects.txt and slices.tsv")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    subjects = [s for s in load_subjects(chosen.data) if chosen.subjects is None or s.name in chosen.subjects]
    if chosen.run:
        found = judge_run(chosen.run, subjects, torch.device(chosen.device))
    else:
        found = judge_cross_validation(chosen.cross_validation, subjects)
    if not found:
        parser.error("there is no prediction for any of these subjects")
    print(table(found))
    print(json.dumps(summary(found), indent=2))
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        write_report(chosen.out, found)


if __name__ == "__main__":
    main()
