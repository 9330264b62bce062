"""``cases.tsv``, ``summary.tsv``, ``scores.tsv``: what `vhi response` found, for a statistics program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from .response import ResponseSummary, ScoreCorrelation, SubjectChange, is_responder, log_verdict, summarise, verdict
from .response_study import ResponseStudy
from .tables import number_cell, write_rows

SUBJECT_COLUMNS = (
    "case_id",
    "a",
    "b",
    "group",
    "baseline_mm3",
    "follow_up_mm3",
    "change_mm3",
    "change_percent",
    "log_ratio",
    "responder",
    "beyond_limit",
    "beyond_log_limit",
)
ALL = "all"
SUMMARY_COLUMNS = ("statistic", "a", "b", "value", "low", "high", "n", "group")
SCORE_COLUMNS = ("score", "spearman", "low", "high", "pearson", "low_pearson", "high_pearson", "n", "note")
RESPONDER_WORDS = {True: "yes", False: "no", None: ""}


def subject_cells(study: ResponseStudy, subject: SubjectChange) -> list[str]:
    """One row of ``cases.tsv``, baseline as a and follow-up as b; the last cells are empty when no limit is known."""
    volumes = (subject.baseline_mm3, subject.follow_up_mm3, subject.change_mm3)
    return [
        subject.subject,
        study.found.baseline,
        study.found.follow_up,
        study.group_of.get(subject.subject, ""),
        *map(number_cell, (*volumes, subject.change_percent, subject.log_ratio)),
        RESPONDER_WORDS[is_responder(subject, study.limits)],
        verdict(subject, study.limits),
        log_verdict(subject, study.limits),
    ]


def summaries(study: ResponseStudy) -> Iterator[tuple[str, ResponseSummary]]:
    """Summary of all subjects, then of each group; without tests where the change itself made the group."""
    yield ALL, summarise(study.found)
    for name, group in study.groups.items():
        summary = summarise(group)
        yield name, replace(summary, tests=()) if study.grouped_by_limit else summary


def summary_rows(study: ResponseStudy) -> list[list[str]]:
    """Rows of ``summary.tsv``: all subjects, then each group."""
    points = (study.found.baseline, study.found.follow_up)
    rows = []
    for name, summary in summaries(study):
        for what, each in summary.estimates:
            figures = map(number_cell, (each.value, each.low, each.high))
            rows.append([what, *points, *figures, str(each.n), name])
        for what, test in summary.tests:
            rows.append([f"{what}, {test.name} p", *points, number_cell(test.p), "", "", str(test.n), name])
    return rows


def score_cells(score: ScoreCorrelation) -> list[str]:
    """One row of ``scores.tsv``."""
    cells = [score.score]
    for each in (score.spearman, score.pearson):
        cells += ["", "", ""] if each is None else list(map(number_cell, (each.value, each.low, each.high)))
    return [*cells, str(len(score.names)), score.problem or ""]


def write_response(out: Path, study: ResponseStudy) -> dict[str, Path]:
    """Write the tables; returns where they lie. ``scores.tsv`` is written when there are other scores.

    Raises
    ------
    RecordError
        If one cannot be written.
    """
    paths = {name: out / f"{name}.tsv" for name in ("cases", "summary", "scores")}
    write_rows(paths["cases"], SUBJECT_COLUMNS, [subject_cells(study, each) for each in study.found.subjects])
    write_rows(paths["summary"], SUMMARY_COLUMNS, summary_rows(study))
    if not study.scores:
        del paths["scores"]
        return paths
    write_rows(paths["scores"], SCORE_COLUMNS, [score_cells(each) for each in study.scores])
    return paths
