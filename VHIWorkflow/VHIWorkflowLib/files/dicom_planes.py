"""Single DICOM images in space: their geometry, and how they stack into a volume.

Whether the stack is regular, its slices perpendicular to it, is for highdicom to say. What it only refuses is looked at
more closely here, to say which image is missing or there twice. Slices are counted as in ITK and 3D Slicer, from the
first one along the cross product of row and column direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from VHIWorkflowLib.core.grids import FloatArray, Grid
from VHIWorkflowLib.core.sentences import sentences_of

from .dicom_access import dicom_errors
from .errors import InputError
from .image_header import MAX_VOXELS

if TYPE_CHECKING:
    from pydicom import Dataset

_ = sentences_of(__name__)

SPACING_TOLERANCE = 0.01
"""Share by which the distance between neighbouring slices may differ; also highdicom's."""

SAME_PLACE_MM = 0.01
ORIENTATION_TOLERANCE = 1e-3

GEOMETRY_GROUPS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
}
"""Where multi-frame images keep what single images have at the top."""


@dataclass(frozen=True)
class Plane:
    """One image: a file, or one frame of a multi-frame file.

    Parameters
    ----------
    path, frame
        The file, and the number of the frame in it, from 0.
    rows, columns
        Size in pixels.
    position
        Centre of the first pixel, LPS mm.
    orientation
        Directions along a row and along a column, six cosines in LPS.
    pixel_spacing
        Distance between rows and between columns, in mm.
    slope, intercept
        Intensity = stored value x slope + intercept.
    transfer_syntax
        UID of how the pixels are encoded.
    """

    path: Path
    frame: int
    rows: int
    columns: int
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    slope: float
    intercept: float
    transfer_syntax: str


def planes_of(path: Path, header: Dataset) -> list[Plane]:
    """Images in a DICOM file, from its header.

    Raises
    ------
    InputError
        If the geometry is missing or not made of numbers, or the image is in colour.
    """
    with dicom_errors(path, _("its DICOM header is damaged; export the series again")):
        if int(header.get("SamplesPerPixel", 1)) != 1:
            raise InputError(path, _("is a colour image; a series of grey levels is needed"))
        frames = int(header.get("NumberOfFrames") or 1)
        listed = header.get("PerFrameFunctionalGroupsSequence")
        if listed is None and frames > 1:
            raise InputError(path, _("holds several frames without saying where they lie; export it as enhanced MR"))
        if listed is not None and len(listed) != frames:
            raise InputError(
                path,
                _("announces {frames} frames but describes {count}; export the series again").format(
                    frames=frames, count=len(listed)
                ),
            )
        return [_plane(path, header, frame) for frame in range(frames)]


def _plane(path: Path, header: Dataset, frame: int) -> Plane:
    slope, intercept = (
        _numbers(path, keyword, _lookup(header, frame, keyword, default), 1)[0]
        for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
    )
    return Plane(
        path=path,
        frame=frame,
        rows=int(header.Rows),
        columns=int(header.Columns),
        position=_numbers(path, "ImagePositionPatient", _lookup(header, frame, "ImagePositionPatient"), 3),
        orientation=_numbers(path, "ImageOrientationPatient", _lookup(header, frame, "ImageOrientationPatient"), 6),
        pixel_spacing=_numbers(path, "PixelSpacing", _lookup(header, frame, "PixelSpacing"), 2),
        slope=slope,
        intercept=intercept,
        transfer_syntax=str(header.file_meta.TransferSyntaxUID),
    )


def _lookup(header: Dataset, frame: int, keyword: str, default: float | None = None) -> Any:
    """Value of a tag: of the frame, else shared by all frames, else at the top of the header."""
    for groups, index in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        items = header.get(groups)
        found = items[index].get(GEOMETRY_GROUPS[keyword]) if items else None
        if found and found[0].get(keyword) is not None:
            return found[0].get(keyword)
    value = header.get(keyword)
    return default if value is None else value


def _numbers(path: Path, keyword: str, value: Any, count: int) -> tuple[float, ...]:
    if value is None:
        raise InputError(
            path, _("has no {keyword}, so it cannot be placed; export the series again").format(keyword=keyword)
        )
    values = tuple(float(number) for number in (value if count > 1 else [value]))
    if len(values) != count or not np.isfinite(values).all():
        needed = _("a finite number") if count == 1 else _("{count} finite numbers").format(count=count)
        raise InputError(
            path,
            _("has a {keyword} that is not {needed}; export the series again").format(keyword=keyword, needed=needed),
        )
    return values


def stack_planes(where: Path, planes: Sequence[Plane]) -> tuple[list[Plane], Grid]:
    """Sort images into a volume.

    Parameters
    ----------
    where
        What to name in errors: the folder of the series.
    planes
        Images of one series, in any order.

    Returns
    -------
    tuple
        The images from the first slice (k = 0) to the last, and the grid of the volume in RAS mm.

    Raises
    ------
    InputError
        If the images differ in size, spacing or orientation, two lie at the same place, one is missing, or they are
        too few or too many.
    """
    from highdicom.spatial import get_volume_positions

    _check_alike(where, planes)
    row, column = _axes(where, planes[0])
    normal = np.cross(row, column)
    _check_distances(where, planes, normal)
    with dicom_errors(where, _("the geometry of its images makes no volume; export the series again")):
        spacing_mm, places = get_volume_positions(
            [plane.position for plane in planes], [*row, *column], rtol=SPACING_TOLERANCE
        )
        if spacing_mm is None or places is None:
            raise InputError(where, _("its slices are not evenly stacked at a right angle to the image plane"))
    ordered = sorted(planes, key=lambda plane: float(np.dot(plane.position, normal)))
    between_rows, between_columns = ordered[0].pixel_spacing
    lps = np.eye(4)
    lps[:3, :3] = np.stack([row * between_columns, column * between_rows, normal * spacing_mm], axis=1)
    lps[:3, 3] = ordered[0].position
    affine: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
    return ordered, Grid((len(ordered), ordered[0].rows, ordered[0].columns), affine)


def _axes(where: Path, plane: Plane) -> FloatArray:
    """Directions along a row and along a column, shape (2, 3), freed from the rounding of the header."""
    axes: FloatArray = np.reshape(plane.orientation, (2, 3))
    if np.abs(axes @ axes.T - np.eye(2)).max() > ORIENTATION_TOLERANCE:
        raise InputError(
            where, _("its image orientation is not two directions at a right angle; export the series again")
        )
    row = axes[0] / np.linalg.norm(axes[0])
    column = axes[1] - row * (row @ axes[1])
    return np.stack([row, column / np.linalg.norm(column)])


def _check_alike(where: Path, planes: Sequence[Plane]) -> None:
    first = planes[0]
    if len(planes) < 2:
        raise InputError(where, _("is a single image; name the folder that holds the whole series"))
    for plane in planes:
        if (plane.rows, plane.columns) != (first.rows, first.columns):
            raise InputError(
                where,
                _("its images differ in size ({first}, {other})").format(
                    first=_name(where, first), other=_name(where, plane)
                ),
            )
        if not np.allclose(plane.pixel_spacing, first.pixel_spacing, rtol=1e-3, atol=0):
            raise InputError(
                where,
                _("its images differ in pixel spacing ({first}, {other})").format(
                    first=_name(where, first), other=_name(where, plane)
                ),
            )
        if not np.allclose(plane.orientation, first.orientation, atol=ORIENTATION_TOLERANCE):
            raise InputError(
                where,
                _("its images differ in orientation ({first}, {other})").format(
                    first=_name(where, first), other=_name(where, plane)
                ),
            )
    if min(first.rows, first.columns) < 2 or len(planes) * first.rows * first.columns > MAX_VOXELS:
        raise InputError(
            where,
            _("its {count} images of {rows} x {columns} pixels are no usable scan").format(
                count=len(planes), rows=first.rows, columns=first.columns
            ),
        )
    if min(first.pixel_spacing) <= 0:
        raise InputError(where, _("its pixel spacing is zero or negative; export the series again"))


def _check_distances(where: Path, planes: Sequence[Plane], normal: FloatArray) -> None:
    """Name the two images between which one is missing, or which lie at the same place."""
    along = np.array([plane.position for plane in planes]) @ normal
    order = np.argsort(along, kind="stable")
    gaps = np.diff(along[order])
    closest, widest = int(np.argmin(gaps)), int(np.argmax(gaps))
    if gaps[closest] < SAME_PLACE_MM:
        one, other = (_name(where, planes[order[n]]) for n in (closest, closest + 1))
        raise InputError(
            where,
            _("two of its images lie at the same place ({one}, {other}); name a series without repeated slices").format(
                one=one, other=other
            ),
        )
    usual = float(np.median(gaps)) if len(gaps) > 2 else float(gaps.min())
    if gaps[widest] > usual * (1 + SPACING_TOLERANCE):
        one, other = (_name(where, planes[order[n]]) for n in (widest, widest + 1))
        raise InputError(
            where,
            _(
                "a slice is missing between {one} and {other} ({gap:.3g} mm apart, others {usual:.3g} "
                "mm); export the whole series again"
            ).format(one=one, other=other, gap=gaps[widest], usual=usual),
        )


def _name(where: Path, plane: Plane) -> str:
    inside = plane.path != where and plane.path.is_relative_to(where)
    name = str(plane.path.relative_to(where)) if inside else plane.path.name
    return _("{name} frame {number}").format(name=name, number=plane.frame + 1) if plane.frame else name
