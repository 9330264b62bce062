"""The pelvis of the phantom: which tissue lies where, in slices parallel to the sacrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.grids import BoolArray
from .bones import paint_bones, place_bones
from .canvas import Canvas
from .shapes import FloatArray, Frame
from .signal import Tissue
from .soft_tissue import paint_soft_tissue


@dataclass(frozen=True)
class Pelvis:
    """Tissues of one subject on one frame; all arrays have the frame's shape (k, j, i).

    Attributes
    ----------
    tissue
        Values of `Tissue`.
    fat
        Share of fat mixed into marrow and muscle, 0 to 1.
    bone
        All imaged bone including joint spaces.
    marrow
        Where the tissue is marrow.
    ilium_depth_mm
        Depth in the iliac bone below its joint-side border; negative on the sacral side.
    in_sacrum
        Within the sacrum's marrow.
    bright
        Bright structures inside the bone that are not inflammation, by name.
    """

    tissue: npt.NDArray[np.uint8]
    fat: FloatArray
    bone: BoolArray
    marrow: BoolArray
    ilium_depth_mm: FloatArray
    in_sacrum: BoolArray
    bright: dict[str, BoolArray]


def paint_pelvis(subject_seed: int, frame: Frame) -> Pelvis:
    """Paint a subject's pelvis; the same seed is the same subject, whatever the frame."""
    canvas = Canvas(subject_seed, frame)
    bones = place_bones(canvas)
    paint_soft_tissue(canvas, bones)
    canal, bright = paint_bones(canvas, bones)
    region = (bones.all | bones.joint) & ~canal
    marrow = canvas.tissue == Tissue.MARROW
    canvas.fat[~marrow & (canvas.tissue != Tissue.MUSCLE)] = 0
    return Pelvis(
        tissue=canvas.tissue,
        fat=canvas.fat,
        bone=region,
        marrow=marrow,
        ilium_depth_mm=bones.ilium_depth,
        in_sacrum=bones.sacrum & marrow,
        bright={name: mask & region for name, mask in bright.items()},
    )
