"""All that is known of the response in a study: subjects, limits, groups and other scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .limits import Limits
from .response import Response, ScoreCorrelation, changes, grouped, with_scores
from .scores import Scores
from .vhi_rows import VhiRow


@dataclass(frozen=True)
class ResponseStudy:
    """Change of VHI in a study.

    Attributes
    ----------
    found
        All subjects.
    limits
        Smallest detectable change.
    groups
        Subjects by the name of their group; none when neither a column nor a limit divides them.
    scores
        How the change goes with other scores.
    grouped_by_limit
        Whether the limit made the groups.
    rows
        That VHI came from.
    """

    found: Response
    limits: Limits
    groups: Mapping[str, Response]
    scores: tuple[ScoreCorrelation, ...]
    grouped_by_limit: bool
    rows: tuple[VhiRow, ...]

    @cached_property
    def group_of(self) -> dict[str, str]:
        """Group of each subject that has one."""
        return {subject.subject: name for name, group in self.groups.items() for subject in group.subjects}


def study_response(
    rows: Sequence[VhiRow], baseline: str, follow_up: str, limits: Limits, scores: Scores | None = None
) -> ResponseStudy:
    """Work out the change of VHI between two time points.

    Parameters
    ----------
    rows
        Of one reader.
    baseline, follow_up
        Names of the time points.
    limits
        Smallest detectable change.
    scores
        Groups and other scores of the subjects, from `read_scores`.

    Raises
    ------
    InputError
        As `changes`.
    """
    found = changes(rows, baseline, follow_up)
    scores = scores or Scores({}, {})
    groups = grouped(found, limits, scores.groups)
    correlations = with_scores(found, scores.numbers)
    return ResponseStudy(found, limits, groups, tuple(correlations), not scores.groups, tuple(rows))
