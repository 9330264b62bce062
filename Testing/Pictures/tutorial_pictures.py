"""Draws the pictures of the README's tutorial from the tutorial's own cases, in views of a real Slicer scene.

From the folder `Testing`: ``python -m Pictures.tutorial_pictures`` writes them to `Resources`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from Pictures.slice_views import DrawnScene
from PIL import Image, ImageDraw, ImageFont
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.measurement import Preliminary, mask_from, measure
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE, SegmentKind
from VHIWorkflowLib.core.targets import Touching
from VHIWorkflowLib.phantom import Phantom, make_phantom
from VHIWorkflowLib.scene.segments import REMOVED
from VHIWorkflowLib.study.found_regions import Networks, bundled_regions
from VHIWorkflowLib.study.tutorial import SUBJECTS

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
PANEL = (420, 380)
GAP = 6
CAPTION_HEIGHT = 30
CLEANED_SLICE = 13
INK, PAPER = (235, 235, 235), (24, 24, 28)
HOVERED = SegmentKind("hovered", "Island under the cursor", (1.0, 1.0, 1.0), SENSITIVE.terminology)

Captioned = tuple[str, Image.Image]


def beside(panels: Sequence[Captioned]) -> Image.Image:
    """Pictures side by side with a line of text above each."""
    width = sum(picture.width for _, picture in panels) + GAP * (len(panels) - 1)
    page = Image.new("RGB", (width, CAPTION_HEIGHT + max(picture.height for _, picture in panels)), PAPER)
    draw, left = ImageDraw.Draw(page), 0
    font = ImageFont.load_default(size=15)
    for caption, picture in panels:
        draw.text((left + 6, 7), caption, INK, font)
        page.paste(picture, (left, CAPTION_HEIGHT))
        left += picture.width + GAP
    return page


def normal_bone(phantom: Phantom) -> Image.Image:
    """Step 2: the region on two slices."""
    drawn = DrawnScene()
    scan = drawn.add_scan(phantom.stir, "STIR")
    drawn.add_segments(phantom.stir.grid, {NORMAL_BONE: phantom.normal_bone.array})
    return beside(
        [
            (f"STIR, slice {number + 1}: normal bone", drawn.picture(scan, number, size=PANEL, width_mm=150))
            for number in (10, 12)
        ]
    )


def disease_region(phantom: Phantom) -> Image.Image:
    """Step 3: what the networks find on T1w, and all of the bone."""
    found = bundled_regions(Networks(backend="numpy")).disease_region(phantom.t1w, phantom.stir.grid).mask
    panels = []
    for caption, mask in (
        ("T1w: found by the networks", found),
        ("T1w: all of the bone", phantom.disease_region.array),
    ):
        drawn = DrawnScene()
        scan = drawn.add_scan(phantom.t1w, "T1w")
        segments = drawn.add_segments(phantom.stir.grid, {DISEASE_REGION: mask})
        display = segments.node.GetDisplayNode()
        segments.node.GetSegmentation().GetSegment(DISEASE_REGION.segment_id).SetColor(1.0, 0.75, 0.1)
        display.SetSegmentOpacity2DOutline(DISEASE_REGION.segment_id, 1.0)
        panels.append((caption, drawn.picture(scan, 13, size=PANEL)))
    return beside(panels)


def thresholds(phantom: Phantom, case: Preliminary) -> Image.Image:
    """Step 4: both masks before cleaning, and the histogram."""
    drawn = DrawnScene()
    scan = drawn.add_scan(phantom.stir, "STIR")
    drawn.add_segments(
        phantom.stir.grid,
        {
            SENSITIVE: case.mask(),
            CONSERVATIVE: case.conservative_mask(),
            NORMAL_BONE: phantom.normal_bone.array,
        },
    )
    masks = drawn.picture(scan, 13, size=PANEL, width_mm=190)
    return beside([("STIR: preliminary mask", masks), ("Intensities", histogram(phantom, case))])


def histogram(phantom: Phantom, case: Preliminary) -> Image.Image:
    """Shares of intensities in normal bone and disease region, with both thresholds."""
    picture = Image.new("RGB", PANEL, (14, 14, 16))
    draw = ImageDraw.Draw(picture)
    width, height = PANEL[0], PANEL[1] - 50
    stir = phantom.stir.array
    high = 1.35 * case.thresholds.conservative
    edges = np.linspace(0.3 * case.thresholds.sensitive, high, 90)

    def place(value: float) -> float:
        return 10 + (width - 20) * (value - edges[0]) / (edges[-1] - edges[0])

    for mask, colour in (
        (phantom.disease_region.array, (153, 156, 166)),
        (phantom.normal_bone.array, NORMAL_BONE.colour_8bit),
    ):
        share, _ = np.histogram(stir[mask], edges)
        share = share / share.max()
        middles = (edges[1:] + edges[:-1]) / 2
        draw.line(
            [(place(float(x)), height - 0.85 * height * y) for x, y in zip(middles, share, strict=True)], colour, 2
        )
    font = ImageFont.load_default(size=14)
    for name, value, colour, row in (
        ("sensitive", case.thresholds.sensitive, SENSITIVE.colour_8bit, 0),
        ("conservative", case.thresholds.conservative, CONSERVATIVE.colour_8bit, 1),
    ):
        x = place(value)
        draw.line([(x, 24), (x, height)], colour, 2)
        draw.text((10, height + 6 + 20 * row), f"{name} threshold {value:.0f}", colour, font)
    draw.text((210, height + 6), "normal bone", NORMAL_BONE.colour_8bit, font)
    draw.text((210, height + 26), "disease region", (153, 156, 166), font)
    return picture


def clean(phantom: Phantom, case: Preliminary) -> Image.Image:
    """Step 5: an island under the cursor, after the click, and the case when cleaned."""
    session = CleaningSession.of(case)
    island = _vessel(case, phantom.not_inflammation["vessel"].array)
    voxels = case.islands.island_voxels()[island]
    before = _masks(case, session) | {HOVERED: mask_from(voxels, case.grid.shape)}
    session.remove(Touching.mask(before[HOVERED]), reason="vessel")
    after = _masks(case, session)
    done = CleaningSession.of(case, start="keep")
    done.keep(Touching.mask(phantom.lesions.array))
    size = f"{len(voxels)} voxels, {len(voxels) * case.grid.voxel_volume_mm3:.0f} mm3"
    return beside(
        [
            (f"Under the cursor: {size}", _cleaning_view(phantom, before, CLEANED_SLICE)),
            ("After the click", _cleaning_view(phantom, after, CLEANED_SLICE)),
            (
                f"Cleaned: VHI {done.vhi.sensitive_mm3:,.0f} mm3",
                _cleaning_view(phantom, _masks(case, done), CLEANED_SLICE),
            ),
        ]
    )


def _vessel(case: Preliminary, vessels: BoolArray) -> int:
    """The island with most of a vessel on the slice that is shown."""
    shown = np.zeros_like(vessels)
    shown[CLEANED_SLICE] = vessels[CLEANED_SLICE]
    islands = case.islands.island_voxels()
    return max(range(len(islands)), key=lambda number: int(shown.ravel()[islands[number]].sum()))


def _masks(case: Preliminary, session: CleaningSession) -> dict[SegmentKind, BoolArray]:
    kept = session.mask()
    return {SENSITIVE: kept, CONSERVATIVE: session.conservative_mask(), REMOVED: case.mask() & ~kept}


def _cleaning_view(phantom: Phantom, masks: dict[SegmentKind, BoolArray], number: int) -> Image.Image:
    drawn = DrawnScene()
    scan = drawn.add_scan(phantom.stir, "STIR")
    hovered = masks.get(HOVERED)
    segments = drawn.add_segments(
        phantom.stir.grid, {kind: mask for kind, mask in masks.items() if kind is not HOVERED}
    )
    segments.set_visible(REMOVED, True)
    if hovered is not None:
        over = drawn.add_segments(phantom.stir.grid, {SENSITIVE: hovered})
        over.node.GetSegmentation().GetSegment(SENSITIVE.segment_id).SetColor(*HOVERED.colour)
        over.node.GetDisplayNode().SetSliceIntersectionThickness(2)
    return drawn.picture(scan, number, size=(300, PANEL[1]), width_mm=120)


def main() -> None:
    """Write all pictures."""
    phantoms = [make_phantom(subject.seed, 1, lesion_load=subject.loads[0]) for subject in SUBJECTS]
    first, last = phantoms[0], phantoms[-1]
    case = measure(first.stir, first.normal_bone.array, first.disease_region.array)
    pictures = {
        "normal_bone": normal_bone(first),
        "disease_region": disease_region(last),
        "thresholds": thresholds(first, case),
        "clean": clean(first, case),
    }
    for name, picture in pictures.items():
        picture.quantize(256).save(RESOURCES / f"tutorial_{name}.png", optimize=True)


if __name__ == "__main__":
    main()
