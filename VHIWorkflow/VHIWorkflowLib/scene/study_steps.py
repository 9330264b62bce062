"""What a study shows once it is read: its report, from the results folder at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows
from VHIWorkflowLib.files.results_rows import ResultsRow

from .at_hand import AtHand
from .errors import SceneError

REPORT_FOLDER = "report"


@dataclass(frozen=True)
class WrittenReport:
    """Where the page lies, and baseline and follow-up of the response in it; None for a report without response."""

    page: Path
    time_points: tuple[str, str] | None


class StudySteps(AtHand):
    """Steps that look at all results together; see `Workflow`."""

    def write_report(self, out: Path | None = None, time_points: tuple[str, str] | None = None) -> WrittenReport:
        """Write the report of the results folder, as `vhi report` does.

        Parameters
        ----------
        out
            Folder for the report; ``report`` in the results folder when None.
        time_points
            Baseline and follow-up. When None and the results hold exactly two time points of the list, these, in the
            order in which the list has them; otherwise the report has no response.

        Raises
        ------
        SceneError
            If there is nothing to report, the list is blinded, or a library is missing.
        RecordError
            If a file cannot be read or written.
        """
        folder = self._study_folder()
        rows = read_rows(folder / RESULTS_NAME)
        try:
            from VHIWorkflowLib.report.study_report import Wanted, write_study_report
        except ImportError as error:
            raise SceneError(f"the report needs the Python package {error.name}, which is not installed") from error
        wanted = Wanted(folder, time_points or self._two_time_points(rows))
        page = write_study_report(wanted, out or folder / REPORT_FOLDER, lambda _unit: lambda _done, _total: None)
        return WrittenReport(page, wanted.time_points)

    def _study_folder(self) -> Path:
        """The results folder at hand, with at least one reading.

        Raises
        ------
        SceneError
            If there is none, or the list is blinded.
        """
        if self.study is None and self.case is None:
            raise SceneError("there is nothing to report yet; open a list, or a case of two scans, first")
        self._refuse_when_blinded("the report")
        table = self._out / RESULTS_NAME
        if not table.exists() or not read_rows(table):
            raise SceneError("there is nothing to report yet; finish a case first")
        return self._out

    def _refuse_when_blinded(self, what: str) -> None:
        if self.study is not None and self.study.blinded:
            raise SceneError(f"{what} would tell the names of a blinded list; open the list unblinded for it")

    def _two_time_points(self, rows: list[ResultsRow]) -> tuple[str, str] | None:
        """The two time points of the results in the order of the list; None when there are more, fewer, or others."""
        listed = [] if self.study is None else [each.key.time_point for each in self.study]
        found = sorted({row.time_point for row in rows} & set(listed), key=listed.index)
        if len(found) != 2 or any(row.time_point not in listed for row in rows):
            return None
        return found[0], found[1]
