"""How a model bears other scanners: `python -m Training.robustness --data FOLDER --unlabelled FOLDER`.

Scans are changed as other scanners, protocols and patients would have it (`scanner_changes`), and what the model then
finds is compared with what it found in the scan as it is (its own region), and with the manual region. Subjects that it
was trained on flatter it; scans without a manual region, from which it learned less, say more.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from BoneSegModelsLib.backends import Backend, open_backend
from BoneSegModelsLib.inference import segment
from BoneSegModelsLib.model_folders import Model, find_model
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.resampling import region_on_stir

from .dataset import Subject, load_subjects, load_unlabelled
from .metrics import dice
from .scanner_changes import CHANGES, Shown


@dataclass(frozen=True)
class Borne:
    """One changed scan, within the field of view that it still shows.

    Attributes
    ----------
    subject, change, labelled
        Which scan, changed how, and whether it has a manual region.
    own_dice
        With the region found in the scan as it is.
    volume_ratio
        To the volume of that region.
    manual_dice, manual_dice_before
        With the manual region, after and before the change; None where there is none.
    warned
        Whether the record would say that something may be wrong.
    """

    subject: str
    change: str
    labelled: bool
    own_dice: float
    volume_ratio: float
    manual_dice: float | None
    manual_dice_before: float | None
    warned: bool


def bear(subject: Subject, model: Model, backend: Backend, names: Sequence[str], seed: int) -> Iterator[Borne]:
    """Change a scan in all these ways, one after the other."""
    grid = subject.t1w.grid
    labelled = bool(subject.region.any())
    found = segment(subject.t1w, model, backend).labels > 0
    bone = subject.region if labelled else found
    for name in names:
        chance = np.random.default_rng([seed, list(CHANGES).index(name)])
        changed = CHANGES[name](Shown(subject.t1w, bone, chance))
        result = segment(changed, model, backend)
        there = region_on_stir(result.probability(), grid, model.description.threshold)
        seen = grid.inside(changed.grid)
        yield Borne(
            subject.name,
            name,
            labelled,
            _agreement(there, found, seen),
            int(np.count_nonzero(there & seen)) / max(int(np.count_nonzero(found & seen)), 1),
            _agreement(there, subject.region, seen) if labelled else None,
            _agreement(found, subject.region, seen) if labelled else None,
            bool(result.warnings),
        )


def _agreement(one: BoolArray, other: BoolArray, seen: BoolArray) -> float:
    """Dice where the changed scan shows something; 1 when there is no region in either."""
    both = dice(one & seen, other & seen)
    return 1.0 if both is None else both


def table(borne: Sequence[Borne]) -> str:
    """Markdown, one line per change: Dice with both regions, mean and worst over scans."""
    lines = [
        "| change | own region, unlabelled scans | its volume, times | own region, labelled scans |"
        " manual region (before the change) | warned |",
        "|---|---|---|---|---|---|",
    ]
    for change in dict.fromkeys(each.change for each in borne):
        here = [each for each in borne if each.change == change]
        unseen, trained = ([each for each in here if each.labelled is labelled] for labelled in (False, True))
        manual, before = ([getattr(each, name) for each in trained] for name in ("manual_dice", "manual_dice_before"))
        volumes = [each.volume_ratio for each in here]
        cells = [
            change,
            _mean_and_worst([each.own_dice for each in unseen]),
            f"{min(volumes):.2f} to {max(volumes):.2f}",
            _mean_and_worst([each.own_dice for each in trained]),
            f"{_mean_and_worst(manual)} ({np.mean(before):.3f})" if manual else "-",
            f"{sum(each.warned for each in here)} of {len(here)}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean_and_worst(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f}, worst {min(values):.3f}" if values else "-"


def write(path: Path, borne: Sequence[Borne]) -> None:
    """One row per scan and change, tab separated."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(borne[0])), delimiter="\t")
        writer.writeheader()
        writer.writerows(asdict(each) for each in borne)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m Training.robustness",
        description="Change scans as other scanners would and see what a model still finds.",
    )
    parser.add_argument("--data", required=True, help="folder or .npz of labelled subjects, or phantom:N")
    parser.add_argument("--unlabelled", help="the same, without a region")
    parser.add_argument("--model", default="disease_region", help="name of the model (default: %(default)s)")
    parser.add_argument("--models", type=Path, help="folder of model folders (default: the bundled ones)")
    parser.add_argument("--changes", nargs="+", choices=list(CHANGES), help="only these (default: all)")
    parser.add_argument("--device", choices=("cpu", "cuda", "mps"), default="cpu", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of noise and fields (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also write one row per scan and change to this .tsv")
    chosen = parser.parse_args(arguments)
    model = find_model(chosen.model, chosen.models)
    backend = open_backend(model, device=chosen.device)
    borne: list[Borne] = []
    for subject in [*load_subjects(chosen.data), *load_unlabelled(chosen.unlabelled)]:
        borne += bear(subject, model, backend, chosen.changes or list(CHANGES), chosen.seed)
        worst = min((each for each in borne if each.subject == subject.name), key=lambda each: each.own_dice)
        print(f"{subject.name}: worst {worst.own_dice:.3f} ({worst.change})", flush=True)
    print(table(borne))
    if chosen.out:
        write(chosen.out, borne)


if __name__ == "__main__":
    main()
