"""The page of `vhi agree`: how far readings agree, case by case and over all, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.failures import Failure
from VHIWorkflowLib.agreement.reference import References
from VHIWorkflowLib.agreement.summary import summary
from VHIWorkflowLib.agreement.tables import CASE_COLUMNS, case_cells

from .agreement_plots import agreement_plots
from .comparison_table import comparison_table
from .failures_section import failures_section
from .figures import counted
from .html import bullets, contents, note, page, paragraphs, section
from .methods import made_by
from .reference_section import TITLE as REFERENCES_TITLE
from .reference_section import reference_parts
from .rules import AGREEMENT_RULES, FAILURES_RULE, REFERENCE_RULES
from .summary_section import summary_tables


def agreement_report(
    comparisons: Sequence[Comparison],
    failures: Sequence[Sequence[Failure]] = (),
    references: References | None = None,
    methods: Sequence[str] = (),
) -> str:
    """The whole page.

    Parameters
    ----------
    comparisons
        Each pair of readings, from `compare`.
    failures
        Of each pair, from `failures`.
    references
        All readers against composite masks, from `make_references`; None for two readers.
    methods
        Sentences on how the readings were made.
    """
    parts = [
        (title_of(found), agreement_parts(found, failures[place] if failures else None))
        for place, found in enumerate(comparisons)
    ]
    rules = [*AGREEMENT_RULES, FAILURES_RULE]
    if references is not None:
        parts.append((REFERENCES_TITLE, reference_parts(references)))
        rules += REFERENCE_RULES
    parts.append(("Methods and rules", paragraphs(*methods) + bullets(rules)))
    return page(
        "Agreement of VHI",
        paragraphs(made_by()),
        contents([title for title, _ in parts]),
        *(section(title, part) for title, part in parts),
    )


def title_of(found: Comparison) -> str:
    """Heading of a pair of readings."""
    return f"Agreement of {found.a} and {found.b}"


def agreement_parts(found: Comparison, failures: Sequence[Failure] | None) -> str:
    """Everything on one pair of readings, without its heading."""
    parts = [_what_is_compared(found)]
    if found.cases:
        parts += [agreement_plots(found), summary_tables(summary(found), len(found.cases))]
        if failures is not None:
            parts.append(failures_section(found, failures))
        rows = [case_cells(found, case) for case in found.cases]
        caption = f"Cases of {found.a} and {found.b}, {counted(len(rows))}"
        parts.append(comparison_table(found, caption, CASE_COLUMNS, rows))
    return "".join(parts)


def _what_is_compared(found: Comparison) -> str:
    """How many cases, and by name those that are left out or are less than the others."""
    sentences = []
    for names, reading in ((found.only_a, found.a), (found.only_b, found.b)):
        if names:
            sentences.append(f"Only in {reading}, left out ({len(names)}): {', '.join(names)}.")
    if found.left_out:
        sentences.append(f"Could not be compared and left out ({len(found.left_out)}):")
    sentences += [f"{name}: {problem}." for name, problem in found.left_out]
    apart = {
        "Without a mask in one of the readings, VHI alone compared": [
            case.name for case in found.cases if case.masks is None
        ],
        "Two empty masks, left out of overlap and distances": [
            case.name for case in found.cases if case.masks is not None and case.masks.overlap.both_empty
        ],
    }
    sentences += [f"{what} ({len(cases)}): {', '.join(cases)}." for what, cases in apart.items() if cases]
    compared = f"{counted(len(found.cases))} compared: a is {found.a}, b is {found.b}; differences are b less a."
    return paragraphs(compared) + note(*sentences)
