"""The bones of the phantom and what lies in them: marrow, cortex, joints, discs, canal, foramina, veins.

The corner points were chosen by eye to look like a sacroiliac joint in slices parallel to the sacrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..core.grids import BoolArray
from .canvas import Canvas
from .shapes import FloatArray, Points, band_distance, eroded_in_slice, profile, step_up
from .signal import Tissue

JOINT_WIDTH_MM = 2.6
ILIUM_CORTEX_MM = 1.5

_ILIUM: dict[float, list[tuple[float, float, float]]] = {
    -42.0: [(50, -104, 5), (58, -85, 10), (66, -60, 13), (74, -35, 12), (88, -8, 8), (110, 16, 5)],
    -30.0: [(54, -84, 3), (60, -66, 8), (67, -46, 11), (75, -22, 11), (89, 6, 8), (110, 32, 5)],
    -20.0: [(62, -42, 3), (65, -28, 8), (68, -10, 10), (75, 10, 10), (88, 30, 7), (110, 54, 5)],
    -8.0: [(57, -50, 3.5), (64, -34, 8.5), (68, -8, 10), (75, 18, 9), (88, 42, 6.5), (110, 70, 5)],
    2.0: [(50, -52, 3.5), (59, -34, 9), (64, -8, 10.5), (72, 18, 9), (85, 40, 6.5), (108, 62, 5)],
    15.0: [(40, -50, 3.5), (49, -34, 9), (57, -8, 11), (68, 18, 9.5), (82, 40, 7), (98, 57, 5)],
    27.0: [(40, -34, 4), (46, -20, 8), (52, -2, 10), (60, 16, 9), (69, 32, 7), (78, 44, 4)],
    36.0: [(45, -14, 3), (48, -6, 6), (52, 6, 8), (57, 18, 7), (61, 28, 5), (65, 36, 2)],
    46.0: [(50, -4, -4), (51, 0, -4), (53, 8, -4), (56, 16, -4), (58, 22, -4), (60, 28, -4)],
}
"""Depth -> (side, height, half width) along the middle of the iliac bone, from its lower end to the wing."""

_SACRUM_FRONT = [(-95, 2), (-80, 8), (-65, 11), (-50, 9), (-30, 3), (-15, -3), (0, -9), (10, -12), (25, -18), (40, -22)]
_SACRUM_FRONT_AT_SIDE = [(-50, -14), (-30, -13), (-10, -8), (10, 0), (30, 8)]
_SACRUM_BACK = [(-95, 8), (-80, 18), (-65, 25), (-45, 29), (-20, 24), (0, 18), (20, 8), (35, 2)]
_SACRUM_HALF_WIDTH = [(-88, -4), (-83, 5), (-76, 12), (-64, 23), (-54, 34), (-47, 44), (-40, 60), (-30, 90)]
_CANAL = [(-60, 30), (-25, 22), (-10, 17), (10, 14), (30, 16), (55, 24), (80, 32), (105, 38)]
_CANAL_RADIUS = [(-45, 0.1), (-30, 2.5), (-12, 5), (10, 7.5), (40, 9), (105, 9)]
_FORAMINA = [(4.0, 24.0, 3.6), (-20.0, 19.5, 3.2), (-41.0, 16.5, 2.6), (-58.0, 13.0, 2.0)]
"""Height, distance from the midline and radius of the sacral foramina S1 to S4."""
_SACRAL_DISCS = [(4.0, 15.0, 1.6), (-20.0, 12.0, 1.2), (-41.0, 10.0, 1.0)]
"""Height, half width and half thickness of the disc remnants S1/S2 to S3/S4."""
_LUMBAR_DISCS = [(31.0, 39.0), (63.0, 71.0), (95.0, 103.0)]
_WAIST = [(39, 26), (51, 23), (63, 26), (71, 25), (83, 22), (95, 25), (103, 24)]
_FACET_HEIGHTS = (36.0, 70.0)


@dataclass(frozen=True)
class Bones:
    """Where the bones are; masks and distances in mm, all of the frame's shape.

    ``ilium_distance`` is negative inside the iliac bone, ``ilium_depth`` the depth in it below the joint-side border.
    ``joint`` is the space between sacrum and ilium. ``sacrum_front`` and ``canal`` are depths in the body: of the
    front of the sacrum, and of the middle of the spinal canal.
    """

    sacrum: BoolArray
    ilium: BoolArray
    vertebrae: BoolArray
    facets: BoolArray
    joint: BoolArray
    ligament: BoolArray
    ilium_distance: FloatArray
    ilium_depth: FloatArray
    sacrum_front: FloatArray
    canal: FloatArray

    @property
    def all(self) -> BoolArray:
        """Every bone, without the joint spaces."""
        return self.sacrum | self.ilium | self.vertebrae | self.facets


def place_bones(canvas: Canvas) -> Bones:
    """Decide which voxels are bone."""
    distance, depth = _ilium_distance(canvas)
    half_width = profile(canvas.height, _SACRUM_HALF_WIDTH) - 0.45 * (canvas.depth - 2) * step_up(
        canvas.height, -80, -50
    )
    solid = (canvas.height < 31 - (canvas.side / 60) ** 2 * 8) & (canvas.side < half_width) & (depth < 0)
    back = profile(canvas.height, _SACRUM_BACK) + 2.5 * canvas.field(42, 9, 9, 9) - 3 * (canvas.side / 40) ** 2 + 1
    front, canal = _sacrum_front(canvas), profile(canvas.height, _CANAL)
    solid &= (canvas.depth > front) & (canvas.depth < back)
    # Behind and above the joint, the bones part and ligaments fill the gap.
    width = JOINT_WIDTH_MM + 6 * step_up(canvas.depth, 8, 20) * step_up(canvas.height, -8, 10)
    between = solid & (distance > 0) & (distance <= width)
    vertebrae, facets = _lumbar_spine(canvas, canal)
    return Bones(
        sacrum=solid & (distance > width),
        ilium=distance < 0,
        vertebrae=vertebrae & (distance > 3),
        facets=facets & (distance > 3),
        joint=between & (distance <= JOINT_WIDTH_MM + 1),
        ligament=between,
        ilium_distance=distance,
        ilium_depth=depth,
        sacrum_front=front,
        canal=canal,
    )


def _sacrum_front(canvas: Canvas) -> FloatArray:
    """Depth of the front of the sacrum: hollow between the sides, which reach further forward below."""
    at_side = profile(canvas.height, _SACRUM_FRONT_AT_SIDE)
    front: FloatArray = profile(canvas.height, _SACRUM_FRONT) + np.minimum(canvas.side / 50, 1.4) ** 2 * at_side
    return front


def paint_bones(canvas: Canvas, bones: Bones) -> tuple[BoolArray, dict[str, BoolArray]]:
    """Paint the bones; returns the spinal canal, and the bright structures in the bones that are no inflammation."""
    _marrow_and_cortex(canvas, bones)
    bright = {"joint fluid": _joint_space(canvas, bones), "facet joint": _facet_joints(canvas, bones)}
    _discs(canvas, bones)
    canal = _canal(canvas, bones)
    bright["vessel"] = _foramina(canvas, bones.all) | _veins(canvas, bones)
    return canal, bright


def _ilium_distance(canvas: Canvas) -> tuple[FloatArray, FloatArray]:
    depths = np.array(list(_ILIUM))
    points = PchipInterpolator(depths, np.array(list(_ILIUM.values()), dtype=np.float64), axis=0)
    along = np.linspace(0, 5, 11)
    distance, below = (np.empty(canvas.frame.shape, dtype=np.float32) for _ in range(2))
    for k, depth in enumerate(np.clip(canvas.frame.depth, depths[0], depths[-1])):
        line = PchipInterpolator(np.arange(6), points(float(depth)), axis=0)(along)
        distance[k], below[k] = band_distance(canvas.height[k], canvas.side[k], line)
    return distance, below


def _lumbar_spine(canvas: Canvas, canal: FloatArray) -> tuple[BoolArray, BoolArray]:
    column = (canvas.side < profile(canvas.height, _WAIST)) & (canvas.height > 33)
    column &= (canvas.depth > canal - 40) & (canvas.depth < canal - 8)
    bulge = _endplate(canvas)
    for low, high in _LUMBAR_DISCS:
        column &= ~((canvas.height > low + bulge) & (canvas.height < high - bulge))
    facets = canvas.empty()
    for height in _FACET_HEIGHTS:
        for sign in (-1, 1):
            rear = float(profile(height, _CANAL)) + 7
            facets |= canvas.blob((rear, height, 21.0 * sign), (9, 12, 8.5)) < 1
    return column, facets


def _endplate(canvas: Canvas) -> FloatArray:
    """How much further than in the middle a vertebra reaches at its rim, in mm."""
    rim: FloatArray = np.float32(1.5) * (canvas.side / 25) ** 2
    return rim


def _marrow_and_cortex(canvas: Canvas, bones: Bones) -> None:
    mottle = canvas.field(40, 6, 3, 3)
    canvas.fill(bones.ligament & (mottle > 0), Tissue.LIGAMENT)
    canvas.fill(bones.ligament & (mottle <= 0), Tissue.FAT)
    canvas.fill(bones.all, Tissue.CORTEX)
    inner = eroded_in_slice(bones.sacrum | bones.vertebrae | bones.facets)
    inner |= bones.ilium_distance < -ILIUM_CORTEX_MM - 0.3 * canvas.field(43, 12, 8, 8)
    marrow = bones.all & inner
    canvas.fill(marrow, Tissue.MARROW)
    share = 0.05 * canvas.field(44, 14, 14, 14) + 0.06 * canvas.field(45, 4, 4, 4) + 0.05 * canvas.field(46, 3, 2, 2)
    share += 0.42 + 0.06 * step_up(canvas.side, 15, 45)
    share -= _red_marrow(canvas)
    canvas.fat[marrow] = np.clip(share, 0.02, 0.9)[marrow]


def _red_marrow(canvas: Canvas) -> FloatArray:
    """Patches of marrow with less fat in the wings and the spine, away from the sacrum: brighter on STIR."""
    away = step_up(np.maximum(canvas.side - 62, canvas.height - 36), 0, 12)
    patches: FloatArray = 0.22 * step_up(canvas.field(48, 6, 5, 5), 0.9, 2.2) * away
    return patches


def _joint_space(canvas: Canvas, bones: Bones) -> BoolArray:
    cartilage = bones.joint & (bones.ilium_distance < JOINT_WIDTH_MM)
    canvas.fill(cartilage, Tissue.CARTILAGE)
    fluid: BoolArray = cartilage & (np.abs(bones.ilium_distance - JOINT_WIDTH_MM / 2) < 0.8)
    fluid &= canvas.field(41, 7, 9, 30) > 1.0
    canvas.fill(fluid, Tissue.FLUID)
    return fluid


def _facet_joints(canvas: Canvas, bones: Bones) -> BoolArray:
    slit = bones.facets & (np.abs(canvas.side - 21 + 0.25 * (canvas.height % 34 - 2)) < 1.3)
    fluid: BoolArray = slit & (canvas.field(49, 8, 8, 20) > -0.2)
    canvas.fill(slit, Tissue.CARTILAGE)
    canvas.fill(fluid, Tissue.FLUID)
    return fluid


def _discs(canvas: Canvas, bones: Bones) -> None:
    rim = _endplate(canvas) + 0.8
    within = (canvas.side < 24) & (canvas.depth > bones.canal - 40) & (canvas.depth < bones.canal - 8)
    for low, high in _LUMBAR_DISCS:
        canvas.fill(within & (canvas.height > low + rim) & (canvas.height < high - rim), Tissue.DISC)
    remnant_depth = (canvas.depth > bones.sacrum_front + 3) & (canvas.depth < bones.canal - 5)
    remnant_depth &= canvas.tissue == Tissue.MARROW
    for height, half, thickness in _SACRAL_DISCS:
        remnant = np.abs(canvas.height - height - 1.5 * np.cos(canvas.side / 9)) < thickness
        canvas.fill(remnant & (canvas.side < half) & remnant_depth, Tissue.CORTEX)


def _canal(canvas: Canvas, bones: Bones) -> BoolArray:
    radius = profile(canvas.height, _CANAL_RADIUS)
    away = np.hypot(canvas.left, canvas.depth - bones.canal)
    canal: BoolArray = away < radius + 2.0
    canvas.fill(canal, Tissue.FAT)
    canvas.fill(away < radius, Tissue.FLUID)
    canvas.fill((away < radius - 1) & (canvas.field(47, 20, 14, 1.6) > 0.8), Tissue.NERVE)
    return canal


def _foramina(canvas: Canvas, bone: BoolArray) -> BoolArray:
    """Channels from the canal down and outwards to the front: fat, a nerve root, a vessel beside it."""
    channels: list[tuple[Points, float]] = []
    nerves: list[tuple[Points, float]] = []
    vessels: list[tuple[Points, float]] = []
    for height, side, radius in _FORAMINA:
        rear = float(profile(height + 12, _CANAL)) - 2
        front = float(profile(height - 6, _SACRUM_FRONT)) - 4
        for sign in (-1, 1):
            path = [(rear, height + 13, 5.0 * sign), (0.5 * (rear + front), height + 1, 0.8 * side * sign)]
            path.append((front, height - 8, 1.15 * side * sign))
            channels.append((path, radius))
            nerves.append((path, 0.5 * radius))
            vessels.append(([(d, h - 0.6 * radius, s + 0.5 * radius * sign) for d, h, s in path], 0.7))
    nerve, vessel = canvas.tubes(nerves) & bone, canvas.tubes(vessels) & bone
    canvas.fill(canvas.tubes(channels) & bone, Tissue.FAT)
    canvas.fill(nerve, Tissue.NERVE)
    canvas.fill(vessel, Tissue.VESSEL)
    return nerve | vessel


def _veins(canvas: Canvas, bones: Bones) -> BoolArray:
    """Small veins within the marrow, away from the joint."""
    rng = canvas.rng(50)
    lines: list[tuple[Points, float]] = []
    for _ in range(130):
        start = rng.uniform((-38, -70, -98), (36, 50, 98))
        strides = rng.normal(scale=(2.5, 5, 5), size=(3, 3))
        points = np.vstack([start, start + np.cumsum(strides, axis=0)])
        lines.append(([(float(d), float(h), float(s)) for d, h, s in points], float(rng.uniform(0.45, 0.9))))
    for height in (51.0, 83.0):
        rear = float(profile(height, _CANAL)) - 8
        lines.append(([(rear, height, 0.0), (rear - 18, height, 0.0)], 1.3))
    veins: BoolArray = canvas.tubes(lines) & (np.abs(bones.ilium_depth) > 10) & (canvas.tissue == Tissue.MARROW)
    canvas.fill(veins, Tissue.VESSEL)
    return veins
