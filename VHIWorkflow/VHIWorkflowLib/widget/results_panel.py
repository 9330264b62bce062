"""Results: finishing a case, and the table of all cases."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.scene.workflow import Workflow

from .desk import Desk

OpenBy = Callable[[int | None, Callable[[], None]], None]
"""Does something, then opens the case at a position; nothing is opened when it fails."""


class ResultsPanel:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    open_by
        Opens a case of the list.
    """

    def __init__(self, desk: Desk, open_by: OpenBy) -> None:
        self._desk, self.ui = desk, desk.ui
        self._open_by = open_by
        self.ui.finishNextButton.connect("clicked()", self.finish_and_open_next)
        self.ui.finishButton.connect("clicked()", self.finish)
        self.ui.copyRowButton.connect("clicked()", self.copy_row)
        self.ui.exportButton.connect("clicked()", self.export)
        self.ui.overviewButton.connect("clicked()", self.write_overview)
        self.ui.studyReportButton.connect("clicked()", self.write_report)
        self.ui.showTableButton.connect("toggled(bool)", self.show_table)
        self._show()

    def close(self) -> None:
        """See `desk.Part`."""
        self.ui.resultsView.setMRMLTableNode(None)

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if changed & {"study", "case", "regions", "results"}:
            self._show()

    def finish(self) -> None:
        """Write the results of this case."""
        with self._desk.waiting():
            record = self._desk.workflow.finish()
            self._desk.say(_("Finished: VHI {volume} mm3.").format(volume=f"{record.vhi.sensitive_mm3:,.0f}"))

    def finish_and_open_next(self) -> None:
        """Write the results of this case and open the next unfinished one."""
        workflow = self._desk.workflow
        study, position = workflow.study, workflow.position
        if study is None or position is None:
            self.finish()
            return
        following = study.next_unfinished(position)
        is_last = following is None or following == position
        self._open_by(None if is_last else following, lambda: _finish(workflow))
        if is_last and all(listed.state == "done" for listed in study):
            self._desk.say(_("All cases of the list are finished."))

    def copy_row(self) -> None:
        """Put the row of this case on the clipboard."""
        with self._desk.attempting():
            slicer.app.clipboard().setText(self._desk.workflow.row_text())
            self._desk.say(_("The row is on the clipboard."))

    def export(self) -> None:
        """Write the table of all cases to a file."""
        kinds = _("For statistics (*.tsv);;For a spreadsheet (*.csv)")
        path = self._desk.prompts.save_file(_("Export the table"), "results.tsv", kinds)
        if path is not None:
            with self._desk.waiting():
                self._desk.workflow.export_results(path)
                self._desk.say(_("Written: {path}").format(path=path))

    def write_overview(self) -> None:
        """Write the picture of all slices of this case."""
        path = self._desk.prompts.save_file(_("Write the overview picture"), "overview.png", _("Pictures (*.png)"))
        if path is not None:
            with self._desk.waiting():
                self._desk.workflow.write_overview(path)
                self._desk.say(_("Written: {path}").format(path=path))

    def write_report(self) -> None:
        """Write the report of the results folder and open it in the browser."""
        with self._desk.waiting():
            self._desk.say(_("Writing the report; with many cases this takes a minute."))
            slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)
            report = self._desk.workflow.write_report()
            if not self._desk.prompts.browse(report.page):
                self._desk.say(_("Report written, but no browser opens it: {path}").format(path=report.page))
            elif report.time_points is None:
                self._desk.say(_("Report: {path}").format(path=report.page))
            else:
                text = _("Report, with the change from {baseline} to {follow_up}: {path}")
                baseline, follow_up = report.time_points
                self._desk.say(text.format(baseline=baseline, follow_up=follow_up, path=report.page))

    def show_table(self, *_state: object) -> None:
        """Show or hide the table; in a low window the panel scrolls to it."""
        self._show()
        if self.ui.showTableButton.checked:
            qt.QTimer.singleShot(0, self._scroll_to_table)  # once it has its place

    def _scroll_to_table(self) -> None:
        area = self.ui.resultsView.parentWidget()
        while area is not None and not area.inherits("QScrollArea"):
            area = area.parentWidget()
        if area is not None:
            area.ensureWidgetVisible(self.ui.resultsView)

    def _show(self) -> None:
        workflow = self._desk.workflow
        node = workflow.results_node
        self.ui.resultsView.setMRMLTableNode(node)
        self.ui.resultsView.setVisible(bool(self.ui.showTableButton.checked))
        can_finish = workflow.session is not None
        for button in (self.ui.finishButton, self.ui.finishNextButton, self.ui.overviewButton):
            button.setEnabled(can_finish)
        self.ui.copyRowButton.setEnabled(can_finish)
        self.ui.exportButton.setEnabled(node is not None)


def _finish(workflow: Workflow) -> None:
    workflow.finish()
