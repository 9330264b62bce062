"""How the reader left each case, to be shown so again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.study.last_view import LastView, read_last_view, write_last_view


class ViewMemory:
    """Remembers views by the folder of the case: in it once the case is begun, else as long as Slicer runs.

    A case that was merely looked at leaves no file.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, LastView] = {}

    def recall(self, folder: Path) -> LastView | None:
        """How a case was left; None when it was not seen before."""
        return self._seen.get(folder) or read_last_view(folder)

    def keep(self, folder: Path, view: LastView) -> None:
        """Remember how a case is left now."""
        self._seen[folder] = view
        if folder.is_dir() and read_last_view(folder) != view:
            with suppress(RecordError):  # each step says that a folder cannot be written; a view alone is no loss
                write_last_view(view, folder)
