"""Rows on two readings as a table of a page, with their names in its headings."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.comparison import Comparison

from .html import records

NAMES = ("a", "b")
"""Columns that are the same in each row of two readings."""


def comparison_table(found: Comparison, caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of a table file; columns of a and of b have the readings' names instead."""
    kept = [n for n, column in enumerate(columns) if column not in NAMES]
    names = dict(zip(NAMES, (found.a, found.b), strict=True))
    headings = ["_".join(names.get(word, word) for word in columns[n].split("_")) for n in kept]
    return records(caption, [columns[n] for n in kept], [[row[n] for n in kept] for row in rows], headings)
