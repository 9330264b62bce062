"""The labelled subjects as the network sees them: canonical orientation, spacing and intensities."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch.nn import functional
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.files.volumes import read_image, read_mask
from VHIWorkflowLib.phantom import make_phantom

FloatArray = npt.NDArray[np.float32]

ROWS, COLUMNS = "I", "L"
"""Canonical in-plane orientation: rows run towards the feet, columns towards the patient's left."""

INTENSITY_LIMITS = (-0.1, 1.5)
"""Scaled intensities are cut off here."""

GAP_MM = 55.0
"""Widest distance across the midline that counts as the space between the sacral foramina."""


@dataclass(frozen=True)
class Subject:
    """A labelled subject in canonical orientation at the scan's own spacing.

    Attributes
    ----------
    name
        Subject identifier.
    intensities
        T1w grey levels, shape (slices, rows, columns).
    region
        Manual region, same shape.
    normal_bone
        Normal bone as marked, same shape; empty where nobody marked any.
    spacing_mm
        Between slices, rows and columns.
    """

    name: str
    intensities: FloatArray
    region: BoolArray
    normal_bone: BoolArray
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class NetworkSlices:
    """All slices of a subject at the network's spacing; float32 tensors of shape (slices, rows, columns).

    `image` is scaled, `target` is the share of a pixel in the region, `weight` is 0 where nobody can say.
    """

    name: str
    image: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor


def canonical_axes(grid: Grid) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Order of array axes and the axes to reverse that bring a volume to canonical orientation.

    Returns
    -------
    The array axes that become slices, rows and columns, and the positions (after reordering) to flip. Slices keep
    their direction. Columns are the in-plane axis nearer to left-right, rows the other one.

    Examples
    --------
    >>> canonical_axes(Grid((25, 336, 336), np.diag([-0.6, 0.6, 3.3, 1.0])))
    ((0, 1, 2), ())
    """
    slices = grid.slice_axis
    directions = grid.affine[:3, [2, 1, 0]]
    first, second = (axis for axis in range(3) if axis != slices)
    columns = max(second, first, key=lambda axis: abs(directions[0, axis]) / np.linalg.norm(directions[:, axis]))
    rows = first if columns == second else second
    downward = -directions[2, rows] if abs(directions[2, rows]) > 0.3 * grid.spacing_mm[rows] else -directions[1, rows]
    flips = tuple(position for position, wrong in ((1, downward < 0), (2, directions[0, columns] > 0)) if wrong)
    return (slices, rows, columns), flips


def to_canonical(volume: Volume) -> npt.NDArray[np.generic]:
    """Array of a volume in canonical orientation, (slices, rows, columns)."""
    order, flips = canonical_axes(volume.grid)
    return np.ascontiguousarray(np.flip(volume.array.transpose(order), flips))


def subject_from(name: str, t1w: Volume, region: Volume, normal_bone: Volume | None) -> Subject:
    """Bring one subject to canonical orientation.

    Raises
    ------
    ValueError
        If the region does not lie on the grid of the T1w volume.
    """
    if not region.grid.matches(t1w.grid):
        raise ValueError(f"{name}: the region does not lie on the grid of the T1w scan")
    order, _ = canonical_axes(t1w.grid)
    drawn = to_canonical(Volume(region.array, t1w.grid)).astype(bool)
    normal = np.zeros_like(drawn)
    if normal_bone is not None and normal_bone.grid.matches(t1w.grid):
        normal = to_canonical(Volume(normal_bone.array, t1w.grid)).astype(bool)
    slices, rows, columns = (t1w.grid.spacing_mm[axis] for axis in order)
    return Subject(name, to_canonical(t1w).astype(np.float32), drawn, normal, (slices, rows, columns))


def read_subjects(folder: Path) -> list[Subject]:
    """Read every labelled subject below a folder, sorted by name.

    Each is a folder with `t1w.nii.gz`, `disease_region.nii.gz` and, optionally, `normal_bone.nii.gz`.

    Raises
    ------
    ValueError
        If there is none.
    """
    subjects = []
    for path in sorted(folder.glob("*/disease_region.nii.gz")):
        marked = path.with_name("normal_bone.nii.gz")
        normal = read_mask(marked) if marked.is_file() else None
        subjects.append(
            subject_from(path.parent.name, read_image(path.with_name("t1w.nii.gz")), read_mask(path), normal)
        )
    if not subjects:
        raise ValueError(f"{folder} holds no subject with t1w.nii.gz and disease_region.nii.gz")
    return subjects


@functools.cache
def phantom_subject(number: int, shape: tuple[int, int, int] = (5, 64, 64)) -> Subject:
    """A synthetic subject, for checking the whole chain without a single scan."""
    phantom = make_phantom(number, shape=shape)
    return subject_from(f"phantom{number}", phantom.t1w, phantom.disease_region, phantom.normal_bone)


def load_subjects(source: str) -> list[Subject]:
    """Subjects of a folder, or synthetic ones: `phantom:4` are four of them."""
    if source.startswith("phantom:"):
        return [phantom_subject(number + 1) for number in range(int(source.removeprefix("phantom:")))]
    return read_subjects(Path(source))


def scale_intensities(values: FloatArray, percentiles: tuple[float, float]) -> FloatArray:
    """Scale a volume so that two of its percentiles become 0 and 1; values far outside are cut off."""
    low, high = (float(value) for value in np.percentile(values, percentiles))
    scaled = (values - low) / max(high - low, 1e-6)
    limited: FloatArray = np.clip(scaled, *INTENSITY_LIMITS).astype(np.float32)
    return limited


def target_and_weight(subject: Subject, target: str) -> tuple[BoolArray, BoolArray]:
    """What the network should find, and where that counts.

    The manual regions leave out most of the sacrum between the foramina, where readers mark normal bone, and whether
    normal bone is part of them differs between subjects. `as_drawn` follows them and leaves out of account normal
    bone outside of them; `all_bone` adds normal bone and the marrow between the foramina.
    """
    outside = subject.normal_bone & ~subject.region
    if target == "as_drawn":
        return subject.region, ~outside
    filled = subject.region | subject.normal_bone
    return filled | interforaminal_marrow(subject), np.ones_like(filled)


def interforaminal_marrow(subject: Subject) -> BoolArray:
    """Marrow between the parts of the region left and right of the midline, found by its signal.

    Foramina and canal are left out because fat is brighter and nerves and fluid are darker than marrow.
    """
    region = subject.region | subject.normal_bone
    columns = np.arange(region.shape[2])
    midline = np.median(np.nonzero(region)[2]) if region.any() else region.shape[2] / 2
    left = np.where(region & (columns < midline), columns, -1).max(axis=2)
    right = np.where(region & (columns >= midline), columns, region.shape[2] * 3).min(axis=2)
    near = (right - left) * subject.spacing_mm[2] <= GAP_MM
    between = near[..., None] & (columns > left[..., None]) & (columns < right[..., None]) & ~region
    smooth = ndimage.gaussian_filter(subject.intensities, (0, 1, 1))
    low, high = np.percentile(subject.intensities[region], (3, 95)) if region.any() else (0, 0)
    marrow = between & (smooth > low) & (smooth < high)
    reach = max(round(3.0 / subject.spacing_mm[1]), 1)
    cross = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])[:, None, None]
    return np.asarray(ndimage.binary_opening(marrow, cross, iterations=reach))


def network_size(shape: Sequence[int], spacing_mm: Sequence[float], wanted_mm: float) -> tuple[int, int]:
    """Rows and columns of a slice at the network's spacing; the field of view stays."""
    rows, columns = (max(round(n * mm / wanted_mm), 1) for n, mm in zip(shape[-2:], spacing_mm[-2:], strict=True))
    return rows, columns


def resize(slices: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Resample slices, shape (slices, rows, columns), to other rows and columns over the same field of view."""
    if tuple(slices.shape[-2:]) == size:
        return slices
    resized = functional.interpolate(slices[None], size=size, mode="bilinear", align_corners=False, antialias=True)
    return resized[0]


def network_slices(
    subject: Subject, spacing_mm: float, percentiles: tuple[float, float], target: str = "as_drawn"
) -> NetworkSlices:
    """One subject at the network's spacing and intensity scale."""
    size = network_size(subject.region.shape, subject.spacing_mm, spacing_mm)
    region, counted = target_and_weight(subject, target)
    image = torch.from_numpy(scale_intensities(subject.intensities, percentiles))
    resized = (resize(torch.from_numpy(mask.astype(np.float32)), size) for mask in (region, counted))
    wanted, weight = resized
    return NetworkSlices(subject.name, resize(image, size), wanted, (weight > 0.5).float())


def split_by_subject(names: Sequence[str], folds: int) -> list[tuple[str, ...]]:
    """Held-out subjects of each fold: every subject is held out exactly once.

    Raises
    ------
    ValueError
        If a name occurs twice, or there are more folds than subjects, or fewer than two.

    Examples
    --------
    >>> split_by_subject(["a", "b", "c", "d"], 2)
    [('a', 'c'), ('b', 'd')]
    """
    if len(set(names)) != len(names):
        raise ValueError("a subject occurs twice")
    if not 2 <= folds <= len(names):
        raise ValueError(f"{len(names)} subjects cannot be split into {folds} folds")
    ordered = sorted(names)
    return [tuple(ordered[fold::folds]) for fold in range(folds)]
