"""Readers against composite masks as a part of a page."""

from __future__ import annotations

from VHIWorkflowLib.agreement.reference import References
from VHIWorkflowLib.agreement.reference_tables import reference_statistics
from VHIWorkflowLib.agreement.rules import Rule
from VHIWorkflowLib.agreement.summary import Statistic

from .figures import counted, figures_of
from .html import note, paragraphs, table

TITLE = "Readers against composite masks"
COLUMNS = (
    "rule",
    "reader",
    "sensitivity",
    "specificity",
    "Dice with that of all",
    "Dice with that of the others",
    "cases",
)


def reference_parts(found: References) -> str:
    """What was left out, and a table of readers by rule."""
    count = len(found.cases)
    sentences = [f"{name}: {problem}." for name, problem in found.left_out]
    if sentences:
        sentences.insert(0, f"Without a composite mask and left out: {len(found.left_out)}.")
    rows = [_cells(found, rule, reader) for rule in found.rules for reader in found.readers]
    caption = f"Readers against composite masks, medians with 95 % intervals, {counted(count)}"
    readers = ", ".join(found.readers)
    return (
        paragraphs(f"Composite masks of {readers}.")
        + note(*sentences)
        + (table(caption, COLUMNS, rows) if count else "")
    )


def _cells(found: References, rule: Rule, reader: str) -> list[str]:
    medians = [{figure.name: figure for figure in figures} for _, figures in reference_statistics(found, rule, reader)]
    cells = [_cell(medians[0], name) for name in ("sensitivity", "specificity", "Dice")]
    others = _cell(medians[1], "Dice") if len(medians) > 1 else "needs three readers"
    return [rule, reader, *cells, others, str(len(found.cases))]


def _cell(figures: dict[str, Statistic], name: str) -> str:
    estimate = figures[f"{name}, median"].estimate
    return "none" if estimate is None else figures_of(estimate)
