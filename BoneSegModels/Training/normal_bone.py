"""Calibrate and judge the normal-bone proposal: `python -m Training.normal_bone --data FOLDER --out FOLDER`.

Every case is held out once: the trimming is fitted on the others (`normal_bone_fit`), then the proposal is compared
with the reader's own normal bone. The result folder holds the table, the summary, the configuration and
`parameters.json`, fitted on all cases.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from BoneSegModelsLib.normal_bone import propose_normal_bone
from BoneSegModelsLib.normal_bone_parameters import (
    FORMAT,
    FORMAT_VERSION,
    MarrowParameters,
    NormalBoneParameters,
    digest,
)
from BoneSegModelsLib.sacrum import NoProposalError
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.resampling import region_on_stir
from VHIWorkflowLib.core.stability import how_much_hangs_on_normal_bone

from .cross_validate import PREDICTIONS, kept_prediction
from .dataset import Subject
from .metrics import dice
from .normal_bone_fit import NormalBoneCase, curve_of, fit, leave_one_out, read_cases, starting_parameters
from .prediction import region_of

CHANGES = ("as given", "eroded", "dilated", "wavy", "holes", "shifted")
CHANGE_MM = 2.0
NOT_FITTED = {
    "edge_mm": (0.0, 2.0),
    "bright_mm": (0.0, 4.0, 8.0),
    "slices": (4, 6),
    "opening_mm": (4.0, 6.0),
    "area_t1w": (1.15, 1.35),
}
"""Other values of what was set by looking at the cases, tried by --sensitivity."""
CITATION = "Hepburn et al., PLoS ONE 2023; 18(4): e0284508, doi 10.1371/journal.pone.0284508"


@dataclass(frozen=True)
class Judged:
    """A proposal against the reader's own normal bone; errors in the reader's interquartile ranges.

    ``steadiness`` are ratios of the preliminary mask without the brightest voxel, the 5 brightest, and the brightest
    0.5 %. ``vhi_ratio`` is VHI of the simulated reader with the proposal to that with the manual normal bone.
    """

    case: str
    sensitive_error: float
    conservative_error: float
    voxels: int
    slices: int
    dice: float
    confidence: float
    steadiness: tuple[float, ...]
    vhi_manual: int | None
    vhi_proposed: int | None
    reasons: tuple[str, ...]

    @property
    def vhi_ratio(self) -> float | None:
        """None where readers marked no inflammation."""
        return self.vhi_proposed / self.vhi_manual if self.vhi_manual and self.vhi_proposed is not None else None


def judge(case: NormalBoneCase, parameters: NormalBoneParameters, region: Volume | None = None) -> Judged:
    """Propose a normal bone and compare.

    Parameters
    ----------
    region
        Disease region to go by; the manual one when None. VHI is measured in the manual one either way.

    Raises
    ------
    NoProposalError
        If there is no proposal.
    """
    proposal = propose_normal_bone(case.stir, case.t1w, region or case.region, parameters)
    wanted, iqr = case.thresholds, case.statistics.iqr
    inside = case.region.array.astype(bool)
    preliminary = measure(case.stir, proposal.mask, inside)
    stability = how_much_hangs_on_normal_bone(preliminary, preliminary.islands.voxels)
    whole = max(stability.preliminary_voxels, 1)
    return Judged(
        case=case.name,
        sensitive_error=(proposal.thresholds.sensitive - wanted.sensitive) / iqr,
        conservative_error=(proposal.thresholds.conservative - wanted.conservative) / iqr,
        voxels=proposal.statistics.voxels,
        slices=len(proposal.slices),
        dice=dice(proposal.mask, case.normal_bone) or 0.0,
        confidence=proposal.confidence,
        steadiness=tuple(
            (each.preliminary_voxels or 0) / whole for each in stability.left_out if each.part == "brightest"
        ),
        vhi_manual=_simulated_vhi(case, case.normal_bone),
        vhi_proposed=_simulated_vhi(case, proposal.mask),
        reasons=proposal.reasons,
    )


def changed(region: Volume, change: str, seed: int) -> Volume:
    """Return a region with the kind of errors that networks make."""
    mask = region.array.astype(bool)
    axis = region.grid.slice_axis
    mm = [1e6 if n == axis else spacing for n, spacing in enumerate(region.grid.spacing_mm)]
    inside, outside = (ndimage.distance_transform_edt(side, sampling=mm) for side in (mask, ~mask))
    depth = np.where(mask, inside, -outside)
    rng = np.random.default_rng(seed)
    if change == "eroded":
        mask = depth > CHANGE_MM
    elif change == "dilated":
        mask = depth > -CHANGE_MM
    elif change in ("wavy", "holes"):
        width_mm = 6.0 if change == "wavy" else 3.0
        field = ndimage.gaussian_filter(rng.normal(size=mask.shape), [min(width_mm / each, 20) for each in mm])
        field /= field.std()
        mask = depth > CHANGE_MM * field if change == "wavy" else mask & (field < 1.5)
    elif change == "shifted":
        mask = np.roll(mask, [0 if n == axis else round(CHANGE_MM / each) for n, each in enumerate(mm)], range(3))
    return Volume(mask, region.grid)


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Figures over all cases; VHI by Bland-Altman on log scale, given back as ratios."""
    figures: dict[str, Any] = {"cases": len(judged)}
    for name in ("sensitive_error", "conservative_error"):
        errors = np.abs([getattr(each, name) for each in judged])
        figures[f"{name}_iqr"] = {"median": round(float(np.median(errors)), 3), "worst": round(float(errors.max()), 3)}
    logs = np.log([each.vhi_ratio for each in judged if each.vhi_ratio])
    if logs.size > 1:
        mean, spread = float(logs.mean()), float(logs.std(ddof=1))
        figures["vhi_ratio"] = {
            "cases": int(logs.size),
            "bias": round(float(np.exp(mean)), 3),
            "limits_of_agreement": [round(float(np.exp(mean + side * 1.96 * spread)), 3) for side in (-1, 1)],
            "range": [round(float(np.exp(edge)), 3) for edge in (logs.min(), logs.max())],
        }
    return figures


def table(judged: Sequence[Judged]) -> str:
    """One line per case."""
    columns = "{:<8} {:>9} {:>9} {:>7} {:>6} {:>6} {:>10} {:>18} {:>9} {:>9} {:>6}"
    lines = [
        columns.format(
            *("case", "sens_iqr", "cons_iqr", "voxels", "slices", "dice", "confidence", "without_1/5/0.5%"),
            *("vhi_man", "vhi_prop", "ratio"),
        )
    ]
    for each in judged:
        ratio = "-" if each.vhi_ratio is None else f"{each.vhi_ratio:.2f}"
        counts = ["-" if count is None else count for count in (each.vhi_manual, each.vhi_proposed)]
        lines.append(
            columns.format(
                *(each.case, f"{each.sensitive_error:+.2f}", f"{each.conservative_error:+.2f}", each.voxels),
                *(each.slices, f"{each.dice:.2f}", f"{each.confidence:.2f}"),
                *(" ".join(f"{ratio:.2f}" for ratio in each.steadiness), *counts, ratio),
            )
        )
    return "\n".join(lines)


def cross_validate(
    cases: Sequence[NormalBoneCase], parameters: NormalBoneParameters, predictions: Path | None = None
) -> list[Judged]:
    """Judge every case with parameters fitted on the others.

    The disease region is the manual one, or, where predictions of a cross-validation are given, the one that networks
    found while the case was held out; VHI is measured in the manual one either way.
    """
    curves = [curve_of(case, parameters) for case in cases]
    folds = leave_one_out(curves, parameters)
    regions = [held_out_region(case, predictions) if predictions else None for case in cases]
    return [judge(case, fitted, region) for case, fitted, region in zip(cases, folds, regions, strict=True)]


def held_out_region(case: NormalBoneCase, predictions: Path) -> Volume:
    """Disease region on the T1w grid from the kept probabilities of networks that were not trained on the case."""
    drawn = region_on_stir(case.region, case.t1w.grid)
    subject = Subject(case.name, case.t1w, drawn)
    return Volume(region_of(kept_prediction(predictions, case.name), subject), case.t1w.grid)


def document(parameters: NormalBoneParameters, version: str, training_data: str) -> dict[str, Any]:
    """What goes into ``parameters.json``."""
    parts = {name: asdict(getattr(parameters, name)) for name in ("sacrum", "marrow", "trimming")}
    found: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": "normal_bone",
        "version": version,
        "training_data": training_data,
        "citation": CITATION,
        **parts,
    }
    found = json.loads(json.dumps(found))
    return {**found, "sha256": digest(found)}


def _simulated_vhi(case: NormalBoneCase, normal_bone: BoolArray) -> int | None:
    """Voxels of the islands that touch a voxel marked in at least two of four manual trials."""
    if case.lesions is None:
        return None
    islands = measure(case.stir, normal_bone, case.region.array.astype(bool)).islands
    marked = case.lesions.ravel()
    return sum(voxels.size for voxels in islands.island_voxels() if marked[voxels].any())


def _report_changes(cases: Sequence[NormalBoneCase], parameters: NormalBoneParameters, seed: int) -> str:
    folds = leave_one_out([curve_of(case, parameters) for case in cases], parameters)
    lines = ["sensitive error (IQR) by how the disease region was changed"]
    lines.append(" ".join([f"{'change':<9}", *(f"{case.name:>7}" for case in cases), " median   worst"]))
    for change in CHANGES:
        errors = []
        for case, fitted in zip(cases, folds, strict=True):
            try:
                errors.append(judge(case, fitted, changed(case.region, change, seed)).sensitive_error)
            except NoProposalError:
                errors.append(np.nan)
        size = np.abs(errors)
        figures = [f"{error:>+7.2f}" for error in errors]
        lines.append(" ".join([f"{change:<9}", *figures, f"{np.nanmedian(size):7.2f} {np.nanmax(size):7.2f}"]))
    return "\n".join(lines)


def _report_sensitivity(cases: Sequence[NormalBoneCase], parameters: NormalBoneParameters) -> str:
    lines = ["leave-one-case-out with other values of what is not fitted: |sensitive error| (IQR) median, worst"]
    for name, values in NOT_FITTED.items():
        for value in values:
            other = replace(parameters, marrow=MarrowParameters(**asdict(parameters.marrow) | {name: value}))
            curves = [curve_of(case, other) for case in cases]
            errors = []
            for curve, fold in zip(curves, leave_one_out(curves, other), strict=True):
                trimming = fold.trimming
                errors.append(abs(float(curve.at(trimming, np.array(trimming.level), np.array(trimming.slope)))))
            lines.append(f"{name:<12} {value:<5} {np.median(errors):.2f} {max(errors):.2f}")
    return "\n".join(lines)


def _write(folder: Path, judged: Sequence[Judged], parameters: dict[str, Any], chosen: argparse.Namespace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {"command": "Training.normal_bone", "version": chosen.version, "seed": chosen.seed}
    for name, content in (
        ("configuration.json", configuration),
        ("summary.json", summary(judged)),
        ("parameters.json", parameters),
    ):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (folder / "cases.txt").write_text(table(judged) + "\n", encoding="utf-8")
    with (folder / "cases.tsv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(judged[0])), delimiter="\t")
        writer.writeheader()
        writer.writerows(asdict(each) for each in judged)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.normal_bone", description="Calibrate the proposal.")
    parser.add_argument("--data", type=Path, required=True, help="folder of cases with a manual normal bone")
    parser.add_argument("--out", type=Path, help="folder for the parameters fitted on all cases and the results")
    parser.add_argument("--version", default="1.2.0", help="of the parameters (default: %(default)s)")
    parser.add_argument("--regions", action="store_true", help="also try disease regions with errors")
    parser.add_argument("--cross-validation", type=Path, help="also try the regions that this one's networks found")
    parser.add_argument("--sensitivity", action="store_true", help="also try other values of what is not fitted")
    parser.add_argument("--seed", type=int, default=1, help="of the errors of regions (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        cases = read_cases(chosen.data)
    except ValueError as error:
        parser.error(str(error))
    start = starting_parameters()
    judged = cross_validate(cases, start)
    print(table(judged))
    for each in judged:
        print(f"{each.case}: {'; '.join(each.reasons) or 'no doubts'}")
    print(json.dumps(summary(judged), indent=2))
    if chosen.cross_validation:
        print("with the disease regions that held-out networks found")
        print(table(cross_validate(cases, start, chosen.cross_validation / PREDICTIONS)))
    if chosen.regions:
        print(_report_changes(cases, start, chosen.seed))
    if chosen.sensitivity:
        print(_report_sensitivity(cases, start))
    fitted = replace(start, trimming=fit([curve_of(case, start) for case in cases]))
    names = ", ".join(case.name for case in cases)
    training_data = f"{len(cases)} cases of the study cited below with a manual normal bone and region: {names}"
    if chosen.out:
        _write(chosen.out, judged, document(fitted, chosen.version, training_data), chosen)


if __name__ == "__main__":
    main()
