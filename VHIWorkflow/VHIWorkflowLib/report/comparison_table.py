"""Rows on two readings as a table of a page, with their names in its headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from VHIWorkflowLib.agreement.comparison import Comparison

from .html import records

NAMES = ("a", "b")
"""Columns that are the same in each row of two readings."""
THINGS = ("volume", "islands")
"""What belongs to a reading."""


def comparison_table(found: Comparison, caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of a table file; columns of a and of b have the readings' names instead."""
    kept = [n for n, column in enumerate(columns) if column not in NAMES]
    names = dict(zip(NAMES, (found.a, found.b), strict=True))
    headings = [_named(columns[n], names) for n in kept]
    return records(caption, [columns[n] for n in kept], [[row[n] for n in kept] for row in rows], headings)


def _named(column: str, names: Mapping[str, str]) -> str:
    """Name of a column with a reading's name where it has a or b; "islands of AB found" for ``islands_a_found``."""
    words = column.split("_")
    for place, word in enumerate(words):
        if word in names:
            of = "of " if words[place - 1] in THINGS else ""
            words[place] = f"{of}{names[word]}"
    return "_".join(words)
