"""The whole chain ends in a model folder whose card says what was measured, and which says what training said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.inference import segment
from BoneSegModelsLib.model_folders import load_model_folder
from BoneSegModelsLib.torch_backend import TorchBackend
from BoneSegModelsLib.unet_torch import build_with_weights
from Training import check, effect, plots
from Training.check import tiny_configuration, tiny_slices, tiny_subjects
from Training.configuration import read_configuration
from Training.export import CARD, export, read_runs
from Training.prediction import predict_subject, without_small_parts
from Training.train import CONFIGURATION, WEIGHTS, train
from VHIWorkflowLib.phantom import make_phantom


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    check.run_chain(folder, 3)
    return folder


def test_the_card_quotes_what_the_cross_validation_wrote(chain: Path) -> None:
    card = (chain / "phantom_bone" / CARD).read_text()
    figures = json.loads((chain / "folds" / "summary.json").read_text())
    assert f"{figures['slice_dice']['worst']:.3f}" in card
    assert (chain / "folds" / "subjects.txt").read_text().splitlines()[1] in card
    assert all((chain / "phantom_bone" / name).is_file() for name in plots.PICTURES)


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_the_exported_model_says_what_the_trained_networks_say(chain: Path, backend: str) -> None:
    model = load_model_folder(chain / "phantom_bone")
    subject = tiny_subjects()[1]
    configuration = read_configuration(chain / "all1" / CONFIGURATION)
    expected = np.zeros(subject.region.shape)
    for arrays in model.weights:
        network = build_with_weights(configuration.architecture(), arrays)
        expected += predict_subject(network, subject, configuration, torch.device("cpu")) / len(model.weights)
    expected = without_small_parts(expected, subject)
    whole = TorchBackend(model, "cpu", precision="float32") if backend == "torch" else open_backend(model, "numpy")
    found = segment(subject.t1w, model, whole)
    assert np.abs(found.probabilities[0] - expected).max() < 1e-4


def test_runs_that_do_not_belong_together_are_refused(tmp_path: Path, chain: Path) -> None:
    train(tiny_configuration(3), tiny_slices()[1:], tmp_path / "few")
    train(replace(tiny_configuration(3), batch_size=1), tiny_slices()[:3], tmp_path / "other")
    with pytest.raises(ValueError, match="more than the seed"):
        read_runs([chain / "all1", tmp_path / "other"])
    with pytest.raises(ValueError, match="different subjects"):
        read_runs([chain / "all1", tmp_path / "few"])
    with pytest.raises(ValueError, match="another recipe"):
        export([tmp_path / "other"], chain / "folds", tmp_path / "model", "1.0.0")
    (tmp_path / "few" / WEIGHTS).unlink()
    with pytest.raises(FileNotFoundError):
        read_runs([tmp_path / "few"])


def test_vhi_with_the_same_region_is_the_same() -> None:
    phantom = make_phantom(1, shape=(9, 96, 96))
    masks = (phantom.normal_bone, phantom.disease_region)
    normal, region = (np.asarray(mask.array, dtype=bool) for mask in masks)
    whole = effect.simulated_reader(phantom.stir, normal, region, np.ones_like(region))
    assert whole > effect.simulated_reader(phantom.stir, normal, region, np.zeros_like(region)) == 0
    text = effect.table([effect.Effect("one", whole, whole), effect.Effect("two", 99, 49)])
    assert "1.000" in text
    assert "0.500" in text
