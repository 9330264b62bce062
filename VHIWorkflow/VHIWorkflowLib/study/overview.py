"""The overview picture of a reading: all slices, what was kept and what was removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.measurement import Preliminary

from .case_record import CaseKey

if TYPE_CHECKING:
    from PIL import Image


def overview_of(case: Preliminary, session: CleaningSession, key: CaseKey, lines: Sequence[str] = ()) -> Image.Image:
    """Draw a reading with its name as title, and lines below it."""
    from VHIWorkflowLib.figure import draw_overview  # Pillow is loaded for a picture only

    kept = session.mask()
    return draw_overview(
        case.stir,
        sensitive=kept,
        conservative=session.conservative_mask(),
        normal_bone=case.normal_bone,
        disease_region=case.disease_region,
        removed=case.mask() & ~kept,
        title=f"{key.case_id}   {key.time_point}   reader {key.reader}",
        lines=lines,
    )
