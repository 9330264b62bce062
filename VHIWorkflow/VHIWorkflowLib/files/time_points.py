"""Which of several examinations came first, told from the names of their time points.

Studies call them "baseline" and "week 16", "pre" and "post", "wk2" and "wk16", "bl" and "fu1", or by dates. Sorted as
text, "post" comes before "pre" and "wk16" before "wk2".
"""

from __future__ import annotations

import re
from datetime import date

DAYS = {
    **dict.fromkeys(("d", "day", "days"), 1.0),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7.0),
    **dict.fromkeys(("m", "mo", "mos", "mth", "mths", "month", "months"), 365.25 / 12),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 365.25),
}
SCREENING = ("screening", "screen", "scr")
FIRST = ("baseline", "base", "bl", "before", "initial")
FIRST_BEGINNING = "pre"
LAST = ("followup", "follow", "fu", "after", "final", "last", "end", "eot", "eos")
LAST_BEGINNING = "post"
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")

Place = tuple[int, float]


def place_in_time(time_point: str) -> Place:
    """Where a time point stands among others; equal for names that do not tell.

    Screening comes first, then baseline, then what has a number or date (days, weeks, months and years in days), then
    what is only called follow-up. Sorting by it leaves names that do not tell in the order they had.

    Examples
    --------
    >>> sorted(["post", "pre"], key=place_in_time)
    ['pre', 'post']
    >>> sorted(["wk16", "month 1", "wk2", "Baseline", "screening"], key=place_in_time)
    ['screening', 'Baseline', 'wk2', 'month 1', 'wk16']
    """
    words = re.findall(r"[^\W\d_]+|\d+", time_point.casefold())
    number = next((float(word) for word in words if word.isdigit()), 0.0)
    days = _days(time_point, words)
    if days is not None:
        return 2, days
    if any(word in SCREENING for word in words):
        return 0, number
    if any(word in FIRST or word.startswith(FIRST_BEGINNING) for word in words):
        return 1, number
    if any(word in LAST or word.startswith(LAST_BEGINNING) for word in words):
        return 3, number
    return 2, number


def in_time(time_point: str) -> tuple[Place, str]:
    """The same, for names that have no order of their own: those that do not tell go by their letters."""
    return place_in_time(time_point), time_point


def _days(time_point: str, words: list[str]) -> float | None:
    """The date or the time since the beginning that a name gives, in days."""
    written = _DATE.search(time_point)
    if written:
        try:
            return float(date(int(written[1]), int(written[3]), int(written[4])).toordinal())
        except ValueError:
            return None
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        unit = DAYS.get(before, DAYS.get(after))
        if word.isdigit() and unit is not None:
            return float(word) * unit
    return None
