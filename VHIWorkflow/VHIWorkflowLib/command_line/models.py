"""``vhi models``: what is bundled."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from .networks import add_models

if TYPE_CHECKING:
    from BoneSegModelsLib.model_folders import Model, ModelEntry

DESCRIPTION = """\
List the bundled networks with their hashes. Every file is read and compared with the hash that belongs to it; exit
status 2 when one is missing or differs.
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "models",
        help="list the bundled networks",
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

    entries = list_models(arguments.models)
    if arguments.json:
        print(json.dumps([_document(entry) for entry in entries], ensure_ascii=False, indent=1))
    elif not entries:
        print(f"no models lie in {models_folder(arguments.models)}")
    else:
        for entry in entries:
            if entry.model is not None:
                print(_in_words(entry.model))
    broken = [entry for entry in entries if entry.problem is not None]
    for entry in broken:
        print(f"vhi: {one_line(str(entry.problem))}", file=sys.stderr)
    return 2 if broken else 0


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
