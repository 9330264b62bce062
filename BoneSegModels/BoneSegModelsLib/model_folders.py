"""Model folders on disk: list them, read one and check that it is whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.json_schema import SchemaError, check
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import ModelError
from .model_description import ModelDescription

_ = sentences_of(__name__)

FORMAT = "VHIWorkflow model"
FORMAT_VERSION = 1
DESCRIPTION_NAME = "model.json"
SCHEMA_PATH = Path(__file__).with_name("model.schema.json")
_HERE = Path(__file__).resolve().parent
PLACES = (_HERE / "Models", _HERE.parent / "Resources" / "Models")
"""Where bundled models may lie: installed by pip; in the repository, and in 3D Slicer."""
FOLDER_VARIABLE = "VHI_MODELS"
"""Environment variable that names another folder of models."""

Weights = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Member:
    """One network of a model: path of its TorchScript file, and the bytes of both files, found whole."""

    torchscript_path: Path
    torchscript: bytes
    weights_path: Path
    weights_file: bytes

    def sha256s(self) -> tuple[tuple[Path, str], ...]:
        """Path and SHA-256 of both files."""
        pairs = ((self.torchscript_path, self.torchscript), (self.weights_path, self.weights_file))
        return tuple((path, hashlib.sha256(data).hexdigest()) for path, data in pairs)


@dataclass(frozen=True)
class Model:
    """A model read from its folder: what it is, SHA-256 of ``model.json`` (which holds those of all files), members."""

    description: ModelDescription
    path: Path
    sha256: str
    torch_version: str
    members: tuple[Member, ...]

    @cached_property
    def weights(self) -> tuple[Weights, ...]:
        """Weights of each member by name, float32.

        Raises
        ------
        ModelError
            If a file holds no plain arrays, or those of another network.
        """
        return tuple(self._weights_of(member) for member in self.members)

    def _weights_of(self, member: Member) -> Weights:
        try:
            with np.load(io.BytesIO(member.weights_file), allow_pickle=False) as arrays:
                weights = {name: np.asarray(arrays[name], dtype=np.float32) for name in arrays.files}
            self.description.architecture.check(weights)
        except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise ModelError(
                _("{path}: holds no weights for this network ({error})").format(path=member.weights_path, error=error)
            ) from error
        return weights


@dataclass(frozen=True)
class ModelEntry:
    """One folder of a list: the model, or in one sentence why it cannot be used."""

    name: str
    path: Path
    model: Model | None
    problem: str | None


def models_folder(folder: Path | None = None) -> Path:
    """Where models lie: in this folder, else in that of the environment, else where the bundled ones are."""
    named = os.environ.get(FOLDER_VARIABLE)
    if folder is not None or named:
        return Path(folder or str(named))
    return next((place for place in PLACES if place.is_dir()), PLACES[-1])


def find_model(name: str, folder: Path | None = None) -> Model:
    """Read a model by its name.

    Raises
    ------
    ModelError
        If there is none of that name, or it is not whole.
    """
    place = models_folder(folder)
    names = _names(place)
    if name not in names:
        problem = (
            _("no model named {name} is bundled with this version; there is {names}")
            if folder is None
            else _("no model named {name} lies in {folder}; there is {names}")
        )
        raise ModelError(problem.format(name=name, folder=folder, names=", ".join(names) or _("none at all")))
    return load_model_folder(place / name)


def list_models(folder: Path | None = None) -> tuple[ModelEntry, ...]:
    """All models of a folder by name, those that cannot be used with the reason; none if there is no such folder.

    Raises
    ------
    ModelError
        If the folder cannot be read.
    """
    place = models_folder(folder)
    return tuple(_entry(place / name) for name in _names(place))


def load_model_folder(path: Path) -> Model:
    """Read a model and compare all its files with their SHA-256.

    Raises
    ------
    ModelError
        If ``model.json`` is missing, damaged, of a newer format or not valid, or a member is missing or differs.
    """
    path = Path(path)
    description_path = path / DESCRIPTION_NAME
    data = _read(description_path, _("there is no such model; choose another, or install the extension again"))
    document = _document(description_path, data)
    try:
        description = ModelDescription.from_document(document)
    except ValueError as error:
        raise ModelError(
            _("{path}: does not hold together: {error}").format(path=description_path, error=error)
        ) from error
    members = tuple(
        Member(*_checked(path, member["torchscript"]), *_checked(path, member["weights"]))
        for member in document["members"]
    )
    return Model(description, path, hashlib.sha256(data).hexdigest(), document["torch_version"], members)


def validate(path: Path, document: Any) -> None:
    """Check the document of a ``model.json`` against the schema.

    Raises
    ------
    ModelError
        If it is not valid; the message names the place.
    """
    try:
        check(document, schema())
    except SchemaError as error:
        raise ModelError(
            _("{path}: is not a valid model description: {error}").format(path=path, error=error)
        ) from error


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of ``model.json``."""
    found: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return found


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.parent.name for path in folder.glob(f"*/{DESCRIPTION_NAME}"))
    except OSError as error:
        raise ModelError(
            _("{folder}: cannot be read ({reason})").format(folder=folder, reason=error.strerror or error)
        ) from error


def _entry(path: Path) -> ModelEntry:
    try:
        return ModelEntry(path.name, path, load_model_folder(path), None)
    except ModelError as error:
        return ModelEntry(path.name, path, None, error.sentence)


def _document(path: Path, data: bytes) -> Any:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            _("{path}: is not a whole JSON file; install the extension again").format(path=path)
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(_("{path}: is not a {format} file").format(path=path, format=FORMAT))
    version = document.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        problem = _("has format version {version}, and this software reads up to {format_version}").format(
            version=version, format_version=FORMAT_VERSION
        )
        raise ModelError(_("{path}: {problem}; update VHIWorkflow").format(path=path, problem=problem))
    validate(path, document)
    return document


def _checked(folder: Path, entry: dict[str, str]) -> tuple[Path, bytes]:
    path = folder / entry["file"]
    data = _read(path, _("this file of the model is missing; install the extension again"))
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ModelError(
            _("{path}: differs from the file that belongs to the model; install the extension again").format(path=path)
        )
    return path, data


def _read(path: Path, when_missing: str) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(_("{path}: {problem}").format(path=path, problem=when_missing)) from error
    except OSError as error:
        raise ModelError(
            _("{path}: cannot be read ({reason})").format(path=path, reason=error.strerror or error)
        ) from error
