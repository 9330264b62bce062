"""Text tables that users name: how they end, and what separates their columns."""

from __future__ import annotations

from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import RecordError

_ = sentences_of(__name__)

ENDINGS = (".tsv", ".csv")


def check_ending(path: Path) -> None:
    """Check that a file to be written is called a table, so that no scan is overwritten by a slip of the hand.

    Raises
    ------
    RecordError
        If its name ends otherwise.
    """
    if path.suffix.lower() not in ENDINGS:
        raise RecordError(path, _("a table ends in .tsv or .csv; choose one of them"))


def delimiter_of(text: str) -> str:
    """Separator of a table, by its first line."""
    header = text.partition("\n")[0]
    return max("\t;,", key=header.count)
