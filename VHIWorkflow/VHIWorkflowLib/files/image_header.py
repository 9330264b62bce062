"""What the header of an image file promises, and whether the file keeps it, known before any voxel is read."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError
from .stored_bytes import check_regular_file, gzip_chunks, plain_chunks, zlib_chunks

_ = sentences_of(__name__)

MAX_VOXELS = 2**26
"""Largest volume that is read: 67 million voxels, more than twenty times a usual sacroiliac scan."""

SPACING_RANGE_MM = (0.01, 100.0)

Compression = Literal["none", "gzip", "zlib"]


ORIGIN_TAG = "VHIWorkflow.Origin"
"""Tag of a segment that says where its mask comes from; Slicer keeps it when it saves a segmentation again."""


@dataclass(frozen=True)
class Segment:
    """One segment of a Slicer segmentation file: its name, its label value, and the layer that holds it.

    ``origin`` is what the tag `ORIGIN_TAG` says of it, or empty.
    """

    name: str
    label: int
    layer: int
    origin: str = ""


@dataclass(frozen=True)
class ImageHeader:
    """The header of a NIfTI, NRRD or MetaImage file.

    Parameters
    ----------
    path
        The file that was named.
    image_io
        Name of the ITK reader for this format.
    shape
        Number of voxels along the stored axes (i, j, k).
    spacing_mm
        Distance between voxel centres along (i, j, k) in mm, as written in the file, sign included.
    itemsize
        Bytes of one stored value.
    components
        Values per voxel; more than one only in a Slicer segmentation with several layers.
    data_path, data_offset, compression
        Where the voxel data lie: file, bytes before the data (in the decompressed stream of a NIfTI), and encoding.
    segments
        The segments, if the file is a Slicer segmentation.
    zeroed_floats
        Numpy type of the stored values if ITK reads those that are not finite as 0, as it does in NIfTI; else empty.
    """

    path: Path
    image_io: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    itemsize: int
    data_path: Path
    data_offset: int
    compression: Compression
    components: int = 1
    segments: tuple[Segment, ...] = ()
    zeroed_floats: str = ""

    def __post_init__(self) -> None:
        _check_shape(self.path, self.shape, self.components)
        _check_spacing(self.path, self.spacing_mm)

    @property
    def data_bytes(self) -> int:
        """Bytes of all voxel data, not compressed."""
        return math.prod(self.shape) * self.components * self.itemsize

    def check_data_file(self) -> None:
        """Check that the second file of a detached header can be read; what is wrong with it is said of the header.

        Raises
        ------
        InputError
            If it is missing, empty, or must not be read.
        """
        try:
            check_regular_file(self.data_path)
        except InputError as error:
            raise InputError(self.path, _("its voxel data cannot be read: {error}").format(error=error)) from error

    def check_data(self) -> None:
        """Check that the file holds exactly the voxel data that its header promises.

        Nothing is kept in memory: compressed data are unpacked piece by piece and counted.

        Raises
        ------
        InputError
            If the data are too short, too long, or the compressed stream is damaged.
        """
        self.check_data_file()
        try:
            found, not_finite = self._count()
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                self.path, _("its compressed data are damaged or cut off; copy or export the file again")
            ) from error
        if found < self.data_bytes:
            raise InputError(
                self.path,
                _(
                    "holds {found} of the {data_bytes} bytes of voxel data its header announces (file cut "
                    "off?); copy or export the file again"
                ).format(found=max(found, 0), data_bytes=self.data_bytes),
            )
        if found > self.data_bytes:
            raise InputError(
                self.path,
                _(
                    "holds more voxel data than the {data_bytes} bytes its header announces (header "
                    "damaged?); export the file again"
                ).format(data_bytes=self.data_bytes),
            )
        if not_finite:
            raise InputError(self.path, not_finite_problem(not_finite))

    def _count(self) -> tuple[int, int]:
        """Bytes of voxel data (counting stops where there are too many), and values among them that ITK would hide."""
        if self.compression == "none" and not self.zeroed_floats:
            return self.data_path.stat().st_size - self.data_offset, 0
        found, not_finite, rest = 0, 0, b""
        for chunk in self._chunks():
            found += len(chunk)
            if found > self.data_bytes:
                break
            if self.zeroed_floats:
                rest += chunk
                whole = len(rest) // self.itemsize
                values = np.frombuffer(rest, self.zeroed_floats, whole)
                not_finite += int(whole - np.isfinite(values).sum())
                rest = rest[whole * self.itemsize :]
        return found, not_finite

    def _chunks(self) -> Iterator[bytes]:
        """Voxel data, not compressed, piece by piece."""
        if self.compression == "zlib":
            yield from zlib_chunks(self.data_path, self.data_offset)
        elif self.compression == "gzip" and self.image_io == "NiftiImageIO":
            yield from gzip_chunks(self.data_path, before=0, skipped=self.data_offset)
        elif self.compression == "gzip":
            yield from gzip_chunks(self.data_path, before=self.data_offset, skipped=0)
        else:
            yield from plain_chunks(self.data_path, self.data_offset)


def data_file_beside(path: Path, name: str) -> Path:
    """Voxel data file that a detached header names; it must lie in the same folder.

    Raises
    ------
    InputError
        If the name leads to another folder, also through a symbolic link.
    """
    if name in ("", ".", "..") or not name.isprintable() or set(name) & set("/\\%:"):
        raise InputError(
            path, _("names voxel data '{name}' that are not one file in the same folder").format(name=shown(name))
        )
    beside = path.parent / name
    if beside.is_symlink() and os.path.dirname(os.path.realpath(beside)) != os.path.dirname(os.path.realpath(path)):
        raise InputError(
            path, _("names voxel data '{name}', a symbolic link out of the folder").format(name=shown(name))
        )
    return beside


def shown(text: str) -> str:
    """Text from a file, fit for a one-line message: at most 60 characters, all of them printable."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60])


def not_finite_problem(count: int) -> str:
    """What to say of a scan with that many voxels that are not finite."""
    problem = (
        _("has {count} voxel whose intensity is not a finite number (NaN or infinity); export the scan again")
        if count == 1
        else _("has {count} voxels whose intensities are not a finite number (NaN or infinity); export the scan again")
    )
    return problem.format(count=count)


def drop_single_axes(path: Path, sizes: Sequence[int]) -> tuple[int, int, int]:
    """Sizes (i, j, k) of a volume stored with further axes of one element each.

    Raises
    ------
    InputError
        If the image has fewer than three axes, or more that hold something.
    """
    sizes = [int(size) for size in sizes]
    if len(sizes) < 3:
        raise InputError(path, _("is a {dimensions}D image; a 3D volume is needed").format(dimensions=len(sizes)))
    if any(size != 1 for size in sizes[3:]):
        extent = " x ".join(str(size) for size in sizes)
        raise InputError(
            path,
            _("is a {dimensions}D image ({extent}); a single 3D volume is needed").format(
                dimensions=len(sizes), extent=extent
            ),
        )
    return sizes[0], sizes[1], sizes[2]


def affine_spacing(affine: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Lengths of the first three columns of an affine: spacing along (i, j, k) in mm."""
    i, j, k = np.linalg.norm(affine[:3, :3], axis=0)
    return float(i), float(j), float(k)


def _check_shape(path: Path, shape: tuple[int, int, int], components: int) -> None:
    extent = " x ".join(str(size) for size in shape)
    if min(shape) < 1 or components < 1:
        raise InputError(path, _("its header gives an impossible image size ({extent})").format(extent=extent))
    if min(shape) == 1:
        raise InputError(path, _("is a 2D image ({extent}); a 3D volume is needed").format(extent=extent))
    if math.prod(shape) * components > MAX_VOXELS:
        raise InputError(
            path,
            _("its header announces {extent} voxels, more than the {millions} million that a volume may have").format(
                extent=extent, millions=MAX_VOXELS // 10**6
            ),
        )


def _check_spacing(path: Path, spacing_mm: tuple[float, float, float]) -> None:
    extent = " x ".join(f"{length:.4g}" for length in spacing_mm)
    if not all(math.isfinite(length) for length in spacing_mm):
        raise InputError(
            path, _("its voxel spacing is not a number ({extent}); export the scan again").format(extent=extent)
        )
    if min(spacing_mm) < 0:
        raise InputError(
            path, _("its voxel spacing is negative ({extent} mm); export the scan again").format(extent=extent)
        )
    if min(spacing_mm) == 0:
        raise InputError(
            path, _("its voxel spacing is zero ({extent} mm); export the scan again").format(extent=extent)
        )
    low, high = SPACING_RANGE_MM
    if min(spacing_mm) < low or max(spacing_mm) > high:
        raise InputError(
            path,
            _("its voxel spacing of {extent} mm is not that of a scan; export the scan again").format(extent=extent),
        )
