"""A model folder says what it holds and is refused, in one clear sentence, when it does not hold it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from BoneSegModelsLib.architecture import Architecture
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.errors import ModelError
from BoneSegModelsLib.export import write_model_folder
from BoneSegModelsLib.model_description import ModelDescription, ModelInput, Orientation, Patch
from BoneSegModelsLib.model_folders import Model, list_models, load_model_folder, schema
from Networks.synthetic_models import (
    FLAT,
    SOLID,
    description,
    random_model,
    random_weights,
    solid_description,
    with_context,
)
from schema_oracle import disagreements
from VHIWorkflowLib.core.errors import VHIError

Document = dict[str, Any]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A model with two members."""
    return random_model(tmp_path, description(FLAT))


def change(model: Model, edit: Callable[[Document], Any]) -> None:
    """Change ``model.json``."""
    path = model.path / "model.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def exchange(model: Model, key: str, data: bytes) -> None:
    """Put another file, with a hash that fits, in the place of one of the first member's."""

    def edit(document: Document) -> None:
        document["members"][0][key]["sha256"] = hashlib.sha256(data).hexdigest()
        (model.path / document["members"][0][key]["file"]).write_bytes(data)

    change(model, edit)


@pytest.mark.parametrize(
    "made", [description(FLAT), with_context(2), solid_description()], ids=["2D", "2D, neighbours", "3D"]
)
def test_a_folder_gives_back_what_was_written(tmp_path: Path, made: ModelDescription) -> None:
    written = random_model(tmp_path, made, members=3)
    read = load_model_folder(written.path)
    assert read.description == made
    assert read.sha256 == hashlib.sha256((written.path / "model.json").read_bytes()).hexdigest()
    for seed, weights in enumerate(read.weights):
        wanted = random_weights(made.architecture, seed)
        assert weights.keys() == wanted.keys()
        assert all(np.array_equal(weights[name], wanted[name].astype(np.float16)) for name in wanted)


def test_writing_again_replaces_members_and_keeps_other_files(tmp_path: Path) -> None:
    card = random_model(tmp_path, description(FLAT), members=3).path / "MODEL_CARD.md"
    card.write_text("truth")
    model = random_model(tmp_path, description(FLAT, version="2.0.0"), members=1)
    assert model.description.version == "2.0.0"
    assert {path.name for path in model.path.iterdir()} == {"MODEL_CARD.md", "model.json", "member1.pt", "member1.npz"}


def test_the_list_names_what_is_usable_and_what_is_not(tmp_path: Path) -> None:
    random_model(tmp_path, description(FLAT, name="alpha"))
    broken = random_model(tmp_path, description(FLAT, name="beta"))
    (broken.path / "member2.pt").unlink()
    (tmp_path / "no_model").mkdir()
    alpha, beta = list_models(tmp_path)
    assert (alpha.name, alpha.problem) == ("alpha", None)
    assert alpha.model is not None
    assert (beta.name, beta.model) == ("beta", None)
    assert "member2.pt" in str(beta.problem)
    assert list_models(tmp_path / "nowhere") == ()


def test_a_missing_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such model"):
        load_model_folder(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["member1.pt", "member2.npz"])
def test_a_missing_or_changed_member_is_named(model: Model, name: str) -> None:
    path = model.path / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=rf"{re.escape(name)}: differs .* install the extension again"):
        load_model_folder(model.path)
    path.unlink()
    with pytest.raises(ModelError, match=rf"{re.escape(name)}: this file of the model is missing"):
        load_model_folder(model.path)


def test_what_the_disk_says_is_passed_on(model: Model) -> None:
    (model.path / "model.json").unlink()
    (model.path / "model.json").mkdir()
    with pytest.raises(ModelError, match=r"model\.json: cannot be read"):
        load_model_folder(model.path)
    (model.path.parent / "file").write_text("")
    weights = random_weights(FLAT, 0)
    with pytest.raises(ModelError, match="the model cannot be written"):
        write_model_folder(model.path.parent / "file" / "synthetic", description(FLAT), [(FLAT, weights)])


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"{}", b'{"format": "other"}', b"[" * 100_000])
def test_what_is_no_model_is_refused(model: Model, content: bytes) -> None:
    (model.path / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match="is not a"):
        load_model_folder(model.path)


def test_a_newer_format_asks_for_newer_software(model: Model) -> None:
    change(model, lambda document: document.update(format_version=2, surprise=True))
    with pytest.raises(ModelError, match="format version 2, and this software reads up to 1; update VHIWorkflow"):
        load_model_folder(model.path)


INVALID: list[Callable[[Document], Any]] = [
    lambda d: d.pop("licence"),
    lambda d: d.update(surprise=1),
    lambda d: d.update(threshold=1.0),
    lambda d: d.update(labels=[]),
    lambda d: d["input"].update(contrast="CT"),
    lambda d: d["input"]["orientation"].update(rows="up"),
    lambda d: d["input"]["intensity"].update(method="guess"),
    lambda d: d["architecture"].update(activation="relu"),
    lambda d: d["architecture"].update(features=[]),
    lambda d: d["members"][0]["weights"].update(file="../elsewhere.npz"),
    lambda d: d["members"][0]["weights"].update(sha256="0"),
    lambda d: d["labels"][0]["terminology"]["type"].update(scheme="made up"),
    lambda d: d.update(members=[]),
    lambda d: d.update(format_version="1"),
    lambda d: d["input"].update(context_slices=-1),
    lambda d: d["input"].update(context_slices=1.5),
    lambda d: d["input"].pop("context_slices"),
]


@pytest.mark.parametrize("edit", INVALID, ids=range(len(INVALID)))
def test_what_the_schema_forbids_is_refused(model: Model, edit: Callable[[Document], Any]) -> None:
    change(model, edit)
    with pytest.raises(ModelError, match="is not a valid model description: data"):
        load_model_folder(model.path)


CONTRADICTIONS: list[Callable[[Document], Any]] = [
    lambda d: d["labels"].append(d["labels"][0]),
    lambda d: d["architecture"].update(input_channels=2),
    lambda d: d["input"].update(context_slices=1),
    lambda d: d["input"]["orientation"].update(rows="P", slices="A"),
    lambda d: d["input"].update(slice_spacing_mm=1.0),
    lambda d: d["input"]["intensity"].update(percentiles=[99, 1]),
    lambda d: d.update(patch={"size": [8, 9], "overlap": 0.5, "blending": "linear"}),
    lambda d: d.update(patch={"size": [8, 8, 8], "overlap": 0.5, "blending": "linear"}),
]


@pytest.mark.parametrize("edit", CONTRADICTIONS, ids=range(len(CONTRADICTIONS)))
def test_parts_that_do_not_fit_are_refused(model: Model, edit: Callable[[Document], Any]) -> None:
    change(model, edit)
    with pytest.raises(ModelError, match="does not hold together"):
        load_model_folder(model.path)


@pytest.mark.parametrize("kind", ["another network", "pickled", "no archive"])
def test_weights_that_do_not_fit_are_refused(model: Model, kind: str) -> None:
    file = io.BytesIO(b"no archive")
    if kind == "another network":
        np.savez(file, **random_weights(SOLID, 0))
    elif kind == "pickled":
        np.savez(file, **{name: np.array([{}], dtype=object) for name in FLAT.weight_shapes()})
    exchange(model, "weights", file.getvalue())
    with pytest.raises(ModelError, match=r"member1\.npz: holds no weights for this network"):
        open_backend(load_model_folder(model.path), "numpy")


def test_torchscript_of_a_newer_torch(model: Model) -> None:
    """Torch says no; asked for torch that is an error, else numpy runs the network and the notes say why."""
    newer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(model.members[0].torchscript)) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"999\n" if name.endswith("version") else old.read(name))
    exchange(model, "torchscript", newer.getvalue())
    changed = load_model_folder(model.path)
    with pytest.raises(
        ModelError, match=r"member1\.pt: cannot be read by torch .*; install torch 2\.\d+\.\d+ or newer"
    ):
        open_backend(changed, "torch")
    backend = open_backend(changed)
    assert backend.name.startswith("numpy")
    assert re.search("cannot be read by torch .* run by numpy", backend.notes[0])


def test_export_refuses_what_does_not_fit(tmp_path: Path) -> None:
    made, weights = description(FLAT), random_weights(FLAT, 0)
    with pytest.raises(ModelError, match="must have its name, synthetic"):
        write_model_folder(tmp_path / "other", made, [(FLAT, weights)])
    with pytest.raises(ModelError, match="another network than the description says"):
        write_model_folder(tmp_path / "synthetic", made, [(SOLID, random_weights(SOLID, 0))])
    with pytest.raises(ModelError, match=r"do not fit the network: head\.bias"):
        write_model_folder(tmp_path / "synthetic", made, [(FLAT, weights | {"head.bias": np.zeros(2)})])
    with pytest.raises(ModelError, match="not a finite number"):
        write_model_folder(tmp_path / "synthetic", made, [(FLAT, weights | {"head.bias": np.full(1, np.nan)})])
    with pytest.raises(ModelError, match="is not a valid model description"):
        write_model_folder(tmp_path / "synthetic", made, [])
    assert list(tmp_path.iterdir()) == []


def test_descriptions_that_contradict_themselves_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="three different axes"):
        Orientation("A", "P", "L")
    with pytest.raises(ValueError, match="multiples of 4"):
        description(FLAT, patch=Patch((32, 30)))
    with pytest.raises(ValueError, match="must grow"):
        ModelInput("T1w", 1.0, tested_spacing_mm=(2.0, 1.0))
    with pytest.raises(ValueError, match="3 input channels, and one slice between 0 neighbours"):
        description(replace(FLAT, input_channels=3))
    with pytest.raises(ValueError, match="neighbours are for 2D networks"):
        description(replace(SOLID, input_channels=3), input=ModelInput("T1w", 1.0, context_slices=1))
    with pytest.raises(ValueError, match="fewer than 0 neighbouring slices"):
        ModelInput("T1w", 1.0, context_slices=-1)
    with pytest.raises(ValueError, match="no such network"):
        Architecture(dimensions=4, features=(8,))


def test_one_class_of_errors() -> None:
    assert issubclass(ModelError, VHIError)


def properties(part: Document, path: str = "") -> Iterator[tuple[str, Document]]:
    """All objects of a schema, and the properties they describe."""
    if "properties" in part:
        yield path, part
    for key in ("properties", "definitions"):
        for name, inner in part.get(key, {}).items():
            yield from properties(inner, f"{path}/{name}")
    for inner in (*part.get("oneOf", ()), *([part["items"]] if "items" in part else [])):
        yield from properties(inner, path)


def test_the_schema_explains_every_key_and_leaves_nothing_open() -> None:
    objects = dict(properties(schema()))
    assert len(objects) >= 10
    for path, part in objects.items():
        assert part["additionalProperties"] is False, path
        assert set(part["required"]) == set(part["properties"]), path
        for name, inner in part["properties"].items():
            assert inner.get("description") or "const" in inner, f"{path}/{name}"


def test_the_schema_is_checked_as_a_library_does(model: Model) -> None:
    refused, different = disagreements(json.loads((model.path / "model.json").read_text()), schema())
    assert refused > 100
    assert not different


def test_reading_needs_no_warnings(model: Model) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_backend(load_model_folder(model.path), "torch").name.startswith("torch")
