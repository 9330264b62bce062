"""Plain marrow of the sacrum's vertebral bodies, between the foramina, on STIR and T1w.

Arrays are indexed (slice, row, column); slices go back, rows to the feet, columns to the patient's left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import ModelError
from .normal_bone_parameters import MarrowParameters, SacrumParameters

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float64]

MIDLINE_SEARCH_MM = 36.0
"""The midline is looked for so far to either side of the middle of the field of view."""
ROW_GAP_MM = 5.0
"""Shorter gaps in the rows of the sacrum are closed, shorter stretches of rows dropped."""
CLEAN_UP_MM = 3.0
"""Side of the square of the median filter that closes pinholes and drops specks."""
ROUNDS = 4
"""How often the grey levels of marrow are found anew; they settle in two or three."""


class NoProposalError(ModelError):
    """There is no normal-bone proposal, and why: one sentence."""


@dataclass(frozen=True)
class Scan:
    """STIR, T1w and disease region on one grid, and mm between slices, rows and columns."""

    stir: FloatArray
    t1w: FloatArray
    region: BoolArray
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class Sacrum:
    """Where the sacrum lies.

    Attributes
    ----------
    midline
        Column, in halves.
    symmetry
        Share of the disease region whose mirror image lies in the region.
    rows
        Of each slice, shape (slices, rows): between the two sides of the sacrum.
    """

    midline: float
    symmetry: float
    rows: BoolArray

    def from_midline_mm(self, columns: int, column_mm: float) -> FloatArray:
        """Distance of each column from the midline, in mm; negative on the patient's right."""
        distance: FloatArray = (np.arange(columns, dtype=np.float64) - self.midline) * column_mm
        return distance


def find_sacra(scan: Scan, parameters: SacrumParameters) -> tuple[Sacrum, ...]:
    """Find the midline by mirroring the disease region, and the rows where the region lies on both sides of it.

    Returns
    -------
    First the sacrum as the region shows it; then as regions would whose edges lie elsewhere: rows found with less and
    with more cover, and the midline to either side. These may have no rows at all.

    Raises
    ------
    NoProposalError
        If the region is empty, lopsided, or has no such rows.
    """
    if not scan.region.any():
        raise NoProposalError(_("the disease region is empty, so there is nothing to go by"))
    midline, symmetry = _midline(scan.region, scan.spacing_mm[2])
    if symmetry < parameters.least_symmetry:
        raise NoProposalError(
            _(
                "left and right half of the disease region do not match ({percent:.0f} % of it has a "
                "mirror image), so it does not look like a pelvis with the sacrum in the middle"
            ).format(percent=100 * symmetry)
        )
    away = parameters.midline_error_mm / scan.spacing_mm[2]
    places = [(midline, parameters.lateral_cover)]
    places += [(midline, cover) for cover in parameters.other_covers]
    places += [(midline + side * away, parameters.lateral_cover) for side in (-1, 1)]
    sacra = tuple(Sacrum(column, symmetry, _rows(scan, column, cover, parameters)) for column, cover in places)
    if not sacra[0].rows.any():
        raise NoProposalError(_("no part of the disease region looks like a sacrum with bone on either side"))
    return sacra


def _rows(scan: Scan, midline: float, cover: float, parameters: SacrumParameters) -> BoolArray:
    """Rows with disease region on both sides of a midline, shape (slices, rows); the largest piece of them."""
    distance = (np.arange(scan.region.shape[2]) - midline) * scan.spacing_mm[2]
    near, far = parameters.lateral_mm
    sides = [scan.region[:, :, (side * distance > near) & (side * distance < far)] for side in (-1, 1)]
    if any(side.shape[2] == 0 for side in sides):
        raise NoProposalError(_("the field of view is too narrow to show both sides of the sacrum"))
    rows = np.all([side.mean(axis=2) >= cover for side in sides], axis=0)
    along = np.ones((1, _odd(ROW_GAP_MM / scan.spacing_mm[1])))
    rows = ndimage.binary_opening(ndimage.binary_closing(rows, along), along)
    pieces, number = ndimage.label(rows, np.ones((3, 3)))
    if number == 0:
        return np.zeros(rows.shape, dtype=bool)
    sizes = np.bincount(pieces.ravel())[1:]
    return np.isin(pieces, 1 + np.flatnonzero(sizes == sizes.max()))


class Marrow:
    """Plain marrow around some sacra, which are much alike: what they share is worked out once."""

    def __init__(
        self,
        scan: Scan,
        sacra: Sequence[Sacrum],
        sacrum_parameters: SacrumParameters,
        parameters: MarrowParameters,
    ) -> None:
        self._scan = scan
        self._sacrum_parameters, self._parameters = sacrum_parameters, parameters
        self._slices_mm = scan.spacing_mm[1:]
        self._box = _box(scan, sacra, sacrum_parameters, parameters)
        self._stir, self._t1w = scan.stir[self._box], scan.t1w[self._box]
        smooth = [_blur(image, parameters.smoothing_mm, self._slices_mm) for image in (self._stir, self._t1w)]
        self._smooth_stir, self._smooth_t1w = smooth
        self._steep_stir, self._steep_t1w = (_slope(image, self._slices_mm) for image in smooth)

    def drawn(self, sacrum: Sacrum) -> BoolArray:
        """Areas a reader could draw, one on each of the foremost slices; shape of the scan.

        Raises
        ------
        NoProposalError
            If there are none.
        """
        parameters, slices_mm = self._parameters, self._slices_mm
        half_width = self._sacrum_parameters.half_width_mm
        columns = self._scan.stir.shape[2]
        distance = np.abs(sacrum.from_midline_mm(columns, self._scan.spacing_mm[2]))[self._box[2]]
        rows = sacrum.rows[self._box[0], self._box[1]]
        level = self._level(rows[:, :, None] & (distance < half_width))
        reach = _odd(2 * self._sacrum_parameters.beyond_mm / slices_mm[0])
        wide = ndimage.binary_dilation(ndimage.binary_dilation(rows, np.ones((1, reach))), np.ones((3, 1)))
        marrow = wide[:, :, None] & (distance < half_width + 2)
        marrow &= level.plain(self._smooth_stir, self._smooth_t1w, self._steep_t1w, parameters)
        marrow &= self._steep_stir < parameters.stir_slope_iqr * level.stir_iqr
        side = (1, *(_odd(CLEAN_UP_MM / mm) for mm in slices_mm))
        marrow = ndimage.median_filter(marrow.astype(np.uint8), side).astype(bool)
        marrow = ndimage.binary_opening(marrow, _disk(parameters.opening_mm, slices_mm))
        marrow = _without_fat(marrow, self._smooth_t1w, parameters.area_t1w * level.t1w)
        drawn = _uppermost_areas(marrow, rows, self._sacrum_parameters.share_between, parameters, slices_mm)
        if parameters.edge_mm:
            drawn = ndimage.binary_erosion(drawn, _disk(parameters.edge_mm, slices_mm))
        drawn = _away_from_bright(drawn, self._stir, self._smooth_stir, parameters, slices_mm)
        if not drawn.any():
            raise NoProposalError(
                _("there is no plain marrow between the sacral foramina that is large enough to draw in")
            )
        found = np.zeros(self._scan.stir.shape, dtype=bool)
        found[self._box] = drawn
        return found

    def _level(self, core: BoolArray) -> _Level:
        level = _Level.of(self._stir, self._smooth_stir, self._t1w, core)
        for _ in range(ROUNDS):
            plain = level.plain(self._smooth_stir, self._smooth_t1w, self._steep_t1w, self._parameters)
            level = _Level.of(self._stir, self._smooth_stir, self._t1w, core & plain)
        return level


@dataclass(frozen=True)
class _Level:
    """Grey levels of marrow: medians, and the interquartile range of STIR without blur."""

    stir: float
    stir_iqr: float
    t1w: float

    @classmethod
    def of(cls, stir: FloatArray, smooth_stir: FloatArray, t1w: FloatArray, where: BoolArray) -> _Level:
        if np.count_nonzero(where) < 2:
            raise NoProposalError(
                _("STIR or T1w between the sacral foramina is too uneven to tell marrow from the rest")
            )
        q1, q3 = np.percentile(stir[where], (25, 75))
        level = cls(float(np.median(smooth_stir[where])), float(q3 - q1), float(np.median(t1w[where])))
        if not (level.stir_iqr > 0 and level.t1w > 0):
            raise NoProposalError(_("STIR or T1w has no contrast between the sacral foramina"))
        return level

    def plain(
        self, smooth_stir: FloatArray, smooth_t1w: FloatArray, steep_t1w: FloatArray, parameters: MarrowParameters
    ) -> BoolArray:
        low, high = parameters.t1w_range
        plain: BoolArray = np.abs(smooth_stir - self.stir) < parameters.stir_iqr * self.stir_iqr
        plain &= (smooth_t1w > low * self.t1w) & (smooth_t1w < high * self.t1w)
        plain &= steep_t1w < parameters.t1w_slope * self.t1w
        return plain


def _without_fat(marrow: BoolArray, smooth_t1w: FloatArray, brightest: float) -> BoolArray:
    """Leave out areas within a slice that are brighter on T1w, in the median: fat in front of the sacrum.

    Its edge is as bright as marrow, but marrow with much fat is not a whole area of it.
    """
    within_slice = np.zeros((3, 3, 3), dtype=bool)
    within_slice[1] = ndimage.generate_binary_structure(2, 1)
    areas, count = ndimage.label(marrow, within_slice)
    medians = np.asarray(ndimage.median(smooth_t1w, areas, np.arange(1, count + 1)))
    return marrow & ~np.isin(areas, 1 + np.flatnonzero(medians > brightest))


def _uppermost_areas(
    marrow: BoolArray, rows: BoolArray, share: float, parameters: MarrowParameters, spacing_mm: tuple[float, float]
) -> BoolArray:
    """On each of the foremost slices the uppermost area (first sacral segment) that lies between the sides."""
    drawn = np.zeros_like(marrow)
    left = parameters.slices
    least = parameters.least_area_mm2 / (spacing_mm[0] * spacing_mm[1])
    for number, pixels in enumerate(marrow):
        pieces, count = ndimage.label(pixels)
        areas = []
        for piece in range(1, count + 1):
            area = pieces == piece
            size = int(np.count_nonzero(area))
            if size > least and np.count_nonzero(area & rows[number][:, None]) > share * size:
                areas.append((int(np.flatnonzero(area.any(axis=1))[0]), -size, area))
        if areas and left:
            drawn[number] = min(areas, key=lambda each: each[:2])[2]
            left -= 1
    return drawn


def _away_from_bright(
    drawn: BoolArray,
    stir: FloatArray,
    smooth_stir: FloatArray,
    parameters: MarrowParameters,
    spacing_mm: tuple[float, float],
) -> BoolArray:
    """Leave out what lies near vessels, nerves and fluid of its slice."""
    if not drawn.any():
        return drawn
    q1, q3 = np.percentile(stir[drawn], (25, 75))
    bright = smooth_stir > q3 + parameters.bright_iqr * (q3 - q1)
    away = drawn.copy()
    for number in np.flatnonzero(drawn.any(axis=(1, 2)) & bright.any(axis=(1, 2))):
        away[number] &= ndimage.distance_transform_edt(~bright[number], sampling=spacing_mm) > parameters.bright_mm
    return away


def _midline(region: BoolArray, column_mm: float) -> tuple[float, float]:
    """Column about which the region is most like its mirror image, and the share of it that then overlaps."""
    columns = region.shape[2]
    sampled = region[:, :: max(region.shape[1] // 84, 1)]
    reach = min(round(2 * MIDLINE_SEARCH_MM / column_mm), columns // 2)
    best = (-1.0, 0, 0)
    for twice in range(columns - 1 - reach, columns + reach):
        low, high = max(0, twice - (columns - 1)), min(columns - 1, twice)
        part = sampled[:, :, low : high + 1]
        total = int(np.count_nonzero(part))
        share = int(np.count_nonzero(part & part[:, :, ::-1])) / total if total else 0.0
        best = max(best, (share, -abs(twice - (columns - 1)), twice))
    return best[2] / 2, best[0]


def _box(
    scan: Scan, sacra: Sequence[Sacrum], sacrum_parameters: SacrumParameters, parameters: MarrowParameters
) -> tuple[slice, slice, slice]:
    """Slices, rows and columns where marrow is looked for, with room for the blur and for bright things beside it."""
    room = max(4 * parameters.smoothing_mm, parameters.bright_mm) + 4
    distances = [each.from_midline_mm(scan.stir.shape[2], scan.spacing_mm[2]) for each in sacra]
    columns = np.flatnonzero(np.min(np.abs(distances), axis=0) < sacrum_parameters.half_width_mm + room)
    found = np.any([each.rows for each in sacra], axis=0)
    rows, slices = (np.flatnonzero(found.any(axis=axis)) for axis in (0, 1))
    margin = int((sacrum_parameters.beyond_mm + room) / scan.spacing_mm[1]) + 1
    return (
        slice(max(int(slices[0]) - 1, 0), int(slices[-1]) + 2),
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


def _blur(image: FloatArray, deviation_mm: float, spacing_mm: tuple[float, float]) -> FloatArray:
    blurred: FloatArray = ndimage.gaussian_filter(image, (0, *(deviation_mm / mm for mm in spacing_mm)))
    return blurred


def _slope(image: FloatArray, spacing_mm: tuple[float, float]) -> FloatArray:
    """Steepest change within the slice, per mm."""
    down, left = (np.gradient(image, mm, axis=axis) for axis, mm in zip((1, 2), spacing_mm, strict=True))
    slope: FloatArray = np.hypot(down, left)
    return slope


def _disk(radius_mm: float, spacing_mm: tuple[float, float]) -> BoolArray:
    down, left = (int(radius_mm / mm) for mm in spacing_mm)
    rows, columns = np.ogrid[-down : down + 1, -left : left + 1]
    disk: BoolArray = (rows * spacing_mm[0]) ** 2 + (columns * spacing_mm[1]) ** 2 <= radius_mm**2
    return disk[None]


def _odd(pixels: float) -> int:
    return 2 * int(pixels / 2) + 1
