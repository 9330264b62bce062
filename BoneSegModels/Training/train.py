"""Train one network: `python -m Training.train --data FOLDER --out FOLDER`.

The result folder holds `configuration.json`, `subjects.json` (those trained on), `log.jsonl` (one JSON object a line:
step, loss, learning rate, seconds, from time to time the Dice of subjects held out), `checkpoint.pt` to go on from, and
at the end `weights.npz`: the averaged weights with batch normalisation folded in. The same command goes on where an
interrupted run stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from BoneSegModelsLib.unet_torch import UNet, build, fold_batch_norm
from torch import nn

from .configuration import TrainingConfiguration, read_configuration
from .dataset import NetworkSlices, load_subjects, load_unlabelled, network_slices
from .losses import dice_and_cross_entropy
from .prediction import predict_slices
from .self_training import OwnLabels, Pools, own_labels
from .slices import pool_slices

CONFIGURATION, LOG, CHECKPOINT, WEIGHTS = "configuration.json", "log.jsonl", "checkpoint.pt", "weights.npz"
SUBJECTS = "subjects.json"
SAVE_EVERY_SECONDS = 60.0
LOG_EVERY = 10
VALIDATE_EVERY = 500


@dataclass(frozen=True)
class Limits:
    """When to stop before the last step; a run that was stopped can go on later."""

    minutes: float = math.inf
    last_step: int | None = None


def learning_rate(configuration: TrainingConfiguration, step: int) -> float:
    """Rises linearly over the first steps, then falls as a half cosine to nothing at the last step."""
    warm_up = configuration.warm_up_steps
    if step < warm_up:
        return configuration.learning_rate * (step + 1) / warm_up
    done = (step - warm_up) / max(configuration.steps - warm_up, 1)
    return configuration.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class Run:
    """Network, optimiser, averaged weights and number of steps done: everything that a run can go on from."""

    def __init__(self, configuration: TrainingConfiguration, device: torch.device) -> None:
        torch.manual_seed(configuration.seed)
        self.configuration = configuration
        self.device = device
        self.network = self._new_network()
        self.average = self._new_network().eval()
        self.average.load_state_dict(self.network.state_dict())
        self._averaged, self._trained = _values(self.average), _values(self.network)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=configuration.learning_rate,
            weight_decay=configuration.weight_decay,
            fused=device.type == "cuda",
        )
        self.step = 0

    def _new_network(self) -> UNet:
        network = build(self.configuration.architecture(), batch_norm=True).to(self.device)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def train_step(self, pools: Pools) -> torch.Tensor:
        """One step of the optimiser; returns the loss, which a GPU may not have finished yet."""
        batch = pools.batch(self.configuration, self.step, self.average)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.configuration, self.step)
        short = torch.autocast(self.device.type, torch.bfloat16) if self.configuration.bfloat16 else nullcontext()
        with short:
            logits = self.network(batch.image.contiguous(memory_format=torch.channels_last))
        loss = dice_and_cross_entropy(logits, batch.target, self.configuration.dice_share)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._update_average()
        return loss.detach()

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.configuration.average_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self._averaged, self._trained, 1 - decay)

    def save(self, path: Path, unlabelled: OwnLabels | None = None) -> None:
        """Write everything to a file, replacing it in one go."""
        state = {
            "own_labels": unlabelled.pool.target if unlabelled else None,
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, path)

    def load(self, path: Path, unlabelled: OwnLabels | None = None) -> None:
        """Go on from a file."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]
        if unlabelled:
            unlabelled.pool.target.copy_(state["own_labels"])


def _values(network: nn.Module) -> list[torch.Tensor]:
    """Weights, biases, and means and variances of batch normalisation: what is averaged over the steps."""
    return [value for value in network.state_dict().values() if value.is_floating_point()]


def train(
    configuration: TrainingConfiguration,
    subjects: Sequence[NetworkSlices],
    folder: Path,
    *,
    held_out: Sequence[NetworkSlices] = (),
    unlabelled: Sequence[NetworkSlices] = (),
    device: torch.device | None = None,
    limits: Limits | None = None,
) -> Run:
    """Train a network, or go on with it.

    Parameters
    ----------
    configuration
        Every choice.
    subjects
        Trained on.
    folder
        For the result; an interrupted run there with the same configuration goes on.
    held_out
        Looked at from time to time for the learning curves; nothing is chosen by them.
    unlabelled
        Subjects that the network labels itself.
    device, limits
        Where to compute (None: the CPU), and when to stop early.

    Raises
    ------
    ValueError
        If the folder holds a run with another configuration, a subject is both trained on and held out, or slices of
        unlabelled subjects are wanted and there are none.
    """
    device, limits = device or torch.device("cpu"), limits or Limits()
    if configuration.unlabelled_size and not unlabelled:
        raise ValueError("the configuration wants unlabelled subjects; give their folder, or set unlabelled_share to 0")
    both = {subject.name for subject in subjects} & {subject.name for subject in held_out}
    if both:
        raise ValueError(f"trained on and held out at the same time: {', '.join(sorted(both))}")
    _claim(folder, configuration)
    names = sorted(subject.name for subject in subjects)
    (folder / SUBJECTS).write_text(json.dumps(names) + "\n", encoding="utf-8")
    run = Run(configuration, device)
    labelled = pool_slices(subjects, configuration.context_slices, device)
    pools = Pools(labelled, own_labels(unlabelled, configuration, device))
    if (folder / CHECKPOINT).is_file():
        run.load(folder / CHECKPOINT, pools.own)
    _cut_log(folder / LOG, run.step)
    with torch.backends.cudnn.flags(enabled=True, benchmark=True):
        _go_on(run, pools, folder, held_out, limits)
    run.save(folder / CHECKPOINT, pools.own)
    if run.step >= configuration.steps:
        write_weights(folder / WEIGHTS, run.average)
    return run


def _go_on(run: Run, pools: Pools, folder: Path, held_out: Sequence[NetworkSlices], limits: Limits) -> None:
    """Train until the last step or the limit, with a line in the log and a checkpoint now and then."""
    configuration, started = run.configuration, time.monotonic()
    last = min(configuration.steps, limits.last_step or configuration.steps)
    losses: list[torch.Tensor] = []
    logged, saved = started, started
    while run.step < last and time.monotonic() - started < 60 * limits.minutes:
        losses.append(run.train_step(pools))
        if run.step % LOG_EVERY == 0 or run.step == last:
            entry: dict[str, Any] = {"step": run.step, "loss": round(float(torch.stack(losses).mean()), 5)}
            now = time.monotonic()
            entry["learning_rate"] = learning_rate(configuration, run.step - 1)
            entry["step_seconds"] = round((now - logged) / len(losses), 4)
            entry["seconds"] = round(now - started, 1)
            if held_out and (run.step % VALIDATE_EVERY == 0 or run.step == last):
                entry["held_out_dice"] = held_out_dice(run, held_out)
            _append(folder / LOG, entry)
            losses.clear()
            logged = time.monotonic()
        if time.monotonic() - saved > SAVE_EVERY_SECONDS:
            run.save(folder / CHECKPOINT, pools.own)
            saved = time.monotonic()


def held_out_dice(run: Run, subjects: Iterable[NetworkSlices]) -> dict[str, float]:
    """Dice of the whole volume of each subject, at the network's spacing."""
    found = {}
    for subject in subjects:
        predicted = predict_slices(run.average, subject.image, run.configuration, run.device) >= 0.5
        wanted = subject.target >= 0.5
        overlap = 2 * int((predicted & wanted).sum()) / max(int(predicted.sum()) + int(wanted.sum()), 1)
        found[subject.name] = round(overlap, 4)
    return found


def write_weights(path: Path, network: nn.Module) -> None:
    """Write the weights with batch normalisation folded in, as plain arrays."""
    with path.with_suffix(".part").open("wb") as file:
        np.savez(file, **fold_batch_norm(network))  # type: ignore[arg-type]
    os.replace(path.with_suffix(".part"), path)


def _claim(folder: Path, configuration: TrainingConfiguration) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIGURATION
    if path.is_file() and path.read_text(encoding="utf-8") != configuration.to_json():
        raise ValueError(f"{folder} holds a run with another configuration; choose another folder")
    path.write_text(configuration.to_json(), encoding="utf-8")


def _cut_log(path: Path, step: int) -> None:
    """Leave out of the log what lies after the checkpoint that the run goes on from."""
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")


def _append(path: Path, entry: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that training and cross-validation share."""
    parser.add_argument("--data", required=True, help="folder of labelled subjects, or phantom:N for N synthetic ones")
    parser.add_argument("--unlabelled", help="folder of subjects with t1w.nii.gz only, which the network labels itself")
    parser.add_argument("--out", required=True, type=Path, help="folder for the result; an interrupted run goes on")
    parser.add_argument("--configuration", type=Path, help="JSON file; what it does not give keeps its default")
    parser.add_argument("--seed", type=int, help="instead of the seed in the configuration")
    parser.add_argument("--steps", type=int, help="instead of the steps in the configuration")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this time; the run can go on later")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: %(default)s)")


def chosen_configuration(arguments: argparse.Namespace) -> TrainingConfiguration:
    """Configuration from the file and the arguments that replace its values."""
    path: Path | None = arguments.configuration
    configuration = read_configuration(path) if path else TrainingConfiguration()
    changes = {name: getattr(arguments, name) for name in ("seed", "steps") if getattr(arguments, name) is not None}
    return replace(configuration, **changes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.train", description="Train one network.")
    add_common_arguments(parser)
    parser.add_argument("--hold-out", nargs="*", default=[], metavar="SUBJECT", help="subjects not to train on")
    chosen = parser.parse_args(arguments)
    configuration = chosen_configuration(chosen)
    subjects = load_subjects(chosen.data)
    unknown = set(chosen.hold_out) - {subject.name for subject in subjects}
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    prepared = [network_slices(subject, configuration.model_input()) for subject in subjects]
    run = train(
        configuration,
        [subject for subject in prepared if subject.name not in chosen.hold_out],
        chosen.out,
        held_out=[subject for subject in prepared if subject.name in chosen.hold_out],
        unlabelled=[
            network_slices(subject, configuration.model_input()) for subject in load_unlabelled(chosen.unlabelled)
        ],
        device=torch.device(chosen.device),
        limits=Limits(minutes=chosen.minutes),
    )
    print(f"{run.step} of {configuration.steps} steps done in {chosen.out}")


if __name__ == "__main__":
    main()
