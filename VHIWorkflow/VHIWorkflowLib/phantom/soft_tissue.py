"""What surrounds the bones: skin and fat, muscles with their septa, bowel, bladder and vessels."""

from __future__ import annotations

import numpy as np

from ..core.grids import BoolArray
from .bones import Bones
from .canvas import Canvas
from .shapes import FloatArray, Frame, Points, ellipsoid, profile, slab_around, smooth_curve, smooth_field, step_up
from .signal import Tissue

_CAVITY_HALF_WIDTH = [(-105, 26), (-80, 40), (-50, 46), (-20, 55), (30, 66), (60, 80), (100, 95)]
_BELLY_FLOOR = [(-40, 26), (-15, 34), (5, 42), (18, 58), (30, 112)]
"""Depth -> height above which abdominal fat takes over from muscle."""


def paint_soft_tissue(canvas: Canvas, bones: Bones) -> None:
    """Paint everything but the bones."""
    ragged = canvas.field(20, 10, 9, 9)
    cavity = _cavity(canvas, bones, ragged)
    canvas.fill(cavity, Tissue.FAT)
    _muscles(canvas, bones, ragged)
    _organs(canvas, cavity)
    _strands(canvas)
    _skin(canvas, ragged)
    canvas.fat += _fat_in_muscle(canvas)
    _vessels(canvas)


def _cavity(canvas: Canvas, bones: Bones, ragged: FloatArray) -> BoolArray:
    """Pelvis and belly: fat that holds the organs."""
    pelvis: BoolArray = canvas.side + 2.5 * ragged < profile(canvas.height, _CAVITY_HALF_WIDTH)
    pelvis &= (canvas.depth < bones.sacrum_front + 1) & (bones.ilium_distance > 5)
    floor = profile(canvas.depth, _BELLY_FLOOR) + 0.004 * canvas.side**2 + 3 * ragged
    belly = (canvas.height > floor) & (bones.ilium_distance > 0)
    pelvis |= belly
    return pelvis


def _muscles(canvas: Canvas, bones: Bones, ragged: FloatArray) -> None:
    psoas = ((canvas.side - 41 - 0.12 * (60 - canvas.height)) / 15.5) ** 2 + ((canvas.depth - 1) / 27) ** 2
    canvas.fill((psoas + 0.12 * ragged < 1) & (canvas.height > 10), Tissue.MUSCLE)
    lining = (bones.ilium_distance > 0) & (bones.ilium_depth < 0) & (canvas.height > 20) & (canvas.depth < 24)
    canvas.fill(lining & (bones.ilium_distance + 2 * ragged < 13), Tissue.MUSCLE)
    piriformis: list[tuple[Points, float]] = [
        ([(4, -50, 26 * sign), (-4, -64, 60 * sign), (-14, -76, 98 * sign)], 8.5) for sign in (-1, 1)
    ]
    canvas.fill(canvas.tubes(piriformis), Tissue.MUSCLE)
    muscle = canvas.tissue == Tissue.MUSCLE
    between_glutei = (np.abs(bones.ilium_distance - 21 - 3 * ragged) < 0.9) & (bones.ilium_depth > 0)
    beside_spine = np.abs(canvas.side - 33 - 2 * ragged - 0.1 * canvas.height) < 0.8
    midline = (canvas.side < 1.0 + 0.8 * ragged) & (canvas.height > -60)
    canvas.fill(muscle & (between_glutei | ((beside_spine | midline) & (canvas.depth > 12))), Tissue.FAT)


def _fat_in_muscle(canvas: Canvas) -> FloatArray:
    """Share of fat in muscle: septa between bundles that fan out from the midline, more of it behind the sacrum."""
    septa = step_up(_fibres(canvas), 0.7, 2.4)
    behind = step_up(canvas.depth, 6, 24) * step_up(-canvas.side, -60, -38)
    marbling = np.clip(0.05 * canvas.field(21, 8, 7, 7), -0.04, 0.2)
    share: FloatArray = np.clip(0.06 + marbling + septa * (0.6 + 0.35 * behind) + 0.14 * behind, 0, 0.95)
    return share


def _fibres(canvas: Canvas) -> FloatArray:
    """Random field drawn out along the muscle fibres, which run downwards and outwards: a sheared field."""
    frame, slope = canvas.frame, 0.75
    step = abs(float(frame.height[1] - frame.height[0]))
    extra = int(np.ceil(slope * np.abs(frame.left).max() / step))
    direction = np.sign(frame.height[1] - frame.height[0])
    beyond = frame.height[-1] + direction * step * np.arange(1, extra + 1)
    compressed = np.concatenate([frame.height, beyond.astype(np.float32)]) * np.float32(0.7)
    field = smooth_field((canvas.seed, 22), Frame(frame.depth, compressed, frame.left), (8, 1.7, 17))
    bent = slope * np.abs(frame.left) + 5 * canvas.field(23, 30, 28, 28)
    rows = np.arange(frame.height.size)[:, None] + np.rint(bent / step).astype(np.int32)
    rows = np.clip(rows, 0, compressed.size - 1)
    return field[np.arange(frame.depth.size)[:, None, None], rows, np.arange(frame.left.size)]


def _organs(canvas: Canvas, room: BoolArray) -> None:
    rng = canvas.rng(30)
    uneven = 0.16 * canvas.field(31, 12, 10, 10)

    def organ(centre: tuple[float, float, float], radii: tuple[float, float, float], content: Tissue) -> None:
        slab = slab_around(canvas.depth, centre[0], 1.3 * radii[0])
        distance = ellipsoid(canvas.depth[slab], canvas.height[slab], canvas.left[slab], centre, radii) + uneven[slab]
        wall = 1 - 2.6 / min(radii[1:])
        canvas.tissue[slab][room[slab] & (distance < 1)] = Tissue.BOWEL_WALL
        canvas.tissue[slab][room[slab] & (distance < wall**2)] = content

    contents = (Tissue.BOWEL_CONTENT, Tissue.BOWEL_CONTENT, Tissue.BOWEL_WALL, Tissue.FLUID, Tissue.AIR)
    for _ in range(24):
        centre = (float(rng.uniform(-52, -24)), float(rng.uniform(-40, 100)), float(rng.uniform(-62, 62)))
        size = rng.uniform(7, 14, size=3)
        organ(centre, (float(size[0]), float(size[1]), float(size[2] * 1.3)), contents[int(rng.integers(5))])
    organ((-44, -80, float(rng.uniform(-8, 8))), (20, 25, 34), Tissue.FLUID)
    organ((-12, -68, float(rng.uniform(-6, 6))), (17, 21, 15), Tissue.BOWEL_CONTENT)
    organ((-16, -60, float(rng.uniform(-4, 4))), (11, 9, 9), Tissue.AIR)


def _strands(canvas: Canvas) -> None:
    """Thin sheets through fat: mesentery, fasciae, small vessels."""
    fat = canvas.tissue == Tissue.FAT
    sheet = np.abs(canvas.field(32, 9, 8, 8))
    present = canvas.field(33, 12, 12, 12)
    canvas.fill(fat & (sheet < 0.11) & (present > 0), Tissue.MUSCLE)
    canvas.fill(fat & (sheet < 0.08) & (present > 0.9), Tissue.VESSEL)
    canvas.fill(fat & (np.abs(present) < 0.05), Tissue.LIGAMENT)


def height_above_skin(canvas: Canvas) -> FloatArray:
    """Distance above the skin in mm; the body is open to the front, where the slices run through the belly."""
    lowest = np.where(canvas.depth < -6, -160.0, -124 + 0.8 * (canvas.depth + 6))
    arch = np.clip(1.3 * (canvas.depth - 2), 0, 48)
    cleft = 10 * np.exp(-((canvas.left / 4) ** 2)) * step_up(canvas.depth, 2, 12)
    above: FloatArray = canvas.height - (lowest + arch * (canvas.left / 100) ** 2 + cleft).astype(np.float32)
    return above


def _skin(canvas: Canvas, ragged: FloatArray) -> None:
    above = height_above_skin(canvas)
    thickness = np.clip(14 + 0.75 * (canvas.depth + 6), 10, 38)
    layer = above < thickness + 2.5 * ragged
    canvas.fill(layer, Tissue.FAT)
    septum = layer & (np.abs(canvas.field(34, 10, 4, 9)) < 0.05)
    canvas.fill(septum, Tissue.LIGAMENT)
    canvas.fill(above < 1.8, Tissue.SKIN)
    canvas.fill(above < 0, Tissue.AIR)


def _vessels(canvas: Canvas) -> None:
    rng = canvas.rng(35)
    veins: list[tuple[Points, float]] = []
    arteries: list[tuple[Points, float]] = []
    for sign in (-1, 1):
        trunk = [(-28, 98, 15), (-25, 60, 24), (-22, 25, 39), (-22, -5, 47), (-30, -40, 50), (-40, -90, 60)]
        wander = rng.normal(scale=2.5, size=(len(trunk), 3))
        course = smooth_curve([(d, h, sign * s) for d, h, s in trunk] + wander)
        veins.append((course, 4.2))
        arteries.append(([(d - 6, h + 3, s + 4 * sign) for d, h, s in course], 3.4))
        for _ in range(10):
            start = np.array([rng.uniform(-24, -8), rng.uniform(-35, 20), sign * rng.uniform(20, 48)])
            veins.append((_wandering(rng, start, (-1.5, -7, 1.5 * sign), 5), float(rng.uniform(0.8, 1.8))))
        for _ in range(24):
            start = np.array([rng.uniform(-38, 25), rng.uniform(-95, 0), sign * rng.uniform(62, 98)])
            veins.append((_wandering(rng, start, (0.5, -2.5, 3.5 * sign), 5), float(rng.uniform(0.5, 1.1))))
    room = (canvas.tissue == Tissue.FAT) | (canvas.tissue == Tissue.MUSCLE)
    canvas.fill(canvas.tubes(veins) & room, Tissue.VESSEL)
    canvas.fill(canvas.tubes(arteries) & room, Tissue.LIGAMENT)


def _wandering(rng: np.random.Generator, start: FloatArray, drift: tuple[float, float, float], steps: int) -> Points:
    """Points of a line that drifts and wanders, in mm."""
    strides = rng.normal(loc=drift, scale=(1.2, 3.0, 3.0), size=(steps, 3))
    points = np.vstack([start, start + np.cumsum(strides, axis=0)])
    return [(float(d), float(h), float(s)) for d, h, s in points]
