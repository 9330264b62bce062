"""A proposal for the normal bone, for the reader to look at and correct.

Areas of plain marrow in the bodies of the sacrum, between the foramina, as a reader would draw them: one on each of a
few slices, off edges, vessels and nerves. They are drawn several times, as if the edges of the disease region lay
elsewhere, and the version with the median threshold is proposed. Then the brightest single voxels are erased, as
readers do. How many of them is what the thresholds hang on, so it is calibrated on manual regions
(`TrimmingParameters`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.resampling import check_overlap, region_on_stir, resample
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.thresholds import NormalBoneStatistics, Thresholds, normal_bone_statistics, thresholds_from

from .canonical import CanonicalFrame, canonical_frame
from .model_description import ModelInput
from .normal_bone_confidence import Doubt, confidence_from, doubts_about, doubts_about_edges
from .normal_bone_parameters import MarrowParameters, NormalBoneParameters, TrimmingParameters, read_parameters
from .sacrum import Marrow, NoProposalError, Scan, find_sacra
from .scaling import LEAST_STIR_SKEWNESS, look_exchanged, skewness, within_padding

_ = sentences_of(__name__)

LEAST_SLICES = 3
LEAST_SIDE_MM = 60.0
LEAST_SLICE_COSINE = 0.4
"""Slices may be tilted by up to 66 degrees from the coronal plane, as those along the sacrum are."""
WINDOW_PERCENTILE = 99.0

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Proposal:
    """A proposed normal bone.

    Attributes
    ----------
    mask
        On the STIR volume's grid, shape (k, j, i).
    confidence
        0 to 1; a rule of thumb, not a probability.
    reasons
        What lowers it, one sentence each; none when nothing speaks against the proposal.
    slices
        Slice numbers with normal bone, along the grid's slice axis, from 0.
    erased_voxels
        Bright voxels inside the drawn areas that were left out.
    statistics, thresholds
        As the measurement will find them.
    parameters_version, parameters_sha256
        For the record.
    """

    mask: BoolArray = field(repr=False)
    confidence: float
    reasons: tuple[str, ...]
    slices: tuple[int, ...]
    erased_voxels: int
    statistics: NormalBoneStatistics
    thresholds: Thresholds
    parameters_version: str
    parameters_sha256: str


@dataclass(frozen=True)
class DrawnMarrow:
    """The areas before bright voxels are erased, and what the erasing goes by.

    Attributes
    ----------
    frame, scan
        Canonical orientation, and the scan in it.
    midline
        Column of the canonical scan, in halves.
    mask
        In canonical orientation.
    intensities
        STIR within the mask, ascending.
    spared
        Intensity left when the brightest voxels that trimming spares are set aside, and any one slice.
    window
        99th percentile of STIR.
    warnings
        About the overlap of the scans.
    """

    frame: CanonicalFrame
    scan: Scan
    midline: float
    mask: BoolArray = field(repr=False)
    intensities: FloatArray = field(repr=False)
    spared: float
    window: float
    warnings: tuple[str, ...]

    @property
    def quartiles(self) -> tuple[float, float]:
        """Q1 and Q3 of the intensities."""
        q1, q3 = np.percentile(self.intensities, (25, 75))
        return float(q1), float(q3)

    @property
    def log_window(self) -> float:
        """Logarithm of the window in interquartile ranges."""
        q1, q3 = self.quartiles
        return math.log(self.window / (q3 - q1))


def propose_normal_bone(
    stir: Volume, t1w: Volume, disease_region: Volume, parameters: NormalBoneParameters | None = None
) -> Proposal:
    """Propose a normal-bone region.

    Parameters
    ----------
    stir, t1w
        Scans of one examination, any real type, shape (k, j, i) each; in any orientation, and on one grid or two.
    disease_region
        Mask or probabilities, on either grid; normal bone may be part of it or not.
    parameters
        The bundled ones when None.

    Raises
    ------
    NoProposalError
        If there is nothing a reader could be shown in good conscience; the message says why.
    ModelError
        If the bundled parameters cannot be read.
    """
    parameters = parameters or read_parameters()
    try:
        versions = [_trimmed(drawn, parameters) for drawn in draw_marrow(stir, t1w, disease_region, parameters)]
    except MeasurementError as error:
        raise NoProposalError(error.sentence) from error
    chosen, unsteady = middle_version(versions)
    drawn, kept, statistics, thresholds = chosen.drawn, chosen.kept, chosen.statistics, chosen.thresholds
    _check_size(kept, parameters.marrow)
    doubts = [
        *doubts_about(drawn.scan, kept, drawn.mask, drawn.midline),
        *doubts_about_edges(unsteady),
        *(Doubt(0.8, warning) for warning in drawn.warnings),
    ]
    mask = np.ascontiguousarray(np.flip(kept, drawn.frame.flips).transpose(np.argsort(drawn.frame.order)))
    others = tuple(axis for axis in range(3) if axis != stir.grid.slice_axis)
    return Proposal(
        mask=mask,
        confidence=confidence_from(doubts),
        reasons=tuple(doubt.reason for doubt in doubts),
        slices=tuple(int(n) for n in np.flatnonzero(mask.any(axis=others))),
        erased_voxels=int(np.count_nonzero(drawn.mask)) - statistics.voxels,
        statistics=statistics,
        thresholds=thresholds,
        parameters_version=parameters.version,
        parameters_sha256=parameters.sha256,
    )


@dataclass(frozen=True)
class Version:
    """One way of drawing, and what is kept of it when bright voxels are erased."""

    drawn: DrawnMarrow
    kept: BoolArray = field(repr=False)
    statistics: NormalBoneStatistics
    thresholds: Thresholds


def middle_version(versions: Sequence[Version]) -> tuple[Version, float]:
    """The version with the median sensitive threshold, and how far apart their thresholds lie, in its IQR."""
    levels = np.array([version.thresholds.sensitive for version in versions])
    chosen = versions[int(np.argmin(np.abs(levels - np.median(levels))))]
    return chosen, float(np.ptp(levels)) / chosen.statistics.iqr


def draw_marrow(
    stir: Volume, t1w: Volume, disease_region: Volume, parameters: NormalBoneParameters
) -> tuple[DrawnMarrow, ...]:
    """Areas of plain marrow, before bright voxels are erased: drawn by the region, and as if its edges lay elsewhere.

    Returns
    -------
    The versions in which there are such areas, the one by the region itself first where it is among them.

    Raises
    ------
    NoProposalError
        If most versions have none, or the scans are not what they should be.
    MeasurementError
        If the scans do not overlap in space.
    """
    warnings = check_overlap(stir.grid, t1w.grid)
    for name, volume in (("STIR", stir), ("T1w", t1w)):
        _check_contrast(name, volume.array)
    frame = _frame(stir.grid)
    region = region_on_stir(disease_region, stir.grid)
    aligned = t1w.array if stir.grid.matches(t1w.grid) else resample(t1w.array.astype(np.float64), t1w.grid, stir.grid)
    # Rounded, because spacings computed from another storage differ in the last digit, and storage must not matter.
    spacing = [round(stir.grid.spacing_mm[axis], 6) for axis in frame.order]
    scan = Scan(
        _canonical(frame, stir.array).astype(np.float64),
        _canonical(frame, aligned).astype(np.float64),
        _canonical(frame, region).astype(bool),
        (spacing[0], spacing[1], spacing[2]),
    )
    _check_field(scan)
    _check_sequences(scan)
    sacra = find_sacra(scan, parameters.sacrum)
    marrow = Marrow(scan, sacra, parameters.sacrum, parameters.marrow)
    window = float(np.percentile(within_padding(scan.stir), WINDOW_PERCENTILE))
    if not window > 0:
        raise NoProposalError(_("the STIR volume has hardly any signal"))
    versions, problems = [], []
    for sacrum in sacra:
        try:
            mask = marrow.drawn(sacrum)
            _check_size(mask, parameters.marrow)
            intensities = np.sort(scan.stir[mask])
            normal_bone_statistics(intensities)
        except (NoProposalError, MeasurementError) as error:
            problems.append(error)
        else:
            spared = spared_intensity(scan.stir, mask, parameters.trimming.spare_voxels)
            versions.append(DrawnMarrow(frame, scan, sacrum.midline, mask, intensities, spared, window, warnings))
    if len(problems) >= len(versions):
        raise problems[0]
    return tuple(versions)


def _trimmed(drawn: DrawnMarrow, parameters: NormalBoneParameters) -> Version:
    kept = drawn.mask & (drawn.scan.stir <= trimmed_at(drawn, parameters.trimming))
    statistics = normal_bone_statistics(drawn.scan.stir[kept])
    return Version(drawn, kept, statistics, thresholds_from(statistics))


def spared_intensity(stir: FloatArray, mask: BoolArray, voxels: int) -> float:
    """Intensity of a mask's brightest voxel when so many voxels, and the slice on which most hangs, are set aside."""
    intensities = stir[mask]
    order = np.argsort(-intensities, kind="stable")
    brightest, slices = intensities[order], np.nonzero(mask)[0][order]
    rests = [brightest[slices != number] for number in np.unique(slices)]
    return float(min(rest[min(voxels, rest.size - 1)] for rest in rests if rest.size))


def trimmed_at(drawn: DrawnMarrow, parameters: TrimmingParameters, level: float | None = None) -> float:
    """Intensity of the brightest voxel that stays.

    Parameters
    ----------
    level
        Interquartile ranges above the third quartile; by the parameters when None.

    Returns
    -------
    The voxel nearest to that level; lower when only few voxels, or those of one slice, would reach it, lest
    the threshold hang on them.
    """
    q1, q3 = drawn.quartiles
    if level is None:
        level = math.exp(parameters.level + parameters.slope * (drawn.log_window - parameters.centre))
        level = min(max(level, parameters.limits[0]), parameters.limits[1])
    values = drawn.intensities
    spared = drawn.spared
    wanted = min(q3 + level * (q3 - q1), spared + parameters.spare_iqr * (q3 - q1))
    return float(values[np.argmin(np.abs(values - wanted))])


def _frame(grid: Grid) -> CanonicalFrame:
    frame = canonical_frame(grid, ModelInput(contrast="STIR", spacing_mm=max(grid.spacing_mm)))
    if frame.slice_cosine < LEAST_SLICE_COSINE:
        raise NoProposalError(_("the slices are not coronal, along the sacrum, so its bodies cannot be found on them"))
    return frame


def _canonical(frame: CanonicalFrame, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(frame.reorder(array))


def _check_contrast(name: str, array: npt.NDArray[np.generic]) -> None:
    if not np.isfinite(array.astype(np.float64)).all():
        raise NoProposalError(_("the {name} volume has values that are not numbers").format(name=name))
    if not array.max() > array.min():
        raise NoProposalError(_("the {name} volume holds one grey level only").format(name=name))


def _check_field(scan: Scan) -> None:
    slices, rows, columns = scan.stir.shape
    if slices < LEAST_SLICES:
        problem = (
            _("{slices} slices cannot show the sacrum; {least_slices} are needed")
            if slices > 1
            else _("{slices} slice cannot show the sacrum; {least_slices} are needed")
        )
        raise NoProposalError(problem.format(slices=slices, least_slices=LEAST_SLICES))
    if min(rows * scan.spacing_mm[1], columns * scan.spacing_mm[2]) < LEAST_SIDE_MM:
        raise NoProposalError(
            _("the field of view is smaller than {least_side_mm:g} mm, too small for a sacrum").format(
                least_side_mm=LEAST_SIDE_MM
            )
        )


def _check_sequences(scan: Scan) -> None:
    if look_exchanged(scan.stir, scan.t1w):
        raise NoProposalError(_("STIR and T1w look exchanged: fat is bright on what was given as STIR"))
    if skewness(scan.stir) < LEAST_STIR_SKEWNESS:
        raise NoProposalError(_("what was given as STIR does not look like STIR: too little stands out from the rest"))
    if skewness(scan.t1w) >= LEAST_STIR_SKEWNESS:
        raise NoProposalError(_("what was given as T1w does not look like T1w: was STIR given twice?"))


def _check_size(mask: BoolArray, parameters: MarrowParameters) -> None:
    voxels, slices = int(np.count_nonzero(mask)), int(np.count_nonzero(mask.any(axis=(1, 2))))
    if voxels < parameters.least_voxels:
        raise NoProposalError(
            _(
                "only {voxels} voxels of plain marrow were found between the sacral foramina, and "
                "{least_voxels} are needed"
            ).format(voxels=voxels, least_voxels=parameters.least_voxels)
        )
    if slices < parameters.least_slices:
        problem = (
            _("plain marrow was found on {slices} slices, and {least_slices} are needed")
            if slices > 1
            else _("plain marrow was found on {slices} slice, and {least_slices} are needed")
        )
        raise NoProposalError(problem.format(slices=slices, least_slices=parameters.least_slices))
