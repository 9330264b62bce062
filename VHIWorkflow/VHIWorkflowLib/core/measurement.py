"""From a STIR volume and two regions to thresholds and islands: everything before the reader cleans."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .blocks import BLOCK_BITS, blocks_holding, in_blocks, positions_of_true, stretches
from .errors import DiseaseRegionError, MeasurementError
from .grids import BoolArray, Grid, Volume, bounding_box
from .islands import Islands, find_islands
from .lattice import Lattice
from .masks import MINIMUM_GROUP_PIXELS, BoneVoxels, check_area, pixels_for_area, smallest_at_least
from .sentences import sentences_of
from .thresholds import (
    DEFAULT_TOLERANCE,
    NormalBoneStatistics,
    Thresholds,
    normal_bone_statistics,
    thresholds_from,
)

_ = sentences_of(__name__)

LEAST_SHARE_INSIDE = 0.5
"""Of the normal bone, inside the smallest box around the disease region; less is a warning."""


@dataclass(frozen=True)
class Settings:
    """What the reader may set before measuring.

    Attributes
    ----------
    tolerance
        Share of the conservative threshold up to which intensities count as equal.
    minimum_group_pixels
        Smallest group within a slice that stays.
    minimum_group_area_mm2
        The same as an area; wins over the number of pixels when given.
    """

    tolerance: float = DEFAULT_TOLERANCE
    minimum_group_pixels: int = MINIMUM_GROUP_PIXELS
    minimum_group_area_mm2: float | None = None

    def __post_init__(self) -> None:
        if self.minimum_group_pixels < 1:
            raise MeasurementError(_("the smallest group must have at least 1 pixel"))
        if self.minimum_group_area_mm2 is not None:
            check_area(self.minimum_group_area_mm2)

    def pixels_on(self, grid: Grid) -> int:
        """Smallest group that stays, in pixels of a grid."""
        if self.minimum_group_area_mm2 is None:
            return self.minimum_group_pixels
        return pixels_for_area(self.minimum_group_area_mm2, grid)


@dataclass(frozen=True)
class Vhi:
    """Volume of hyperintense inflammation: voxels of the sensitive and the conservative mask, and one voxel's mm3."""

    sensitive_voxels: int
    conservative_voxels: int
    voxel_volume_mm3: float

    @property
    def sensitive_mm3(self) -> float:
        """The measurement: volume of the sensitive mask in mm3."""
        return self.sensitive_voxels * self.voxel_volume_mm3

    @property
    def conservative_mm3(self) -> float:
        """Volume of the conservative mask in mm3, reported beside it."""
        return self.conservative_voxels * self.voxel_volume_mm3


@dataclass(frozen=True)
class Preliminary:
    """A case before cleaning.

    Attributes
    ----------
    stir, normal_bone, disease_region
        As given; arrays of shape (k, j, i).
    minimum_pixels
        Smallest group within a slice that stayed.
    above_threshold_voxels
        At or above the sensitive threshold, before small groups were dropped.
    islands
        Of the sensitive mask, small groups dropped.
    conservative
        Which of ``islands.voxels`` are at or above the conservative threshold.
    """

    stir: Volume
    normal_bone: BoolArray = field(repr=False)
    disease_region: BoolArray = field(repr=False)
    settings: Settings
    minimum_pixels: int
    statistics: NormalBoneStatistics
    thresholds: Thresholds
    above_threshold_voxels: int
    islands: Islands = field(repr=False)
    conservative: npt.NDArray[np.bool_] = field(repr=False)
    warnings: tuple[str, ...]

    @cached_property
    def bone(self) -> BoneVoxels:
        """Voxels of the disease region as given, whether or not normal bone is part of it."""
        return BoneVoxels.of(self.stir.array, self.disease_region, self.islands.lattice)

    @cached_property
    def outside_normal_bone(self) -> npt.NDArray[np.bool_]:
        """Which of the voxels of ``bone`` are not normal bone."""
        return ~self.bone.members(self.bone.lattice.codes_of(self.normal_bone))

    @cached_property
    def near_sensitive(self) -> int:
        """Voxels whose intensity equals the sensitive threshold within the tolerance."""
        return self.bone.near(self.thresholds.sensitive, self.thresholds.margin, self.outside_normal_bone)

    @cached_property
    def near_conservative(self) -> int:
        """Voxels whose intensity equals the conservative threshold within the tolerance."""
        return self.bone.near(self.thresholds.conservative, self.thresholds.margin, self.outside_normal_bone)

    @property
    def grid(self) -> Grid:
        """The STIR grid, on which everything is computed."""
        return self.stir.grid

    @property
    def vhi(self) -> Vhi:
        """Size of the preliminary masks."""
        return Vhi(self.islands.voxels.size, int(self.conservative.sum()), self.grid.voxel_volume_mm3)

    def mask(self) -> BoolArray:
        """Preliminary sensitive mask, shape (k, j, i)."""
        return mask_from(self.islands.voxels, self.grid.shape)

    def conservative_mask(self) -> BoolArray:
        """Preliminary conservative mask, shape (k, j, i)."""
        return mask_from(self.islands.voxels[self.conservative], self.grid.shape)


def measure(
    stir: Volume,
    normal_bone: BoolArray,
    disease_region: BoolArray,
    settings: Settings | None = None,
    thresholds: Thresholds | None = None,
) -> Preliminary:
    """Measure a case up to the point where cleaning begins.

    Parameters
    ----------
    stir
        Intensities of any real type.
    normal_bone, disease_region
        Masks of the STIR volume's shape. The normal bone is taken out of the disease region here, whether or not it was
        part of it.
    settings
        Defaults when None.
    thresholds
        Set by hand; computed from the normal bone when None.

    Raises
    ------
    MeasurementError
        If shapes differ, intensities are not finite, or a region is empty or unfit for thresholds.
    """
    settings = settings or Settings()
    if not np.issubdtype(stir.array.dtype, np.floating):
        stir = Volume(stir.array.astype(np.float64), stir.grid)
    normal_bone, disease_region = np.asarray(normal_bone, dtype=bool), np.asarray(disease_region, dtype=bool)
    for name, mask in ((_("normal bone"), normal_bone), (_("disease region"), disease_region)):
        if mask.shape != stir.grid.shape:
            raise MeasurementError(
                _("the {name} has shape {shape}, the STIR volume {grid_shape}").format(
                    name=name, shape=mask.shape, grid_shape=stir.grid.shape
                )
            )
    lattice = Lattice(stir.grid.shape, stir.grid.slice_axis)
    scan, bone, normal = (lattice.in_order(array) for array in (stir.array, disease_region, normal_bone))
    places = positions_of_true(normal)
    statistics = normal_bone_statistics(scan.take(places))
    share_inside = np.count_nonzero(bone.take(places)) / places.size
    blocks = blocks_holding(in_blocks(bone))
    intensities, region = in_blocks(scan).take(blocks, axis=0), in_blocks(bone).take(blocks, axis=0)
    with_normal = slice(*np.searchsorted(blocks, (places[[0, -1]] >> BLOCK_BITS) + (0, 1)))
    region[with_normal] &= ~in_blocks(normal).take(blocks[with_normal], axis=0)
    _check_region(region, intensities)
    limits = thresholds or thresholds_from(statistics, settings.tolerance)
    above = intensities >= smallest_at_least(limits.sensitive_cut, intensities.dtype)
    above &= region
    runs = lattice.runs_between(*stretches(above, blocks))
    minimum_pixels = settings.pixels_on(stir.grid)
    islands = find_islands(runs, lattice, minimum_pixels)
    found = stir.array.ravel().take(islands.voxels)
    return Preliminary(
        stir=stir,
        normal_bone=normal_bone,
        disease_region=disease_region,
        settings=settings,
        minimum_pixels=minimum_pixels,
        statistics=statistics,
        thresholds=limits,
        above_threshold_voxels=int(runs.lengths.sum()),
        islands=islands,
        conservative=found >= smallest_at_least(limits.conservative_cut, found.dtype),
        warnings=_warnings(normal_bone, disease_region, share_inside),
    )


def mask_from(voxels: npt.NDArray[np.int64], shape: tuple[int, int, int]) -> BoolArray:
    """Mask of a shape (k, j, i) that is true at C-order positions."""
    mask = np.zeros(shape, dtype=bool)
    mask.ravel()[voxels] = True
    return mask


def _check_region(region: BoolArray, intensities: npt.NDArray[np.floating]) -> None:
    """Refuse a disease region of nothing but normal bone, and intensities in it that are not numbers.

    Both of shape (n, 8); intensities outside the region do not matter.
    """
    if not region.any():
        raise DiseaseRegionError(_("nothing is left of the disease region once the normal bone is taken out"))
    if not np.isfinite(intensities).all() and not np.isfinite(intensities[region]).all():
        raise MeasurementError(_("the STIR volume has values that are not numbers inside the bone"))


def _warnings(normal_bone: BoolArray, disease_region: BoolArray, share_inside: float) -> tuple[str, ...]:
    """Warn of a normal bone far from the disease region; readers draw the region around it or over it."""
    if share_inside >= LEAST_SHARE_INSIDE:
        return ()
    inside = np.count_nonzero(normal_bone[bounding_box(disease_region)]) / np.count_nonzero(normal_bone)
    if inside < LEAST_SHARE_INSIDE:
        return (
            _("{percent:.0f} % of the normal bone lies beyond the disease region: are both of one case?").format(
                percent=100 * (1 - inside)
            ),
        )
    return ()
