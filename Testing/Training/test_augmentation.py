"""Changes keep image and target together, stay in bounds, and follow from seed and step alone."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from Training.augmentation import Batch, Draw, augment
from Training.check import STILL
from Training.configuration import AugmentationStrength

PLACES = ("rotation_degrees", "scaling", "shift_mm", "elastic_mm", "flip")


def disc(size: int = 64) -> torch.Tensor:
    """Four slices with an off-centre disc."""
    steps = torch.arange(size)
    inside = (steps[:, None] - 26) ** 2 + (steps[None] - 38) ** 2 < 14**2
    return inside.float().expand(4, size, size)


def change(strength: AugmentationStrength, seed: int = 1, step: int = 0, crop_pixels: int = 64) -> Batch:
    """Change slices whose image is the target itself; each is seen between two neighbours like it."""
    stack = disc()[:, None].expand(-1, 5, -1, -1)
    return augment(stack, stack, strength, spacing_mm=1.2, crop_pixels=crop_pixels, draw=Draw(seed, step, len(stack)))


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("step", range(5))
def test_image_and_target_move_together(name: str, step: int) -> None:
    moving = replace(STILL, **{name: getattr(AugmentationStrength(), name) or 1.0}, elastic_grid_mm=30.0)
    batch = change(moving, step=step)
    assert torch.equal(batch.image, batch.target.expand_as(batch.image))


@pytest.mark.parametrize("name", PLACES)
def test_each_movement_moves(name: str) -> None:
    moving = replace(STILL, **{name: getattr(AugmentationStrength(), name)}, elastic_grid_mm=30.0)
    assert any(not torch.allclose(change(moving, step=step).target[:, 0], disc(), atol=0.1) for step in range(5))


def test_strength_zero_changes_nothing() -> None:
    batch = change(STILL)
    assert batch.image.shape == (4, 3, 64, 64)
    assert torch.allclose(batch.image[:, 1], disc(), atol=1e-5)
    assert torch.allclose(batch.target[:, 0], disc(), atol=1e-5)


@pytest.mark.parametrize("field", fields(AugmentationStrength), ids=lambda field: field.name)
def test_every_change_alone_is_finite_and_keeps_the_target_a_share(field: object) -> None:
    name = getattr(field, "name", "")
    batch = change(replace(STILL, **{name: getattr(AugmentationStrength(), name)}))
    assert torch.isfinite(batch.image).all()
    assert batch.target.min() >= 0
    assert batch.target.max() <= 1 + 1e-5


def test_seed_and_step_alone_decide() -> None:
    strong = AugmentationStrength()
    assert torch.equal(change(strong, 3, 7).image, change(strong, 3, 7).image)
    assert not torch.equal(change(strong, 3, 7).image, change(strong, 3, 8).image)
    assert not torch.equal(change(strong, 3, 7).image, change(strong, 4, 7).image)


def test_marrow_changes_only_inside_the_bone() -> None:
    region = disc()[:, None].expand(-1, 5, -1, -1)
    strength = replace(STILL, marrow=0.6, marrow_probability=1.0)
    grey = torch.full(region.shape, 0.4)
    batch = augment(grey, region, strength, spacing_mm=1.2, crop_pixels=64, draw=Draw(1, 0, 4))
    changed = (batch.image - 0.4).abs() > 1e-4
    assert changed.any()
    assert not (changed & (region[:, 1:4] == 0)).any()


def test_neighbours_are_kept_mixed_or_replaced_by_the_slice_itself() -> None:
    stack = torch.arange(5.0)[None, :, None, None].expand(4, -1, 32, 32) / 10
    still, thick, lone = (
        augment(stack, stack, strength, spacing_mm=1.2, crop_pixels=32, draw=Draw(1, 0, 4)).image[..., 16, 16]
        for strength in (STILL, replace(STILL, thick_slice=0.5), replace(STILL, lone_slice=1.0))
    )
    assert torch.allclose(still, torch.tensor([0.1, 0.2, 0.3]).expand(4, 3))
    assert torch.allclose(thick, still)  # evenly rising neighbours have the slice as their mean
    assert torch.allclose(lone, torch.full((4, 3), 0.2))


def test_a_smaller_field_of_view_has_neither_signal_nor_bone_outside() -> None:
    strength = replace(STILL, crop=1.0)
    batches = [change(strength, step=step) for step in range(5)]
    assert any(batch.target.sum() < disc().sum() for batch in batches)
    assert all((batch.image[:, 1:2][batch.target > 0] > 0).all() for batch in batches)
