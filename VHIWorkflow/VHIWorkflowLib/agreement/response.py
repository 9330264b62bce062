"""Change of VHI between two time points, subject by subject, against the smallest change that can be detected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.statistics.bland_altman import mean_of
from VHIWorkflowLib.statistics.estimates import Estimate, logarithms
from VHIWorkflowLib.statistics.paired_tests import PairedTest, paired_t, wilcoxon_signed_rank
from VHIWorkflowLib.statistics.resampling import bootstrapped


@dataclass(frozen=True)
class SubjectChange:
    """VHI of one subject at two time points, in mm3.

    ``voxel_mm3`` is the smaller voxel of the two scans; it says what a VHI of zero counts as on log scale.
    """

    subject: str
    baseline_mm3: float
    follow_up_mm3: float
    voxel_mm3: float

    @property
    def change_mm3(self) -> float:
        """Follow-up less baseline."""
        return self.follow_up_mm3 - self.baseline_mm3

    @property
    def change_percent(self) -> float | None:
        """Change in percent of the baseline; None for a baseline of zero."""
        return 100 * self.change_mm3 / self.baseline_mm3 if self.baseline_mm3 else None

    @property
    def log_ratio(self) -> float:
        """Natural logarithm of follow-up by baseline; zero counts as half a voxel."""
        values, _ = logarithms(np.array([self.baseline_mm3, self.follow_up_mm3]), self.voxel_mm3)
        return float(values[1] - values[0])

    def exceeds(self, limit_mm3: float) -> int:
        """1 or -1 when VHI rose or fell by more than a limit, else 0."""
        return int(math.copysign(1, self.change_mm3)) if abs(self.change_mm3) > limit_mm3 else 0


@dataclass(frozen=True)
class Response:
    """All subjects with both time points, in the order of their names, and those that lack one."""

    baseline: str
    follow_up: str
    subjects: tuple[SubjectChange, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True)
class ResponseSummary:
    """Figures over all subjects; tests are of follow-up against baseline."""

    estimates: tuple[tuple[str, Estimate], ...]
    tests: tuple[tuple[str, PairedTest], ...]


def changes(rows: Sequence[ResultsRow], baseline: str, follow_up: str) -> Response:
    """Pair the rows of a results table by subject.

    Parameters
    ----------
    rows
        Of one reader.
    baseline, follow_up
        Names of the time points.

    Raises
    ------
    InputError
        If a time point is in no row, several readers are mixed, or no subject has both.
    """
    readers = sorted({row.reader for row in rows})
    if len(readers) > 1:
        raise InputError("results table", f"holds the readers {', '.join(readers)}; choose one with #reader behind it")
    points = {point: {row.case_id: row for row in rows if row.time_point == point} for point in (baseline, follow_up)}
    for point, found in points.items():
        if not found:
            known = ", ".join(sorted({row.time_point for row in rows}))
            raise InputError("results table", f"holds no time point {point!r}; there are {known}")
    both = sorted(points[baseline].keys() & points[follow_up].keys())
    if not both:
        raise InputError("results table", f"holds no subject with both {baseline!r} and {follow_up!r}")
    subjects = []
    for name in both:
        before, after = points[baseline][name], points[follow_up][name]
        voxel = min(before.voxel_volume_mm3, after.voxel_volume_mm3)
        subjects.append(SubjectChange(name, before.vhi_sensitive_mm3, after.vhi_sensitive_mm3, voxel))
    incomplete = sorted(points[baseline].keys() ^ points[follow_up].keys())
    return Response(baseline, follow_up, tuple(subjects), tuple(incomplete))


def summarise(found: Response) -> ResponseSummary:
    """Medians and means of the change with 95 % intervals, and tests of whether there is one."""
    before = np.array([subject.baseline_mm3 for subject in found.subjects])
    after = np.array([subject.follow_up_mm3 for subject in found.subjects])
    ratios = np.array([subject.log_ratio for subject in found.subjects])
    estimates = [
        (f"VHI at {found.baseline} (mm3), median", bootstrapped(before, lambda x: np.median(x, axis=-1))),
        (f"VHI at {found.follow_up} (mm3), median", bootstrapped(after, lambda x: np.median(x, axis=-1))),
        ("change (mm3), median", bootstrapped(after - before, lambda x: np.median(x, axis=-1))),
        ("change (mm3), mean", mean_of(after - before)),
        ("ratio of follow-up to baseline, geometric mean", _exponential(mean_of(ratios))),
    ]
    tests = [("VHI (mm3)", wilcoxon_signed_rank(before, after))]
    if len(found.subjects) > 1:
        tests.append(("log VHI", paired_t(np.zeros_like(ratios), ratios)))
    return ResponseSummary(tuple(estimates), tuple(tests))


def _exponential(log: Estimate) -> Estimate:
    low, high = (None if limit is None else math.exp(limit) for limit in (log.low, log.high))
    return Estimate(math.exp(log.value), low, high, log.n)
