"""Change of VHI between two time points, subject by subject, against the smallest change that can be detected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.time_points import in_time
from VHIWorkflowLib.statistics.bland_altman import mean_of
from VHIWorkflowLib.statistics.correlation import correlation
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import Estimate, logarithms
from VHIWorkflowLib.statistics.paired_tests import PairedTest, paired_t, wilcoxon_signed_rank
from VHIWorkflowLib.statistics.resampling import median_of

from .limits import Limits
from .vhi_rows import VhiRow

_ = sentences_of(__name__)

VERDICTS = {-1: "fell", 0: "within", 1: "rose"}
NO_GROUP = "no group"
RESPONDERS, NON_RESPONDERS = "responders", "non-responders"


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
        before, after = self.logarithms
        return after - before

    @property
    def logarithms(self) -> tuple[float, float]:
        """Natural logarithms of baseline and follow-up; zero counts as half a voxel."""
        values, _ = logarithms(np.array([self.baseline_mm3, self.follow_up_mm3]), self.voxel_mm3)
        return float(values[0]), float(values[1])

    def exceeds(self, limit_mm3: float) -> int:
        """1 or -1 when VHI rose or fell by more than a limit, else 0."""
        return _beyond(self.change_mm3, limit_mm3)

    def exceeds_log(self, limit: float) -> int:
        """The same for the log ratio."""
        return _beyond(self.log_ratio, limit)


@dataclass(frozen=True)
class Response:
    """All subjects with both time points, in the order of their names, and those that lack one."""

    baseline: str
    follow_up: str
    subjects: tuple[SubjectChange, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True)
class ScoreCorrelation:
    """How change of VHI goes with another score: Spearman's and Pearson's coefficient, or why there is none."""

    score: str
    names: tuple[str, ...]
    scores: tuple[float, ...]
    changes_mm3: tuple[float, ...]
    spearman: Estimate | None
    pearson: Estimate | None
    problem: str | None


@dataclass(frozen=True)
class ResponseSummary:
    """Figures over all subjects; tests are of follow-up against baseline."""

    estimates: tuple[tuple[str, Estimate], ...]
    tests: tuple[tuple[str, PairedTest], ...]


def changes(rows: Sequence[VhiRow], baseline: str, follow_up: str) -> Response:
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
        raise InputError(
            _("results table"),
            _("holds the readers {readers}; choose one with #reader behind it").format(readers=", ".join(readers)),
        )
    points = {point: {row.case_id: row for row in rows if row.time_point == point} for point in (baseline, follow_up)}
    for point, found in points.items():
        if not found:
            known = ", ".join(sorted({row.time_point for row in rows}, key=in_time))
            raise InputError(
                _("results table"),
                _("holds no time point {point!r}; there are {known}").format(point=point, known=known),
            )
        if len(found) < sum(row.time_point == point for row in rows):
            raise InputError(
                _("results table"),
                _("holds a subject twice at {point!r}; delete all but one of its rows").format(point=point),
            )
    both = sorted(points[baseline].keys() & points[follow_up].keys())
    if not both:
        raise InputError(
            _("results table"),
            _("holds no subject with both {baseline!r} and {follow_up!r}").format(
                baseline=baseline, follow_up=follow_up
            ),
        )
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
        (f"VHI at {found.baseline} (mm3), median", median_of(before)),
        (f"VHI at {found.follow_up} (mm3), median", median_of(after)),
        ("change (mm3), median", median_of(after - before)),
        ("change (mm3), mean", mean_of(after - before)),
        *_percent(found.subjects),
        ("ratio of follow-up to baseline, geometric mean", _exponential(mean_of(ratios))),
    ]
    tests = [("VHI (mm3)", wilcoxon_signed_rank(before, after))]
    if len(found.subjects) > 1:
        tests.append(("log VHI", paired_t(np.zeros_like(ratios), ratios)))
    return ResponseSummary(tuple(estimates), tuple(tests))


def _percent(subjects: Sequence[SubjectChange]) -> list[tuple[str, Estimate]]:
    """Median of the change in percent, over the subjects whose baseline is not zero."""
    known = [subject.change_percent for subject in subjects if subject.change_percent is not None]
    return [("change (%), median", median_of(known))] if known else []


def verdict(subject: SubjectChange, limits: Limits) -> str:
    """What the smallest detectable change in mm3 says: "fell", "rose" or "within"; empty when none is known."""
    return "" if limits.change_mm3 is None else VERDICTS[subject.exceeds(limits.change_mm3)]


def is_responder(subject: SubjectChange, limits: Limits) -> bool | None:
    """Whether VHI fell by more than the smallest detectable change in mm3; None when none is known."""
    return None if limits.change_mm3 is None else subject.exceeds(limits.change_mm3) < 0


def log_verdict(subject: SubjectChange, limits: Limits) -> str:
    """The same for the log ratio."""
    return "" if limits.log_ratio is None else VERDICTS[subject.exceeds_log(limits.log_ratio)]


def grouped(found: Response, limits: Limits, groups: Mapping[str, str]) -> dict[str, Response]:
    """Subjects by group: by the column of a table where one is given, else by what the limit says of them.

    Parameters
    ----------
    found
        All subjects.
    limits
        Smallest detectable change.
    groups
        Group of each subject; subjects without one form the group "no group". When empty, the groups are "responders"
        and "non-responders" by the limit; without a limit there are no groups.
    """
    if not groups and limits.change_mm3 is None:
        return {}
    members: dict[str, list[SubjectChange]] = {}
    for subject in found.subjects:
        by_limit = RESPONDERS if is_responder(subject, limits) else NON_RESPONDERS
        name = groups.get(subject.subject, NO_GROUP) if groups else by_limit
        members.setdefault(name, []).append(subject)
    order = sorted(members) if groups else [name for name in (RESPONDERS, NON_RESPONDERS) if name in members]
    return {name: replace(found, subjects=tuple(members[name]), incomplete=()) for name in order}


def with_scores(found: Response, numbers: Mapping[str, Mapping[str, float]]) -> list[ScoreCorrelation]:
    """Correlation of the change of VHI with other scores, over the subjects that have both."""
    return [_with_score(found, score, values) for score, values in numbers.items()]


def _with_score(found: Response, score: str, values: Mapping[str, float]) -> ScoreCorrelation:
    both = [subject for subject in found.subjects if subject.subject in values]
    names = tuple(subject.subject for subject in both)
    scores, moved = tuple(values[name] for name in names), tuple(subject.change_mm3 for subject in both)
    try:
        spearman, pearson = (correlation(scores, moved, kind).coefficient for kind in ("spearman", "pearson"))
    except StatisticsError as error:
        return ScoreCorrelation(score, names, scores, moved, None, None, error.sentence)
    return ScoreCorrelation(score, names, scores, moved, spearman, pearson, None)


def _beyond(value: float, limit: float) -> int:
    return int(math.copysign(1, value)) if abs(value) > limit else 0


def _exponential(log: Estimate) -> Estimate:
    low, high = (None if limit is None else math.exp(limit) for limit in (log.low, log.high))
    return Estimate(math.exp(log.value), low, high, log.n)
