"""The pelvis of the phantom: which tissue lies where, in slices parallel to the sacrum.

All positions are in mm in the frame of `phantom_shapes.Frame`. The bones are bands and profiles whose corner points
were chosen by eye to look like a sacroiliac joint; every subject distorts them in its own smooth way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from .core.grids import BoolArray
from .phantom_shapes import (
    FloatArray,
    Frame,
    band_distance,
    ellipsoid,
    paint_tube,
    profile,
    smooth_field,
    step_up,
)
from .phantom_signal import Tissue

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

_SACRUM_FRONT = [(-90, 24), (-70, 17), (-50, 10), (-30, 3), (-15, -3), (0, -9), (10, -12), (25, -18), (40, -22)]
_SACRUM_FRONT_AT_SIDE = [(-50, -14), (-30, -13), (-10, -8), (10, 0), (30, 8)]
_SACRUM_BACK = [(-95, 38), (-70, 36), (-40, 30), (-20, 24), (0, 18), (20, 8), (35, 2)]
_SACRUM_HALF_WIDTH = [(-102, 2), (-92, 10), (-76, 20), (-60, 31), (-50, 38), (-40, 60), (-30, 90)]
_CANAL = [(-60, 30), (-25, 22), (-10, 17), (10, 14), (30, 16), (55, 24), (80, 32), (105, 38)]
_CANAL_RADIUS = [(-45, 0.1), (-30, 2.5), (-12, 5), (10, 7.5), (40, 9), (105, 9)]
_FORAMINA = [(4.0, 24.0, 3.6), (-20.0, 19.5, 3.2), (-41.0, 16.5, 2.6), (-58.0, 13.0, 2.0)]
"""Height, distance from the midline and radius of the sacral foramina S1 to S4."""
_SACRAL_DISCS = [(4.0, 15.0, 1.6), (-20.0, 12.0, 1.2), (-41.0, 10.0, 1.0)]
_LUMBAR_DISCS = [(31.0, 39.0), (63.0, 71.0), (95.0, 103.0)]


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


class PelvisPainter:
    """Paints tissues from the skin inwards; later ones cover earlier ones."""

    def __init__(self, subject_seed: int, frame: Frame) -> None:
        self.seed = subject_seed
        self.frame = frame
        self.depth, height, left = frame.axes
        size = 1 + 0.03 * np.random.default_rng([subject_seed, 1]).uniform(-1, 1, size=2)
        self.height = np.float32(size[0]) * height + self._warp(2, 2.2, 0.5)
        self.left = np.float32(size[1]) * left + self._warp(3, 2.2, 0.5)
        self.side = np.abs(self.left)
        self.tissue = np.full(frame.shape, Tissue.MUSCLE, dtype=np.uint8)
        self.fat = np.zeros(frame.shape, dtype=np.float32)
        self.ilium, self.ilium_depth = self._ilium_distance()
        self.canal_depth = profile(self.height, _CANAL)
        self.front = profile(self.height, _SACRUM_FRONT) + (self.side / 50) ** 2 * profile(
            self.height, _SACRUM_FRONT_AT_SIDE
        )
        self.back = profile(self.height, _SACRUM_BACK)
        self.above_skin = self._height_above_skin()
        self.bright: dict[str, BoolArray] = {}

    def paint(self) -> Pelvis:
        """Paint everything."""
        self._soft_tissue()
        self._pelvic_organs()
        sacrum, joint = self._sacrum_and_joint()
        ilium = self.ilium < 0
        vertebrae, facets = self._lumbar_spine()
        bone = sacrum | ilium | vertebrae | facets
        self._marrow_and_cortex(bone, sacrum | vertebrae | facets)
        self._joint_space(joint)
        self._facet_joints(facets)
        self._discs()
        canal = self._canal()
        self._foramina(bone)
        self._bone_vessels(bone)
        region = (bone | joint) & ~canal
        marrow = self.tissue == Tissue.MARROW
        self.fat[~marrow & (self.tissue != Tissue.MUSCLE)] = 0
        return Pelvis(
            tissue=self.tissue,
            fat=self.fat,
            bone=region,
            marrow=marrow,
            ilium_depth_mm=self.ilium_depth,
            in_sacrum=sacrum & marrow,
            bright={name: mask & region for name, mask in self.bright.items()},
        )

    def field(self, tag: int, depth: float, height: float, left: float) -> FloatArray:
        """Random field of this subject with knots this many mm apart."""
        return smooth_field((self.seed, tag), self.frame, (depth, height, left))

    def fill(self, where: BoolArray, tissue: Tissue) -> None:
        """Make voxels one tissue."""
        self.tissue[where] = tissue

    def _warp(self, tag: int, coarse_mm: float, fine_mm: float) -> FloatArray:
        coarse = self.field(tag, 30, 32, 32)
        fine = self.field(tag + 10, 9, 9, 9)
        warp: FloatArray = np.float32(coarse_mm) * coarse + np.float32(fine_mm) * fine
        return warp

    def _ilium_distance(self) -> tuple[FloatArray, FloatArray]:
        depths = np.array(list(_ILIUM))
        points = PchipInterpolator(depths, np.array(list(_ILIUM.values()), dtype=np.float64), axis=0)
        along = np.linspace(0, 5, 11)
        distance = np.empty(self.frame.shape, dtype=np.float32)
        below = np.empty(self.frame.shape, dtype=np.float32)
        for k, depth in enumerate(np.clip(self.frame.depth, depths[0], depths[-1])):
            line = PchipInterpolator(np.arange(6), points(float(depth)), axis=0)(along)
            distance[k], below[k] = band_distance(self.height[k], self.side[k], line)
        return distance, below

    def _soft_tissue(self) -> None:
        streaks = self._streaks()
        behind = step_up(self.depth, 6, 22) * step_up(-self.side, -62, -40)
        self.fat += np.clip(0.05 + streaks * (0.55 + 0.4 * behind) + 0.12 * behind, 0, 0.95)
        cavity = profile(self.height, [(-105, 28), (-70, 42), (-20, 54), (30, 66), (60, 90)])
        inside = (self.side < cavity) & (self.depth < profile(self.height, _SACRUM_FRONT) + 1) & (self.ilium > 5)
        self.fill(inside, Tissue.FAT)
        self.fill((self.depth < 30) & (self.height > 36) & (self.side < 90) & (self.ilium > 0), Tissue.FAT)
        psoas = ((self.side - 42 - 0.10 * (60 - self.height)) / 15) ** 2 + ((self.depth + 2) / 26) ** 2
        self.fill((psoas < 1) & (self.height > 12), Tissue.MUSCLE)
        iliacus = (self.ilium > 0) & (self.ilium < 13) & (self.ilium_depth < 0) & (self.height > 22)
        self.fill(iliacus & (self.depth < 24), Tissue.MUSCLE)
        below = self.frame.shape
        piriformis = np.zeros(below, dtype=bool)
        for sign in (-1.0, 1.0):
            paint_tube(piriformis, self.frame, [(4, -52, 26 * sign), (-12, -72, 96 * sign)], 8.0)
        self.fill(piriformis, Tissue.MUSCLE)
        self._skin()

    def _streaks(self) -> FloatArray:
        """Fat septa between muscle bundles, 0 to 1: wavy parallel lines that come and go."""
        wander = self.field(20, 14, 22, 22) * np.float32(2.2)
        across = self.height * np.float32(0.62) + self.side * np.float32(0.55)
        lines = np.sin(across * np.float32(2 * np.pi / 6.5) + wander)
        presence = self.field(21, 8, 11, 11) * np.float32(0.35) + np.float32(0.35)
        septa: FloatArray = step_up(lines, 0.55, 1.0) * np.clip(presence, 0, 1)
        return septa

    def _height_above_skin(self) -> FloatArray:
        lowest = np.where(self.depth < -6, -160.0, -124 + 0.8 * (self.depth + 6))
        arch = np.clip(1.3 * (self.depth - 2), 0, 48)
        cleft = 10 * np.exp(-((self.left / 4) ** 2)) * step_up(self.depth, 2, 12)
        above: FloatArray = self.height - (lowest + arch * (self.left / 100) ** 2 + cleft).astype(np.float32)
        return above

    def _skin(self) -> None:
        above = self.above_skin
        thickness = np.clip(14 + 0.75 * (self.depth + 6), 10, 40)
        self.fill(above < thickness + 1.5 * self.field(22, 20, 15, 15), Tissue.FAT)
        self.fill(above < 1.8, Tissue.SKIN)
        self.fill(above < 0, Tissue.AIR)

    def _pelvic_organs(self) -> None:
        rng = np.random.default_rng([self.seed, 30])
        self._organ((-44, -78, float(rng.uniform(-8, 8))), (20, 26, 34), Tissue.BOWEL_WALL, Tissue.FLUID, 0.86)
        self._organ((-10, -66, float(rng.uniform(-6, 6))), (16, 22, 15), Tissue.BOWEL_WALL, Tissue.BOWEL_CONTENT, 0.7)
        self._organ((-16, -56, float(rng.uniform(-4, 4))), (9, 8, 8), Tissue.BOWEL_WALL, Tissue.AIR, 0.85)
        for _ in range(9):
            centre = (rng.uniform(-55, -26), rng.uniform(-45, 95), rng.uniform(-50, 50))
            radii = (rng.uniform(8, 14), rng.uniform(8, 14), rng.uniform(9, 18))
            content = (Tissue.BOWEL_CONTENT, Tissue.FLUID, Tissue.AIR, Tissue.BOWEL_CONTENT)[int(rng.integers(4))]
            self._organ(centre, radii, Tissue.BOWEL_WALL, content, 0.72)
        vessels = np.zeros(self.frame.shape, dtype=bool)
        for sign in (-1, 1):
            trunk = [(-26, 90, 16 * sign), (-24, 40, 32 * sign), (-20, -4, 46 * sign), (-36, -80, 56 * sign)]
            paint_tube(vessels, self.frame, trunk, 4.5)
            for _ in range(7):
                start = np.array([-18, rng.uniform(-30, 25), sign * rng.uniform(25, 48)])
                end = start + rng.uniform((-10, -45, -12), (14, -8, 12))
                paint_tube(vessels, self.frame, [tuple(start), tuple(end)], float(rng.uniform(1.0, 2.0)))
            for _ in range(14):
                start = np.array([rng.uniform(-35, 25), rng.uniform(-90, 10), sign * rng.uniform(75, 98)])
                end = start + rng.uniform((-4, -9, -10), (4, 9, 10))
                paint_tube(vessels, self.frame, [tuple(start), tuple(end)], float(rng.uniform(0.6, 1.2)))
        self.fill(vessels & ((self.tissue == Tissue.FAT) | (self.tissue == Tissue.MUSCLE)), Tissue.VESSEL)

    def _organ(
        self,
        centre: tuple[float, float, float],
        radii: tuple[float, float, float],
        wall: Tissue,
        content: Tissue,
        lumen: float,
    ) -> None:
        distance = ellipsoid(self.depth, self.height, self.left, centre, radii)
        distance += 0.15 * self.field(31, 12, 10, 10)
        room = self.tissue == Tissue.FAT
        self.fill(room & (distance < 1), wall)
        self.fill(room & (distance < lumen**2), content)

    def _sacrum_and_joint(self) -> tuple[BoolArray, BoolArray]:
        top = 31 - (self.side / 60) ** 2 * 8
        half_width = profile(self.height, _SACRUM_HALF_WIDTH) - 0.45 * (self.depth - 2)
        solid = (self.height < top) & (self.side < half_width)
        solid &= (self.depth > self.front) & (self.depth < self.back) & (self.above_skin > 22)
        solid &= self.ilium_depth < 0
        ligament = 6 * step_up(self.depth, 8, 20) * step_up(self.height, -8, 10)
        width = JOINT_WIDTH_MM + ligament
        between = solid & (self.ilium > 0) & (self.ilium <= width)
        mottle = self.field(40, 6, 3, 3)
        self.fill(between & (mottle > 0), Tissue.LIGAMENT)
        self.fill(between & (mottle <= 0), Tissue.FAT)
        return solid & (self.ilium > width), between & (self.ilium <= JOINT_WIDTH_MM + 1)

    def _joint_space(self, joint: BoolArray) -> None:
        cartilage = joint & (self.ilium < JOINT_WIDTH_MM)
        self.fill(cartilage, Tissue.CARTILAGE)
        fluid = cartilage & (self.field(41, 9, 12, 30) > 1.15) & (np.abs(self.ilium - JOINT_WIDTH_MM / 2) < 0.8)
        self.fill(fluid, Tissue.FLUID)
        self.bright["joint fluid"] = fluid

    def _lumbar_spine(self) -> tuple[BoolArray, BoolArray]:
        front, back = self.canal_depth - 40, self.canal_depth - 8
        waist = profile(self.height, [(39, 26), (51, 23), (63, 26), (71, 25), (83, 22), (95, 25), (103, 24)])
        column = (self.side < waist) & (self.depth > front) & (self.depth < back) & (self.height > 31)
        bulge = 1.5 * (self.side / 25) ** 2
        vertebrae = column.copy()
        for low, high in _LUMBAR_DISCS:
            vertebrae &= ~((self.height > low + bulge) & (self.height < high - bulge))
        facets = np.zeros(self.frame.shape, dtype=bool)
        for middle in (36.0, 70.0):
            rear = float(profile(middle, _CANAL)) + 7
            facets |= ellipsoid(self.depth, self.height, self.side, (rear, middle, 21), (9, 12, 8.5)) < 1
        return vertebrae & (self.height > 33), facets & (self.ilium > 3)

    def _facet_joints(self, facets: BoolArray) -> None:
        slit = facets & (np.abs(self.side - 21 + 0.25 * (self.height % 34 - 2)) < 1.3)
        fluid = slit & (self.field(42, 8, 8, 20) > -0.2)
        self.fill(slit, Tissue.CARTILAGE)
        self.fill(fluid, Tissue.FLUID)
        self.bright["facet joint"] = fluid

    def _marrow_and_cortex(self, bone: BoolArray, thin: BoolArray) -> None:
        self.fill(bone, Tissue.CORTEX)
        inner = _eroded_in_slice(thin) | (self.ilium < -ILIUM_CORTEX_MM - 0.3 * self.field(43, 12, 8, 8))
        self.fill(bone & inner, Tissue.MARROW)
        share = (
            0.42 + 0.05 * self.field(44, 14, 14, 14) + 0.06 * self.field(45, 4, 4, 4) + 0.05 * self.field(46, 3, 2, 2)
        )
        share += 0.06 * step_up(np.broadcast_to(self.side, self.frame.shape), 15, 45)
        marrow = self.tissue == Tissue.MARROW
        self.fat[marrow] = np.clip(share, 0.05, 0.9)[marrow]

    def _discs(self) -> None:
        for low, high in _LUMBAR_DISCS:
            bulge = 1.5 * (self.side / 25) ** 2
            disc = (self.side < 24) & (self.height > low + bulge + 0.8) & (self.height < high - bulge - 0.8)
            disc &= (self.depth > self.canal_depth - 40) & (self.depth < self.canal_depth - 8)
            self.fill(disc, Tissue.DISC)
        for middle, half, thickness in _SACRAL_DISCS:
            remnant = (np.abs(self.height - middle - 1.5 * np.cos(self.side / 9)) < thickness) & (self.side < half)
            remnant &= (self.depth > self.front + 3) & (self.depth < self.canal_depth - 5)
            self.fill(remnant & (self.tissue == Tissue.MARROW), Tissue.CORTEX)

    def _canal(self) -> BoolArray:
        radius = profile(self.height, _CANAL_RADIUS)
        away = np.hypot(self.left, self.depth - self.canal_depth)
        canal: BoolArray = away < radius + 2.0
        self.fill(canal, Tissue.FAT)
        self.fill(away < radius, Tissue.FLUID)
        roots = (away < radius - 1) & (self.field(47, 20, 14, 1.6) > 0.8)
        self.fill(roots, Tissue.NERVE)
        return canal

    def _foramina(self, bone: BoolArray) -> None:
        """Channels from the canal down and outwards to the front: fat, a nerve root, a vessel beside it."""
        fat, nerve, vessel = (np.zeros(self.frame.shape, dtype=bool) for _ in range(3))
        for height, side, radius in _FORAMINA:
            rear = float(profile(height + 12, _CANAL)) - 2
            front = float(profile(height - 6, _SACRUM_FRONT)) - 4
            for sign in (-1, 1):
                path = [(rear, height + 13, 5.0 * sign), (0.5 * (rear + front), height + 1, 0.8 * side * sign)]
                path.append((front, height - 8, 1.15 * side * sign))
                paint_tube(fat, self.frame, path, radius)
                paint_tube(nerve, self.frame, path, 0.5 * radius)
                beside = [(d, h - 0.6 * radius, s + 0.5 * radius * sign) for d, h, s in path]
                paint_tube(vessel, self.frame, beside, 0.7)
        for mask, tissue in ((fat, Tissue.FAT), (nerve, Tissue.NERVE), (vessel, Tissue.VESSEL)):
            self.fill(mask & bone, tissue)
        self.bright["vessel"] = nerve | vessel

    def _bone_vessels(self, bone: BoolArray) -> None:
        """Small veins within the marrow, away from the joint."""
        rng = np.random.default_rng([self.seed, 50])
        veins = np.zeros(self.frame.shape, dtype=bool)
        for _ in range(70):
            start = np.array([rng.uniform(-36, 36), rng.uniform(-55, 45), rng.uniform(-98, 98)])
            middle = start + rng.normal(scale=(2.5, 6, 6))
            end = middle + rng.normal(scale=(2.5, 6, 6))
            paint_tube(veins, self.frame, [tuple(start), tuple(middle), tuple(end)], float(rng.uniform(0.5, 1.0)))
        for level in (50.0, 82.0):
            rear = float(profile(level, _CANAL)) - 8
            paint_tube(veins, self.frame, [(rear, level, 0), (rear - 18, level, 0)], 1.3)
        away = (np.abs(self.ilium_depth) > 9) & (self.tissue == Tissue.MARROW)
        veins &= bone & away
        self.fill(veins, Tissue.VESSEL)
        self.bright["vessel"] |= veins


def _eroded_in_slice(mask: BoolArray) -> BoolArray:
    """Mask without its outermost pixels (four neighbours) in every slice."""
    inner = mask.copy()
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    inner[:, :, 1:] &= mask[:, :, :-1]
    inner[:, :, :-1] &= mask[:, :, 1:]
    return inner
