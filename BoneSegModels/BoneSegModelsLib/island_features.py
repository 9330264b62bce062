"""What an island is judged by: brightness, shape, place in the bone, joint lines nearby, neighbours, T1w signal.

No feature knows the scanner's grey levels: STIR is measured in interquartile ranges (IQR) of the reader's normal bone
from the sensitive threshold on, T1w in shares of the bone's median; lengths are in mm. Left and right count alike, and
the way a scan is stored does not change a bit of it: everything is worked out in one order of voxels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree
from VHIWorkflowLib.core.grids import BoolArray, FloatArray, IndexArray, Volume, bounding_box
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.resampling import resample
from VHIWorkflowLib.core.sentences import sentences_of

from .canonical import canonical_frame
from .errors import ModelError
from .joint_lines import depth_mm, filled, joint_lines
from .model_description import ModelInput

_ = sentences_of(__name__)

Field = npt.NDArray[np.float32]

MARGIN_PIXELS = 12
"""Around the bone, so that filters do not meet the edge of the box."""
NEIGHBOURHOOD_MM = 10.0
FARTHEST_JOINT_MM = 40.0
SPACING_DIGITS = 6
"""Of spacings in mm: the way a header is stored changes the last bits of what is worked out from it."""
LEAST_BRIGHTNESS_IQR = -6.0
CEILING_IQR = 4.0
"""Brightness is cut off this far above the conservative threshold before it is averaged: vessels must not flood
bone."""
REFERENCE = ModelInput(contrast="STIR", spacing_mm=1.0)
"""Only its orientation matters here."""

BRIGHTNESS = (
    "peak",
    "mean",
    "conservative_share",
    "marrow_7mm",
    "bone_7mm",
    "bone_14mm",
    "bone_28mm",
    "bone_14mm_3d",
)
SHAPE = ("volume", "volume_rank", "volume_share", "slices", "thickness", "minor_axis", "roundness", "largest_area")
PLACE = (
    "depth",
    "depth_largest",
    "depth_smallest",
    "depth_filled",
    "lateral",
    "lateral_share",
    "height",
    "slice_place",
    "normal_bone_distance",
    "islands_18mm",
    "islands_35mm",
    "volume_nearby",
    "brighter_than_other_side",
)
JOINT = ("joint_distance", "joint_distance_mean", "joint_near", "joint_around", "line_darkness", "line_nearby")
T1W_SIGNAL = ("t1w", "t1w_smallest", "t1w_largest", "t1w_dark_nearby", "t1w_14mm", "t1w_28mm")


@dataclass(frozen=True)
class IslandFeatures:
    """Features of all islands of a case: values of shape (islands, features), float64, and the features' names."""

    names: tuple[str, ...]
    values: FloatArray

    def column(self, name: str) -> FloatArray:
        """One feature of all islands."""
        return self.values[:, self.names.index(name)]


@dataclass(frozen=True)
class _Scene:
    """A case cut to its bone; arrays of shape (slices, rows, columns) in canonical order.

    ``brightness`` is STIR in IQR above the sensitive threshold, cut off far below normal bone and far above the
    conservative threshold (``ceiling``); ``peaks`` is the same without the cut. ``islands`` is 0 outside, else the
    island's number from 1.
    """

    spacing_mm: tuple[float, float, float]
    bone: BoolArray
    normal_bone: BoolArray
    stir: Field
    peaks: Field
    brightness: Field
    conservative: BoolArray
    islands: npt.NDArray[np.int32]
    t1w: Field | None

    @cached_property
    def depth_filled(self) -> Field:
        """Depth below the outline of the bone with its gaps filled, in mm."""
        return depth_mm(filled(self.bone, self.spacing_mm), self.spacing_mm)

    def window(self, mm: float, *, within_slice: bool = True) -> tuple[int, int, int]:
        """A width as an odd number of voxels along each axis."""
        slices, rows, columns = (2 * round(mm / spacing / 2) + 1 for spacing in self.spacing_mm)
        return (1 if within_slice else slices, rows, columns)

    def mean_around(self, values: Field, among: BoolArray, mm: float, *, within_slice: bool = True) -> Field:
        """Mean of the chosen voxels in a square (or cube) of some width around each voxel."""
        window = self.window(mm, within_slice=within_slice)
        total = ndimage.uniform_filter(np.where(among, values, np.float32(0)), window, mode="constant")
        share = ndimage.uniform_filter(among.astype(np.float32), window, mode="constant")
        mean: Field = total / np.maximum(share, np.float32(0.5 / np.prod(window)))
        return mean


class _Groups:
    """Voxels of the islands in canonical order, and what can be said of a field over each island."""

    def __init__(self, scene: _Scene) -> None:
        flat = np.flatnonzero(scene.islands)
        number = scene.islands.ravel()[flat]
        order = np.argsort(number, kind="stable")
        self.voxels: IndexArray = flat[order]
        self.sizes = np.bincount(number)[1:]
        self._starts = np.cumsum(self.sizes) - self.sizes
        kji = np.stack(np.unravel_index(self.voxels, scene.islands.shape), axis=1)
        self.slices = kji[:, 0]
        self.points_mm = kji * np.array(scene.spacing_mm)
        self.centres_mm = np.add.reduceat(self.points_mm, self._starts) / self.sizes[:, None]

    def mean(self, field: npt.NDArray[np.generic]) -> FloatArray:
        values: FloatArray = field.ravel()[self.voxels].astype(np.float64)
        return np.asarray(np.add.reduceat(values, self._starts) / self.sizes)

    def largest(self, field: npt.NDArray[np.generic]) -> FloatArray:
        return np.asarray(np.maximum.reduceat(field.ravel()[self.voxels], self._starts), dtype=np.float64)

    def smallest(self, field: npt.NDArray[np.generic]) -> FloatArray:
        return np.asarray(np.minimum.reduceat(field.ravel()[self.voxels], self._starts), dtype=np.float64)

    def each(self) -> Iterator[slice]:
        """Where each island's voxels stand."""
        for start, size in zip(self._starts, self.sizes, strict=True):
            yield slice(int(start), int(start + size))


def island_features(case: Preliminary, t1w: Volume | None = None) -> IslandFeatures:
    """Describe the islands of a case by numbers that mean the same on every scanner.

    Parameters
    ----------
    case
        Before cleaning; any disease region.
    t1w
        T1w scan on any grid; without it the features that need it are left out.

    Returns
    -------
    Rows in the order of ``case.islands``.

    Raises
    ------
    ModelError
        If T1w has no signal in the bone.
    """
    scene = _scene(case, t1w)
    if case.islands.number == 0:
        return IslandFeatures(
            feature_names(with_t1w=t1w is not None), np.zeros((0, len(feature_names(t1w is not None))))
        )
    groups = _Groups(scene)
    found = _brightness(scene, groups) | _shape(scene, groups) | _place(scene, groups)
    found |= _joint(scene, groups, "stir", scene.stir)
    if scene.t1w is not None:
        found |= _joint(scene, groups, "t1w", scene.t1w) | _t1w_signal(scene, groups)
    return IslandFeatures(tuple(found), np.stack(list(found.values()), axis=1))


def feature_names(with_t1w: bool) -> tuple[str, ...]:
    """Names of the features, in order."""
    names = (*BRIGHTNESS, *SHAPE, *PLACE, *(f"stir_{name}" for name in JOINT))
    return (*names, *(f"t1w_{name}" for name in JOINT), *T1W_SIGNAL) if with_t1w else names


def _scene(case: Preliminary, t1w: Volume | None) -> _Scene:
    grid, limits, normal = case.grid, case.thresholds, case.statistics
    frame = canonical_frame(grid, REFERENCE)
    islands = np.zeros(grid.shape, dtype=np.int32)
    for number, voxels in enumerate(case.islands.island_voxels(), start=1):
        islands.ravel()[voxels] = number
    bone = frame.reorder(case.disease_region | case.normal_bone).astype(bool)
    box = bounding_box(bone, MARGIN_PIXELS)

    def cut(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.ascontiguousarray(frame.reorder(array)[box])

    k, j, i = (round(grid.spacing_mm[axis], SPACING_DIGITS) for axis in frame.order)
    stir = cut(case.stir.array).astype(np.float32)
    iqr = normal.q3 - normal.q1
    peaks = ((stir - limits.sensitive) / iqr).astype(np.float32)
    ceiling = (limits.conservative - limits.sensitive) / iqr + CEILING_IQR
    bone = bone[box]
    return _Scene(
        spacing_mm=(k, j, i),
        bone=bone,
        normal_bone=cut(case.normal_bone).astype(bool),
        stir=_share_of_median(stir, bone, "STIR"),
        peaks=peaks,
        brightness=np.clip(peaks, LEAST_BRIGHTNESS_IQR, ceiling),
        conservative=cut(case.conservative_mask()).astype(bool),
        islands=cut(islands).astype(np.int32),
        t1w=None if t1w is None else _share_of_median(cut(_on_grid(t1w, case)).astype(np.float32), bone, "T1w"),
    )


def _on_grid(t1w: Volume, case: Preliminary) -> npt.NDArray[np.generic]:
    if t1w.grid.matches(case.grid):
        return t1w.array
    return resample(t1w.array.astype(np.float32), t1w.grid, case.grid)


def _share_of_median(image: Field, bone: BoolArray, name: str) -> Field:
    median = float(np.median(image[bone]))
    if not (np.isfinite(median) and median > 0):
        raise ModelError(
            _("the {name} scan has no signal in the bone, so its islands cannot be ranked").format(name=name)
        )
    return image / np.float32(median)


def _brightness(scene: _Scene, groups: _Groups) -> dict[str, FloatArray]:
    marrow = scene.bone & (scene.islands == 0)
    values = [
        np.log1p(np.maximum(groups.largest(scene.peaks), 0)),
        np.log1p(np.maximum(groups.mean(scene.peaks), 0)),
        groups.mean(scene.conservative),
        groups.mean(scene.mean_around(scene.brightness, marrow, 7.0)),
        groups.mean(scene.mean_around(scene.brightness, scene.bone, 7.0)),
        groups.mean(scene.mean_around(scene.brightness, scene.bone, 14.0)),
        groups.mean(scene.mean_around(scene.brightness, scene.bone, 28.0)),
        groups.mean(scene.mean_around(scene.brightness, scene.bone, 14.0, within_slice=False)),
    ]
    return dict(zip(BRIGHTNESS, values, strict=True))


def _shape(scene: _Scene, groups: _Groups) -> dict[str, FloatArray]:
    volume = groups.sizes * np.prod(scene.spacing_mm)
    minor, roundness, area, slices = [], [], [], []
    pixel = np.array(scene.spacing_mm[1:])
    for island in groups.each():
        inplane = groups.points_mm[island, 1:]
        spread = np.linalg.eigvalsh(np.cov(inplane.T, bias=True) + np.diag(pixel**2 / 12))
        minor.append(np.log(spread[0]) / 2)
        roundness.append(np.sqrt(spread[0] / spread[1]))
        in_slices = np.bincount(groups.slices[island] - groups.slices[island].min())
        area.append(np.log(in_slices.max() * pixel.prod()))
        slices.append(in_slices.size)
    ascending = np.sort(volume)
    values = [
        np.log(volume),
        np.log1p(volume.size - np.searchsorted(ascending, volume, side="right")),
        np.log(volume / volume.sum()),
        slices,
        groups.largest(depth_mm(scene.islands > 0, scene.spacing_mm)),
        minor,
        roundness,
        area,
    ]
    return {name: np.asarray(each, dtype=np.float64) for name, each in zip(SHAPE, values, strict=True)}


def _place(scene: _Scene, groups: _Groups) -> dict[str, FloatArray]:
    spacing = np.array(scene.spacing_mm)
    depth = depth_mm(scene.bone, scene.spacing_mm)
    places = np.argwhere(scene.bone)
    low, high = np.percentile(places, (2, 98), axis=0) * spacing
    middle = _midline(scene.bone) * spacing[2]
    half = np.percentile(np.abs(places[:, 2] * spacing[2] - middle), 95)
    relative = (groups.centres_mm - low) / np.maximum(high - low, spacing)
    lateral = np.abs(groups.centres_mm[:, 2] - middle)
    bright = (scene.islands > 0).astype(np.float32)
    values = [
        groups.mean(depth),
        groups.largest(depth),
        groups.smallest(depth),
        groups.mean(scene.depth_filled),
        lateral,
        lateral / half,
        relative[:, 1],
        relative[:, 0],
        KDTree(np.argwhere(scene.normal_bone) * spacing).query(groups.centres_mm)[0],
        groups.mean(scene.mean_around(bright, scene.bone, 18.0, within_slice=False)),
        groups.mean(scene.mean_around(bright, scene.bone, 35.0, within_slice=False)),
        np.log1p(_volume_nearby(groups) * spacing.prod()),
        groups.mean(_brighter_than_other_side(scene, middle / spacing[2])),
    ]
    return dict(zip(PLACE, values, strict=True))


def _midline(bone: BoolArray) -> float:
    """Column, a multiple of one half, about which the bone's outline is most nearly its own mirror image."""
    outline = bone.sum(axis=0).astype(np.float64)
    overlap = sum(np.convolve(row, row) for row in outline)
    return float(np.argmax(overlap)) / 2


def _brighter_than_other_side(scene: _Scene, middle: float) -> Field:
    """Brightness, smoothed, less that of the mirror place; 0 where there is no bone."""
    smooth = scene.mean_around(scene.brightness, scene.bone, 28.0)
    columns = np.round(2 * middle - np.arange(scene.bone.shape[2])).astype(np.int64)
    inside = (columns >= 0) & (columns < scene.bone.shape[2])
    columns = np.clip(columns, 0, scene.bone.shape[2] - 1)
    return np.where(scene.bone[:, :, columns] & inside, smooth - smooth[:, :, columns], np.float32(0))


def _volume_nearby(groups: _Groups) -> FloatArray:
    """Voxels of other islands whose centre lies within 10 mm."""
    tree = KDTree(groups.centres_mm)
    near = tree.query_ball_point(groups.centres_mm, NEIGHBOURHOOD_MM)
    return np.array([groups.sizes[each].sum() for each in near], dtype=np.float64) - groups.sizes


def _joint(scene: _Scene, groups: _Groups, name: str, image: Field) -> dict[str, FloatArray]:
    lines = joint_lines(image, scene.depth_filled, scene.spacing_mm)
    distance = lines.distance_mm(scene.spacing_mm, FARTHEST_JOINT_MM)
    joint = lines.joint.astype(np.float32)
    values = [
        groups.smallest(distance),
        groups.mean(distance),
        groups.mean(ndimage.uniform_filter(joint, scene.window(14.0, within_slice=False), mode="constant")),
        groups.mean(ndimage.uniform_filter(joint, scene.window(28.0, within_slice=False), mode="constant")),
        groups.mean(lines.darkness),
        groups.mean(ndimage.maximum_filter(lines.darkness, size=scene.window(6.0))),
    ]
    return {f"{name}_{feature}": each for feature, each in zip(JOINT, values, strict=True)}


def _t1w_signal(scene: _Scene, groups: _Groups) -> dict[str, FloatArray]:
    assert scene.t1w is not None
    image = np.clip(scene.t1w, 0, 3)
    smooth = ndimage.uniform_filter(image, scene.window(1.5), mode="nearest")
    values = [
        groups.mean(image),
        groups.smallest(smooth),
        groups.largest(smooth),
        groups.mean(ndimage.minimum_filter(smooth, size=scene.window(6.0))),
        groups.mean(scene.mean_around(image, scene.bone, 14.0)),
        groups.mean(scene.mean_around(image, scene.bone, 28.0)),
    ]
    return dict(zip(T1W_SIGNAL, values, strict=True))
