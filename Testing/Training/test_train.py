"""A run is decided by its configuration, goes on where it stopped, and learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from BoneSegModelsLib.unet_torch import build, build_with_weights
from Training import cross_validate, evaluate
from Training import train as training
from Training.check import STILL, tiny_configuration, tiny_slices, tiny_subjects
from Training.configuration import TrainingConfiguration, configuration_from, read_configuration
from Training.losses import dice_and_cross_entropy
from Training.prediction import predict_slices, predict_subject
from Training.self_training import own_labels
from Training.slices import pool_slices
from Training.train import Limits, learning_rate, train

CPU = torch.device("cpu")


def weights(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / training.WEIGHTS) as arrays:
        return dict(arrays)


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        train(replace(tiny_configuration(2), seed=seed), tiny_slices(), tmp_path / name)
    assert same(weights(tmp_path / "one"), weights(tmp_path / "again"))
    assert not same(weights(tmp_path / "one"), weights(tmp_path / "other"))


def test_an_interrupted_run_ends_as_one_that_was_not(tmp_path: Path) -> None:
    configuration = tiny_configuration(5)
    train(configuration, tiny_slices(), tmp_path / "whole")
    for last_step in (2, 3, None):
        train(configuration, tiny_slices(), tmp_path / "parts", limits=Limits(last_step=last_step))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_own_labels_are_what_the_network_says_and_change_what_it_learns(tmp_path: Path) -> None:
    configuration = replace(tiny_configuration(6), unlabelled_share=0.5, label_from=2, label_every=2)
    few, more = tiny_slices()[:2], [replace(one, target=one.target * 0) for one in tiny_slices()[2:]]
    with pytest.raises(ValueError, match="unlabelled"):
        train(configuration, few, tmp_path / "none")
    train(configuration, few, tmp_path / "whole", unlabelled=more)
    for last_step in (3, 4, None):
        limits = Limits(last_step=last_step)
        train(configuration, few, tmp_path / "parts", unlabelled=more, limits=limits)
    train(replace(configuration, unlabelled_share=0.0), few, tmp_path / "alone")
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert not same(weights(tmp_path / "whole"), weights(tmp_path / "alone"))
    own = own_labels(more, configuration, CPU)
    assert own is not None
    network = training.Run(configuration, CPU).average
    own.renew(network, configuration)
    said = torch.cat([predict_slices(network, one.image, configuration, CPU) for one in more])
    again = torch.nn.functional.avg_pool2d(own.pool.target[:, None], 2)[:, 0]
    assert float((again - said).abs().mean()) < 0.02


def test_no_time_leaves_a_run_that_can_go_on(tmp_path: Path) -> None:
    run = train(tiny_configuration(2), tiny_slices(), tmp_path, limits=Limits(minutes=0))
    assert run.step == 0
    assert not (tmp_path / training.WEIGHTS).exists()
    assert train(tiny_configuration(2), tiny_slices(), tmp_path).step == 2


def test_another_configuration_does_not_touch_the_run(tmp_path: Path) -> None:
    train(tiny_configuration(2), tiny_slices(), tmp_path)
    kept = weights(tmp_path)
    with pytest.raises(ValueError, match="another configuration"):
        train(tiny_configuration(3), tiny_slices(), tmp_path)
    assert same(kept, weights(tmp_path))
    assert read_configuration(tmp_path / training.CONFIGURATION) == tiny_configuration(2)


def test_no_subject_is_trained_on_and_held_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="phantom1"):
        train(tiny_configuration(), tiny_slices(), tmp_path, held_out=tiny_slices()[:1])


def test_the_log_has_every_step_once_after_going_on(tmp_path: Path) -> None:
    train(tiny_configuration(20), tiny_slices()[1:], tmp_path, limits=Limits(last_step=10))
    with (tmp_path / training.LOG).open("a") as file:
        file.write('{"step": 15, "loss": 0.0}\n')
    train(tiny_configuration(20), tiny_slices()[1:], tmp_path, held_out=tiny_slices()[:1])
    log = [json.loads(line) for line in (tmp_path / training.LOG).read_text().splitlines()]
    assert [entry["step"] for entry in log] == [10, 20]
    assert 0 <= log[-1]["held_out_dice"]["phantom1"] <= 1


def test_training_learns_bone(tmp_path: Path) -> None:
    configuration = replace(tiny_configuration(60, STILL), learning_rate=0.02, average_decay=0.8)
    run = train(configuration, tiny_slices()[1:], tmp_path)
    assert training.held_out_dice(run, tiny_slices()[:1])["phantom1"] > 0.7


def test_the_written_weights_say_what_the_run_says(tmp_path: Path) -> None:
    configuration, subject = tiny_configuration(3), tiny_subjects()[0]
    run = train(configuration, tiny_slices(), tmp_path)
    written = build_with_weights(configuration.architecture(), weights(tmp_path))
    first = predict_subject(run.average, subject, configuration, CPU)
    second = predict_subject(written, subject, configuration, CPU)
    assert first.shape == subject.region.shape
    assert np.abs(first - second).max() < 1e-4


def test_what_a_fold_holds_out_is_never_in_its_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []

    def spy(*arguments):  # type: ignore[no-untyped-def]
        pool = pool_slices(*arguments)
        seen.append(pool.names)
        return pool

    monkeypatch.setattr(training, "pool_slices", spy)
    command = ["--data", "phantom:4", "--out", str(tmp_path), "--folds", "2", "--configuration"]
    (tmp_path / "tiny.json").write_text(tiny_configuration(2).to_json())
    cross_validate.main([*command, str(tmp_path / "tiny.json")])
    folds = json.loads((tmp_path / "folds.json").read_text())
    assert len(seen) == len(folds) == 2
    for pool, held_out in zip(seen, folds, strict=True):
        assert sorted([*pool, *held_out]) == ["phantom1", "phantom2", "phantom3", "phantom4"]
    assert json.loads((tmp_path / "summary.json").read_text())["subjects"] == 4


def test_evaluation_repeats_the_figures_of_the_cross_validation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.json").write_text(tiny_configuration(2).to_json())
    chain = ["--data", "phantom:3"]
    cross_validate.main(
        [*chain, "--out", str(tmp_path / "cv"), "--leave-one-out", "--configuration", str(tmp_path / "tiny.json")]
    )
    evaluate.main([*chain, "--cross-validation", str(tmp_path / "cv"), "--out", str(tmp_path / "again")])
    first, again = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("cv", "again"))
    assert first["subject_dice"] == pytest.approx(again["subject_dice"], abs=0.02)
    evaluate.main([*chain, "--run", str(tmp_path / "cv" / "fold0_member0"), "--subjects", "phantom1"])
    assert "phantom1" in capsys.readouterr().out


@pytest.mark.parametrize("command", [training.main, cross_validate.main, evaluate.main])
def test_every_command_explains_itself(command, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as ended:
        command(["--help"])
    assert ended.value.code == 0
    assert "--data" in capsys.readouterr().out


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    configuration = TrainingConfiguration(steps=100, warm_up_steps=10)
    rates = [learning_rate(configuration, step) for step in range(100)]
    assert max(rates) == configuration.learning_rate == rates[9] == rates[10]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-3 * configuration.learning_rate


def test_empty_slices_change_nothing_on_the_others_as_when_a_model_is_run() -> None:
    configuration = tiny_configuration()
    torch.manual_seed(1)
    network = build(configuration.architecture())
    image = tiny_slices()[0].image
    padded = torch.cat([torch.zeros_like(image[:2]), image, torch.zeros_like(image[:1])])
    wanted = predict_slices(network, image, configuration, CPU)
    found = predict_slices(network, padded, configuration, CPU)
    assert float(wanted.std()) > 0
    assert torch.allclose(found[2:-1], wanted, atol=1e-6)
    assert not found[[0, 1, -1]].any()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_loss_is_least_where_the_probability_is_the_share_of_the_pixel(share: float) -> None:
    target = torch.tensor([[[[1.0, 0.0, 0.25, 0.5]]]]).repeat(2, 1, 30, 1)
    right = torch.logit(target, eps=1e-6).requires_grad_()
    loss = dice_and_cross_entropy(right, target, share)
    loss.backward()
    assert right.grad is not None
    assert float(right.grad.abs().max()) < 1e-4
    assert float(dice_and_cross_entropy(right.detach() + 1, target, share)) > float(loss.detach())
    assert float(dice_and_cross_entropy(-right.detach(), target, share)) > float(loss.detach()) + 0.5


def test_configurations_survive_being_written_and_unknown_names_are_refused() -> None:
    configuration = tiny_configuration()
    assert configuration_from(json.loads(configuration.to_json())) == configuration
    with pytest.raises(ValueError, match="colour"):
        configuration_from({"colour": "blue"})
    with pytest.raises(ValueError, match="crop"):
        configuration_from({"crop_mm": 1.0})
