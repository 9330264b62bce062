"""The two thresholds, from the reader's own normal bone.

Hepburn et al., PLoS ONE 2023, e0284508, with one rule added for every comparison: grey levels are quantised, so a
threshold often falls exactly on one, and then rounding would decide over thousands of voxels. Two intensities are
therefore equal when they differ by at most ``tolerance`` times the conservative threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import MeasurementError, NormalBoneError
from .sentences import sentences_of

_ = sentences_of(__name__)

MINIMUM_NORMAL_BONE_VOXELS = 50
DEFAULT_TOLERANCE = 1e-6
STEPS_PER_IQR = 20
"""The sensitive threshold moves in steps of IQR / 20 = 0.05 IQR."""
STEPS_AT_START = 30
"""Steps above Q3 where the search starts: 30 / 20 = 1.5 IQR, Tukey's fence."""
FLOAT_RESOLUTION = 1e-9
"""Share of the largest intensity below which a difference says more about rounding than about bone."""


@dataclass(frozen=True)
class NormalBoneStatistics:
    """Intensities of the normal bone on STIR: voxel count, quartiles (linear interpolation) and maximum."""

    voxels: int
    q1: float
    median: float
    q3: float
    maximum: float

    @property
    def iqr(self) -> float:
        """Interquartile range Q3 - Q1."""
        return self.q3 - self.q1


@dataclass(frozen=True)
class Thresholds:
    """The sensitive (lower) and the conservative (upper) threshold, in the intensities of the STIR volume.

    ``iqr_multiple`` is n of sensitive = Q3 + n IQR (None when the reader set the thresholds by hand), ``margin`` the
    difference up to which two intensities count as equal.
    """

    sensitive: float
    conservative: float
    iqr_multiple: float | None
    margin: float

    @property
    def sensitive_cut(self) -> float:
        """Intensities from here on are at or above the sensitive threshold."""
        return self.sensitive - self.margin

    @property
    def conservative_cut(self) -> float:
        """Intensities from here on are at or above the conservative threshold."""
        return self.conservative - self.margin


def normal_bone_statistics(intensities: npt.ArrayLike) -> NormalBoneStatistics:
    """Describe the normal bone.

    Parameters
    ----------
    intensities
        STIR intensities of the normal bone's voxels, any shape.

    Raises
    ------
    MeasurementError
        If there are fewer than 50 voxels, any is not finite, or the interquartile range is zero.

    Examples
    --------
    >>> normal_bone_statistics(range(101))
    NormalBoneStatistics(voxels=101, q1=25.0, median=50.0, q3=75.0, maximum=100.0)
    """
    values = np.ravel(intensities)
    if values.size < MINIMUM_NORMAL_BONE_VOXELS:
        raise NormalBoneError(
            _("the normal bone has {count} voxels, at least {least} are needed: mark a larger region").format(
                count=values.size, least=MINIMUM_NORMAL_BONE_VOXELS
            )
        )
    ordered = np.sort(values)
    maximum = float(ordered[-1])
    if not (math.isfinite(ordered[0]) and math.isfinite(maximum)):  # what is not a number comes last
        raise MeasurementError(_("the STIR volume has values that are not numbers inside the normal bone"))
    q1, median, q3 = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
    if q3 - q1 <= 0:
        raise MeasurementError(
            _(
                "the middle half of the normal bone has one single intensity ({q1:g}), so no threshold "
                "follows from it: is this the STIR volume, and the region inside the bone?"
            ).format(q1=q1)
        )
    if maximum <= 0:
        raise MeasurementError(_("the normal bone has no positive intensity: is this a magnitude STIR volume?"))
    return NormalBoneStatistics(values.size, q1, median, q3, maximum)


def _quantile(ordered: npt.NDArray[np.generic], share: float) -> float:
    """Quantile of ascending values by linear interpolation; to the last bit that of ``numpy.percentile``."""
    place = share * (ordered.size - 1)
    low, high = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    part = place - math.floor(place)
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def thresholds_from(statistics: NormalBoneStatistics, tolerance: float = DEFAULT_TOLERANCE) -> Thresholds:
    """Compute both thresholds.

    Conservative U is the maximum of the normal bone. Sensitive L = Q3 + n IQR with n = 1.5 + 0.05 k: the smallest
    integer k >= 0 with U - L < IQR / 2; when U - L is not positive at k = 0, the largest k < 0 that makes it positive.

    Parameters
    ----------
    statistics
        Of the normal bone.
    tolerance
        Share of U up to which intensities count as equal; 0 compares plainly, as the study's own code does.

    Raises
    ------
    MeasurementError
        If the IQR is so small that the tolerance would decide, and the sensitive threshold could pass the
        conservative one.

    Examples
    --------
    >>> t = thresholds_from(NormalBoneStatistics(100, 10.0, 15.0, 20.0, 40.0))
    >>> t.iqr_multiple, t.sensitive, t.conservative
    (1.55, 35.5, 40.0)
    """
    q3, iqr, upper = statistics.q3, statistics.iqr, statistics.maximum
    margin = check_tolerance(tolerance) * upper
    # The sensitive threshold ends at most one step above U - IQR / 2 + margin, which must not lie above U.
    if (0.5 - 1 / STEPS_PER_IQR) * iqr <= max(margin, FLOAT_RESOLUTION * max(upper, abs(q3))):
        raise NormalBoneError(
            _(
                "the middle half of the normal bone (intensities {q1:g} to {q3:g}) is too narrow beside "
                "its maximum ({upper:g}) for a threshold: is the region inside the bone?"
            ).format(q1=statistics.q1, q3=q3, upper=upper)
        )

    def lower(k: int) -> float:
        return q3 + (STEPS_AT_START + k) / STEPS_PER_IQR * iqr

    if upper > lower(0) + margin:
        crossing = math.floor((upper - q3 - 2.0 * iqr) / iqr * STEPS_PER_IQR)
        k = max(crossing - 2, 0)
        while not lower(k) > upper - iqr / 2 + margin:
            k += 1
    else:
        crossing = math.floor((upper - q3) / iqr * STEPS_PER_IQR) - STEPS_AT_START
        k = min(crossing + 2, -1)
        while not upper > lower(k) + margin:
            k -= 1
    return Thresholds(lower(k), upper, (STEPS_AT_START + k) / STEPS_PER_IQR, margin)


def thresholds_by_hand(sensitive: float, conservative: float, tolerance: float = DEFAULT_TOLERANCE) -> Thresholds:
    """Thresholds that the reader moved; the record marks them by an ``iqr_multiple`` of None.

    Raises
    ------
    MeasurementError
        If one is not finite or positive, or the sensitive threshold lies above the conservative one.
    """
    if not (math.isfinite(sensitive) and math.isfinite(conservative)) or sensitive <= 0:
        raise MeasurementError(_("thresholds must be positive numbers"))
    if sensitive > conservative:
        raise MeasurementError(
            _(
                "the sensitive threshold ({sensitive:g}) must not lie above the conservative one ({conservative:g})"
            ).format(sensitive=sensitive, conservative=conservative)
        )
    return Thresholds(sensitive, conservative, None, check_tolerance(tolerance) * conservative)


def check_tolerance(tolerance: float) -> float:
    """Return a tolerance that makes sense: 0 to 0.01.

    Raises
    ------
    MeasurementError
        If it does not.
    """
    if not 0 <= tolerance <= 0.01:
        raise MeasurementError(
            _("the tolerance must lie between 0 and 0.01, not {tolerance:g}").format(tolerance=tolerance)
        )
    return tolerance
