"""The study report, written by a process beside Slicer."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import slicer

from VHIWorkflowLib.files.results import RESULTS_NAME

from .case_bench import CaseBench


class ReportTests(CaseBench):
    """See the module."""

    def test_report_is_written_while_the_reader_goes_on(self) -> None:
        """A second click is answered, a case is cleaned meanwhile, and the page opens once."""
        self.begin_report()
        self.assertIn("You can go on meanwhile", self.panel.desk.message)
        self.ui.studyReportButton.click()
        self.assertIn("still being written", self.panel.desk.message)
        self.mouse().click(self.pixel(self.island()))
        self.assertEqual(self.island().decision, "removed")
        self.assertTrue(self.report.is_running)
        self.wait(lambda: not self.report.is_running)
        page = self.out / "report" / "report.html"
        self.assertTrue(page.exists())
        self.assertEqual(self.prompts.asked.count(str(page)), 1)
        self.assertEqual(self.panel.desk.message, f"Report: {page}")

    def test_report_that_cannot_be_written_is_said(self) -> None:
        """In the sentence of the process; a report can be asked for again."""
        self.begin_case()
        (self.out / "report").write_text("not a folder")
        self.ui.studyReportButton.click()
        self.wait(lambda: not self.report.is_running)
        self.assertIn(str(self.out / "report"), self.panel.desk.message)
        self.assertNotIn("unexpectedly", self.panel.desk.message)
        (self.out / "report").unlink()
        self.ui.studyReportButton.click()
        self.wait(lambda: not self.report.is_running)
        self.assertTrue((self.out / "report" / "report.html").exists())

    def test_report_without_results_is_refused_at_once(self) -> None:
        """No process is started."""
        self.open_list()
        self.assertFalse((self.out / RESULTS_NAME).exists())
        self.ui.studyReportButton.click()
        self.assertFalse(self.report.is_running)
        self.assertIn("finish a case first", self.panel.desk.message)

    def test_report_is_given_up_when_the_list_is_blinded_meanwhile(self) -> None:
        """Its page would open with the names."""
        self.begin_report()
        self.panel.options.node.blinded = True
        self.open_list()
        self.wait(lambda: not self.report.is_running)
        self.assertIn("given up", self.panel.desk.message)
        self.assertNotIn(str(self.out / "report" / "report.html"), self.prompts.asked)

    def test_no_process_is_left_when_the_panel_goes(self) -> None:
        """It is ended while it writes, and nothing is told or opened afterwards."""
        self.begin_report()
        process = self.report._run.process._process
        self.wait(lambda: process.state() == process.Running, 5.0)
        message, asked = self.panel.desk.message, list(self.prompts.asked)
        self.panel.results.close()
        self.assertEqual(process.state(), process.NotRunning)
        with suppress(AssertionError):
            self.wait(lambda: self.panel.desk.message != message, 0.5)
        self.assertEqual((self.panel.desk.message, self.prompts.asked), (message, asked))

    @property
    def report(self) -> Any:
        """The process that writes."""
        return self.panel.results._report

    def begin_case(self) -> None:
        """Finish the first case, and leave the second one open."""
        self.open_list()
        self.ui.finishNextButton.click()
        slicer.app.processEvents()

    def begin_report(self) -> None:
        """Finish a case and ask for the report."""
        self.begin_case()
        self.ui.studyReportButton.click()
        self.assertTrue(self.report.is_running)
