"""``vhi models``: what is bundled."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .networks import add_models

if TYPE_CHECKING:
    from BoneSegModelsLib.island_rank import RankModel
    from BoneSegModelsLib.model_folders import Model, ModelEntry
    from BoneSegModelsLib.normal_bone_parameters import NormalBoneParameters

DESCRIPTION = """\
List the bundled models with their hashes: networks, normal-bone proposal, ranking of islands. Every file is read and
compared with the hash that belongs to it; exit status 2 when one is missing or differs.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "models",
        help="list the bundled models",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_models(parser)
    parser.add_argument("--json", action="store_true", help="print the list as JSON, for scripts")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List the models; 2 when one cannot be used."""
    from BoneSegModelsLib.model_folders import list_models, models_folder

    from .measure import one_line

    folder = models_folder(arguments.models)
    entries = list_models(arguments.models)
    without_network = list(_without_network(folder))
    if arguments.json:
        documents = [*map(_document, entries), *without_network]
        print(json.dumps(documents, ensure_ascii=False, indent=1))
    elif not entries and not without_network:
        print(f"no models lie in {folder}")
    else:
        words = [_in_words(entry.model) for entry in entries if entry.model is not None]
        words += [
            f"{each['name']} {each['version']}\n  finds    {each['finds']}\n  sha256   {each['sha256']}"
            for each in without_network
            if each["problem"] is None
        ]
        print("\n".join(words))
    problems = [entry.problem for entry in entries] + [each["problem"] for each in without_network]
    broken = [str(problem) for problem in problems if problem is not None]
    for problem in broken:
        print(f"vhi: {one_line(problem)}", file=sys.stderr)
    return 2 if broken else 0


def _without_network(folder: Path) -> Iterator[dict[str, Any]]:
    """The models of a folder that are no networks: what they find, version, hash, or why they cannot be used."""
    from BoneSegModelsLib import island_rank, normal_bone_parameters
    from BoneSegModelsLib.errors import ModelError

    marrow = folder / normal_bone_parameters.MODEL_NAME / normal_bone_parameters.PARAMETERS_NAME
    ranking = folder / island_rank.MODEL_NAME / island_rank.DESCRIPTION_NAME
    kinds: tuple[tuple[Path, str, Callable[[], NormalBoneParameters | RankModel]], ...] = (
        (marrow, "a proposal for the normal bone", lambda: normal_bone_parameters.read_parameters(marrow)),
        (ranking, "the rank of each island", lambda: island_rank.load_rank_model(ranking.parent)),
    )
    for path, finds, load in kinds:
        if not path.is_file():
            continue
        document = {"name": path.parent.name, "path": str(path.parent), "finds": finds}
        try:
            model = load()
        except ModelError as error:
            yield document | {"problem": str(error)}
        else:
            yield document | {"problem": None, "version": model.version, "sha256": model.sha256}


def _in_words(model: Model) -> str:
    what = model.description
    lines = [
        f"{what.name} {what.version}",
        f"  finds    {', '.join(label.name for label in what.labels)}",
        f"  on       {what.input.contrast}, {what.architecture.dimensions}D, {what.input.spacing_mm:g} mm",
        f"  sha256   {model.sha256}",
    ]
    lines += [f"  {name:<8} {sha256}" for name, sha256 in _files(model).items()]
    return "\n".join([*lines, f"  licence  {what.licence}", f"  trained  {what.training_data}"])


def _document(entry: ModelEntry) -> dict[str, Any]:
    document: dict[str, Any] = {"name": entry.name, "path": str(entry.path), "problem": entry.problem}
    if entry.model is None:
        return document
    what = entry.model.description
    return document | {
        "version": what.version,
        "sha256": entry.model.sha256,
        "contrast": what.input.contrast,
        "labels": [label.name for label in what.labels],
        "members": len(entry.model.members),
        "files": _files(entry.model),
        "licence": what.licence,
        "training_data": what.training_data,
        "citation": what.citation,
    }


def _files(model: Model) -> dict[str, str]:
    """SHA-256 of every file of the networks, by name."""
    return {path.name: sha256 for member in model.members for path, sha256 in member.sha256s()}
