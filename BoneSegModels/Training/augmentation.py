"""Changed copies of training slices: other scanners, positions, protocols and marrow."""

from __future__ import annotations

import math
import random
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
    """Random numbers for a batch, one value per sample, where the batch lies; the same seed and step give the same.

    Another stream is another batch of the same step. Values differ between kinds of device. `single` gives one number
    for the whole batch without waiting for a device.
    """

    def __init__(self, seed: int, step: int, size: int, device: torch.device | None = None, stream: int = 0) -> None:
        self.size = size
        self.device = device or torch.device("cpu")
        mixed = (seed * 1_000_003 + step + stream * 1_000_000_007) % 2**63
        self.generator = torch.Generator(self.device).manual_seed(mixed)
        self._single = random.Random(mixed)

    def single(self, low: float, high: float) -> float:
        """One uniform number."""
        return self._single.uniform(low, high)

    def uniform(self, low: float, high: float) -> torch.Tensor:
        """Uniform values, shape (batch, 1, 1, 1)."""
        return low + (high - low) * torch.rand((self.size, 1, 1, 1), generator=self.generator, device=self.device)

    def around_zero(self, largest: float) -> torch.Tensor:
        """Uniform values between plus and minus `largest`, shape (batch, 1, 1, 1)."""
        return self.uniform(-largest, largest)

    def happens(self, probability: float) -> torch.Tensor:
        """1 with the given probability, else 0, shape (batch, 1, 1, 1)."""
        return (self.uniform(0, 1) < probability).float()

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal values, shape (batch, *shape)."""
        return torch.randn((self.size, *shape), generator=self.generator, device=self.device)

    def integers(self, count: int) -> torch.Tensor:
        """Whole numbers from 0 to count - 1, shape (batch,)."""
        return torch.randint(count, (self.size,), generator=self.generator, device=self.device)

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
    finer: int = 1,
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
        Between pixels of the result.
    finer
        How many pixels of the slices lie along one of the result. From finer pixels, as smooth as those of the result,
        a turned slice is as sharp as one that was not turned.
    crop_pixels
        Rows and columns of the result.
    draw
        Source of chance, on the device of the slices; the same seed and step give the same result.

    Returns
    -------
    The changed slices, with one neighbour less on each side. What lies outside the scan is 0 in the image, and counts
    as background.
    """
    count, middle = stack.shape[1], stack.shape[1] // 2
    rows, columns = (n / finer for n in stack.shape[-2:])
    grid = _sampling_grid((rows, columns), crop_pixels, strength, spacing_mm, draw)
    together = torch.cat([stack, region], dim=1)
    moved = functional.grid_sample(together, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    stack, region = moved[:, :count], moved[:, count:]
    image, target = _change_marrow(stack, region, strength, draw), region[:, middle : middle + 1]
    lone = draw.happens(strength.lone_slice)
    image = image + lone * (image[:, middle : middle + 1] - image)
    image = _thicken(image, draw.uniform(0, strength.thick_slice))
    field = _field_of_view(crop_pixels, strength, draw)
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
    return image * torch.exp(change * region)


def _sampling_grid(
    size: tuple[float, float], crop_pixels: int, strength: AugmentationStrength, spacing_mm: float, draw: Draw
) -> torch.Tensor:
    """Where each pixel of the result is taken from, shape (batch, rows, columns, 2), in torch's -1 to 1."""
    angle = draw.around_zero(math.radians(strength.rotation_degrees))
    scale = torch.exp(draw.around_zero(math.log1p(strength.scaling)))
    stretch = torch.exp(draw.around_zero(math.log1p(strength.scaling) / 3))
    mirrored = 1 - 2 * draw.happens(strength.flip)
    room = [max(n - crop_pixels, 0) / 2 + strength.shift_mm / spacing_mm for n in size]
    shift = (draw.around_zero(room[1]), draw.around_zero(room[0]))
    steps = torch.arange(crop_pixels, dtype=torch.float32, device=draw.device) - (crop_pixels - 1) / 2
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    columns = (cosine * x + sine * y) * stretch * mirrored + shift[0]
    rows = (cosine * y - sine * x) / stretch + shift[1]
    apart = max(strength.elastic_grid_mm, 4 * spacing_mm)
    knots = max(round(crop_pixels * spacing_mm / apart) + 1, 2)
    bend = draw.smooth_field(2, knots, (crop_pixels, crop_pixels)) * (strength.elastic_mm / spacing_mm)
    bend = bend * draw.uniform(0, 1)
    places = ((columns[:, 0] + bend[:, 0]) / size[1], (rows[:, 0] + bend[:, 1]) / size[0])
    return torch.stack(places, dim=-1) * 2


def _field_of_view(crop_pixels: int, strength: AugmentationStrength, draw: Draw) -> torch.Tensor:
    """1 inside a rectangle at least half as wide and high as the square, 0 outside, shape (batch, 1, n, n)."""
    places = (torch.arange(crop_pixels, dtype=torch.float32, device=draw.device) + 0.5) / crop_pixels
    inside = torch.ones((draw.size, 1, crop_pixels, crop_pixels), device=draw.device)
    happens = draw.happens(strength.crop) > 0
    for axis in (2, 3):
        length = draw.uniform(0.5, 1)
        start = draw.uniform(0, 1) * (1 - length)
        along = places.view([1, 1, -1, 1] if axis == 2 else [1, 1, 1, -1])
        inside = inside * ((along >= start) & (along < start + length))
    return torch.where(happens, inside, 1.0)


def _change_intensities(image: torch.Tensor, strength: AugmentationStrength, draw: Draw) -> torch.Tensor:
    """Other gamma, contrast, brightness and receiver field."""
    size = (image.shape[-2], image.shape[-1])
    gamma = torch.exp(draw.around_zero(strength.gamma))
    factor = torch.exp(draw.around_zero(strength.contrast))
    offset = draw.around_zero(strength.brightness)
    field = draw.smooth_field(1, 4, size).clamp(-2, 2) / 2 * draw.uniform(0, strength.bias)
    changed = image.clamp(min=0) ** gamma * factor + offset * (image > 0)
    return changed * torch.exp(field)


def _change_sharpness(
    image: torch.Tensor, strength: AugmentationStrength, spacing_mm: float, draw: Draw
) -> torch.Tensor:
    """Coarser pixels, blur and noise; half of the samples each keep their sharpness and their noise."""
    worst = max(strength.coarsest_mm, spacing_mm)
    coarse = draw.single(spacing_mm, worst)
    grain = draw.normal(*image.shape[1:]) * draw.uniform(0, strength.noise) * draw.happens(0.5)
    sigma = draw.single(0, strength.blur_mm) / spacing_mm
    softened = _blur(_coarsen(image, coarse / spacing_mm), sigma)
    kept = draw.happens(0.5)
    return kept * image + (1 - kept) * softened + grain


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
