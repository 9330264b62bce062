"""The label map and the segmentation of a case: `labelmap.nii.gz` and `segmentation.seg.nrrd`.

The same masks always give the same bytes. The segmentation is an NRRD file as 3D Slicer writes it: one layer per
segment, since the conservative mask lies inside the sensitive one, and what Slicer knows of each segment in
`Segment<n>_...` keys. Its header is put together here because SimpleITK cannot write the axis of layers as Slicer needs
it, and Slicer comes without an NRRD library for Python.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, FloatArray, Grid, Volume, bounding_box
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError, RecordError
from .image_header import ORIGIN_TAG, ImageHeader, shown
from .itk import LPS_TO_RAS, itk_grid, itk_image, itk_silent, simple_itk
from .safe_files import replacing, write_atomically
from .volumes import read_header

_ = sentences_of(__name__)

LabelArray = npt.NDArray[np.uint8]

MAX_LABEL = 2
"""Labels of the label map: 0, 1 (sensitive only) and 2 (conservative, and so sensitive too)."""

COMPRESSION_LEVEL = 4


@dataclass(frozen=True)
class Segment:
    """A segment to write: what it is, its voxels, shape (k, j, i), and a text on where they come from, if any."""

    kind: SegmentKind
    mask: BoolArray
    origin: str = ""


def write_labelmap(path: str | os.PathLike[str], labels: LabelArray, grid: Grid) -> None:
    """Write the label map of a case as NIfTI.

    Parameters
    ----------
    path
        File to write, ending in `.nii.gz`.
    labels
        0, 1 (sensitive only) and 2 (conservative), shape (k, j, i).
    grid
        Grid of the STIR.

    Raises
    ------
    ValueError
        If the labels do not fit the grid or are others than 0, 1 and 2.
    RecordError
        If the file cannot be written.
    """
    if labels.shape != grid.shape or labels.dtype != np.uint8 or labels.max() > MAX_LABEL:
        raise ValueError(f"labels 0, 1 and 2 of type uint8 and shape {grid.shape} are needed")
    with replacing(path) as temporary, itk_silent():
        try:
            simple_itk().WriteImage(itk_image(labels, grid), os.fspath(temporary), True)
        except RuntimeError as error:
            raise RecordError(path, _("cannot be written; check the space on the disk and the permissions")) from error
        _check_written(Path(path), temporary, labels)


def read_labelmap(path: str | os.PathLike[str]) -> Volume:
    """Read a label map of `write_labelmap`: uint8 labels indexed (k, j, i), on their grid.

    Raises
    ------
    RecordError
        If the file cannot be read, or holds other labels.
    """
    array, grid, _header = _load(Path(path))
    if array.ndim != 3 or array.min() < 0 or array.max() > MAX_LABEL or (array != np.floor(array)).any():
        raise RecordError(path, _("is not a label map of a case (labels 0, 1 and 2); measure the case again"))
    return Volume(array.astype(np.uint8), grid)


def write_segmentation(path: str | os.PathLike[str], segments: Sequence[Segment], grid: Grid) -> None:
    """Write segments as 3D Slicer opens them: named, coloured, coded, on the grid of the STIR.

    Parameters
    ----------
    path
        File to write, ending in `.seg.nrrd`.
    segments
        At least one; they may overlap and may be empty.
    grid
        Grid of the STIR, which Slicer takes as the reference geometry.

    Raises
    ------
    ValueError
        If there is no segment, or a mask does not fit the grid.
    RecordError
        If the file cannot be written.
    """
    if not segments or any(segment.mask.shape != grid.shape for segment in segments):
        raise ValueError(f"masks of shape {grid.shape} are needed")
    lines = [
        "NRRD0004",
        *_volume_fields(grid, len(segments)),
        *_segmentation_keys(grid),
        *(line for number, segment in enumerate(segments) for line in _segment_keys(number, segment)),
    ]
    layers = np.stack([segment.mask for segment in segments], axis=-1).astype(np.uint8)
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, packed, mtime=0) as stream:
        stream.write(layers.tobytes())
    write_atomically(path, "\n".join(lines).encode() + b"\n\n" + packed.getvalue())


def read_segmentation(path: str | os.PathLike[str], grid: Grid | None = None) -> dict[str, Volume]:
    """Read the segments of a `.seg.nrrd` by their names, also after Slicer has saved it again.

    Parameters
    ----------
    path
        File to read. Order and layers of the segments do not matter.
    grid
        Grid to place the masks on. Slicer may crop what it saves to the part in use; without a grid, the masks have
        the grid of the file.

    Returns
    -------
    dict
        Boolean volumes indexed (k, j, i), by segment name, in the order of the file. They may be empty.

    Raises
    ------
    RecordError
        If the file is damaged, holds no segments or two of one name, or does not lie on the grid.
    """
    path = Path(path)
    array, file_grid, header = _load(path)
    if not header.segments:
        raise RecordError(path, _("holds no segments; save the segmentation in Slicer as .seg.nrrd"))
    layers = array.reshape(*file_grid.shape, -1)
    found: dict[str, Volume] = {}
    for segment in header.segments:
        if segment.layer >= layers.shape[-1]:
            raise RecordError(
                path,
                _("its segment '{segment}' has no layer; save it again in Slicer").format(segment=shown(segment.name)),
            )
        if segment.name in found:
            raise RecordError(
                path, _("holds two segments named '{segment}'; rename one of them").format(segment=shown(segment.name))
            )
        volume = Volume(layers[..., segment.layer] == segment.label, file_grid)
        found[segment.name] = volume if grid is None else _placed(path, segment.name, volume, grid)
    return found


def origins_in(path: str | os.PathLike[str]) -> dict[str, str]:
    """What a `.seg.nrrd` says of where its segments come from, by their names; segments without a word are left out.

    Raises
    ------
    InputError
        If the header cannot be read.
    """
    return {segment.name: segment.origin for segment in read_header(Path(path)).segments if segment.origin}


def _volume_fields(grid: Grid, layers: int) -> list[str]:
    """Fields of the NRRD header; its coordinates are LPS."""
    k, j, i = grid.shape
    lps = LPS_TO_RAS @ grid.affine
    directions = " ".join(_vector(lps[:3, axis]) for axis in range(3))
    return [
        "type: unsigned char",
        "dimension: 4",
        "space: left-posterior-superior",
        f"sizes: {layers} {i} {j} {k}",
        f"space directions: none {directions}",
        "kinds: list domain domain domain",
        "encoding: gzip",
        f"space origin: {_vector(lps[:3, 3])}",
    ]


def _segmentation_keys(grid: Grid) -> list[str]:
    k, j, i = grid.shape
    extent = [0, i - 1, 0, j - 1, 0, k - 1]
    geometry = "".join(f"{_number(value)};" for value in [*grid.affine.ravel(), *extent])
    return [
        "Segmentation_ContainedRepresentationNames:=Binary labelmap|",
        f"Segmentation_ConversionParameters:=Reference image geometry|{geometry}|&",
        "Segmentation_MasterRepresentation:=Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset:=0 0 0",
    ]


def _segment_keys(number: int, segment: Segment) -> list[str]:
    kind = segment.kind
    tags = {"TerminologyEntry": kind.terminology.entry()} | ({ORIGIN_TAG: segment.origin} if segment.origin else {})
    values = {
        "Color": " ".join(_number(part) for part in kind.colour),
        "ColorAutoGenerated": "0",
        "Extent": _extent(segment.mask),
        "ID": kind.segment_id,
        "LabelValue": "1",
        "Layer": str(number),
        "Name": kind.name,
        "NameAutoGenerated": "0",
        "Tags": "".join(f"{key}:{value}|" for key, value in tags.items()),
    }
    return [f"Segment{number}_{key}:={value}" for key, value in values.items()]


def _extent(mask: BoolArray) -> str:
    """First and last index along i, j and k; the last before the first when the mask is empty."""
    return " ".join(f"{part.start} {part.stop - 1}" for part in reversed(bounding_box(mask)))


def _vector(values: FloatArray) -> str:
    return "(" + ",".join(_number(value) for value in values) + ")"


def _number(value: float) -> str:
    """All digits of a number; zero without a sign."""
    return f"{float(value) + 0.0:.17g}"


def _load(path: Path) -> tuple[npt.NDArray[Any], Grid, ImageHeader]:
    """Voxels as stored, indexed (k, j, i) or (k, j, i, layer), their grid, and the header they were checked against."""
    try:
        header = read_header(path)
        header.check_data()
        with itk_silent():
            image = simple_itk().ReadImage(os.fspath(path))
        return simple_itk().GetArrayFromImage(image), itk_grid(image), header
    except InputError as error:
        raise RecordError(path, error.problem if error.path == os.fspath(path) else error.sentence) from error
    except (RuntimeError, MeasurementError) as error:
        raise RecordError(path, _("its header is damaged; restore the file or measure the case again")) from error


def _placed(path: Path, name: str, volume: Volume, grid: Grid) -> Volume:
    """Mask of a part of a grid, placed on the whole grid."""
    start = np.rint(grid.from_ras(volume.grid.affine[:3, 3])[0]).astype(int)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_ras(start)[0]
    if not Grid(volume.grid.shape, affine).matches(volume.grid):
        raise RecordError(path, _("does not lie on the grid of the STIR; it belongs to another scan"))
    indices = np.argwhere(volume.array) + start
    if ((indices < 0) | (indices >= grid.shape)).any():
        raise RecordError(
            path, _("its segment '{name}' reaches out of the STIR; cut it off there").format(name=shown(name))
        )
    mask = np.zeros(grid.shape, dtype=bool)
    mask[tuple(indices.T)] = True
    return Volume(mask, grid)


def _check_written(path: Path, temporary: Path, labels: LabelArray) -> None:
    """Read a file back: ITK does not notice a disk that is full."""
    try:
        written = simple_itk().GetArrayFromImage(simple_itk().ReadImage(os.fspath(temporary)))
    except RuntimeError:
        written = None
    if not np.array_equal(written, labels):
        raise RecordError(path, _("was not written whole; the disk is probably full, free some space and try again"))
