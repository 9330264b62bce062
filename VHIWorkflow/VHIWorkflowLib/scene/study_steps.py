"""What a study shows once it is read: report, agreement and response, from the results folder at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.files.time_points import place_in_time
from VHIWorkflowLib.report.report_process import ReportRequest

from .at_hand import AtHand
from .errors import SceneError

if TYPE_CHECKING:
    from VHIWorkflowLib.agreement.limits import Limits

    from .agreement_nodes import AgreementNodes
    from .response_nodes import ResponseNodes

_ = sentences_of(__name__)

REPORT_FOLDER = "report"


class StudySteps(AtHand):
    """Steps that look at all results together; see `Workflow`."""

    def report_request(self, out: Path | None = None, time_points: tuple[str, str] | None = None) -> ReportRequest:
        """What it takes to write the report of the results folder, here or in a process of its own.

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
            If there is nothing to report, or the list is blinded.
        RecordError
            If the table of results cannot be read.
        """
        folder = self._study_folder(_("the report"))
        points = time_points or self._two_time_points(read_rows(folder / RESULTS_NAME))
        return ReportRequest(folder, out or folder / REPORT_FOLDER, points)

    def write_report(self, out: Path | None = None, time_points: tuple[str, str] | None = None) -> ReportRequest:
        """Write the report of the results folder, as `vhi report` does; returns where it lies and what is in it.

        The parameters are those of `report_request`.

        Raises
        ------
        SceneError
            If there is nothing to report, the list is blinded, or a library is missing.
        RecordError
            If a file cannot be read or written.
        """
        request = self.report_request(out, time_points)
        with _libraries(_("the report")):
            request.write(lambda _unit: lambda _done, _total: None)
        return request

    def show_agreement(self, a: str | None = None, b: str | None = None) -> AgreementNodes:
        """Show how two readings agree, as tables and plots in the scene; see `AgreementNodes`.

        Parameters
        ----------
        a, b
            Readings as `vhi agree` takes them: results folders, with ``#reader`` behind one that holds several, or
            folders of masks. When both are None, the two readers of the results folder at hand.

        Raises
        ------
        SceneError
            If one reading is missing, the list is blinded, no case could be compared, or a library is missing.
        InputError
            If the readings cannot be read or have no case in common.
        """
        self._refuse_when_blinded(_("agreement"))
        with _libraries(_("agreement")):
            from VHIWorkflowLib.agreement.comparison import compare
            from VHIWorkflowLib.agreement.sources import read_sources

            from .agreement_nodes import agreement_nodes
        first, second = read_sources(self._two_readings(a, b))
        found = compare(first, second)
        if not found.cases:
            raise SceneError(
                _("no case of {a} and {b} can be compared: {problem}").format(
                    a=found.a, b=found.b, problem=found.left_out[0][1]
                )
            )
        return agreement_nodes(self.scene, found, self.texts)

    def show_response(
        self, reader: str | None = None, time_points: tuple[str, str] | None = None, limits: Limits | None = None
    ) -> ResponseNodes:
        """Show the change of VHI between two time points, as tables and plots in the scene; see `ResponseNodes`.

        Parameters
        ----------
        reader
            Who read; needed where the results folder at hand holds several readers.
        time_points
            Baseline and follow-up; needed unless the results hold exactly two time points of the list.
        limits
            Smallest detectable change, as from `given_limit` or `read_limits`; none when None.

        Raises
        ------
        SceneError
            If there is no result yet, reader or time points have to be named, the list is blinded, or a library is
            missing.
        InputError
            If no subject has both time points.
        """
        folder = self._study_folder(_("the response"))
        with _libraries(_("the response")):
            from VHIWorkflowLib.agreement.limits import Limits
            from VHIWorkflowLib.agreement.response_study import study_response

            from .response_nodes import response_nodes
        rows = read_rows(folder / RESULTS_NAME)
        readers = sorted({row.reader for row in rows})
        if reader is None and len(readers) > 1:
            raise SceneError(_("the results are by {readers}; name one reader").format(readers=", ".join(readers)))
        points = time_points or self._two_time_points(rows)
        if points is None:
            raise SceneError(
                _("name baseline and follow-up; the results do not hold exactly two time points of the list")
            )
        own = [row for row in rows if row.reader == (reader or readers[0])]
        study = study_response(own, *points, limits or Limits())
        return response_nodes(self.scene, study, reader or readers[0], self.texts)

    def _two_readings(self, a: str | None, b: str | None) -> list[str]:
        """Both readings as they were named, or the two readers of the results folder."""
        if a is not None and b is not None:
            return [a, b]
        if a is not None or b is not None:
            raise SceneError(_("agreement is between two readings; name both, or none"))
        folder = self._study_folder(_("agreement"))
        readers = sorted({row.reader for row in read_rows(folder / RESULTS_NAME)})
        if len(readers) != 2:
            raise SceneError(
                _("the results are by {readers}; name the two readings to compare").format(readers=", ".join(readers))
            )
        return [f"{folder}#{reader}" for reader in readers]

    def _study_folder(self, what: str) -> Path:
        """The results folder at hand, with at least one reading.

        Raises
        ------
        SceneError
            If there is none, or the list is blinded.
        """
        if self.study is None and self.case is None:
            raise SceneError(_("there is nothing to report yet; open a list, or a case of two scans, first"))
        self._refuse_when_blinded(what)
        table = self._out / RESULTS_NAME
        if not table.exists() or not read_rows(table):
            raise SceneError(_("there is nothing to report yet; finish a case first"))
        return self._out

    def _refuse_when_blinded(self, what: str) -> None:
        if self.study is not None and self.study.blinded:
            raise SceneError(
                _("{what} would tell the names of a blinded list; open the list unblinded for it").format(what=what)
            )

    def _two_time_points(self, rows: list[ResultsRow]) -> tuple[str, str] | None:
        """The two time points of the results, the earlier one first; None when there are more, fewer, or others.

        Names that do not tell which is earlier are taken in the order of the list.
        """
        listed = [] if self.study is None else [each.key.time_point for each in self.study]
        found = sorted({row.time_point for row in rows} & set(listed), key=listed.index)
        if len(found) != 2 or any(row.time_point not in listed for row in rows):
            return None
        baseline, follow_up = sorted(found, key=place_in_time)
        return baseline, follow_up


@contextmanager
def _libraries(what: str) -> Iterator[None]:
    """Say which Python package is missing where one is."""
    try:
        yield
    except ImportError as error:
        raise SceneError(
            _("{what} needs the Python package {package}, which is not installed").format(what=what, package=error.name)
        ) from error
