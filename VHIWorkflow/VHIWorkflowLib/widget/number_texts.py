"""Numbers, and what belongs to them, as the panel writes them."""

from __future__ import annotations

from slicer.i18n import tr as _
from slicer.i18n import translate

from VHIWorkflowLib.core.measurement import Vhi
from VHIWorkflowLib.core.sentences import translated
from VHIWorkflowLib.study.region_origins import RegionOrigin
from VHIWorkflowLib.study.region_preview import RegionPreview


def vhi_text(vhi: Vhi, left: int, islands: int) -> str:
    """VHI in voxels and mm3, both masks, and how many islands are left; rich text."""
    return _(
        "<b style='font-size: large'>VHI {voxels} voxels, {volume} mm3</b><br>"
        "conservative {strong} voxels, {strong_volume} mm3; {left} of {islands} islands left"
    ).format(
        voxels=f"{vhi.sensitive_voxels:,}",
        volume=f"{vhi.sensitive_mm3:,.0f}",
        strong=f"{vhi.conservative_voxels:,}",
        strong_volume=f"{vhi.conservative_mm3:,.0f}",
        left=left,
        islands=islands,
    )


def normal_bone_text(preview: RegionPreview) -> str:
    """Voxels, quartiles, maximum and thresholds of a normal bone, or why there are none."""
    text = _("{voxels} voxels").format(voxels=f"{preview.voxels:,}")
    if preview.statistics is not None:
        numbers = preview.statistics
        text += _("; Q1 {q1}, median {median}, Q3 {q3}, maximum {maximum}").format(
            q1=intensity(numbers.q1),
            median=intensity(numbers.median),
            q3=intensity(numbers.q3),
            maximum=intensity(numbers.maximum),
        )
    if preview.thresholds is not None:
        text += _("; thresholds {sensitive} and {conservative}").format(
            sensitive=intensity(preview.thresholds.sensitive), conservative=intensity(preview.thresholds.conservative)
        )
    if preview.problem is not None:
        text += "; " + translated(preview.problem, translate)
    return text


def origin_text(origin: RegionOrigin | None) -> str:
    """How a region came about."""
    return "" if origin is None else translated(origin.in_words(), translate)


def intensity(value: float) -> str:
    """A grey level with as many digits as tell grey levels apart."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
