"""``view.json`` in the folder of a case: how the reader last looked at it. No result hangs on it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from VHIWorkflowLib.files.safe_files import write_atomically

VIEW_NAME = "view.json"
FORMAT = "VHIWorkflow view"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Frame:
    """The piece of a slice that is shown.

    The black around a scan does not belong to it, so that a scan seen whole is seen whole in a view of another shape.

    Attributes
    ----------
    centre
        Its middle, RAS mm, on the first slice.
    width_mm, height_mm
        Its size.
    """

    centre: tuple[float, float, float]
    width_mm: float
    height_mm: float


@dataclass(frozen=True)
class Brightness:
    """The intensities that are shown black and white."""

    black: float
    white: float


@dataclass(frozen=True)
class LastView:
    """Slice of the STIR from 0, the piece of it that is shown, and the brightness of both scans."""

    slice_number: int
    frame: Frame
    stir: Brightness
    t1w: Brightness


def write_last_view(view: LastView, folder: Path) -> None:
    """Write ``view.json`` whole or not at all.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "slice": view.slice_number,
        "centre_ras": view.frame.centre,
        "size_mm": (view.frame.width_mm, view.frame.height_mm),
        "stir": (view.stir.black, view.stir.white),
        "t1w": (view.t1w.black, view.t1w.white),
    }
    write_atomically(folder / VIEW_NAME, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def read_last_view(folder: Path) -> LastView | None:
    """How a case was last looked at; None when that is not known: nothing is lost then, and nobody need be asked."""
    try:
        document: Any = json.loads((folder / VIEW_NAME).read_bytes())
        if document["format"] != FORMAT or document["format_version"] != FORMAT_VERSION:
            return None
        number = int(document["slice"])
        x, y, z = _numbers(document["centre_ras"])
        width, height = _numbers(document["size_mm"])
        stir, t1w = (Brightness(*_numbers(document[role])) for role in ("stir", "t1w"))
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None
    seen = number >= 0 and width > 0 and height > 0 and stir.white > stir.black and t1w.white > t1w.black
    return LastView(number, Frame((x, y, z), width, height), stir, t1w) if seen else None


def _numbers(values: Any) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if not all(map(math.isfinite, numbers)):
        raise ValueError("not a number")
    return numbers
