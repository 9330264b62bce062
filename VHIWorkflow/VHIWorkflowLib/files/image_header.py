"""What the header of an image file promises, and whether the file keeps it, known before any voxel is read."""

from __future__ import annotations

import gzip
import math
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from .errors import InputError

MAX_VOXELS = 2**26
"""Largest volume that is read: 67 million voxels, more than twenty times a usual sacroiliac scan."""

SPACING_RANGE_MM = (0.01, 100.0)

CHUNK_BYTES = 2**20

Compression = Literal["none", "gzip", "zlib"]


@dataclass(frozen=True)
class Segment:
    """One segment of a Slicer segmentation file: its name, its label value, and the layer that holds it."""

    name: str
    label: int
    layer: int


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

    def __post_init__(self) -> None:
        _check_shape(self.path, self.shape, self.components)
        _check_spacing(self.path, self.spacing_mm)

    @property
    def data_bytes(self) -> int:
        """Bytes of all voxel data, not compressed."""
        return math.prod(self.shape) * self.components * self.itemsize

    def check_data(self) -> None:
        """Check that the file holds exactly the voxel data that its header promises.

        Nothing is kept in memory: compressed data are unpacked piece by piece and counted.

        Raises
        ------
        InputError
            If the data are too short, too long, or the compressed stream is damaged.
        """
        check_regular_file(self.data_path)
        try:
            if self.compression == "none":
                found = self.data_path.stat().st_size - self.data_offset
            elif self.compression == "gzip" and self.image_io == "NiftiImageIO":
                found = self._count(_gzip_chunks(self.data_path, 0), self.data_offset)
            elif self.compression == "gzip":
                found = self._count(_gzip_chunks(self.data_path, self.data_offset), 0)
            else:
                found = self._count(_zlib_chunks(self.data_path, self.data_offset), 0)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                self.path, "its compressed data are damaged or cut off; copy or export the file again"
            ) from error
        if found < self.data_bytes:
            raise InputError(
                self.path,
                f"holds {max(found, 0)} of the {self.data_bytes} bytes of voxel data its header announces "
                "(file cut off?); copy or export the file again",
            )
        if found > self.data_bytes:
            raise InputError(
                self.path,
                f"holds more voxel data than the {self.data_bytes} bytes its header announces (header damaged?); "
                "export the file again",
            )

    def _count(self, chunks: Iterator[bytes], before: int) -> int:
        """Bytes of a stream after the first ``before`` ones; stops as soon as there are too many."""
        found = -before
        for chunk in chunks:
            found += len(chunk)
            if found > self.data_bytes:
                break
        return found


def check_regular_file(path: Path) -> None:
    """Check that a path is a file that can be opened and is not empty.

    Raises
    ------
    InputError
        If it does not exist, is a folder or a device, is empty, or must not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(path, "is a folder; name a file")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(path, "is not a file that can be read (a device or pipe)")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputError(path, "does not exist; check the name") from error
    except PermissionError as error:
        raise InputError(path, "must not be read with your rights; ask for read permission") from error
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be opened ({getattr(error, 'strerror', None) or error})") from error
    if status.st_size == 0:
        raise InputError(path, "is empty (0 bytes); copy or export the file again")


def read_start(path: Path, size: int) -> bytes:
    """First bytes of a file, at most ``size`` of them.

    Raises
    ------
    InputError
        If the path is not a readable file.
    """
    check_regular_file(path)
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from error


def read_gzip_start(path: Path, size: int) -> bytes:
    """First bytes of a gzip stream, decompressed; fewer than ``size`` if the stream is damaged or ends before."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        return unpack.decompress(read_start(path, CHUNK_BYTES), size)
    except zlib.error:
        return b""


def data_file_beside(path: Path, name: str) -> Path:
    """Voxel data file that a detached header names; it must lie in the same folder.

    Raises
    ------
    InputError
        If the name leads to another folder, also through a symbolic link.
    """
    beside = path.parent / name
    if not name or os.sep in name or "/" in name or "\\" in name or "%" in name or "\0" in name or name in (".", ".."):
        raise InputError(path, f"names voxel data '{name}' that are not one file in the same folder")
    if beside.is_symlink() and beside.resolve().parent != path.resolve().parent:
        raise InputError(path, f"names voxel data '{name}', a symbolic link out of the folder")
    return beside


def drop_single_axes(path: Path, sizes: Sequence[int]) -> tuple[int, int, int]:
    """Sizes (i, j, k) of a volume stored with further axes of one element each.

    Raises
    ------
    InputError
        If the image has fewer than three axes, or more that hold something.
    """
    sizes = [int(size) for size in sizes]
    if len(sizes) < 3:
        raise InputError(path, f"is a {len(sizes)}D image; a 3D volume is needed")
    if any(size != 1 for size in sizes[3:]):
        shown = " x ".join(str(size) for size in sizes)
        raise InputError(path, f"is a {len(sizes)}D image ({shown}); a single 3D volume is needed")
    return sizes[0], sizes[1], sizes[2]


def affine_spacing(affine: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Lengths of the first three columns of an affine: spacing along (i, j, k) in mm."""
    i, j, k = np.linalg.norm(affine[:3, :3], axis=0)
    return float(i), float(j), float(k)


def _check_shape(path: Path, shape: tuple[int, int, int], components: int) -> None:
    shown = " x ".join(str(size) for size in shape)
    if min(shape) < 1 or components < 1:
        raise InputError(path, f"its header gives an impossible image size ({shown})")
    if min(shape) == 1:
        raise InputError(path, f"is a 2D image ({shown}); a 3D volume is needed")
    if math.prod(shape) * components > MAX_VOXELS:
        raise InputError(
            path,
            f"its header announces {shown} voxels, more than the {MAX_VOXELS // 10**6} million that a volume may have",
        )


def _check_spacing(path: Path, spacing_mm: tuple[float, float, float]) -> None:
    shown = " x ".join(f"{length:.4g}" for length in spacing_mm)
    if not all(math.isfinite(length) for length in spacing_mm):
        raise InputError(path, f"its voxel spacing is not a number ({shown}); export the scan again")
    if min(spacing_mm) < 0:
        raise InputError(path, f"its voxel spacing is negative ({shown} mm); export the scan again")
    if min(spacing_mm) == 0:
        raise InputError(path, f"its voxel spacing is zero ({shown} mm); export the scan again")
    low, high = SPACING_RANGE_MM
    if min(spacing_mm) < low or max(spacing_mm) > high:
        raise InputError(path, f"its voxel spacing of {shown} mm is not that of a scan; export the scan again")


def _gzip_chunks(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as raw:
        raw.seek(offset)
        with gzip.GzipFile(fileobj=raw) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk


def _zlib_chunks(path: Path, offset: int) -> Iterator[bytes]:
    unpack = zlib.decompressobj()
    with path.open("rb") as raw:
        raw.seek(offset)
        while not unpack.eof:
            packed = unpack.unconsumed_tail or raw.read(CHUNK_BYTES)
            if not packed:
                raise EOFError
            if chunk := unpack.decompress(packed, CHUNK_BYTES):
                yield chunk
