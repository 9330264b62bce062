"""Normal bone as drawn in 3D Slicer: closed curves and boxes from markup files (.mrk.json), and label files.

A markup file holds the points of a curve but not how they are joined. Slicer joins them, unless told otherwise, by a
closed cardinal spline and shows it as ten straight pieces between neighbouring points. Exactly that outline is filled
here, so the region is the one the reader saw. Voxels belong to it whose centre lies inside.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import BoolArray, FloatArray, Grid, Volume
from VHIWorkflowLib.core.reordering import on_grid
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError
from .image_header import shown
from .stored_bytes import read_start
from .volumes import read_mask

_ = sentences_of(__name__)

MAX_FILE_BYTES = 2**24
MAX_POINTS = 10_000
PIECES_BETWEEN_POINTS = 10
"""Straight pieces that Slicer draws between two neighbouring points of a curve."""

SEGMENT_NAME = "Normal bone"
TO_RAS = {"RAS": np.array([1.0, 1.0, 1.0]), "LPS": np.array([-1.0, -1.0, 1.0])}
ROUNDING_MM = 1e-6
OUTLINE_DECIMALS = 6
"""Outlines are rounded to a millionth of a voxel, so that one through voxel centres is filled alike everywhere."""


def read_normal_bone(paths: Sequence[Path], grid: Grid) -> Volume:
    """Normal bone from one or more pieces: the union of label files and markup files.

    Parameters
    ----------
    paths
        Label files on the voxels of the STIR, in any order of storage (of a segmentation with several segments, "Normal
        bone" is taken), and Slicer markup files (.mrk.json, .json).
    grid
        The STIR grid.

    Returns
    -------
    Volume
        Boolean array (k, j, i) on the STIR grid.

    Raises
    ------
    InputError
        If no file is named, one cannot be read, or a label file lies on another grid.
    """
    if not paths:
        raise InputError(_("normal bone"), _("no file is named"))
    union = np.zeros(grid.shape, dtype=bool)
    for path in map(Path, paths):
        if path.name.lower().endswith(".json"):
            union |= read_normal_bone_markup(path, grid).array
        else:
            union |= _on_stir(path, read_mask(path, segment=SEGMENT_NAME), grid)
    return Volume(union, grid)


def read_normal_bone_markup(path: Path, grid: Grid) -> Volume:
    """Region marked by the closed curves and boxes of a Slicer markup file.

    Parameters
    ----------
    path
        Markup file in RAS or LPS mm; it may hold several markups, which are joined. Each curve lies on one slice.
    grid
        The STIR grid.

    Returns
    -------
    Volume
        Boolean array (k, j, i): voxels whose centre lies inside (even-odd rule where a curve crosses itself).

    Raises
    ------
    InputError
        If the file is no markup file, or holds another kind of markup; if a curve has fewer than three points, does
        not lie on one slice (within half a slice spacing), or leaves the field of view; if a markup encloses no voxel
        centre.
    """
    path = Path(path)
    region = np.zeros(grid.shape, dtype=bool)
    for number, markup in enumerate(_markups(path), start=1):
        name = _("markup {number} ('{label}')").format(
            number=number, label=shown(str(markup.get("name") or markup.get("type")))
        )
        inside = _fill(path, name, markup, grid)
        if not inside.any():
            raise InputError(
                path, _("{name} encloses no voxel of the STIR; is it of the same examination?").format(name=name)
            )
        region |= inside
    return Volume(region, grid)


def _markups(path: Path) -> list[dict[str, Any]]:
    content = read_start(path, MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise InputError(path, _("is too large for a markup file"))
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(path, _("is not a Slicer markup file (no proper JSON); save the markup again")) from error
    known = isinstance(document, dict) and isinstance(document.get("@schema"), str)
    if not known or not re.search(r"markups-schema-v1\.\d+\.\d+\.json", document["@schema"]):
        raise InputError(path, _("is not a Slicer markup file of a known version; save it in Slicer as .mrk.json"))
    markups = document.get("markups")
    if not isinstance(markups, list) or not markups or not all(isinstance(markup, dict) for markup in markups):
        raise InputError(path, _("holds no markup; draw a closed curve or an ROI and save it again"))
    return markups


def _fill(path: Path, name: str, markup: dict[str, Any], grid: Grid) -> BoolArray:
    kind = markup.get("type")
    if kind not in ("ClosedCurve", "ROI"):
        raise InputError(
            path,
            _("{name} is of type {kind}; only closed curves and ROIs mark a region").format(
                name=name, kind=shown(str(kind))
            ),
        )
    system, units = markup.get("coordinateSystem", "LPS"), markup.get("coordinateUnits", "mm")
    if system not in ("RAS", "LPS") or (units[:1] if isinstance(units, list) else [units]) != ["mm"]:
        raise InputError(
            path, _("{name} is not in RAS or LPS coordinates in mm; save it again in Slicer").format(name=name)
        )
    if kind == "ROI":
        return _fill_box(path, name, markup, grid, TO_RAS[system])
    return _fill_curve(path, name, _points(path, name, markup) * TO_RAS[system], grid)


def _points(path: Path, name: str, markup: dict[str, Any]) -> FloatArray:
    """Points that were set, shape (n, 3), in the coordinates of the file."""
    entries = markup.get("controlPoints")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(path, _("{name} has no list of points; save it again in Slicer").format(name=name))
    entries = [entry for entry in entries if entry.get("positionStatus", "defined") == "defined"]
    if len(entries) < 3:
        raise InputError(
            path, _("{name} has {count} points; a closed curve needs at least 3").format(name=name, count=len(entries))
        )
    if len(entries) > MAX_POINTS:
        raise InputError(
            path,
            _("{name} has {count} points, more than the {max_points} that are read").format(
                name=name, count=len(entries), max_points=MAX_POINTS
            ),
        )
    return np.array([_numbers(path, name, entry, "position", 3) for entry in entries])


def _numbers(path: Path, name: str, entry: dict[str, Any], key: str, count: int) -> FloatArray:
    values = entry.get(key)
    if (
        not isinstance(values, list)
        or len(values) != count
        or not all(isinstance(value, int | float) and abs(value) < 1e6 for value in values)
    ):
        raise InputError(
            path,
            _("{name} has a {key} that is not {count} numbers; save it again in Slicer").format(
                name=name, key=key, count=count
            ),
        )
    return np.array(values, dtype=np.float64)


def _fill_curve(path: Path, name: str, points: FloatArray, grid: Grid) -> BoolArray:
    """Voxels inside a closed curve through points (n, 3) in RAS mm that lie on one slice."""
    indices = grid.from_ras(points)
    if (indices < -0.5).any() or (indices > np.array(grid.shape) - 0.5).any():
        raise InputError(
            path, _("{name} leaves the field of view of the STIR; is it of the same examination?").format(name=name)
        )
    axis = grid.slice_axis
    along = indices[:, axis]
    place = min(max(round(float(np.median(along))), 0), grid.shape[axis] - 1)
    if np.abs(along - place).max() > 0.5 + 1e-6:
        spread_mm = float(np.ptp(along)) * grid.spacing_mm[axis]
        raise InputError(
            path,
            _(
                "{name} does not lie on one STIR slice (its points span {spread_mm:.3g} mm); draw it on one slice"
            ).format(name=name, spread_mm=spread_mm),
        )
    outline = np.delete(closed_spline(indices), axis, axis=1).round(OUTLINE_DECIMALS)
    rows, columns = (size for other, size in enumerate(grid.shape) if other != axis)
    inside = np.zeros(grid.shape, dtype=bool)
    np.moveaxis(inside, axis, 0)[place] = fill_polygon(outline, (rows, columns))
    return inside


def closed_spline(points: FloatArray) -> FloatArray:
    """Outline through points as Slicer draws it.

    A closed cardinal spline is the periodic cubic spline with equal parameter steps between the points. It commutes
    with affine maps, so it may be drawn in voxel indices as well as in mm.

    Parameters
    ----------
    points
        Shape (n, d), n at least 3.

    Returns
    -------
    FloatArray
        Shape (10 n, d), starting at the first point; the last point joins the first.
    """
    from scipy.interpolate import CubicSpline

    count = len(points)
    spline = CubicSpline(np.arange(count + 1), np.vstack([points, points[:1]]), bc_type="periodic")
    outline: FloatArray = spline(np.arange(count * PIECES_BETWEEN_POINTS) / PIECES_BETWEEN_POINTS)
    return outline


def fill_polygon(polygon: FloatArray, shape: tuple[int, int]) -> BoolArray:
    """Pixels whose centre lies inside a polygon, by the even-odd rule.

    Parameters
    ----------
    polygon
        Shape (n, 2): row and column of each corner; whole numbers are pixel centres.
    shape
        Rows and columns of the result.

    Examples
    --------
    >>> fill_polygon(np.array([[0.5, 0.5], [0.5, 3.5], [2.5, 3.5], [2.5, 0.5]]), (3, 5)).astype(int)
    array([[0, 0, 0, 0, 0],
           [0, 1, 1, 1, 0],
           [0, 1, 1, 1, 0]])
    """
    filled = np.zeros(shape, dtype=bool)
    row, column = polygon.T
    next_row, next_column = np.roll(polygon, -1, axis=0).T
    first, last = max(math.ceil(row.min()), 0), min(math.floor(row.max()), shape[0] - 1)
    for line in range(first, last + 1):
        cut = (row <= line) != (next_row <= line)
        share = (line - row[cut]) / (next_row[cut] - row[cut])
        crossings = np.sort(column[cut] + share * (next_column[cut] - column[cut]))
        filled[line] = np.searchsorted(crossings, np.arange(shape[1])) % 2 == 1
    return filled


def _fill_box(path: Path, name: str, markup: dict[str, Any], grid: Grid, to_ras: FloatArray) -> BoolArray:
    """Voxels inside a box; the columns of its orientation matrix are the directions of its edges."""
    if markup.get("roiType", "Box") not in ("Box", "BoundingBox") or markup.get("insideOut", False):
        raise InputError(path, _("{name} is not a plain box; draw an ROI box that is not inside out").format(name=name))
    center = _numbers(path, name, markup, "center", 3) * to_ras
    half = _numbers(path, name, markup, "size", 3) / 2
    axes = _numbers(path, name, markup, "orientation", 9).reshape(3, 3) * to_ras[:, np.newaxis]
    if half.min() <= 0 or np.abs(axes.T @ axes - np.eye(3)).max() > 1e-3:
        raise InputError(
            path, _("{name} has a size or orientation that is not that of a box; draw it again").format(name=name)
        )
    corners = center + (np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T * half) @ axes.T
    found = grid.from_ras(corners)
    low = np.clip(np.floor(found.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(found.max(axis=0)) + 1, low, grid.shape).astype(int)
    voxels = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
    offsets = (grid.to_ras(voxels.reshape(-1, 3)) - center) @ axes
    inside = np.zeros(grid.shape, dtype=bool)
    inside[tuple(map(slice, low, high))] = (np.abs(offsets) <= half + ROUNDING_MM).all(axis=1).reshape(voxels.shape[:3])
    return inside


def _on_stir(path: Path, mask: Volume, grid: Grid) -> BoolArray:
    """A mask in the order of the STIR grid."""
    placed = on_grid(mask, grid)
    if placed is not None:
        return placed.array
    if sorted(mask.grid.shape) != sorted(grid.shape):
        found, wanted = (" x ".join(str(size) for size in reversed(shape)) for shape in (mask.grid.shape, grid.shape))
        raise InputError(
            path,
            _("lies on another grid than the STIR ({found} voxels, not {wanted}); draw it on the STIR").format(
                found=found, wanted=wanted
            ),
        )
    raise InputError(path, _("lies on another grid than the STIR (same size, another place); draw it on the STIR"))
