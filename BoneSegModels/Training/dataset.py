"""The labelled subjects as the network sees them: canonical orientation, spacing and intensities."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from BoneSegModelsLib.canonical import CanonicalFrame, canonical_frame, interpolation_matrix
from BoneSegModelsLib.model_description import ModelInput
from BoneSegModelsLib.scaling import scale
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.files.volumes import read_image, read_mask
from VHIWorkflowLib.phantom import make_phantom

FloatArray = npt.NDArray[np.float32]
FINER = 2
"""How many pixels from which training slices are taken lie along one pixel of the network."""


@dataclass(frozen=True)
class Subject:
    """A labelled subject: T1w scan and manual region on one grid."""

    name: str
    t1w: Volume
    region: BoolArray

    def __post_init__(self) -> None:
        """Raise ValueError if the region does not lie on the grid of the scan."""
        if self.region.shape != self.t1w.grid.shape:
            raise ValueError(f"{self.name}: the region does not lie on the grid of the T1w scan")

    def frame(self, wanted: ModelInput) -> CanonicalFrame:
        """How the scan becomes what the network sees, and back."""
        return canonical_frame(self.t1w.grid, wanted)


@dataclass(frozen=True)
class NetworkSlices:
    """All slices of a subject at the network's spacing; float32 tensors of shape (slices, rows, columns).

    `image` is scaled, `target` is the share of each pixel in the region: at twice the pixel size of the scan, shares
    keep the edge that whole pixels would lose. `fine_image` and `fine_target` are the same, as smooth, with `FINER`
    times as many rows and columns: a turned or bent slice taken from them is as sharp as one taken from the scan.
    """

    name: str
    image: torch.Tensor
    target: torch.Tensor
    fine_image: torch.Tensor
    fine_target: torch.Tensor


def subject_from(name: str, t1w: Volume, region: Volume) -> Subject:
    """A subject from its scan and region.

    Raises
    ------
    ValueError
        If the region does not lie on the grid of the T1w volume.
    """
    if not region.grid.matches(t1w.grid):
        raise ValueError(f"{name}: the region does not lie on the grid of the T1w scan")
    return Subject(name, t1w, region.array.astype(bool))


def read_subjects(folder: Path) -> list[Subject]:
    """Read every labelled subject below a folder, sorted by name.

    Each is a folder with `t1w.nii.gz` and `disease_region.nii.gz`.

    Raises
    ------
    ValueError
        If there is none.
    """
    subjects = [
        subject_from(path.parent.name, read_image(path.with_name("t1w.nii.gz")), read_mask(path))
        for path in sorted(folder.glob("*/disease_region.nii.gz"))
    ]
    if not subjects:
        raise ValueError(f"{folder} holds no subject with t1w.nii.gz and disease_region.nii.gz")
    return subjects


@functools.cache
def phantom_subject(number: int, shape: tuple[int, int, int] = (5, 64, 64)) -> Subject:
    """A synthetic subject, for checking the whole chain without a single scan."""
    phantom = make_phantom(number, shape=shape)
    return subject_from(f"phantom{number}", phantom.t1w, phantom.disease_region)


def load_subjects(source: str) -> list[Subject]:
    """Subjects of a folder, of a packed file (`Training.pack`), or synthetic ones: `phantom:4` are four of them."""
    if source.startswith("phantom:"):
        return [phantom_subject(number + 1) for number in range(int(source.removeprefix("phantom:")))]
    if source.endswith(".npz"):
        return unpack_subjects(Path(source))
    return read_subjects(Path(source))


def load_unlabelled(source: str | None) -> list[Subject]:
    """Subjects without a region (theirs is empty): of a folder with `t1w.nii.gz` below, or as `load_subjects`.

    Raises
    ------
    ValueError
        If there is none.
    """
    if source is None:
        return []
    if source.startswith("phantom:") or source.endswith(".npz"):
        return [replace(subject, region=np.zeros_like(subject.region)) for subject in load_subjects(source)]
    scans = {path.parent.name: read_image(path) for path in sorted(Path(source).glob("*/t1w.nii.gz"))}
    if not scans:
        raise ValueError(f"{source} holds no subject with t1w.nii.gz")
    return [Subject(name, scan, np.zeros(scan.grid.shape, dtype=bool)) for name, scan in scans.items()]


def pack_subjects(path: Path, subjects: Sequence[Subject]) -> None:
    """Write subjects to one file of plain arrays."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for subject in subjects:
        levels, codes = np.unique(subject.t1w.array, return_inverse=True)
        arrays[f"{subject.name}.levels"] = levels
        arrays[f"{subject.name}.codes"] = codes.reshape(subject.region.shape).astype(np.min_scalar_type(levels.size))
        arrays[f"{subject.name}.region"] = np.packbits(subject.region)
        arrays[f"{subject.name}.affine"] = subject.t1w.grid.affine
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def unpack_subjects(path: Path) -> list[Subject]:
    """Read what `pack_subjects` wrote, sorted by name.

    Raises
    ------
    OSError
        If there is no such file.
    """
    with np.load(path) as arrays:
        names = sorted(name.removesuffix(".levels") for name in arrays.files if name.endswith(".levels"))
        return [_unpacked(name, arrays) for name in names]


def _unpacked(name: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Subject:
    codes = arrays[f"{name}.codes"].astype(np.intp)
    grid = Grid(codes.shape, arrays[f"{name}.affine"].astype(np.float64))
    region = np.unpackbits(arrays[f"{name}.region"].astype(np.uint8), count=codes.size)
    return Subject(name, Volume(arrays[f"{name}.levels"][codes], grid), region.reshape(codes.shape).astype(bool))


def network_slices(subject: Subject, wanted: ModelInput) -> NetworkSlices:
    """One subject as the network sees it: reordered, scaled, then resampled, exactly as when a model is run."""
    frame = subject.frame(wanted)
    levels = np.ascontiguousarray(frame.reorder(subject.t1w.array), dtype=np.float64)
    image = scale(levels, wanted.intensity)
    target = np.ascontiguousarray(frame.reorder(subject.region), dtype=np.float32)
    seen = [frame.resample(values) for values in (image, target)]
    fine = [_finer(values, frame.shape) for values in (image, target)]
    return NetworkSlices(subject.name, *(torch.from_numpy(values) for values in (*seen, *fine)))


def _finer(values: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    """Slices with `FINER` times the rows and columns of a shape, smoothed as for that shape."""
    rows, columns = (
        interpolation_matrix(size, FINER * new_size, size / new_size)
        for size, new_size in zip(values.shape[1:], shape[1:], strict=True)
    )
    return np.ascontiguousarray(rows @ values @ columns.T, dtype=np.float32)


def with_neighbours(count: int, reach: int) -> torch.Tensor:
    """Place of each slice and of its neighbours, shape (count, 2 reach + 1); at an end, the last slice again.

    Examples
    --------
    >>> with_neighbours(3, 1).tolist()
    [[0, 0, 1], [0, 1, 2], [1, 2, 2]]
    """
    return (torch.arange(count)[:, None] + torch.arange(-reach, reach + 1)).clamp(0, count - 1)


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
