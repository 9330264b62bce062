"""Changed copies of training slices: other scanners, positions, protocols and marrow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from .configuration import AugmentationStrength


@dataclass(frozen=True)
class Batch:
    """Slices ready for the network.

    `image`, shape (batch, slices, rows, columns), holds each slice between its neighbours; `target`, shape (batch, 1,
    rows, columns), the share of each pixel in the region.
    """

    image: torch.Tensor
    target: torch.Tensor


class Draw:
    """Random numbers for a batch: one value per sample, from one seeded generator on the CPU."""

    def __init__(self, seed: int, step: int, size: int) -> None:
        self.size = size
        self.generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)

    def uniform(self, low: float, high: float) -> torch.Tensor:
        """Uniform values, shape (batch, 1, 1, 1)."""
        return low + (high - low) * torch.rand((self.size, 1, 1, 1), generator=self.generator)

    def around_zero(self, largest: float) -> torch.Tensor:
        """Uniform values between plus and minus `largest`, shape (batch, 1, 1, 1)."""
        return self.uniform(-largest, largest)

    def happens(self, probability: float) -> torch.Tensor:
        """1 with the given probability, else 0, shape (batch, 1, 1, 1)."""
        return (torch.rand((self.size, 1, 1, 1), generator=self.generator) < probability).float()

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal values, shape (batch, *shape)."""
        return torch.randn((self.size, *shape), generator=self.generator)

    def integers(self, count: int) -> torch.Tensor:
        """Whole numbers from 0 to count - 1, shape (batch,)."""
        return torch.randint(count, (self.size,), generator=self.generator)

    def smooth_field(self, channels: int, knots: int, size: tuple[int, int]) -> torch.Tensor:
        """Smooth random fields of about unit deviation, shape (batch, channels, rows, columns)."""
        coarse = self.normal(channels, knots, knots)
        return functional.interpolate(coarse, size=size, mode="bicubic", align_corners=True)


def augment(
    stack: torch.Tensor,
    region: torch.Tensor,
    strength: AugmentationStrength,
    *,
    spacing_mm: float,
    crop_pixels: int,
    draw: Draw,
) -> Batch:
    """Change a batch of slices at random.

    Parameters
    ----------
    stack
        Each slice between its neighbours, shape (batch, 2 reach + 1, rows, columns), scaled intensities.
    region
        Share of each pixel in the region, same shape.
    strength
        How strong each change may be.
    spacing_mm
        Between pixels of the slices and of the result.
    crop_pixels
        Rows and columns of the result.
    draw
        Source of chance; the same seed and step give the same result.

    Returns
    -------
    The changed slices, with one neighbour less on each side. What lies outside the scan is 0 in the image, and counts
    as background.
    """
    device = stack.device
    middle = stack.shape[1] // 2
    changed = _change_marrow(stack, region, strength, draw)
    lone = draw.happens(strength.lone_slice).to(device)
    changed = changed + lone * (changed[:, middle : middle + 1] - changed)
    image = _thicken(changed, draw.uniform(0, strength.thick_slice).to(device))
    grid = _sampling_grid(stack.shape[-2:], crop_pixels, strength, spacing_mm, draw).to(device)
    together = torch.cat([image, region[:, middle : middle + 1]], dim=1)
    moved = functional.grid_sample(together, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    image, target = moved[:, :-1], moved[:, -1:]
    field = _field_of_view(crop_pixels, strength, draw).to(device)
    image = _change_intensities(image, strength, draw) * field
    image = _change_sharpness(image, strength, spacing_mm, draw)
    return Batch(image, target * field)


def _thicken(stack: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Mix each slice with both neighbours, as in a scan with thicker slices; the outermost slices go."""
    return stack[:, 1:-1] * (1 - share) + share / 2 * (stack[:, :-2] + stack[:, 2:])


def _change_marrow(
    image: torch.Tensor, region: torch.Tensor, strength: AugmentationStrength, draw: Draw
) -> torch.Tensor:
    """Raise or lower the fat signal inside the bone smoothly: fatty or sclerotic marrow."""
    size = (image.shape[-2], image.shape[-1])
    patches = draw.smooth_field(1, 9, size) * draw.uniform(0.0, 0.6)
    change = draw.around_zero(1.0) + patches
    change = change.clamp(-1.2, 1.0) * strength.marrow * draw.happens(strength.marrow_probability)
    return image * torch.exp(change.to(image.device) * region)


def _sampling_grid(
    size: torch.Size, crop_pixels: int, strength: AugmentationStrength, spacing_mm: float, draw: Draw
) -> torch.Tensor:
    """Where each pixel of the result is taken from, shape (batch, rows, columns, 2), in torch's -1 to 1."""
    angle = draw.around_zero(math.radians(strength.rotation_degrees))
    scale = torch.exp(draw.around_zero(math.log1p(strength.scaling)))
    stretch = torch.exp(draw.around_zero(math.log1p(strength.scaling) / 3))
    mirrored = 1 - 2 * draw.happens(strength.flip)
    extent = torch.tensor([size[1], size[0]], dtype=torch.float32)
    room = (extent - crop_pixels).clamp(min=0).mul(0.5) + strength.shift_mm / spacing_mm
    shift = (draw.uniform(-1, 1), draw.uniform(-1, 1))
    steps = torch.arange(crop_pixels, dtype=torch.float32) - (crop_pixels - 1) / 2
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    columns = (cosine * x + sine * y) * stretch * mirrored + shift[0] * room[0]
    rows = (cosine * y - sine * x) / stretch + shift[1] * room[1]
    apart = max(strength.elastic_grid_mm, 4 * spacing_mm)
    knots = max(round(crop_pixels * spacing_mm / apart) + 1, 2)
    bend = draw.smooth_field(2, knots, (crop_pixels, crop_pixels)) * (strength.elastic_mm / spacing_mm)
    bend = bend * draw.uniform(0, 1)
    places = torch.stack([columns[:, 0] + bend[:, 0], rows[:, 0] + bend[:, 1]], dim=-1)
    return places * 2 / extent


def _field_of_view(crop_pixels: int, strength: AugmentationStrength, draw: Draw) -> torch.Tensor:
    """1 inside a rectangle at least half as wide and high as the square, 0 outside, shape (batch, 1, n, n)."""
    places = (torch.arange(crop_pixels, dtype=torch.float32) + 0.5) / crop_pixels
    inside = torch.ones((draw.size, 1, crop_pixels, crop_pixels))
    happens = draw.happens(strength.crop) > 0
    for axis in (2, 3):
        length = draw.uniform(0.5, 1)
        start = draw.uniform(0, 1) * (1 - length)
        along = places.view([1, 1, -1, 1] if axis == 2 else [1, 1, 1, -1])
        inside = inside * ((along >= start) & (along < start + length))
    return torch.where(happens, inside, torch.ones(()))


def _change_intensities(image: torch.Tensor, strength: AugmentationStrength, draw: Draw) -> torch.Tensor:
    """Other gamma, contrast, brightness and receiver field."""
    size = (image.shape[-2], image.shape[-1])
    gamma = torch.exp(draw.around_zero(strength.gamma)).to(image.device)
    factor = torch.exp(draw.around_zero(strength.contrast)).to(image.device)
    offset = draw.around_zero(strength.brightness).to(image.device)
    field = draw.smooth_field(1, 4, size).clamp(-2, 2) / 2 * draw.uniform(0, strength.bias)
    changed = image.clamp(min=0) ** gamma * factor + offset * (image > 0)
    return changed * torch.exp(field.to(image.device))


def _change_sharpness(
    image: torch.Tensor, strength: AugmentationStrength, spacing_mm: float, draw: Draw
) -> torch.Tensor:
    """Coarser pixels, blur and noise; half of the samples each keep their sharpness and their noise."""
    worst = max(strength.coarsest_mm, spacing_mm)
    coarse = float(draw.uniform(spacing_mm, worst)[0]) if strength.coarsest_mm > spacing_mm else spacing_mm
    grain = draw.normal(*image.shape[1:]) * draw.uniform(0, strength.noise) * draw.happens(0.5)
    sigma = float(draw.uniform(0, strength.blur_mm)[0]) / spacing_mm
    softened = _blur(_coarsen(image, coarse / spacing_mm), sigma)
    kept = draw.happens(0.5).to(image.device)
    return kept * image + (1 - kept) * softened + grain.to(image.device)


def _coarsen(image: torch.Tensor, factor: float) -> torch.Tensor:
    """Lose what pixels `factor` times as large would lose."""
    small = [max(round(n / factor), 1) for n in image.shape[-2:]]
    if small == list(image.shape[-2:]):
        return image
    reduced = functional.interpolate(image, size=small, mode="bilinear", antialias=True)
    return functional.interpolate(reduced, size=image.shape[-2:], mode="bilinear")


def _blur(image: torch.Tensor, sigma_pixels: float) -> torch.Tensor:
    if sigma_pixels < 0.2:
        return image
    reach = max(math.ceil(3 * sigma_pixels), 1)
    offsets = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-0.5 * (offsets / sigma_pixels) ** 2)
    kernel = kernel / kernel.sum()
    single = image.flatten(0, 1)[:, None]
    padded = functional.pad(single, (reach, reach, reach, reach), mode="replicate")
    blurred = functional.conv2d(functional.conv2d(padded, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return blurred.view(image.shape)
