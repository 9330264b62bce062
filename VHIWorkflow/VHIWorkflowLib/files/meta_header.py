"""Headers of MetaImage files (.mha, .mhd)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError
from .image_header import ImageHeader, data_file_beside, drop_single_axes, shown
from .stored_bytes import read_start

_ = sentences_of(__name__)

MAX_HEADER_BYTES = 2**16

ITEM_SIZES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}

NEEDED = ("NDims", "DimSize", "ElementSpacing", "ElementType", "TransformMatrix", "Offset", "ElementDataFile")
OTHER_NAMES = {
    "ElementSize": "ElementSpacing",
    "Rotation": "TransformMatrix",
    "Orientation": "TransformMatrix",
    "Position": "Offset",
    "Origin": "Offset",
    "ElementByteOrderMSB": "BinaryDataByteOrderMSB",
}
"""Older names of the same fields."""

FIXED = {
    "ObjectType": ("Image",),
    "BinaryData": ("True",),
    "ElementNumberOfChannels": ("1",),
    "HeaderSize": ("0",),
    "ElementToIntensityFunctionSlope": ("1",),
    "ElementToIntensityFunctionOffset": ("0",),
    "DistanceUnits": ("mm", "MM"),
}
"""Fields that, if present, must say what is the case without them."""


def read_meta_header(path: Path) -> ImageHeader:
    """Read and check the header of a MetaImage file.

    Spacing and orientation must be written out: ITK would take 1 mm and no rotation for granted.

    Raises
    ------
    InputError
        If the file is not MetaImage, or its header is damaged or not that of a 3D volume of grey levels.
    """
    fields, length = _split(path, read_start(path, MAX_HEADER_BYTES))
    sizes = _numbers(path, fields, "DimSize")
    if [float(len(sizes))] != _numbers(path, fields, "NDims") or any(size != int(size) for size in sizes):
        raise InputError(path, _("its header gives impossible image dimensions; export it again"))
    shape = drop_single_axes(path, [int(size) for size in sizes])
    spacing = _numbers(path, fields, "ElementSpacing")
    matrix, offset = _numbers(path, fields, "TransformMatrix"), _numbers(path, fields, "Offset")
    if len(spacing) != len(sizes) or len(matrix) != len(sizes) ** 2 or len(offset) != len(sizes):
        raise InputError(path, _("its spacing, orientation and origin do not fit its dimensions; export it again"))
    if not np.allclose(np.linalg.norm(np.reshape(matrix, (len(sizes), len(sizes))), axis=1), 1, atol=1e-3):
        raise InputError(path, _("its orientation (TransformMatrix) is not a rotation; export it again"))
    itemsize = ITEM_SIZES.get(fields["ElementType"])
    if itemsize is None:
        raise InputError(
            path, _("has voxels of a type that is not read ('{type}')").format(type=shown(fields["ElementType"]))
        )
    local = fields["ElementDataFile"].upper() == "LOCAL"
    if itemsize > 1 and fields.get("BinaryDataByteOrderMSB") not in ("True", "False"):
        raise InputError(path, _("its header does not say the byte order (BinaryDataByteOrderMSB: True or False)"))
    header = ImageHeader(
        path=path,
        image_io="MetaImageIO",
        shape=shape,
        spacing_mm=(spacing[0], spacing[1], spacing[2]),
        itemsize=itemsize,
        data_path=path if local else data_file_beside(path, fields["ElementDataFile"]),
        data_offset=length if local else 0,
        compression="zlib" if fields.get("CompressedData") == "True" else "none",
    )
    if header.compression == "zlib":
        _check_compressed_size(header, fields.get("CompressedDataSize"))
    return header


def _check_compressed_size(header: ImageHeader, announced: str | None) -> None:
    """Check the length of the compressed data; ITK reads that many bytes and leaves the rest of the volume unset."""
    header.check_data_file()
    found = header.data_path.stat().st_size - header.data_offset
    if announced is not None and announced != str(found):
        raise InputError(
            header.path,
            _("its compressed data are damaged or cut off ({found} bytes of {announced}); export it again").format(
                found=found, announced=shown(announced)
            ),
        )


def _split(path: Path, start: bytes) -> tuple[dict[str, str], int]:
    """Fields of the header, and its length in bytes."""
    end = re.search(rb"^ElementDataFile *= *[^\n]*(\n|$)", start, re.MULTILINE)
    if not re.match(rb" *(ObjectType|NDims|Comment) *=", start) or end is None:
        raise InputError(
            path, _("is not MetaImage although its name says so, or its start is damaged; export it again")
        )
    fields: dict[str, str] = {}
    for line in start[: end.end()].decode("latin-1").splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        name = OTHER_NAMES.get(name, name)
        if not equals or name in fields:
            raise InputError(path, _("its header is damaged at '{line}'; export it again").format(line=shown(line)))
        fields[name] = value
    for name in NEEDED:
        if name not in fields:
            raise InputError(
                path, _("its header has no '{name}', so the volume cannot be placed; export it again").format(name=name)
            )
    for name, allowed in FIXED.items():
        if fields.get(name, allowed[0]) not in allowed:
            raise InputError(
                path,
                _("its header says {name} = {value}, which is not read; export it again").format(
                    name=name, value=shown(fields[name])
                ),
            )
    return fields, end.end()


def _numbers(path: Path, fields: dict[str, str], name: str) -> list[float]:
    try:
        values = [float(word) for word in fields[name].split()]
    except ValueError:
        values = []
    if not values or (name != "ElementSpacing" and not np.isfinite(values).all()):
        raise InputError(path, _("its header gives no proper numbers for {name}; export it again").format(name=name))
    return values
