"""Write a bundled model from finished runs: `python -m Training.export --runs RUN... --cross-validation FOLDER ...`.

The members are the networks of the runs, which must share one configuration but for the seed. The card is made from
the figures that the cross-validation of the same configuration wrote, so that none is copied by hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from BoneSegModelsLib.export import write_model_folder
from BoneSegModelsLib.model_description import Label, ModelDescription
from BoneSegModelsLib.model_folders import Model
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION

from .configuration import TrainingConfiguration, read_configuration
from .effect import EFFECT, LEAST_TRIALS
from .plots import PICTURES
from .prediction import SMALLEST_PART_ML, THRESHOLD
from .reports import SUMMARY, TABLE
from .train import CONFIGURATION, SUBJECTS, WEIGHTS

CARD = "MODEL_CARD.md"
CITATION = "Hepburn et al., PLoS ONE 2023, 18(4): e0284508, doi 10.1371/journal.pone.0284508"
TRAINING_DATA = (
    "T1w scans of the sacroiliac joints of ten subjects with the disease region drawn by hand, published with the VHI "
    "study: 3 T Philips Ingenia, oblique coronal, 25 slices of 336 x 336 pixels of 0.595 mm, 3.3 mm apart."
)
TESTED_SPACING_MM = (0.4, 1.2)
LARGEST_SKEWNESS = 2.1
EXPECTED_VOLUME_ML = (100.0, 1000.0)
LARGEST_UNSURE_SHARE = 1.0
"""As many unsure voxels as found ones: ten held-out subjects have 0.38 to 0.52, and the more the lower their Dice."""


def read_runs(runs: Sequence[Path]) -> tuple[TrainingConfiguration, list[dict[str, Any]], list[str]]:
    """Configuration (that of the first seed), weights of each run, and the subjects that all were trained on.

    Raises
    ------
    ValueError
        If the runs differ in more than the seed, or were trained on other subjects.
    FileNotFoundError
        If a run is not finished.
    """
    configurations = [read_configuration(run / CONFIGURATION) for run in runs]
    first = configurations[0]
    if any(replace(other, seed=first.seed) != first for other in configurations):
        raise ValueError("the runs differ in more than the seed")
    subjects = [json.loads((run / SUBJECTS).read_text(encoding="utf-8")) for run in runs]
    if any(names != subjects[0] for names in subjects):
        raise ValueError("the runs were trained on different subjects")
    weights = []
    for run in runs:
        with np.load(run / WEIGHTS) as arrays:
            weights.append(dict(arrays))
    return first, weights, subjects[0]


def describe(name: str, version: str, configuration: TrainingConfiguration) -> ModelDescription:
    """What `model.json` says about a network for the disease region."""
    label = Label(
        1,
        DISEASE_REGION.name,
        DISEASE_REGION.colour,
        DISEASE_REGION.terminology,
        smallest_part_ml=SMALLEST_PART_ML,
        expected_volume_ml=EXPECTED_VOLUME_ML,
        largest_unsure_share=LARGEST_UNSURE_SHARE,
    )
    scan = replace(configuration.model_input(), tested_spacing_mm=TESTED_SPACING_MM, largest_skewness=LARGEST_SKEWNESS)
    return ModelDescription(
        name=name,
        version=version,
        input=scan,
        labels=(label,),
        architecture=configuration.architecture(),
        training_data=TRAINING_DATA,
        citation=CITATION,
        licence="Apache-2.0",
        threshold=THRESHOLD,
    )


def export(
    runs: Sequence[Path],
    cross_validation: Path,
    out: Path,
    version: str,
    *,
    commands: Sequence[str] = (),
    how_chosen: str = "",
) -> Model:
    """Write the model folder with its card, and the pictures of the cross-validation where they were drawn.

    Raises
    ------
    ValueError
        If the runs do not belong together, or were not made by the recipe that was cross-validated.
    """
    configuration, weights, subjects = read_runs(runs)
    recipe = read_configuration(next(cross_validation.glob(f"fold*/{CONFIGURATION}")))
    if replace(recipe, seed=configuration.seed) != configuration:
        raise ValueError(f"{cross_validation} judged another recipe than the one of these runs")
    architecture = configuration.architecture()
    model = write_model_folder(out, describe(out.name, version, configuration), [(architecture, w) for w in weights])
    card = model_card(model, configuration, subjects, cross_validation, commands=commands, how_chosen=how_chosen)
    pictures = [cross_validation / name for name in PICTURES if (cross_validation / name).is_file()]
    for picture in pictures:
        shutil.copyfile(picture, out / picture.name)
    links = "".join(f"\n![{picture.stem}]({picture.name})\n" for picture in pictures)
    (out / CARD).write_text(card + links, encoding="utf-8")
    return model


def model_card(
    model: Model,
    configuration: TrainingConfiguration,
    subjects: Sequence[str],
    cross_validation: Path,
    *,
    commands: Sequence[str],
    how_chosen: str,
) -> str:
    """The card in Markdown; `how_chosen` says in words how the recipe was found."""
    figures = json.loads((cross_validation / SUMMARY).read_text(encoding="utf-8"))
    folds = json.loads((cross_validation / "folds.json").read_text(encoding="utf-8"))
    distance, difference = figures["distance_95_mm"], figures["volume_difference_percent"]
    low, high = configuration.intensity_percentiles
    network = model.description.architecture
    members = len(list(cross_validation.glob(f"fold0*/{CONFIGURATION}")))
    held_out = ", ".join(" + ".join(fold) for fold in folds)
    made = "\n".join(f"    {command}" for command in commands)
    return f"""# {model.description.name} {model.description.version}

Finds the disease region (the bone around the sacroiliac joints, as readers of the VHI study drew it) on T1w MRI.
Not a medical device. A reader looks at the region before it is used.

## Network

Ensemble of {len(model.members)} two-dimensional U-Nets with {network.number_of_weights:,} weights each; mean of their
probabilities, cut at {THRESHOLD}; connected parts below {SMALLEST_PART_ML:g} ml are dropped. Each slice is seen
between {configuration.context_slices} neighbour(s) on either side, at {configuration.spacing_mm} mm, rows towards the
feet, columns towards the left of the patient; the grey levels at {low:g} and {high:g} percent of the volume become
0 and 1.

## Trained on

{TRAINING_DATA}
Subjects: {", ".join(subjects)}. {CITATION}.
{_own_labels(configuration)}
## Accuracy on subjects not trained on

Cross-validation in {len(folds)} folds by subject, held out together: {held_out}.
{_judged(members)} The networks in this folder were trained on all {len(subjects)} subjects by the same recipe; nothing
here was measured with them.

{how_chosen}

| | mean | median | worst |
|---|---|---|---|
{_row(f"Dice of a slice ({figures['slices_with_region']} slices)", figures["slice_dice"])}
{_row(f"Dice of a subject ({figures['subjects']} subjects)", figures["subject_dice"])}

95th percentile of the surface distances: median {distance["median"]:.1f} mm, worst {distance["worst"]:.1f} mm.
Volume: {difference["mean"]:+.1f} % on average, {difference["largest"]:+.1f} % at most.

```
{(cross_validation / TABLE).read_text(encoding="utf-8").rstrip()}
```
{_effect(cross_validation)}
## Not known

Other scanners, field strengths and protocols, children, metal, fractures, fusion of the joints: none was among the
subjects. Augmentation imitates other contrast, pixel sizes and marrow; imitation is no evidence. No slice without
bone was among the manual regions. Readers leave out part of the sacrum between the foramina, and not all alike.

## Made by

{made}
"""


def _own_labels(configuration: TrainingConfiguration) -> str:
    if configuration.unlabelled_size == 0:
        return ""
    return """
Scans of further subjects of the study without a region, labelled by each network itself while it was trained, made
part of every batch.
"""


def _judged(members: int) -> str:
    return "One network a fold, not the ensemble." if members == 1 else f"Ensembles of {members} networks, as here."


def _effect(cross_validation: Path) -> str:
    path = cross_validation / EFFECT
    if not path.is_file():
        return ""
    return f"""
## What its errors do to VHI

A simulated reader keeps the islands that touch a voxel marked in at least {LEAST_TRIALS} of the 4 manual trials, with
the manual and with the held-out region, voxels:

```
{path.read_text(encoding="utf-8").rstrip()}
```
"""


def _row(name: str, figures: dict[str, float]) -> str:
    return f"| {name} | {figures['mean']:.3f} | {figures['median']:.3f} | {figures['worst']:.3f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.export", description="Write a bundled model.")
    parser.add_argument("--runs", nargs="+", required=True, type=Path, help="finished result folders of Training.train")
    parser.add_argument("--cross-validation", required=True, type=Path, help="result folder of Training.cross_validate")
    parser.add_argument("--out", required=True, type=Path, help="model folder; its name is the model's")
    parser.add_argument("--version", required=True, help="of the model, as 1.0.0")
    parser.add_argument("--command", action="append", default=[], help="a command that made it, for the card")
    parser.add_argument("--how-chosen", default="", help="how the recipe was found, in words, for the card")
    chosen = parser.parse_args(arguments)
    model = export(
        chosen.runs,
        chosen.cross_validation,
        chosen.out,
        chosen.version,
        commands=chosen.command,
        how_chosen=chosen.how_chosen,
    )
    print(f"{model.description.name} {model.description.version} with {len(model.members)} members is in {model.path}")


if __name__ == "__main__":
    main()
