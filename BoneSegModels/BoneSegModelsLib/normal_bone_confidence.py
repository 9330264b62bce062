"""How far a proposed normal bone can be trusted, and why not further.

Each doubt multiplies the confidence by a factor. Where a doubt begins and what it costs was set by judgement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.thresholds import normal_bone_statistics, thresholds_from

from .sacrum import FloatArray, Scan

_ = sentences_of(__name__)

FEW_VOXELS = 2000
FEW_SLICES = 4
BRIGHTEST_SHARE = 0.005
FLOOR = 0.3
"""One doubt alone never lowers the confidence further."""
NEARBY_MM = 70.0


@dataclass(frozen=True)
class Doubt:
    """A factor of the confidence, 0 to 1, and the reason in plain words."""

    factor: float
    reason: str


@dataclass(frozen=True)
class _Scale:
    """A doubt begins at ``good``, and has cost half of the confidence at ``bad``."""

    good: float
    bad: float

    def factor(self, value: float) -> float:
        return max(1 - 0.5 * max(value - self.good, 0) / (self.bad - self.good), FLOOR)


HANGING = _Scale(1.4, 2.0)
ONE_SLICE = _Scale(0.5, 1.5)
UNEVEN = _Scale(1.2, 2.4)
SIDES = _Scale(0.35, 1.0)
BRIGHTER = _Scale(0.75, 2.0)
ERASED = _Scale(0.02, 0.08)
UNSTEADY = _Scale(0.25, 1.0)


def confidence_from(doubts: Iterable[Doubt]) -> float:
    """Product of the factors, 0 to 1.

    Examples
    --------
    >>> confidence_from([Doubt(0.5, "few voxels"), Doubt(0.8, "few slices")])
    0.4
    """
    return round(math.prod((doubt.factor for doubt in doubts), start=1.0), 3)


def doubts_about(scan: Scan, kept: BoolArray, drawn: BoolArray, midline: float) -> Iterator[Doubt]:
    """What speaks against a proposal.

    Parameters
    ----------
    scan
        In canonical orientation.
    kept, drawn
        The proposal, and the areas before bright voxels were erased; shape of the scan.
    midline
        Column, in halves.
    """
    values = scan.stir[kept]
    statistics = normal_bone_statistics(values)
    iqr, sensitive = statistics.iqr, thresholds_from(statistics).sensitive
    slices = np.nonzero(kept)[0]
    numbers = np.unique(slices)
    if statistics.voxels < FEW_VOXELS:
        yield Doubt(
            max(statistics.voxels / FEW_VOXELS, FLOOR),
            _("the region has only {voxels} voxels").format(voxels=statistics.voxels),
        )
    if numbers.size < FEW_SLICES:
        yield Doubt(
            0.5 + 0.5 * numbers.size / FEW_SLICES, _("it lies on only {slices} slices").format(slices=numbers.size)
        )

    hanging = _growth(scan.stir[scan.region & ~kept], np.sort(values))
    if hanging > HANGING.good:
        yield Doubt(
            HANGING.factor(hanging),
            _(
                "the thresholds hang on few voxels: without the brightest {percent:g} % of them "
                "{hanging:.1f} times as much bone lies above the sensitive one"
            ).format(percent=100 * BRIGHTEST_SHARE, hanging=hanging),
        )
    one_slice = max((_moves(values[slices != number], sensitive, iqr) for number in numbers), default=0.0)
    if one_slice > ONE_SLICE.good:
        yield Doubt(
            ONE_SLICE.factor(one_slice),
            _("the sensitive threshold hangs on one slice: without it, it moves by {one_slice:.1f} IQR").format(
                one_slice=one_slice
            ),
        )
    medians = [float(np.median(values[slices == number])) for number in numbers]
    uneven = (max(medians) - min(medians)) / iqr
    if uneven > UNEVEN.good:
        yield Doubt(
            UNEVEN.factor(uneven),
            _("the marrow differs between slices (medians by {uneven:.1f} IQR)").format(uneven=uneven),
        )
    yield from _about_places(scan, kept, midline, statistics.median, iqr)
    erased = 1 - statistics.voxels / int(np.count_nonzero(drawn))
    if erased > ERASED.good:
        yield Doubt(
            ERASED.factor(erased),
            _("{percent:.0f} % of the marrow was bright and had to be left out").format(percent=100 * erased),
        )


def doubts_about_edges(unsteady: float) -> Iterator[Doubt]:
    """Whether the proposal hangs on where exactly the edges of the disease region lie.

    Parameters
    ----------
    unsteady
        By how many interquartile ranges the sensitive threshold differs between regions with other edges.
    """
    if unsteady > UNSTEADY.good:
        yield Doubt(
            UNSTEADY.factor(unsteady),
            _(
                "it hangs on where the edges of the disease region lie: with others the sensitive "
                "threshold moves by {unsteady:.1f} IQR"
            ).format(unsteady=unsteady),
        )


def _about_places(scan: Scan, kept: BoolArray, midline: float, median: float, iqr: float) -> Iterator[Doubt]:
    """Left against right, and the proposal against the bone of its slices."""
    distance = (np.arange(kept.shape[2]) - midline) * scan.spacing_mm[2]
    halves = [scan.stir[:, :, side][kept[:, :, side]] for side in (distance < 0, distance > 0)]
    if min(half.size for half in halves) == 0:
        yield Doubt(0.7, _("it lies on one side of the midline only"))
    else:
        sides = abs(float(np.median(halves[0]) - np.median(halves[1]))) / iqr
        if sides > SIDES.good:
            yield Doubt(
                SIDES.factor(sides),
                _("left and right of the midline differ (medians by {sides:.1f} IQR)").format(sides=sides),
            )
    number = kept.any(axis=(1, 2))
    near = np.abs(distance) < NEARBY_MM
    bone = scan.region[number][:, :, near] & ~kept[number][:, :, near]
    if bone.any():
        brighter = (median - float(np.median(scan.stir[number][:, :, near][bone]))) / iqr
        if brighter > BRIGHTER.good:
            yield Doubt(
                BRIGHTER.factor(brighter),
                _(
                    "it is brighter than the bone around it (medians by {brighter:.1f} IQR): is it inflamed itself?"
                ).format(brighter=brighter),
            )


def _moves(rest: FloatArray, sensitive: float, iqr: float) -> float:
    """By how many interquartile ranges the sensitive threshold moves when only the rest of the voxels is left."""
    try:
        return abs(thresholds_from(normal_bone_statistics(rest)).sensitive - sensitive) / iqr
    except MeasurementError:
        return 2 * ONE_SLICE.bad


def _growth(bone: FloatArray, values: FloatArray) -> float:
    """How much more bone lies above the sensitive threshold without the brightest voxels; values ascending."""
    whole = thresholds_from(normal_bone_statistics(values)).sensitive_cut
    rest = values[: -math.ceil(BRIGHTEST_SHARE * values.size)]
    try:
        lower = thresholds_from(normal_bone_statistics(rest)).sensitive_cut
    except MeasurementError:
        return 2 * HANGING.bad
    return int(np.count_nonzero(bone >= lower)) / max(int(np.count_nonzero(bone >= whole)), 1)
