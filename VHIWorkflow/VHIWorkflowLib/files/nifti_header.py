"""Headers of NIfTI-1 files (.nii, .nii.gz).

ITK repairs much without a word: it takes the absolute value of a negative voxel size, puts 1 mm for a size of zero,
makes a sheared orientation orthogonal, and puts 0 for a value that is not a number. A volume in mm3 must not rest on
such guesses, so the header is looked at as it is stored.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError
from .image_header import ImageHeader, affine_spacing, drop_single_axes
from .stored_bytes import read_gzip_start, read_start

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float64]

HEADER_BYTES = 348
ITEM_SIZES = {2: 1, 4: 2, 8: 4, 16: 4, 64: 8, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8}
"""Bytes per value of the NIfTI data types with one real number per voxel."""

FLOATS = {16: "f4", 64: "f8"}
SEVERAL_VALUES = {
    32: _("complex"),
    1792: _("complex"),
    2048: _("complex"),
    128: _("RGB colour"),
    2304: _("RGBA colour"),
}
MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}


@dataclass(frozen=True)
class _Fields:
    """The header fields that matter here."""

    order: str
    dim: tuple[int, ...]
    datatype: int
    bitpix: int
    pixdim: tuple[float, ...]
    vox_offset: float
    slope: float
    intercept: float
    xyzt_units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, float, float]
    qoffset: tuple[float, float, float]
    srow: tuple[float, ...]


def read_nifti_header(path: Path) -> ImageHeader:
    """Read and check the header of a NIfTI file.

    A file whose qform and sform codes are both 0 is refused: left and right are unknown in it. So is one whose qform
    and sform place a corner of the volume more than half a voxel apart, since programs then disagree on where it lies.

    Raises
    ------
    InputError
        If the file is not NIfTI, or its header is damaged or not that of a 3D volume of grey levels.
    """
    packed = read_start(path, 2)[:2] == b"\x1f\x8b"
    named_gz = path.name.lower().endswith(".gz")
    if packed != named_gz:
        problem = (
            _("is compressed although its name ends in '{suffix}'; rename it or export it again")
            if packed
            else _("is not compressed although its name ends in '{suffix}'; rename it or export it again")
        )
        raise InputError(path, problem.format(suffix=path.suffix))
    start = read_gzip_start(path, HEADER_BYTES) if packed else read_start(path, HEADER_BYTES)
    fields = _unpack(path, start)
    shape = _shape(path, fields)
    unit = MM_PER_UNIT.get(fields.xyzt_units & 7)
    if unit is None:
        raise InputError(path, _("gives its voxel spacing in an unknown unit; export the scan again"))
    sizes = tuple(length * unit for length in fields.pixdim[1:4])
    header = ImageHeader(
        path=path,
        image_io="NiftiImageIO",
        shape=shape,
        spacing_mm=(sizes[0], sizes[1], sizes[2]),
        itemsize=_itemsize(path, fields),
        data_path=path,
        data_offset=_data_offset(path, fields),
        compression="gzip" if packed else "none",
        zeroed_floats=fields.order + FLOATS[fields.datatype] if fields.datatype in FLOATS else "",
    )
    _check_scaling(path, fields)
    _check_orientation(path, fields, shape, unit)
    return header


def _unpack(path: Path, start: bytes) -> _Fields:
    lengths = {order: struct.unpack_from(order + "i", start)[0] for order in "<>"} if len(start) >= 4 else {}
    if 540 in lengths.values():
        raise InputError(path, _("is NIfTI-2, which 3D Slicer does not read either; save it as NIfTI-1"))
    if HEADER_BYTES not in lengths.values() or len(start) < HEADER_BYTES:
        raise InputError(path, _("is not NIfTI although its name says so, or its start is damaged; export it again"))
    if start[344:348] != b"n+1\0":
        raise InputError(path, _("is not a NIfTI file in one piece (.nii or .nii.gz); export it again"))
    return _fields(start, next(order for order, length in lengths.items() if length == HEADER_BYTES))


def _fields(start: bytes, order: str) -> _Fields:
    def at(form: str, offset: int) -> tuple[float, ...]:
        return struct.unpack_from(order + form, start, offset)

    return _Fields(
        order=order,
        dim=tuple(int(n) for n in at("8h", 40)),
        datatype=int(at("h", 70)[0]),
        bitpix=int(at("h", 72)[0]),
        pixdim=at("8f", 76),
        vox_offset=at("f", 108)[0],
        slope=at("f", 112)[0],
        intercept=at("f", 116)[0],
        xyzt_units=start[123],
        qform_code=int(at("h", 252)[0]),
        sform_code=int(at("h", 254)[0]),
        quaternion=_three(at("3f", 256)),
        qoffset=_three(at("3f", 268)),
        srow=at("12f", 280),
    )


def _three(values: tuple[float, ...]) -> tuple[float, float, float]:
    return values[0], values[1], values[2]


def _shape(path: Path, fields: _Fields) -> tuple[int, int, int]:
    axes = fields.dim[0]
    if not 1 <= axes <= 7 or min(fields.dim[1 : axes + 1]) < 1:
        raise InputError(path, _("its header gives impossible image dimensions (wrong byte order?); export it again"))
    return drop_single_axes(path, fields.dim[1 : axes + 1])


def _itemsize(path: Path, fields: _Fields) -> int:
    if fields.datatype in SEVERAL_VALUES:
        raise InputError(
            path,
            _("holds {kind} values; a volume of grey levels is needed").format(kind=SEVERAL_VALUES[fields.datatype]),
        )
    itemsize = ITEM_SIZES.get(fields.datatype)
    if itemsize is None or fields.bitpix != 8 * itemsize:
        raise InputError(
            path,
            _("has voxels of a type that is not read (NIfTI data type {datatype})").format(datatype=fields.datatype),
        )
    return itemsize


def _data_offset(path: Path, fields: _Fields) -> int:
    least = HEADER_BYTES + 4
    if fields.vox_offset == 0:
        return least
    if not least <= fields.vox_offset < 2**31 or fields.vox_offset != int(fields.vox_offset):
        raise InputError(path, _("its header gives an impossible place for the voxel data; export it again"))
    return int(fields.vox_offset)


def _check_scaling(path: Path, fields: _Fields) -> None:
    if not np.isfinite([fields.slope, fields.intercept]).all():
        raise InputError(
            path, _("its intensity scaling (scl_slope, scl_inter) is not a finite number; export it again")
        )


def _check_orientation(path: Path, fields: _Fields, shape: tuple[int, int, int], unit: float) -> None:
    if fields.qform_code <= 0 and fields.sform_code <= 0:
        raise InputError(
            path,
            _(
                "does not say how the volume lies in the patient (qform and sform codes are 0), so left "
                "and right are unknown; convert it again from DICOM"
            ),
        )
    grids = []
    for name, code, affine in (("qform", fields.qform_code, _qform), ("sform", fields.sform_code, _sform)):
        if code <= 0:
            continue
        try:
            grids.append(Grid(shape[::-1], affine(fields, unit)))
        except MeasurementError as error:
            raise InputError(path, _("its {name} cannot be used: {error}").format(name=name, error=error)) from error
    if len(grids) == 2 and _distance(*grids) > 0.5 * min(grids[0].spacing_mm):
        raise InputError(
            path,
            _(
                "its two orientations (qform and sform) lie up to {distance:.3g} mm apart, so programs "
                "disagree on its place; convert it again from DICOM"
            ).format(distance=_distance(*grids)),
        )
    for grid in grids:
        spacing = affine_spacing(grid.affine)
        if not np.allclose(spacing, np.asarray(fields.pixdim[1:4]) * unit, rtol=1e-3):
            raise InputError(path, _("its voxel spacing (pixdim) and its orientation (sform) contradict each other"))


def _distance(one: Grid, other: Grid) -> float:
    """Largest distance in mm between the same corners of two grids."""
    corners = list(product(*((0, n - 1) for n in one.shape)))
    return float(np.linalg.norm(one.to_ras(corners) - other.to_ras(corners), axis=1).max())


def _sform(fields: _Fields, unit: float) -> FloatArray:
    affine = np.eye(4)
    affine[:3] = np.asarray(fields.srow, dtype=np.float64).reshape(3, 4) * unit
    return affine


def _qform(fields: _Fields, unit: float) -> FloatArray:
    """Affine of a qform: rotation by a unit quaternion (a, b, c, d), a >= 0, third axis mirrored if qfac is -1."""
    b, c, d = fields.quaternion
    rest = 1.0 - (b * b + c * c + d * d)
    if not rest > -1e-3:
        raise MeasurementError(_("it is not a rotation"))
    a = max(rest, 0.0) ** 0.5
    norm = (a * a + b * b + c * c + d * d) ** 0.5
    a, b, c, d = (value / norm for value in (a, b, c, d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    sizes = np.asarray(fields.pixdim[1:4], dtype=np.float64)
    sizes[2] *= -1.0 if fields.pixdim[0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * sizes * unit
    affine[:3, 3] = np.asarray(fields.qoffset, dtype=np.float64) * unit
    return affine
