"""Slicer markup files with closed curves and boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import Grid

SCHEMA = "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json#"
FLIPS = {"RAS": np.array([1.0, 1.0, 1.0]), "LPS": np.array([-1.0, -1.0, 1.0])}


def on_slice(grid: Grid, k: float, corners: Sequence[tuple[float, float]]) -> np.ndarray:
    """RAS points, shape (n, 3), of (row, column) pairs on a slice."""
    return grid.to_ras([(k, row, column) for row, column in corners])


def curve(points: npt.ArrayLike, system: str = "LPS", kind: str = "ClosedCurve") -> dict[str, object]:
    """A curve through RAS points, written in the coordinate system given."""
    positions = (np.asarray(points, dtype=float) * FLIPS[system]).tolist()
    return {
        "type": kind,
        "coordinateSystem": system,
        "coordinateUnits": "mm",
        "controlPoints": [{"position": position, "positionStatus": "defined"} for position in positions],
    }


def box(
    center: npt.ArrayLike, size: npt.ArrayLike, axes: npt.ArrayLike | None = None, system: str = "LPS"
) -> dict[str, object]:
    """A box: centre in RAS mm, edge lengths in mm, and its axes as the columns of a RAS matrix."""
    axes = np.eye(3) if axes is None else np.asarray(axes)
    position = (np.asarray(center, dtype=float) * FLIPS[system]).tolist()
    return {
        "type": "ROI",
        "coordinateSystem": system,
        "coordinateUnits": "mm",
        "roiType": "Box",
        "center": position,
        "orientation": (axes * FLIPS[system][:, np.newaxis]).ravel().tolist(),
        "size": np.asarray(size, dtype=float).tolist(),
        "insideOut": False,
        "controlPoints": [{"position": position, "positionStatus": "defined"}],
    }


def write_markups(path: Path, *markups: dict[str, object]) -> Path:
    """Write markups into one file."""
    path.write_text(json.dumps({"@schema": SCHEMA, "markups": markups}), encoding="utf-8")
    return path
