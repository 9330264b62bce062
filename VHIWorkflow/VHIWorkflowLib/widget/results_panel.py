"""Results: finishing a case, and the table of all cases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import qt
import slicer
from slicer.i18n import tr as _

from VHIWorkflowLib.report.report_process import MODULE as REPORT_MODULE
from VHIWorkflowLib.report.report_process import ReportRequest
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.scene.workflow import Workflow

from .child_process import ChildProcess, Ended
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
    report
        Writes the report in a process of its own.
    """

    def __init__(self, desk: Desk, open_by: OpenBy, report: ChildProcess) -> None:
        self._desk, self.ui = desk, desk.ui
        self._open_by = open_by
        self._report, self._report_note = report, ""
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
        self._report.close()
        self.ui.resultsView.setMRMLTableNode(None)

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        study = self._desk.workflow.study
        if "study" in changed and study is not None and study.blinded:
            self._report.cancel()  # its page would open with the names
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
        """Let the report of the results folder be written, and open it in the browser; the reader goes on meanwhile."""
        if self._report.is_running:
            self._note_report(_("The report is still being written; it opens in the browser when it is done."))
            return
        with self._desk.attempting():
            request = self._desk.workflow.report_request()
            self._note_report(
                _("Writing the report. You can go on meanwhile; it opens in the browser when it is done.")
            )
            self._report.start(
                REPORT_MODULE,
                request.arguments,
                on_progress=self._report_progress,
                on_end=partial(self._report_ended, request),
            )

    def _note_report(self, text: str) -> None:
        self._desk.say(text)
        self._report_note = self._desk.message

    def _report_progress(self, done: int, total: int) -> None:
        """Say how far it is, unless the reader has been told something else meanwhile."""
        if self._desk.message == self._report_note:
            text = _("Writing the report: {done} of {total} in this part. You can go on meanwhile.")
            self._note_report(text.format(done=done, total=total))

    def _report_ended(self, report: ReportRequest, how: Ended) -> None:
        """Open what was written, or say why there is none."""
        if how.cancelled:
            self._desk.say(_("The report was given up: it would tell the names of a blinded list."))
        elif how.problem is not None:
            self._desk.failed(how.problem)
        elif not self._desk.prompts.browse(report.page):
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
