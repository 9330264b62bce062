"""What all steps share: the list, the case at hand, and telling listeners what has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.cleaning import CleaningSession, Clock
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.study.case_in_work import Ranker
from VHIWorkflowLib.study.found_regions import RegionFinder
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.reading import Reading
from VHIWorkflowLib.study.reading_list import ReadingList

from .case_in_scene import CaseInScene
from .errors import SceneError
from .island_table import IslandTable
from .reopened import StudySource, keep_in_scene
from .signals import Signal
from .texts import Texts

_ = sentences_of(__name__)


class AtHand:
    """The list and the case at hand; see `Workflow`.

    Attributes
    ----------
    scene
        vtkMRMLScene.
    changed
        Tells what has changed.
    study
        The list; None when there is none.
    case
        The open case in the scene; None when none is open.
    notice
        Why the case was closed, or how it was continued, one sentence; None when there is nothing to say.
    """

    def __init__(self, scene: Any, clock: Clock, finder: RegionFinder, ranker: Ranker, texts: Texts) -> None:
        self.scene = scene
        self.changed = Signal()
        self.study: ReadingList | None = None
        self.case: CaseInScene | None = None
        self.notice: str | None = None
        self.texts = texts
        self._source: Path | None = None
        self._clock = clock
        self._finder = finder
        self._ranker = ranker
        self._table: IslandTable | None = None
        self._cannot_rank: CleaningSession | None = None

    @property
    def open(self) -> OpenCase:
        """The case in work.

        Raises
        ------
        SceneError
            If no case is open.
        """
        return self._case.open_case

    @property
    def session(self) -> CleaningSession | None:
        """Its cleaning; None as long as there is no case, or a region is missing."""
        reading = None if self.case is None else self.case.open_case.reading
        return None if reading is None else reading.session

    @property
    def position(self) -> int | None:
        """Place of the open case in the list; None when it is not in it."""
        if self.case is None or self.study is None:
            return None
        return self.study.position_of(self.case.open_case.key)

    @property
    def _out(self) -> Path:
        """Folder of all records.

        Raises
        ------
        SceneError
            If there is neither a case nor a list.
        """
        return self.open.folder.parents[2] if self.case is not None or self.study is None else self.study.out

    @property
    def _case(self) -> CaseInScene:
        if self.case is None:
            raise SceneError(_("no case is open; open one from the list first"))
        if not self.case.is_complete and not self.scene.IsClosing():  # views that close may ask what the cursor is on
            self.case.make_complete()
            self._keep_in_scene()
            self.changed.emit({"nodes"})
        return self.case

    @property
    def _reading(self) -> Reading:
        open_case = self.open
        if open_case.reading is None:
            raise SceneError(_("islands cannot be cleaned yet: {problem}").format(problem=open_case.problem))
        return open_case.reading

    @property
    def _islands(self) -> IslandTable:
        reading = self._reading
        if self._table is None or not self._table.is_of(reading.session):
            self._table = IslandTable(reading.case, reading.session)
        return self._table

    def _keep_in_scene(self) -> None:
        """Keep in the scene what it takes to go on with the open case when it was saved and is opened again."""
        if self.case is not None:
            listed = None
            if self.study is not None and self._source is not None and self.position is not None:
                listed = StudySource(self._source, self.study)
            keep_in_scene(self.case, listed)

    def _begun(self) -> None:
        """Look at the files of the open case again, when the list does not know yet that it is begun."""
        position = self.position
        if self.study is not None and position is not None and self.study[position].state != "begun":
            self.study.refresh(position)
            self.changed.emit({"study"})
