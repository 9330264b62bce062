"""A reading from first click to results table, in steps on the scene; usable without the widget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.cleaning import Clock, utc_now
from VHIWorkflowLib.core.ranking import RankScores
from VHIWorkflowLib.study.found_regions import Networks, RegionFinder, bundled_regions
from VHIWorkflowLib.study.open_case import OpenCase, Ranker
from VHIWorkflowLib.study.read_ahead import Prepared
from VHIWorkflowLib.study.reading import Sitting
from VHIWorkflowLib.study.reading_list import ListedCase, ReadingList

from .case_in_scene import CaseInScene
from .case_nodes import CaseNodes
from .cleaning_steps import CleaningSteps
from .errors import SceneError
from .region_steps import RegionSteps
from .result_steps import ResultSteps
from .results_table import drop_results
from .scene_watch import SceneWatch
from .texts import Texts, Translate


class Workflow(RegionSteps, CleaningSteps, ResultSteps):
    """The steps of a reading: list, case, regions, thresholds, cleaning, results.

    Everything a step changes is on disk when it returns, shown in the scene, and told to the listeners of ``changed``.
    Every method may raise VHIError with one sentence for the reader; nothing has changed then, unless the sentence says
    so.

    Parameters
    ----------
    scene
        vtkMRMLScene.
    clock
        Gives each step its time.
    finder
        Finds regions; by default the bundled models.
    ranker
        Ranks islands; by default the bundled model.
    translate
        Translates a text of `texts`; in Slicer ``slicer.i18n.translate`` with the context "scene.texts".
    """

    def __init__(
        self,
        scene: Any,
        *,
        clock: Clock = utc_now,
        finder: RegionFinder | None = None,
        ranker: Ranker | None = None,
        translate: Translate = str,
    ) -> None:
        finder = finder or bundled_regions(Networks())
        super().__init__(scene, clock, finder, ranker or bundled_ranks, Texts(translate))
        self._watch = SceneWatch(scene, self._scene_closed, self._node_removed, self._before_saving)

    def close(self) -> None:
        """Stop watching the scene; the open case stays in it."""
        self._watch.stop()

    def open_study(
        self, source: Path, out: Path, reader: str, *, blinded: bool = False, seed: int | None = None
    ) -> ReadingList:
        """Open a worklist or a folder of scans as a reader; an open case is closed. See `ReadingList.open`."""
        study = ReadingList.open(Path(source), Path(out), reader, blinded=blinded, seed=seed)
        self._close_case()
        self.study = study
        self._show_results()
        self.changed.emit({"study", "case", "regions", "masks", "session", "results"})
        return study

    def close_study(self) -> None:
        """Forget the list; the open case is closed, the table leaves the scene."""
        self._close_case()
        self.study = None
        drop_results(self.scene)
        self.changed.emit({"study", "case", "regions", "masks", "session", "results"})

    def open_case(self, position: int, prepared: Prepared | None = None) -> CaseInScene:
        """Open a case of the list as it was last left, and close the one that is open.

        Parameters
        ----------
        position
            In the list, from 0.
        prepared
            What was read ahead of it: scans, and regions that are taken where the case has none.

        Raises
        ------
        SceneError
            If there is no list, or no such case in it.
        """
        if self.study is None:
            raise SceneError("no list is open; open a worklist first")
        if not 0 <= position < len(self.study):
            raise SceneError(f"the list has {len(self.study)} cases, none at place {position + 1}")
        listed = self.study[position]
        sitting = Sitting(self.study.out, clock=self._clock)
        opened = OpenCase.open(listed.key, listed.files, sitting, scans=prepared.scans if prepared else None)
        for kind, found in (prepared.found if prepared else {}).items():
            if opened.origin(kind) is None:
                opened.set_found(kind, found)
        return self._show(opened, *self._names(listed))

    def close_case(self) -> None:
        """Take the open case out of the scene; all of it is saved."""
        self._close_case()
        self.changed.emit({"case", "regions", "masks", "session"})

    def finish_and_next(self) -> CaseInScene | None:
        """Finish the open case and open the next unfinished one; None when all are done, or there is no list."""
        self.finish()
        position = self.position
        following = None if self.study is None or position is None else self.study.next_unfinished(position)
        return None if following is None else self.open_case(following)

    def make_complete(self) -> None:
        """Make nodes again that the reader deleted.

        Every step does so; the widget does it when ``changed`` says "nodes", once the scene is done with its event.
        """
        if self.case is not None:
            _ = self._case

    def _show(self, opened: OpenCase, title: str, patient: str, study: str) -> CaseInScene:
        self._close_case()
        with self._watch.looking_away():
            self.case = CaseInScene(opened, CaseNodes(self.scene, title, patient, study), self.texts)
        self.notice = None
        self.changed.emit({"case", "regions", "masks", "session"})
        return self.case

    def _close_case(self) -> None:
        if self.case is not None:
            with self._watch.looking_away():
                self.case.remove()
            self._forget_case()

    def _forget_case(self) -> None:
        position = self.position
        self.case, self._table, self._cannot_rank = None, None, None
        if self.study is not None and position is not None:
            self.study.refresh(position)

    def _names(self, listed: ListedCase) -> tuple[str, str, str]:
        """Title, patient and study of a case in the scene; of a blinded list the title alone."""
        if self.study is not None and self.study.blinded:
            return listed.title, listed.title, listed.title
        return listed.title, listed.key.case_id, listed.key.time_point

    def _scene_closed(self) -> None:
        """The scene was closed, and every node is gone."""
        if self.case is not None:
            self._forget_case()
            self.notice = self.texts.scene_was_closed()
            self.changed.emit({"case", "regions", "masks", "session", "study"})

    def _node_removed(self, node: Any) -> None:
        if self.case is not None and node in self.case.nodes:
            self.changed.emit({"nodes"})

    def _before_saving(self) -> None:
        """Keep with the scene what it takes to go on."""


def bundled_ranks(case: Any, t1w: Any) -> RankScores:
    """Ranks by the bundled model."""
    from BoneSegModelsLib.island_rank import load_rank_model

    return load_rank_model().scores(case, t1w)
