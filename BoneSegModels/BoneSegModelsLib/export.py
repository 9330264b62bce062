"""Write a model folder from trained weights; needs torch for the TorchScript."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.sentences import sentences_of

from .architecture import Architecture
from .errors import ModelError
from .model_description import ModelDescription
from .model_folders import DESCRIPTION_NAME, FORMAT, FORMAT_VERSION, Model, load_model_folder, validate

_ = sentences_of(__name__)

WeightArrays = Mapping[str, npt.NDArray[np.floating]]


def write_model_folder(
    path: Path, description: ModelDescription, members: Sequence[tuple[Architecture, WeightArrays]]
) -> Model:
    """Write ``model.json``, TorchScript and plain weights of every member, and read the model back.

    Weights are kept in half precision, the same in both: that takes half the room and moves a weight by less than a
    thousandth. Networks run in the precision of whatever runs them.

    Parameters
    ----------
    path
        Folder of the model, named like it; made when missing. Files of an earlier version are replaced, ``model.json``
        last; members it no longer names are removed. Other files stay.
    description
        What the model is.
    members
        Architecture and weights, batch normalisation folded in (`unet_torch.fold_batch_norm`), of each network.

    Raises
    ------
    ModelError
        If torch is missing, the parts do not fit each other, or the folder cannot be written.
    """
    path = Path(path)
    if path.name != description.name:
        raise ModelError(
            _("{path}: the folder of a model must have its name, {name}").format(path=path, name=description.name)
        )
    files: dict[str, bytes] = {}
    entries = []
    for number, (architecture, weights) in enumerate(members, start=1):
        if architecture != description.architecture:
            raise ModelError(
                _("{path}: member {number} is another network than the description says").format(
                    path=path, number=number
                )
            )
        script, plain = _member_files(path, architecture, weights)
        names = {"torchscript": f"member{number}.pt", "weights": f"member{number}.npz"}
        files |= {names["torchscript"]: script, names["weights"]: plain}
        entries.append({key: {"file": name, "sha256": _sha256(files[name])} for key, name in names.items()})
    document = {"format": FORMAT, "format_version": FORMAT_VERSION}
    document |= description.document() | {"members": entries, "torch_version": _torch_version()}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    validate(path / DESCRIPTION_NAME, json.loads(text))
    _write(path, files | {DESCRIPTION_NAME: text.encode()})
    return load_model_folder(path)


def _member_files(path: Path, architecture: Architecture, weights: WeightArrays) -> tuple[bytes, bytes]:
    unet_torch = _unet_torch()
    with np.errstate(over="ignore"):
        plain = {name: np.ascontiguousarray(array, dtype=np.float16) for name, array in weights.items()}
    try:
        network = unet_torch.build_with_weights(architecture, plain)
    except ValueError as error:
        raise ModelError(_("{path}: {error}").format(path=path, error=error)) from error
    if not all(np.isfinite(array).all() for array in plain.values()):
        raise ModelError(
            _("{path}: a weight is not a finite number, or too large for half precision").format(path=path)
        )
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **plain)
    return unet_torch.torchscript(network.half()).save_to_buffer(), file.getvalue()


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write each file under a temporary name and rename it, in the order given."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            temporary = path / f".{name}.{os.getpid()}"
            try:
                temporary.write_bytes(data)
                os.replace(temporary, path / name)
            finally:
                temporary.unlink(missing_ok=True)
        for old in (*path.glob("member*.pt"), *path.glob("member*.npz")):
            if old.name not in files:
                with suppress(FileNotFoundError):
                    old.unlink()
    except OSError as error:
        raise ModelError(
            _("{path}: the model cannot be written ({reason})").format(path=path, reason=error.strerror or error)
        ) from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _torch_version() -> str:
    import torch

    return str(torch.__version__).partition("+")[0]


def _unet_torch() -> Any:
    try:
        from . import unet_torch
    except ImportError as error:
        raise ModelError(_("a model can only be written with torch; install it and try again")) from error
    return unet_torch
