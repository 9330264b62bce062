"""What is said of an island under the cursor."""

from __future__ import annotations

from slicer.i18n import tr as _
from slicer.i18n import translate

from VHIWorkflowLib.core.sentences import translated
from VHIWorkflowLib.core.steps import REASON_NAMES, Reason
from VHIWorkflowLib.scene.island_table import IslandRow


def hover_text(row: IslandRow, islands: int, in_slice_voxels: int | None = None, *, narrow: bool = False) -> str:
    """Size, rank, slices and decision of an island, in two lines, or where it has to be narrow in one for each fact.

    Parameters
    ----------
    row
        The island.
    islands
        How many islands there are, for its rank.
    in_slice_voxels
        Size of the part in this slice, when a click would decide on that part only.
    """
    first, last = row.slices
    slices = (
        _("slice {first}").format(first=first)
        if first == last
        else _("slices {first} to {last}").format(first=first, last=last)
    )
    text = (
        _("Island {number}\n{voxels} voxels\n{volume} mm3\n{slices}")
        if narrow
        else _("Island {number}: {voxels} voxels, {volume} mm3, {slices}")
    )
    size = text.format(number=row.number, voxels=f"{row.voxels:,}", volume=f"{row.volume_mm3:,.0f}", slices=slices)
    parts = [decision_text(row)]
    if row.rank is not None:
        parts.insert(0, _("rank {rank} of {islands}").format(rank=row.rank, islands=islands))
    if in_slice_voxels is not None:
        parts.append(_("here {voxels} voxels").format(voxels=f"{in_slice_voxels:,}"))
    return size + "\n" + ("\n" if narrow else ", ").join(parts)


def decision_text(row: IslandRow) -> str:
    """What was decided on an island, and why."""
    text = {
        "undecided": _("undecided"),
        "kept": _("kept"),
        "removed": _("removed"),
        "partly": _("decided in parts"),
    }[row.decision]
    if row.reason is None:
        return text
    return _("{decision} ({reason})").format(decision=text, reason=reason_text(row.reason))


def reason_text(reason: Reason) -> str:
    """Why an island is not inflammation."""
    return translated(REASON_NAMES[reason], translate)
