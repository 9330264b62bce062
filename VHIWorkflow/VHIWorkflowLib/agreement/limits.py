"""The smallest change of VHI that can be detected: given, or from the tables of an agreement study."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError

from .comparison import Comparison
from .summary import LOG_SCALE, RAW_SCALE, SMALLEST_CHANGE, summary

_ = sentences_of(__name__)

LEAST_CASES = 3
"""From fewer cases no limit is taken unasked."""


@dataclass(frozen=True)
class Limits:
    """Smallest detectable change.

    Attributes
    ----------
    change_mm3
        Of VHI; None when none is known.
    log_ratio
        Of the natural logarithm of VHI; None when none is known.
    source
        Where they come from, as a sentence for a report.
    """

    change_mm3: float | None = None
    log_ratio: float | None = None
    source: str = "No smallest detectable change was given, so no subject is called changed."


def given_limit(change_mm3: float) -> Limits:
    """A limit in mm3 that the user gives.

    Raises
    ------
    InputError
        If it is negative or not a number.
    """
    if not 0 <= change_mm3 < float("inf"):
        raise InputError("--smallest-detectable-change", _("must be zero or more mm3"))
    return Limits(change_mm3, None, "The smallest detectable change was given by the user.")


def read_limits(study: Path) -> Limits:
    """Limits from the ``summary.tsv`` of `vhi agree`, or from the folder that holds it.

    Raises
    ------
    InputError
        If it cannot be read, has no such figure, or compares more than two readings.
    """
    path = study / "summary.tsv" if study.is_dir() else study
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, _("cannot be read; name the summary.tsv of 'vhi agree'")) from error
    found: dict[str, float] = {}
    names = ""
    for scale in (RAW_SCALE, LOG_SCALE):
        wanted = [row for row in rows if row.get("statistic") == f"{scale}, {SMALLEST_CHANGE}" and row.get("value")]
        if len(wanted) > 1:
            raise InputError(path, _("compares more than two readings; make one of the two whose limit counts"))
        if wanted:
            found[scale] = _number(path, wanted[0]["value"])
            names = f"{wanted[0].get('a')} and {wanted[0].get('b')}, {wanted[0].get('n')} cases"
    if RAW_SCALE not in found:
        raise InputError(path, _("has no smallest detectable change; at least two cases must have been compared"))
    source = f"The smallest detectable change is that between {names}."
    return Limits(found[RAW_SCALE], found.get(LOG_SCALE), source)


def limits_between(comparisons: Sequence[Comparison]) -> Limits:
    """Limits between the two readers of a results folder; none when there are more, fewer, or too few cases."""
    if len(comparisons) != 1 or len(comparisons[0].cases) < LEAST_CASES:
        return Limits()
    found = comparisons[0]
    estimates = {each.name: each.estimate for each in summary(found)}
    raw, log = (estimates.get(f"{scale}, {SMALLEST_CHANGE}") for scale in (RAW_SCALE, LOG_SCALE))
    if raw is None:
        return Limits()
    source = f"The smallest detectable change is that between {found.a} and {found.b}, {raw.n} cases."
    return Limits(raw.value, None if log is None else log.value, source)


def _number(path: Path, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(path, _("says {text!r} where a number is needed").format(text=text)) from error
