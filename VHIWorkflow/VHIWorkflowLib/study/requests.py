"""What a worklist asks for, as requests to measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from VHIWorkflowLib.core.measurement import Settings
from VHIWorkflowLib.files.worklists import WorklistCase

from .case_inputs import CaseFiles
from .case_record import CaseKey
from .found_regions import Networks
from .measure_case import Request


def requests_from(
    cases: Sequence[WorklistCase],
    out: Path,
    settings: Settings,
    *,
    reader: str,
    figure: bool,
    networks: Networks | None = None,
) -> list[Request]:
    """One request for each case; ``reader`` is that of rows that name none."""
    networks = networks or Networks()
    return [
        Request(
            key=CaseKey(case.case_id, case.time_point, case.reader or reader),
            files=CaseFiles(
                stir=case.stir,
                t1w=case.t1w,
                normal_bone=tuple(case.normal_bone),
                disease_region=case.disease_region,
                keep=case.keep,
            ),
            out=out,
            settings=settings,
            steps=case.steps,
            figure=figure,
            networks=networks,
        )
        for case in cases
    ]
