"""A reading from first click to results table, in steps on the scene; usable without the widget."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.cleaning import Clock, utc_now
from VHIWorkflowLib.core.ranking import RankScores
from VHIWorkflowLib.core.sentences import Translate, sentences_of, untranslated
from VHIWorkflowLib.files.safe_files import case_folder
from VHIWorkflowLib.study.case_in_work import Ranker
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.found_regions import Networks, RegionFinder, bundled_regions
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.read_ahead import Prepared
from VHIWorkflowLib.study.reading import Sitting
from VHIWorkflowLib.study.reading_list import ListedCase, ReadingList

from .case_in_scene import STIR_ROLE, T1W_ROLE, CaseInScene
from .case_nodes import CaseNodes
from .errors import SceneError
from .plot_nodes import drop_plots
from .reopened import continued, list_of
from .result_steps import ResultSteps
from .results_table import drop_results
from .scan_files import files_of_volumes
from .scene_watch import SceneWatch
from .study_steps import StudySteps
from .texts import Texts
from .undo_steps import UndoSteps

_ = sentences_of(__name__)


class Workflow(UndoSteps, ResultSteps, StudySteps):
    """The steps of a reading: list, case, regions, thresholds, cleaning, results, and the study they make.

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
        Translates a text of a context; in Slicer ``slicer.i18n.translate``.
    """

    def __init__(
        self,
        scene: Any,
        *,
        clock: Clock = utc_now,
        finder: RegionFinder | None = None,
        ranker: Ranker | None = None,
        translate: Translate = untranslated,
    ) -> None:
        finder = finder or bundled_regions(Networks())
        super().__init__(scene, clock, finder, ranker or bundled_ranks, Texts(translate))
        self._watch = SceneWatch(scene, self._scene_closed, self._node_removed)

    def close(self) -> None:
        """Stop watching the scene; the open case stays in it."""
        self._watch.stop()

    def open_study(
        self, source: Path, out: Path, reader: str, *, blinded: bool = False, seed: int | None = None
    ) -> ReadingList:
        """Open a worklist or a folder of scans as a reader; an open case is closed. See `ReadingList.open`."""
        study = ReadingList.open(Path(source), Path(out), reader, blinded=blinded, seed=seed)
        self._close_case()
        self._source, self.study = Path(source), study
        drop_plots(self.scene)
        self._show_results()
        self.changed.emit({"study", "case", "regions", "masks", "session", "results"})
        return study

    def close_study(self) -> None:
        """Forget the list; the open case is closed, the table leaves the scene."""
        self._close_case()
        self._source, self.study = None, None
        drop_results(self.scene)
        drop_plots(self.scene)
        self.changed.emit({"study", "case", "regions", "masks", "session", "results"})

    def open_case(self, position: int, prepared: Prepared | None = None) -> CaseInScene:
        """Open a case of the list as it was last left, and close the one that is open.

        Parameters
        ----------
        position
            In the list, from 0.
        prepared
            What was read ahead of it: scans, regions that are taken where the case has none, ranks of its islands.

        Raises
        ------
        SceneError
            If there is no list, or no such case in it.
        """
        if self.study is None:
            raise SceneError(_("no list is open; open a worklist first"))
        if not 0 <= position < len(self.study):
            raise SceneError(
                _("the list has {count} cases, none at place {place}").format(count=len(self.study), place=position + 1)
            )
        listed = self.study[position]
        sitting = Sitting(self.study.out, clock=self._clock)
        opened = OpenCase.open(listed.key, listed.files, sitting, scans=prepared.scans if prepared else None)
        for kind, found in (prepared.found if prepared else {}).items():
            if opened.origin(kind) is None:
                opened.set_found(kind, found)
        opened.history.clear()  # nothing of it was the reader's doing
        ranks = prepared.ranks_of(opened.reading.case) if prepared and opened.reading else None
        if ranks is not None and opened.reading is not None:
            opened.reading.session.rank(ranks)
        return self._show(opened, *self._names(listed))

    def open_nodes(
        self, stir_node: Any, t1w_node: Any, *, case_id: str, time_point: str, reader: str, out: Path
    ) -> CaseInScene:
        """Open a case of two volumes that are in the scene; they stay there when the case is closed.

        Volumes whose files read back the same are recorded with these files, others are written to the case folder. A
        case of that name that was begun before is continued.

        Parameters
        ----------
        stir_node, t1w_node
            vtkMRMLScalarVolumeNode.
        case_id, time_point, reader
            What the records are found by.
        out
            Folder of all records.
        """
        key = CaseKey(case_id, time_point, reader)
        folder = case_folder(out, case_id, time_point, reader)
        files = files_of_volumes(stir_node, t1w_node, folder)
        opened = OpenCase.open(key, files, Sitting(Path(out), clock=self._clock))
        given = {STIR_ROLE: stir_node, T1W_ROLE: t1w_node}
        return self._show(opened, f"{case_id}  {time_point}", case_id, time_point, given)

    def attach(self, out: Path | None = None) -> CaseInScene | None:
        """Go on with the case of a scene that was opened (.mrb, .mrml); None when it holds none.

        The list it came from is opened too. ``notice`` says what was taken from the scene because files had moved.

        Parameters
        ----------
        out
            Folder to work in; that of the scene when None.

        Raises
        ------
        VHIError
            If the case cannot be continued; the scene stays as it is, to be looked at.
        """
        if self.case is not None:
            return self.case
        found = CaseNodes.found_in(self.scene)
        if not found:
            return None
        nodes, document = found[0]
        sitting = Sitting(Path(out or document["out"]), clock=self._clock)
        listed = list_of(document, sitting.out)
        opened, restored = continued(document, nodes, listed, sitting)
        if listed is not None:
            self._source, self.study = listed.source, listed.study
            self._show_results()
        with self._watch.looking_away():
            self.case = CaseInScene(opened, nodes, self.texts)
            self._keep_in_scene()
        self.notice = self.texts.restored(restored) if restored else None
        self.changed.emit({"study", "case", "regions", "masks", "session", "results"})
        return self.case

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

    def _show(
        self, opened: OpenCase, title: str, patient: str, study: str, given: Mapping[str, Any] | None = None
    ) -> CaseInScene:
        """Show a case that was opened, in place of the one shown; ``given`` are nodes of the reader's, by role."""
        self._close_case()
        given = given or {}
        with self._watch.looking_away():
            nodes = CaseNodes(self.scene, title, patient, study, beside=next(iter(given.values()), None))
            for role, node in given.items():
                nodes.put(role, node, own=False)
            self.case = CaseInScene(opened, nodes, self.texts)
            self._keep_in_scene()
        self.notice = None
        if self.study is not None and self.results_node is None:
            self._show_results()  # it went with a scene that was closed
        self.changed.emit({"case", "regions", "masks", "session"})
        return self.case

    def _close_case(self) -> None:
        if self.case is not None:
            self.changed.emit({"leaving"})
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
        if self.case is not None and self.case.nodes.holds(node):
            self.changed.emit({"nodes"})


def bundled_ranks(case: Any, t1w: Any) -> RankScores:
    """Ranks by the bundled model."""
    from BoneSegModelsLib.island_rank import load_rank_model

    return load_rank_model().scores(case, t1w)
