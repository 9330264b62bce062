"""The overview picture of a reading: all slices, what was kept and what was removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.measurement import Preliminary

from .case_record import CaseKey, CaseRecord

if TYPE_CHECKING:
    from PIL import Image

BY_A_READER = ("given", "drawn")
"""Origins of a region that no model took part in."""


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


def caption_of(record: CaseRecord) -> list[str]:
    """Lines below the title: VHI, thresholds, how much hangs on the normal bone, and regions that a model found."""
    vhi, limits, row = record.vhi, record.thresholds, record.row()
    how = "set by hand" if limits.iqr_multiple is None else f"Q3 + {limits.iqr_multiple:.2f} IQR"
    lines = [
        f"VHI {vhi.sensitive_mm3:,.0f} mm3 ({vhi.sensitive_voxels:,} voxels), "
        f"conservative {vhi.conservative_mm3:,.0f} mm3 ({vhi.conservative_voxels:,} voxels)",
        f"sensitive threshold {limits.sensitive:.1f} ({how}), conservative {limits.conservative:.1f}; "
        f"{record.islands_removed} of {record.islands} islands removed",
    ]
    if row.vhi_sensitive_low_mm3 is not None:
        lines.append(
            f"with one slice of the normal bone left out VHI is {row.vhi_sensitive_low_mm3:,.0f} "
            f"to {row.vhi_sensitive_high_mm3:,.0f} mm3"
        )
    regions = (("disease region", record.disease_region), ("normal bone", record.normal_bone))
    found = [f"{name} found by {region.origin}" for name, region in regions if region.origin not in BY_A_READER]
    if found:
        lines.append("; ".join(found))
    lines.append(f"VHIWorkflow {record.software_version}, {row.measured_at}; not a medical device")
    return lines
