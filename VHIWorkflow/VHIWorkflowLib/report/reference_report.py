"""The page of `vhi consensus`: how each reader compares with the composite mask, case by case and over all."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.reference import References
from VHIWorkflowLib.agreement.reference_tables import REFERENCE_COLUMNS, reference_rows

from .comparison_table import one_name_for_each
from .figures import counted
from .html import bullets, page, paragraphs, records, section
from .methods import made_by
from .reference_section import TITLE, reference_parts
from .rules import MASK_RULES, REFERENCE_RULES


def reference_report(found: References, methods: Sequence[str] = ()) -> str:
    """The whole page.

    Parameters
    ----------
    found
        From `make_references`.
    methods
        Sentences on how the readings were made.
    """
    rows = reference_rows(found)
    return page(
        "Composite masks",
        paragraphs(made_by()),
        section(TITLE, reference_parts(found)),
        section(
            "Cases",
            records(f"{counted(len(found.cases))}, each reader", *one_name_for_each(REFERENCE_COLUMNS, rows))
            if rows
            else "",
        ),
        section("Methods and rules", paragraphs(*methods), bullets([*REFERENCE_RULES, *MASK_RULES])),
    )
