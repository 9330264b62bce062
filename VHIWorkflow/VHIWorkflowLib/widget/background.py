"""What takes long, in a process of its own: the next case read ahead, the disease region found, islands ranked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.read_ahead import Prepared, PrepareRequest, take
from VHIWorkflowLib.study.region_files import REGIONS_NAME

from .child_process import ChildProcess, Ended, Progress

MODULE = "VHIWorkflowLib.study.read_ahead"

FoundListener = Callable[[Prepared | None, Ended], None]
"""Is told what was found, and how the search ended."""


def files_as_they_stand(opened: OpenCase) -> CaseFiles:
    """Scans of an open case, and the files that hold its regions as they are now."""
    in_work = opened.folder / REGIONS_NAME
    if not in_work.exists():
        return opened.files
    return replace(opened.files, normal_bone=(in_work,), disease_region=in_work)


class ReadAhead:
    """Reads one case ahead of the reader.

    Parameters
    ----------
    child
        Runs the process.
    folder
        For what is prepared; of this alone, deleted in the end.
    """

    def __init__(self, child: ChildProcess, folder: Path) -> None:
        self._child = child
        self._folder = folder
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
            path = PrepareRequest(files, self._folder, rank_islands=True).write()
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


class CaseSearch:
    """Lets the models look at the open case: for the disease region, or for how likely each island is inflammation.

    Parameters
    ----------
    child
        Runs the process.
    folder
        For scans and findings on their way; of this search alone.
    """

    def __init__(self, child: ChildProcess, folder: Path) -> None:
        self._child = child
        self._folder = folder

    @property
    def is_running(self) -> bool:
        """Whether it looks now."""
        return self._child.is_running

    def find_region(self, files: CaseFiles, progress: Progress, found: FoundListener) -> None:
        """Look for the disease region.

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
        self._start(PrepareRequest(files, self._folder, find_disease_region=True), progress, found)

    def rank(self, files: CaseFiles, found: FoundListener) -> None:
        """Rank the islands that follow from scans and regions of a case; what was begun before is given up."""
        self._child.close()
        self._start(PrepareRequest(files, self._folder, rank_islands=True), None, found)

    def cancel(self) -> None:
        """Stop looking."""
        self._child.cancel()

    def close(self) -> None:
        """End the process, tell nobody, and delete what it left."""
        self._child.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, request: PrepareRequest, progress: Progress | None, found: FoundListener) -> None:
        def ended(how: Ended) -> None:
            if not how.is_done:
                found(None, how)
                return
            try:
                found(take(self._folder, request.files), how)
            except VHIError as error:
                found(None, Ended(problem=error.sentence))

        self._child.start(MODULE, [str(request.write())], on_end=ended, on_progress=progress)
