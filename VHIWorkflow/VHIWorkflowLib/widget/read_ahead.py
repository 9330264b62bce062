"""The next case read ahead, in a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.read_ahead import Prepared, PrepareRequest, take

from .child_process import ChildProcess, Ended, Progress

MODULE = "VHIWorkflowLib.study.read_ahead"

FoundListener = Callable[[Prepared | None, Ended], None]
"""Is told what was found, and how the search ended."""


class ReadAhead:
    """Reads one case ahead of the reader.

    Parameters
    ----------
    child
        Runs the process.
    folder
        For what is prepared; a subfolder of ours in it is emptied in the end.
    """

    def __init__(self, child: ChildProcess, folder: Path) -> None:
        self._child = child
        self._folder = folder / "next case"
        self._files: CaseFiles | None = None

    @property
    def is_running(self) -> bool:
        """Whether a case is being read now."""
        return self._child.is_running

    def start(self, files: CaseFiles) -> None:
        """Begin to read a case; what was begun before is given up. Without room on the disk nothing is read ahead."""
        self._child.close()
        self._files = files
        try:
            path = PrepareRequest(files, self._folder).write()
            self._child.start(MODULE, [str(path)], on_end=self._ended)
        except VHIError:
            self._files = None  # the case is read when it is opened

    def take(self, files: CaseFiles) -> Prepared | None:
        """What was read of a case; None when it is another one, or not read to its end."""
        if files != self._files or self._child.is_running:
            return None
        try:
            return take(self._folder, files)
        except VHIError:
            return None  # the case is read when it is opened, and what is wrong with it is told then

    def close(self) -> None:
        """End the process and delete what it left."""
        self._child.close()
        self._files = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ended(self, ended: Ended) -> None:
        if not ended.is_done:
            self._files = None


class RegionSearch:
    """Lets the networks look for the disease region of one case.

    Parameters
    ----------
    child
        Runs the process.
    folder
        For scans and region on their way.
    """

    def __init__(self, child: ChildProcess, folder: Path) -> None:
        self._child = child
        self._folder = folder / "disease region"

    @property
    def is_running(self) -> bool:
        """Whether it looks now."""
        return self._child.is_running

    def start(self, files: CaseFiles, progress: Progress, found: FoundListener) -> None:
        """Begin to look.

        Parameters
        ----------
        files
            Of the case.
        progress
            Is told how many slices of how many are done.
        found
            Is told how it ended, once.

        Raises
        ------
        VHIError
            If it looks already, or its request cannot be written.
        """
        files = replace(files, disease_region=None)
        request = PrepareRequest(files, self._folder, find_disease_region=True)

        def ended(how: Ended) -> None:
            if not how.is_done:
                found(None, how)
                return
            try:
                found(take(self._folder, files), how)
            except VHIError as error:
                found(None, Ended(problem=str(error)))

        self._child.start(MODULE, [str(request.write())], on_end=ended, on_progress=progress)

    def cancel(self) -> None:
        """Stop looking."""
        self._child.cancel()

    def close(self) -> None:
        """End the process, tell nobody, and delete what it left."""
        self._child.close()
        shutil.rmtree(self._folder, ignore_errors=True)
