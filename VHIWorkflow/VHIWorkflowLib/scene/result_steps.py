"""Finishing a case, and what comes out of it: record, table, figure, flag."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows, write_table
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_record import CaseKey, CaseRecord
from VHIWorkflowLib.study.measure_case import write_figure

from .at_hand import AtHand
from .errors import SceneError
from .results_table import results_node, show_results, shown_rows

_ = sentences_of(__name__)


class ResultSteps(AtHand):
    """Steps that end a case; see `Workflow`."""

    def finish(self) -> CaseRecord:
        """Write label map, segmentation, record and table row of the open case."""
        record = self.open.finish()
        position = self.position
        if self.study is not None and position is not None:
            self.study.refresh(position)
        self._keep_in_scene()
        self._show_results()
        self.changed.emit({"study", "results"})
        return record

    def flag(self, comment: str | None) -> None:
        """Flag the open case with a comment, which may be empty; None takes the flag away.

        Raises
        ------
        SceneError
            If the case is not in a list.
        """
        position = self.position
        if self.study is None or position is None:
            raise SceneError(_("only cases of a list can be flagged; open a worklist first"))
        self.study.flag(position, comment)
        self.changed.emit({"study"})

    @property
    def results_node(self) -> Any:
        """All rows of the results table, a vtkMRMLTableNode; None before there is a list or a case."""
        return results_node(self.scene)

    def row_text(self) -> str:
        """Row of the open case, cells separated by tabs, to paste into a spreadsheet.

        Raises
        ------
        SceneError
            If the case is not finished, or was changed since.
        """
        if self.open.state != "done":
            raise SceneError(_("this case has no row yet; finish it first"))
        return "\t".join(shown_rows([read_record(self.open.folder).row()], self.study)[0])

    def export_results(self, path: Path) -> None:
        """Write all rows for a statistics program (.tsv) or a spreadsheet (.csv).

        Raises
        ------
        SceneError
            If there is no row yet, or the list is blinded: the file would tell the names.
        """
        if self.study is not None and self.study.blinded:
            raise SceneError(
                _("the table would tell the names of a blinded list; open the list unblinded to export it")
            )
        table = self._out / RESULTS_NAME
        if not table.exists():
            raise SceneError(_("there is no result yet; finish a case first"))
        write_table(read_rows(table), Path(path))

    def write_overview(self, path: Path) -> None:
        """Write the overview picture of the open case, as it stands, as PNG."""
        reading, record = self._reading, self._reading.record("begun")
        if self.study is not None and self.study.blinded:
            record = replace(record, key=CaseKey(self._case.title, "", record.key.reader))
        write_figure(reading, record, Path(path))

    def _show_results(self) -> None:
        show_results(self.scene, self._out, self.texts.results_title(), self.study)
