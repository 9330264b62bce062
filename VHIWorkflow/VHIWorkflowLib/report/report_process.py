"""The report of a study written by a process of its own, so that the reader goes on in Slicer meanwhile.

    python -m VHIWorkflowLib.report.report_process RESULTS OUT [BASELINE FOLLOW_UP]

It tells how far it is as `study.child_side` does, anew for each part of the report, and may be killed at any time:
``report.html`` is written last and whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from VHIWorkflowLib.study.child_side import tell_progress, told
from VHIWorkflowLib.study.workers import use_one_thread_each

from .html import REPORT_NAME

if TYPE_CHECKING:
    from .study_report import Watch

MODULE = "VHIWorkflowLib.report.report_process"


@dataclass(frozen=True)
class ReportRequest:
    """A report that is wanted.

    Attributes
    ----------
    results
        Results folder.
    out
        Folder for the report.
    time_points
        Baseline and follow-up; None for a report without response.
    """

    results: Path
    out: Path
    time_points: tuple[str, str] | None = None

    @property
    def page(self) -> Path:
        """Where the page will lie."""
        return self.out / REPORT_NAME

    @property
    def arguments(self) -> list[str]:
        """What the process is given."""
        return [os.path.abspath(self.results), os.path.abspath(self.out), *(self.time_points or ())]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> ReportRequest:
        """Read `arguments`."""
        results, out, *points = arguments
        return cls(Path(results), Path(out), (points[0], points[1]) if points else None)

    def write(self, watch: Watch) -> None:
        """Write the report here, with one processor.

        Raises
        ------
        InputError
            If the results folder holds no results.
        RecordError
            If a file cannot be read or written.
        ImportError
            If a library is missing.
        """
        from .study_report import Wanted, write_study_report  # loads what the panel does without

        write_study_report(Wanted(self.results, self.time_points), self.out, watch)


def main(arguments: Sequence[str]) -> int:
    """What the process does; returns its exit status."""
    use_one_thread_each()
    request = ReportRequest.of(arguments)
    return told(lambda: request.write(lambda _unit: tell_progress))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
