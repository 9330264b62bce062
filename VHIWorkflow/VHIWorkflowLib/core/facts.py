"""What a reader wants to know of each island before deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from .grids import BoolArray, FloatArray, IndexArray
from .masks import smallest_at_least
from .measurement import Preliminary


@dataclass(frozen=True)
class IslandFacts:
    """Describes one island.

    Attributes
    ----------
    voxels, volume_mm3
        Size.
    slices
        First and last slice along the slice axis, from 0, both inside.
    box
        First and last array index (k, j, i), both inside.
    centroid_mm
        Mean of the voxel centres, RAS.
    peak_stir, mean_stir
        Largest and mean intensity.
    conservative_share
        Share (0 to 1) of voxels at or above the conservative threshold.
    distance_to_normal_bone_mm
        Smallest distance between a voxel centre of the island and one of the normal bone.
    touches_edge
        Whether a voxel lies at the edge of the imaged bone: one of its four neighbours in the slice is neither disease
        region nor normal bone, or lies outside the volume.
    """

    voxels: int
    volume_mm3: float
    slices: tuple[int, int]
    box: tuple[tuple[int, int, int], tuple[int, int, int]]
    centroid_mm: tuple[float, float, float]
    peak_stir: float
    mean_stir: float
    conservative_share: float
    distance_to_normal_bone_mm: float
    touches_edge: bool


def island_facts(case: Preliminary, islands: Sequence[IndexArray]) -> list[IslandFacts]:
    """Describe islands.

    Parameters
    ----------
    case
        Before cleaning.
    islands
        For each island its voxels as C-order positions in the volume, at least one.
    """
    if not islands:
        return []
    starts = np.cumsum([0, *(each.size for each in islands)])[:-1]
    voxels = np.concatenate(islands)
    kji = np.stack(np.unravel_index(voxels, case.grid.shape), axis=1)
    stir = case.stir.array.ravel()[voxels]
    conservative = stir >= smallest_at_least(case.thresholds.conservative_cut, stir.dtype)
    size = np.diff(np.append(starts, voxels.size))
    low = np.minimum.reduceat(kji, starts)
    high = np.maximum.reduceat(kji, starts)
    centroid = case.grid.to_ras(np.add.reduceat(kji, starts) / size[:, None])
    peak = np.maximum.reduceat(stir, starts)
    total = np.add.reduceat(stir.astype(np.float64), starts)
    share = np.add.reduceat(conservative.astype(np.int64), starts) / size
    distance = np.minimum.reduceat(_distance_to_normal_bone(case, kji), starts)
    edge = np.logical_or.reduceat(_at_edge(case, kji), starts)
    axis = case.grid.slice_axis
    return [
        IslandFacts(
            voxels=int(size[n]),
            volume_mm3=float(size[n]) * case.grid.voxel_volume_mm3,
            slices=(int(low[n, axis]), int(high[n, axis])),
            box=(_triple(low[n]), _triple(high[n])),
            centroid_mm=(float(centroid[n, 0]), float(centroid[n, 1]), float(centroid[n, 2])),
            peak_stir=float(peak[n]),
            mean_stir=float(total[n] / size[n]),
            conservative_share=float(share[n]),
            distance_to_normal_bone_mm=float(distance[n]),
            touches_edge=bool(edge[n]),
        )
        for n in range(len(islands))
    ]


def _distance_to_normal_bone(case: Preliminary, kji: IndexArray) -> FloatArray:
    """Distance in mm of each voxel to the nearest of the normal bone."""
    spacing = np.array(case.grid.spacing_mm)
    tree = KDTree(np.argwhere(case.normal_bone) * spacing)
    distance: FloatArray = tree.query(kji * spacing)[0]
    return distance


def _at_edge(case: Preliminary, kji: IndexArray) -> BoolArray:
    """Which voxels have a neighbour in their slice that is not imaged bone."""
    bone = case.disease_region | case.normal_bone
    shape = np.array(bone.shape)
    edge = np.zeros(len(kji), dtype=bool)
    for axis in (axis for axis in range(3) if axis != case.grid.slice_axis):
        for step in (-1, 1):
            neighbour = kji.copy()
            neighbour[:, axis] += step
            outside = (neighbour[:, axis] < 0) | (neighbour[:, axis] >= shape[axis])
            neighbour[outside] = kji[outside]
            edge |= outside | ~bone[tuple(neighbour.T)]
    return edge


def _triple(row: IndexArray) -> tuple[int, int, int]:
    return int(row[0]), int(row[1]), int(row[2])
