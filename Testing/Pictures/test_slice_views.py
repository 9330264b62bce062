"""The README's pictures are drawn by Slicer's own views: what is shown lies where it is in the scan."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE
from VHIWorkflowLib.phantom import make_phantom

pytest.importorskip("slicer_core", reason="slicer-core has no wheel for this Python")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="views are drawn without a screen on Linux only")

SIZE = (200, 200)


def test_a_segment_is_drawn_in_its_place() -> None:
    """A region left of the middle of a slice (the patient's right) is left in the picture, and on its slice only."""
    from Pictures.slice_views import DrawnScene

    phantom = make_phantom(shape=(9, 96, 96))
    mask = np.zeros(phantom.stir.array.shape, dtype=bool)
    mask[4, 30:50, 10:30] = True
    drawn = DrawnScene()
    scan = drawn.add_scan(phantom.stir, "STIR")
    drawn.add_segments(phantom.stir.grid, {NORMAL_BONE: mask})
    there = np.asarray(drawn.picture(scan, 4, size=SIZE), dtype=int)
    bluish = np.argwhere((there[..., 2] > 150) & (there[..., 0] < 60))
    assert len(bluish) > 20
    assert bluish[:, 1].max() < 0.4 * SIZE[0]
    elsewhere = np.asarray(drawn.picture(scan, 6, size=SIZE), dtype=int)
    assert elsewhere.std() > 5  # the scan is shown
    assert not ((elsewhere[..., 2] > 150) & (elsewhere[..., 0] < 60)).any()
