"""Small models with random or hand-made weights, written as model folders, and scans to run them on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from BoneSegModelsLib.architecture import Architecture
from BoneSegModelsLib.export import write_model_folder
from BoneSegModelsLib.model_description import IntensityScaling, Label, ModelDescription, ModelInput, Patch
from BoneSegModelsLib.model_folders import Model
from scipy import ndimage
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE

Weights = dict[str, npt.NDArray[np.float32]]

FLAT = Architecture(dimensions=2, features=(4, 6, 8))
SOLID = Architecture(dimensions=3, features=(4, 6), output_channels=4, output="softmax")
POINTWISE = Architecture(dimensions=2, features=(1,), convolutions_per_level=1)


def labels(count: int) -> tuple[Label, ...]:
    """Labels with values 2, 4, 6, ..."""
    kinds = [DISEASE_REGION, NORMAL_BONE]
    return tuple(
        Label(2 * n + 2, f"Bone {n + 1}", (1.0, n / count, 0.0), kinds[n % 2].terminology) for n in range(count)
    )


def description(architecture: Architecture, **changes: Any) -> ModelDescription:
    """A description that fits an architecture."""
    background = 1 if architecture.output == "softmax" else 0
    usual: dict[str, Any] = {
        "name": "synthetic",
        "version": "1.2.3",
        "input": ModelInput("T1w", 0.6),
        "labels": labels(architecture.output_channels - background),
        "architecture": architecture,
        "training_data": "None: the weights are random.",
        "citation": "None",
        "licence": "Apache-2.0",
    }
    return ModelDescription(**usual | changes)


def with_context(context: int) -> ModelDescription:
    """A 2D network that sees neighbouring slices."""
    wanted = ModelInput("T1w", 0.6, context_slices=context)
    return description(replace(FLAT, input_channels=2 * context + 1), input=wanted, threshold=0.45)


def solid_description() -> ModelDescription:
    """A 3D network with several labels that works on patches."""
    wanted = ModelInput("T1w", 1.0, slice_spacing_mm=1.0, intensity=IntensityScaling(method="z_score", limits=None))
    return description(SOLID, input=wanted, patch=Patch((8, 16, 12), 0.5, "gaussian"), threshold=0.3)


def random_weights(architecture: Architecture, seed: int) -> Weights:
    """Weights that keep values neither tiny nor huge."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in architecture.weight_shapes().items():
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        scale *= 3 if name == "head.weight" else 1
        weights[name] = rng.normal(0, scale, shape).astype(np.float32)
    return weights


def random_model(path: Path, made: ModelDescription, members: int = 2) -> Model:
    """Write a model with random weights."""
    nets = [(made.architecture, random_weights(made.architecture, seed)) for seed in range(members)]
    return write_model_folder(path / made.name, made, nets)


def bright_model(path: Path, middle: float = 0.5, **changes: Any) -> Model:
    """A model that finds what is brighter than the middle of the scaled grey levels; below 0 that is everything."""
    weights = {name: np.zeros(shape, np.float32) for name, shape in POINTWISE.weight_shapes().items()}
    weights["encoder.0.0.weight"][0, 0, 1, 1] = 1
    weights["head.weight"][:] = 40
    weights["head.bias"][:] = -40 * middle
    made = description(POINTWISE, **changes)
    return write_model_folder(path / made.name, made, [(POINTWISE, weights)])


def oblique_grid(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], tilt: float = 25.0) -> Grid:
    """Coronal slices tilted about the left-right axis (degrees) and turned a little, centred on the origin."""
    angle, turn = np.deg2rad([tilt, 4.0])
    about_x = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    columns, rows, slices = [-1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]
    k, j, i = spacing_mm
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_y @ np.column_stack([columns, rows, slices]) * (i, j, k)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape)[::-1] - 1) / 2)
    return Grid(shape, affine)


def smooth_scan(grid: Grid, seed: int = 0) -> Volume:
    """Smooth random grey levels."""
    noise = np.random.default_rng(seed).normal(size=grid.shape)
    return Volume((300 * ndimage.gaussian_filter(noise, (0, 2, 2)) + 100).astype(np.float32), grid)


def sphere_scan(grid: Grid, radius_mm: float) -> Volume:
    """A bright ball around the origin, with soft edges as partial volume makes them."""
    distance = np.linalg.norm(grid.to_ras(np.indices(grid.shape).reshape(3, -1).T), axis=1).reshape(grid.shape)
    return Volume(np.clip((radius_mm - distance) / 1.0 + 0.5, 0, 1).astype(np.float32), grid)


def stored_ways(volume: Volume) -> Iterator[tuple[Volume, tuple[int, ...], tuple[int, ...]]]:
    """The same volume with its axes in all 48 orders and directions; also the order and the flipped axes."""
    for order, reverse in product(permutations(range(3)), product((False, True), repeat=3)):
        flips = tuple(axis for axis in range(3) if reverse[axis])
        array = np.ascontiguousarray(np.flip(volume.array.transpose(order), flips))
        affine = volume.grid.affine.copy()
        affine[:3, :3] = volume.grid.affine[:3, [2 - order[2], 2 - order[1], 2 - order[0]]]
        for axis in flips:
            affine[:3, 3] += affine[:3, 2 - axis] * (array.shape[axis] - 1)
            affine[:3, 2 - axis] *= -1
        yield Volume(array, Grid((array.shape[0], array.shape[1], array.shape[2]), affine)), order, flips


def restored(array: npt.NDArray[Any], order: tuple[int, ...], flips: tuple[int, ...]) -> npt.NDArray[Any]:
    """Undo one of the ways of `stored_ways`."""
    return np.flip(array, flips).transpose(np.argsort(order))


def dice(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Dice of two masks."""
    return float(2 * np.sum(one & other) / (one.sum() + other.sum()))
