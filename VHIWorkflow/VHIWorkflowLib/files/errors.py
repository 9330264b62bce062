"""What can go wrong with files."""

from __future__ import annotations

import os

from VHIWorkflowLib.core.errors import VHIError


class InputError(VHIError):
    """An input file or folder cannot be used; the message starts with its path."""

    def __init__(self, path: str | os.PathLike[str], problem: str) -> None:
        super().__init__(f"{os.fspath(path)}: {problem}")


class RecordError(VHIError):
    """A record or table cannot be read or written; the message starts with its path."""

    def __init__(self, path: str | os.PathLike[str], problem: str) -> None:
        super().__init__(f"{os.fspath(path)}: {problem}")
