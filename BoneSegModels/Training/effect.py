"""What the network's errors do to VHI: `python -m Training.effect --data FOLDER --cross-validation FOLDER`.

A simulated reader keeps the islands that touch a voxel marked in at least two of the four manual trials, once with the
manual region and once with the one predicted while the subject was held out; normal bone is the reader's both times.
The table is printed, and kept in the folder of the cross-validation as `effect.txt`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.resampling import region_on_stir
from VHIWorkflowLib.core.targets import Touching
from VHIWorkflowLib.files.volumes import read_image, read_mask

from .cross_validate import PREDICTIONS, kept_prediction
from .dataset import subject_from
from .prediction import without_small_parts

TRIALS = ("R11", "R12", "R21", "R22")
LEAST_TRIALS = 2
EFFECT = "effect.txt"


@dataclass(frozen=True)
class Effect:
    """VHI of one case in voxels, with the manual and with the predicted region."""

    case_id: str
    manual: int
    predicted: int

    @property
    def log_ratio(self) -> float:
        """Natural logarithm of predicted over manual; one voxel is added to both, so that 0 has a place."""
        return float(np.log((self.predicted + 1) / (self.manual + 1)))


def simulated_reader(stir: Volume, normal_bone: BoolArray, region: BoolArray, marked: BoolArray) -> int:
    """VHI in voxels when every island that touches a marked voxel is kept; masks of shape (k, j, i)."""
    session = CleaningSession.of(measure(stir, normal_bone, region), start="keep")
    session.keep(Touching.mask(marked))
    return session.vhi.sensitive_voxels


def effects(data: Path, predictions: Path) -> list[Effect]:
    """VHI with both regions for every case that has manual trials and a kept prediction."""
    found = []
    for path in sorted(predictions.glob("*.npz")):
        folder = data / path.stem
        trials = [folder / f"inflammation_{trial}.nii.gz" for trial in TRIALS]
        if not all(trial.is_file() for trial in trials):
            continue
        stir, normal = read_image(folder / "stir.nii.gz"), _mask(folder / "normal_bone.nii.gz")
        marked = np.sum([_mask(trial) for trial in trials], axis=0) >= LEAST_TRIALS
        drawn = read_mask(folder / "disease_region.nii.gz")
        subject = subject_from(path.stem, read_image(folder / "t1w.nii.gz"), drawn)
        probabilities = without_small_parts(kept_prediction(path.parent, path.stem), subject)
        predicted = region_on_stir(Volume(probabilities, subject.t1w.grid), stir.grid)
        manual = np.asarray(drawn.array, dtype=bool)
        counts = (simulated_reader(stir, normal, region, marked) for region in (manual, predicted))
        found.append(Effect(path.stem, *counts))
    return found


def table(found: Sequence[Effect]) -> str:
    """VHI of each case and their ratio; bias and limits of agreement of the ratios (Bland and Altman 1986)."""
    lines = [f"{'case':<10} {'manual':>8} {'predicted':>10} {'ratio':>7}"]
    lines += [f"{e.case_id:<10} {e.manual:>8} {e.predicted:>10} {np.exp(e.log_ratio):>7.3f}" for e in found]
    ratios = np.array([effect.log_ratio for effect in found])
    if len(ratios) > 1:
        bias, spread = float(ratios.mean()), 1.96 * float(ratios.std(ddof=1))
        low, middle, high = np.exp([bias - spread, bias, bias + spread])
        lines.append(f"mean ratio {middle:.3f}, 95 % limits of agreement {low:.3f} to {high:.3f} (on log scale)")
    return "\n".join(lines)


def _mask(path: Path) -> BoolArray:
    return np.asarray(read_mask(path).array, dtype=bool)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.effect", description="VHI with predicted regions.")
    parser.add_argument("--data", required=True, type=Path, help="folder of cases with STIR and manual trials")
    parser.add_argument("--cross-validation", required=True, type=Path, help="result folder of Training.cross_validate")
    chosen = parser.parse_args(arguments)
    found = effects(chosen.data, chosen.cross_validation / PREDICTIONS)
    if not found:
        parser.error("there is no case with both manual trials and a prediction")
    print(table(found))
    (chosen.cross_validation / EFFECT).write_text(table(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
