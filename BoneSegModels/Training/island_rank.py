"""Rank islands: `python -m Training.island_rank --data FOLDER --out FOLDER [--model FOLDER]`.

Every case is held out once. The result folder holds `configuration.json`, `held_out.tsv` (each island of each case with
its probability from a ranking that never saw the case), `figures.json` and `figures.txt`. With --model the ranking is
fitted to all cases and written as `rank.json` and `parameters.npz`; figures are never those of that fit.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from BoneSegModelsLib.island_rank import DESCRIPTION_NAME, FORMAT, FORMAT_VERSION, Ranker

from .cross_validate import PREDICTIONS
from .rank_data import RankCase, read_cases
from .rank_figures import figures, report, text
from .rank_forest import RankConfiguration, final_ranker, hold_each_out, raw_held_out, read_rank_configuration

VARIANTS = {"with_t1w": True, "without_t1w": False}
PARAMETERS_NAME = "parameters.npz"
VERSION = "1.0.0"
SUGGESTED_LIMIT = 0.1
CITATION = "Hepburn et al., PLoS ONE 18(4): e0284508, doi 10.1371/journal.pone.0284508"


def cross_validate(cases: Sequence[RankCase], configuration: RankConfiguration, folder: Path) -> dict[str, Any]:
    """Hold every case out, write what came of it, and return the figures of both variants."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(configuration.to_json(), encoding="utf-8")
    found = {name: hold_each_out(cases, configuration, with_t1w) for name, with_t1w in VARIANTS.items()}
    reports = {name: report(cases, held_out) for name, held_out in found.items()}
    (folder / "figures.json").write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")
    tables = "\n\n".join(f"{name}\n{text(each)}" for name, each in reports.items())
    (folder / "figures.txt").write_text(tables + "\n", encoding="utf-8")
    with (folder / "held_out.tsv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["case", "island", "voxels", "kept", "share_of_trials", *VARIANTS])
        for number, case in enumerate(cases):
            for island in range(case.kept.size):
                described = [case.voxels[island], int(case.kept[island]), f"{case.share[island]:.2f}"]
                probabilities = [f"{found[name].probabilities[number][island]:.6f}" for name in VARIANTS]
                writer.writerow([case.name, island + 1, *described, *probabilities])
    print(tables, flush=True)
    return reports


def judge_found(
    cases: Sequence[RankCase], found: Sequence[RankCase], configuration: RankConfiguration
) -> dict[str, dict[str, float]]:
    """Figures of rankings fitted in manual regions, for the islands of the case held out in another region."""
    kept, voxels = (np.concatenate([getattr(case, name) for case in found]) for name in ("kept", "voxels"))
    return {
        name: figures(kept, np.concatenate(raw_held_out(cases, configuration, with_t1w, found)), voxels)
        for name, with_t1w in VARIANTS.items()
    }


def write_model(rankers: dict[str, Ranker], cases: Sequence[RankCase], folder: Path) -> None:
    """Write `parameters.npz` and `rank.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    for name, ranker in rankers.items():
        forest = ranker.forest
        arrays |= {
            f"{name}.roots": forest.roots,
            f"{name}.feature": forest.feature.astype(np.int16),
            f"{name}.threshold": forest.threshold,
            f"{name}.left": forest.left,
            f"{name}.right": forest.right,
            f"{name}.value": forest.value,
        }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    (folder / PARAMETERS_NAME).write_bytes(buffer.getvalue())
    islands, kept = sum(case.kept.size for case in cases), sum(int(case.kept.sum()) for case in cases)
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": "island_rank",
        "version": VERSION,
        "parameters": {"file": PARAMETERS_NAME, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()},
        "suggested_limit": SUGGESTED_LIMIT,
        "variants": {
            name: {"features": list(ranker.names), "slope": ranker.slope, "offset": ranker.offset}
            for name, ranker in rankers.items()
        },
        "training_data": (
            f"{len(cases)} cases of the study with manual disease region and normal bone ({islands} islands), "
            f"four manual trials of two readers each; an island counts as kept when it touches a voxel that "
            f"at least 2 trials marked ({kept} islands)"
        ),
        "citation": CITATION,
        "licence": "Apache-2.0",
    }
    (folder / DESCRIPTION_NAME).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.island_rank", description="Train the ranking of islands.")
    parser.add_argument("--data", type=Path, required=True, help="folder of cases with manual trials")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result")
    parser.add_argument("--model", type=Path, help="also fit to all cases and write the model into this folder")
    parser.add_argument("--cross-validation", type=Path, help="also rank in the regions that this one's networks found")
    parser.add_argument("--configuration", type=Path, help="JSON file of choices (default: those of the shipped model)")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    chosen = parser.parse_args(arguments)
    configuration = read_rank_configuration(chosen.configuration) if chosen.configuration else RankConfiguration()
    if chosen.seed is not None:
        configuration = replace(configuration, seed=chosen.seed)
    cases = read_cases(chosen.data)
    cross_validate(cases, configuration, chosen.out)
    if chosen.cross_validation:
        found = read_cases(chosen.data, chosen.cross_validation / PREDICTIONS)
        print(json.dumps({"with the regions that networks found": judge_found(cases, found, configuration)}, indent=2))
    if chosen.model is not None:
        rankers = {name: final_ranker(cases, configuration, with_t1w) for name, with_t1w in VARIANTS.items()}
        write_model(rankers, cases, chosen.model)


if __name__ == "__main__":
    main()
