"""Values of options, checked as the command line is read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def path(text: str) -> Path:
    """A file or folder.

    Raises
    ------
    argparse.ArgumentTypeError
        If nothing is named: an empty text would mean the current folder, and comes from a variable that is not set.
    """
    return Path(scan(text))


def scan(text: str) -> str:
    """A file, a folder, or `folder#series`, as `Scan.parse` reads it.

    Raises
    ------
    argparse.ArgumentTypeError
        If nothing is named.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("names no file or folder")
    return text


def whole_number(least: int) -> Callable[[str], int]:
    """Reader of a whole number that must not be smaller."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of {least} or more, not {text!r}")
        return number

    return read
