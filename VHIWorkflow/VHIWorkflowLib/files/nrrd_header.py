"""Headers of NRRD files (.nrrd, .nhdr), and of the segmentations that 3D Slicer writes in them (.seg.nrrd)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError
from .image_header import ORIGIN_TAG, Compression, ImageHeader, Segment, data_file_beside, shown
from .stored_bytes import read_start

_ = sentences_of(__name__)

MAX_HEADER_BYTES = 2**20

SPACES = {
    "left-posterior-superior": 3,
    "lps": 3,
    "right-anterior-superior": 3,
    "ras": 3,
    "left-anterior-superior": 3,
    "las": 3,
}
"""Spaces whose axes are directions in the patient."""

_INTEGER_NAMES = {1: ("char",), 2: ("short", "short int"), 4: ("int",), 8: ("long long", "long long int", "longlong")}

ENCODINGS: dict[str, Compression] = {"raw": "none", "gzip": "gzip", "gz": "gzip"}


def _item_sizes() -> dict[str, int]:
    sizes = {"float": 4, "double": 8, "uchar": 1, "ushort": 2, "uint": 4, "ulonglong": 8}
    for size, names in _INTEGER_NAMES.items():
        for name in names:
            sizes |= {name: size, f"signed {name}": size, f"unsigned {name}": size}
        for name in (f"int{8 * size}", f"int{8 * size}_t"):
            sizes |= {name: size, f"u{name}": size}
    return sizes


ITEM_SIZES = _item_sizes()


@dataclass(frozen=True)
class _Text:
    """A header taken apart: fields (``field: value``), keys (``key:=value``), and its length in bytes."""

    path: Path
    fields: dict[str, str]
    keys: dict[str, str]
    length: int

    def field(self, *names: str) -> str:
        for name in names:
            if name in self.fields:
                return self.fields[name]
        raise InputError(self.path, _("its NRRD header has no field '{name}'; export it again").format(name=names[0]))


def read_nrrd_header(path: Path) -> ImageHeader:
    """Read and check the header of an NRRD file.

    The header must say how the volume lies in the patient: a ``space`` of LPS, RAS or LAS with ``space directions``.

    Raises
    ------
    InputError
        If the file is not NRRD, or its header is damaged or not that of a 3D volume of grey levels.
    """
    text = _split(path, read_start(path, MAX_HEADER_BYTES))
    sizes = _integers(text, "sizes")
    if len(sizes) != _integers(text, "dimension")[0]:
        raise InputError(path, _("its NRRD header gives sizes that do not fit its dimension"))
    components, axes = _axes(text, sizes)
    itemsize = ITEM_SIZES.get(text.field("type").lower())
    if itemsize is None:
        raise InputError(
            path, _("has voxels of a type that is not read ('{type}')").format(type=shown(text.field("type")))
        )
    if itemsize > 1 and text.field("endian").lower() not in ("little", "big"):
        raise InputError(path, _("its NRRD header does not say the byte order (endian: little or big)"))
    data_path, offset = _data_place(text)
    return ImageHeader(
        path=path,
        image_io="NrrdImageIO",
        shape=(sizes[axes[0]], sizes[axes[1]], sizes[axes[2]]),
        spacing_mm=_spacing(text, len(sizes), axes),
        itemsize=itemsize,
        data_path=data_path,
        data_offset=offset,
        compression=_compression(text),
        components=components,
        segments=_segments(text),
    )


def _split(path: Path, start: bytes) -> _Text:
    if not re.match(rb"NRRD000[1-6]\r?\n", start):
        raise InputError(path, _("is not NRRD although its name says so, or its start is damaged; export it again"))
    end = re.search(rb"\r?\n\r?\n", start)
    if end is None and path.suffix.lower() != ".nhdr":
        raise InputError(path, _("its NRRD header has no end (file cut off?); copy or export it again"))
    head = start if end is None else start[: end.start()]
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    for line in head.decode("utf-8", errors="replace").splitlines()[1:]:
        if line.startswith("#") or not line.strip():
            continue
        match = re.match(r"(?P<key>[^:]+):=(?P<value>.*)|(?P<field>[^:]+): ?(?P<said>.*)", line)
        if match is None:
            raise InputError(path, _("its NRRD header is damaged; export it again"))
        if match["key"] is not None:
            keys[match["key"]] = match["value"]
        elif (name := match["field"].strip().lower()) in fields:
            raise InputError(path, _("its NRRD header gives '{name}' twice; export it again").format(name=shown(name)))
        else:
            fields[name] = match["said"].strip()
    return _Text(path, fields, keys, len(start) if end is None else end.end())


def _integers(text: _Text, name: str) -> list[int]:
    try:
        values = [int(word) for word in text.field(name).split()]
    except ValueError:
        values = []
    if not values:
        raise InputError(
            text.path, _("its NRRD header gives no whole numbers for '{name}'; export it again").format(name=name)
        )
    return values


def _axes(text: _Text, sizes: list[int]) -> tuple[int, tuple[int, int, int]]:
    """Values per voxel, and the axes of (i, j, k); only a Slicer segmentation has several values: its layers."""
    if len(sizes) == 3:
        kinds = text.fields.get("kinds", "domain domain domain").lower().split()
        if len(kinds) != 3 or not set(kinds) <= {"domain", "space", "???", "none"}:
            raise InputError(text.path, _("is a 2D image with several values per voxel; a 3D volume is needed"))
        return 1, (0, 1, 2)
    if len(sizes) == 4 and text.fields.get("kinds", "").lower().split()[1:] in (["domain"] * 3, ["space"] * 3):
        kind = text.fields["kinds"].split()[0].lower()
        if sizes[0] == 1 or (kind == "list" and _segments(text)):
            return sizes[0], (1, 2, 3)
        raise InputError(
            text.path,
            _("has {count} values per voxel ({kind}); a volume of grey levels is needed").format(
                count=sizes[0], kind=shown(kind)
            ),
        )
    raise InputError(
        text.path, _("is a {dimensions}D image; a single 3D volume is needed").format(dimensions=len(sizes))
    )


def _spacing(text: _Text, dimension: int, axes: tuple[int, int, int]) -> tuple[float, float, float]:
    if text.fields.get("space", "").lower() not in SPACES or "space directions" not in text.fields:
        raise InputError(
            text.path,
            _(
                "does not say how the volume lies in the patient (NRRD fields space and space "
                "directions), so left, right and voxel size are unknown; export it again"
            ),
        )
    vectors = re.findall(r"none|\([^()]*\)", text.fields["space directions"])
    units = text.fields.get("space units", '"mm" "mm" "mm"').replace('"', " ").split()
    if len(vectors) != dimension or set(units) > {"mm"}:
        raise InputError(text.path, _("its NRRD space directions do not fit its dimension or are not in mm"))
    lengths = [_length(text, vectors[axis]) for axis in axes]
    _length(text, text.field("space origin"))
    return lengths[0], lengths[1], lengths[2]


def _length(text: _Text, vector: str) -> float:
    """Length of a vector written as ``(x,y,z)``; not finite if one of the numbers is not."""
    try:
        values = np.array([float(word) for word in vector.strip().removeprefix("(").removesuffix(")").split(",")])
    except ValueError:
        values = np.zeros(0)
    if len(values) != 3:
        raise InputError(text.path, _("its NRRD header gives a direction or origin that is not three numbers"))
    return float(np.linalg.norm(values))


def _data_place(text: _Text) -> tuple[Path, int]:
    for name in ("byte skip", "byteskip", "line skip", "lineskip"):
        if text.fields.get(name, "0") != "0":
            raise InputError(
                text.path, _("its NRRD header asks for '{name}', which is not read; export it again").format(name=name)
            )
    for name in ("data file", "datafile"):
        if name in text.fields:
            return data_file_beside(text.path, text.fields[name]), 0
    if text.path.suffix.lower() == ".nhdr":
        raise InputError(text.path, _("its NRRD header names no data file; export it again"))
    return text.path, text.length


def _compression(text: _Text) -> Compression:
    encoding = text.field("encoding").lower()
    if encoding not in ENCODINGS:
        raise InputError(
            text.path,
            _("is encoded as '{encoding}', which is not read; save it again as raw or gzip").format(
                encoding=shown(encoding)
            ),
        )
    return ENCODINGS[encoding]


def _segments(text: _Text) -> tuple[Segment, ...]:
    segments = []
    for key in sorted(text.keys):
        if match := re.fullmatch(r"(Segment\d+_)Name", key):
            stem = match[1]
            numbers = text.keys.get(stem + "LabelValue", "1"), text.keys.get(stem + "Layer", "0")
            if not all(re.fullmatch(r"\s*\d{1,9}\s*", number) for number in numbers):
                raise InputError(
                    text.path,
                    _("its segment '{name}' has no proper label value or layer").format(name=shown(text.keys[key])),
                )
            origin = _origin(text.keys.get(stem + "Tags", ""))
            segments.append(Segment(text.keys[key].strip(), int(numbers[0]), int(numbers[1]), origin))
    return tuple(segments)


def _origin(tags: str) -> str:
    """What the tags of a segment, `key:value|key:value|`, say of where it comes from."""
    found = dict(tag.partition(":")[::2] for tag in tags.split("|"))
    return found.get(ORIGIN_TAG, "").strip()
