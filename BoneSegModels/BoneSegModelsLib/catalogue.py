"""All that is bundled, in one list: networks, the proposal for the normal bone, the ranking of islands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from . import island_rank
from . import normal_bone_parameters as normal_bone
from .errors import ModelError
from .model_folders import Model, ModelEntry, list_models, models_folder

_ = sentences_of(__name__)

CARD_NAME = "MODEL_CARD.md"


@dataclass(frozen=True)
class Bundled:
    """One model of the list.

    Attributes
    ----------
    name, path
        Its name and folder.
    finds
        What it finds, in words; empty for a network that cannot be read.
    version, sha256
        None when it cannot be used.
    problem
        In one sentence why it cannot be used; None when all its files are whole.
    network
        The network, where it is one and whole.
    """

    name: str
    path: Path
    finds: str
    version: str | None = None
    sha256: str | None = None
    problem: str | None = None
    network: Model | None = None

    @property
    def card_path(self) -> Path:
        """Its card: how it was made and how well it does."""
        return self.path / CARD_NAME


def list_bundled(folder: Path | None = None) -> tuple[Bundled, ...]:
    """Read every model of a folder, comparing all files with their SHA-256; of the bundled ones if none is named.

    Raises
    ------
    ModelError
        If the folder cannot be read.
    """
    networks = tuple(_of_network(entry) for entry in list_models(folder))
    return networks + tuple(_without_network(models_folder(folder)))


def _of_network(entry: ModelEntry) -> Bundled:
    if entry.model is None:
        return Bundled(entry.name, entry.path, "", problem=entry.problem)
    what = entry.model.description
    finds = ", ".join(label.name for label in what.labels)
    return Bundled(what.name, entry.path, finds, what.version, entry.model.sha256, network=entry.model)


def _without_network(place: Path) -> Iterator[Bundled]:
    for name, file_name, finds, read in (
        (normal_bone.MODEL_NAME, normal_bone.PARAMETERS_NAME, _("a proposal for the normal bone"), _marrow),
        (island_rank.MODEL_NAME, island_rank.DESCRIPTION_NAME, _("the rank of each island"), _ranking),
    ):
        folder = place / name
        if not (folder / file_name).is_file():
            continue
        try:
            version, sha256 = read(folder)
        except ModelError as error:
            yield Bundled(name, folder, finds, problem=error.sentence)
        else:
            yield Bundled(name, folder, finds, version, sha256)


def _marrow(folder: Path) -> tuple[str, str]:
    parameters = normal_bone.read_parameters(folder / normal_bone.PARAMETERS_NAME)
    return parameters.version, parameters.sha256


def _ranking(folder: Path) -> tuple[str, str]:
    ranking = island_rank.load_rank_model(folder)
    return ranking.version, ranking.sha256
