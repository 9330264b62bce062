"""What can go wrong with files."""

from __future__ import annotations

import os

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.sentences import sentences_of

_ = sentences_of(__name__)


class FileError(VHIError):
    """Something is wrong with a file or folder; the message starts with its path.

    Attributes
    ----------
    path
        As the message gives it.
    problem
        What is wrong, without the path.
    """

    def __init__(self, path: str | os.PathLike[str], problem: str) -> None:
        super().__init__(_("{path}: {problem}").format(path=os.fspath(path), problem=problem))
        self.path = os.fspath(path)
        self.problem = problem


class InputError(FileError):
    """An input file or folder cannot be used; the message starts with its path."""


class RecordError(FileError):
    """A record or table cannot be read or written; the message starts with its path."""
