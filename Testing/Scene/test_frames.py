"""The piece of a scan that a view shows comes back, in views of any shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from Study.study_cases import study_case
from VHIWorkflowLib.scene.frames import frame_in_view, show_frame, whole_frame
from VHIWorkflowLib.scene.views import go_to_slice, show_acquisition_plane, slice_in_view
from VHIWorkflowLib.study.last_view import Frame

GRID = study_case().stir.grid


@pytest.fixture
def view(slicer: Any, scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    node.SetOrientationToDefault()
    resize(node, 300, 200)
    show_acquisition_plane(node, GRID)
    return node


def resize(view: Any, columns: int, rows: int) -> None:
    view.SetDimensions(columns, rows, 1)


def same(frame: Frame | None, other: Frame) -> bool:
    def numbers(each: Frame) -> list[float]:
        return [*each.centre, each.width_mm, each.height_mm]

    return frame is not None and np.allclose(numbers(frame), numbers(other), atol=1e-6)


@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (900, 80)])
def test_the_whole_scan_fills_a_view_of_any_shape(view: Any, shape: tuple[int, int]) -> None:
    resize(view, *shape)
    whole = whole_frame(GRID)
    show_frame(view, GRID, whole)
    width, height, _ = view.GetFieldOfView()
    assert width / height == pytest.approx(shape[0] / shape[1])
    assert (width, height) >= (whole.width_mm - 1e-6, whole.height_mm - 1e-6)
    assert width == pytest.approx(whole.width_mm) or height == pytest.approx(whole.height_mm)
    assert same(frame_in_view(view, GRID), whole)


def test_a_zoomed_piece_is_seen_again_wherever_the_view_was_meanwhile(view: Any) -> None:
    whole = whole_frame(GRID)
    show_frame(view, GRID, Frame(whole.centre, whole.width_mm / 3, whole.width_mm / 3 / 300 * 200))
    view.SetXYZOrigin(2.0, -1.0, 0.0)
    go_to_slice(view, GRID, 2)
    frame = frame_in_view(view, GRID)
    assert frame is not None
    corner = view.GetXYToRAS().MultiplyPoint((0.0, 0.0, 0.0, 1.0))
    show_frame(view, GRID, whole)
    show_frame(view, GRID, frame)
    assert slice_in_view(view, GRID) == 2
    np.testing.assert_allclose(view.GetXYToRAS().MultiplyPoint((0.0, 0.0, 0.0, 1.0)), corner, atol=1e-6)


def test_all_of_a_piece_stays_in_sight_in_a_view_of_another_shape(view: Any) -> None:
    whole = whole_frame(GRID)
    piece = Frame(whole.centre, whole.width_mm / 2, whole.height_mm / 4)
    resize(view, 100, 400)
    show_frame(view, GRID, piece)
    width, height, _ = view.GetFieldOfView()
    assert width == pytest.approx(piece.width_mm)
    assert height == pytest.approx(4 * piece.width_mm)


def test_a_view_beside_the_scan_shows_no_piece_of_it(view: Any) -> None:
    whole = whole_frame(GRID)
    show_frame(view, GRID, whole)
    view.SetXYZOrigin(10 * whole.width_mm, 0.0, 0.0)
    view.UpdateMatrices()
    assert frame_in_view(view, GRID) is None
