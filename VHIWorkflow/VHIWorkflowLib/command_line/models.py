"""``vhi models``: what is bundled."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from .networks import add_models

if TYPE_CHECKING:
    from BoneSegModelsLib.catalogue import Bundled
    from BoneSegModelsLib.model_folders import Model

DESCRIPTION = """\
List the bundled models with their hashes: networks, normal-bone proposal, ranking of islands. Every file is read and
compared with the hash that belongs to it; exit status 2 when one is missing or differs, or there is none.
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
    from BoneSegModelsLib.catalogue import list_bundled
    from BoneSegModelsLib.errors import ModelError
    from BoneSegModelsLib.model_folders import models_folder

    from .measure import one_line

    bundled = list_bundled(arguments.models)
    if arguments.json:
        print(json.dumps([_document(each) for each in bundled], ensure_ascii=False, indent=1))
    else:
        for each in bundled:
            if each.problem is None:
                print(_in_words(each))
    if not bundled:
        raise ModelError(f"{models_folder(arguments.models)}: holds no models; install the extension again")
    broken = [each.problem for each in bundled if each.problem is not None]
    for problem in broken:
        print(f"vhi: {one_line(problem)}", file=sys.stderr)
    return 2 if broken else 0


def _in_words(bundled: Bundled) -> str:
    lines = [f"{bundled.name} {bundled.version}", f"  finds    {bundled.finds}"]
    if bundled.network is None:
        return "\n".join([*lines, f"  sha256   {bundled.sha256}"])
    what = bundled.network.description
    lines += [
        f"  on       {what.input.contrast}, {what.architecture.dimensions}D, {what.input.spacing_mm:g} mm",
        f"  sha256   {bundled.sha256}",
    ]
    lines += [f"  {name:<8} {sha256}" for name, sha256 in _files(bundled.network).items()]
    return "\n".join([*lines, f"  licence  {what.licence}", f"  trained  {what.training_data}"])


def _document(bundled: Bundled) -> dict[str, Any]:
    document: dict[str, Any] = {"name": bundled.name, "path": str(bundled.path), "problem": bundled.problem}
    if bundled.finds:
        document["finds"] = bundled.finds
    if bundled.problem is None:
        document |= {"version": bundled.version, "sha256": bundled.sha256}
    if bundled.network is None:
        return document
    what = bundled.network.description
    return document | {
        "contrast": what.input.contrast,
        "labels": [label.name for label in what.labels],
        "members": len(bundled.network.members),
        "files": _files(bundled.network),
        "licence": what.licence,
        "training_data": what.training_data,
        "citation": what.citation,
    }


def _files(model: Model) -> dict[str, str]:
    """SHA-256 of every file of the networks, by name."""
    return {path.name: sha256 for member in model.members for path, sha256 in member.sha256s()}
