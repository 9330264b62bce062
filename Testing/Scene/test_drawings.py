"""What is drawn on a slice marks the voxels whose centre it covers, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from Core.small_cases import AXES, oblique_affine
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.files.markups import read_normal_bone_markup
from VHIWorkflowLib.scene.drawings import inside_outline, mask_of_curves, slice_at, under_brush
from VHIWorkflowLib.scene.errors import SceneError

GRID = Grid((5, 30, 40), oblique_affine((0.6, 0.6, 3.3)))
SQUARE = [(3, 8.4, 8.4), (3, 8.4, 20.6), (3, 19.6, 20.6), (3, 19.6, 8.4)]


def test_inside_an_outline_lie_the_voxels_whose_centre_it_encloses() -> None:
    expected = np.zeros(GRID.shape, dtype=bool)
    expected[3, 9:20, 9:21] = True
    np.testing.assert_array_equal(inside_outline(GRID.to_ras(SQUARE), GRID), np.flatnonzero(expected))


@pytest.mark.parametrize("axis", AXES)
def test_slices_may_be_stored_along_any_axis(axis: int) -> None:
    spacing = [0.6, 0.6, 0.6]
    spacing[2 - axis] = 3.3
    grid = Grid((12, 12, 12), oblique_affine((spacing[0], spacing[1], spacing[2])))
    square = np.insert(np.array([(2.5, 3.5), (2.5, 7.5), (8.5, 7.5), (8.5, 3.5)]), axis, 4, axis=1)
    expected = np.zeros((12, 12, 12), dtype=bool)
    np.moveaxis(expected, axis, 0)[4, 3:9, 4:8] = True
    np.testing.assert_array_equal(inside_outline(grid.to_ras(square), grid), np.flatnonzero(expected))


def test_what_lies_outside_the_volume_does_not_count() -> None:
    beyond = [(0, -5, -5), (0, -5, 3.5), (0, 3.5, 3.5), (0, 3.5, -5)]
    assert inside_outline(GRID.to_ras(beyond), GRID).size == 16
    assert under_brush(GRID.to_ras([(0, -3, -3), (0, -9, -9)]), 0.7, GRID).size == 0


def test_a_drawing_lies_on_one_slice() -> None:
    assert slice_at(GRID, GRID.to_ras([(2.4, 0, 0), (1.6, 5, 5)])) == 2
    with pytest.raises(SceneError, match="not lie on one STIR slice"):
        slice_at(GRID, GRID.to_ras([(2, 0, 0), (2, 5, 5), (3, 5, 0)]))
    with pytest.raises(SceneError, match="outside the STIR"):
        slice_at(GRID, GRID.to_ras([(7, 0, 0)]))


@given(
    stroke=st.lists(st.tuples(st.floats(-2, 31), st.floats(-2, 41)), min_size=1, max_size=5),
    radius_mm=st.floats(0.1, 4),
)
def test_a_brush_marks_all_voxels_within_its_radius(stroke: list[tuple[float, float]], radius_mm: float) -> None:
    points = np.array([(1, row, column) for row, column in stroke])
    found = under_brush(GRID.to_ras(points), radius_mm, GRID)
    rows, columns = np.indices(GRID.shape[1:])
    nearest = np.full(rows.shape, np.inf)
    for start, end in zip(points, [*points[1:], points[-1]], strict=True):
        for share in np.linspace(0, 1, 201):
            _, row, column = start + share * (end - start)
            nearest = np.minimum(nearest, 0.6 * np.hypot(rows - row, columns - column))
    mask = np.zeros(GRID.shape, dtype=bool)
    mask.ravel()[found] = True
    assert not mask[[0, 2, 3, 4]].any()
    step = 0.6 * 50 / 200
    sure, never = nearest <= radius_mm - step, nearest > radius_mm + step
    assert mask[1][sure].all()
    for pixel in np.argwhere(mask[1] & never):
        assert np.abs(points[:, 1:] - pixel).max(axis=1).min() <= 0.5 + 1e-6, "neither near nor under a point"


def curve(scene: Any, places: list[tuple[float, float, float]], name: str = "bone") -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", name)
    for point in GRID.to_ras(places):
        node.AddControlPointWorld(*point)
    return node


def test_a_curve_node_marks_what_its_file_marks(scene: Any, tmp_path: Any) -> None:
    """Drawn in Slicer or read from a file by the command line: the same region."""
    import slicer

    nodes = [curve(scene, SQUARE), curve(scene, [(1, 4.2, 5.1), (1, 12.7, 8.3), (1, 9.1, 22.4)])]
    drawn = mask_of_curves(nodes, GRID)
    assert drawn[3].sum() > 100
    assert drawn[1].sum() > 50
    read = np.zeros(GRID.shape, dtype=bool)
    for number, node in enumerate(nodes):
        storage = slicer.vtkMRMLMarkupsJsonStorageNode()
        scene.AddNode(storage)
        storage.SetFileName(str(tmp_path / f"{number}.mrk.json"))
        assert storage.WriteData(node)
        read |= read_normal_bone_markup(tmp_path / f"{number}.mrk.json", GRID).array
    np.testing.assert_array_equal(drawn, read)


def test_what_cannot_be_used_is_named(scene: Any) -> None:
    with pytest.raises(SceneError, match="'two' cannot be used: a closed curve needs at least 3 points"):
        mask_of_curves([curve(scene, SQUARE[:2], "two")], GRID)
    with pytest.raises(SceneError, match="'across' cannot be used: the drawing does not lie on one STIR slice"):
        mask_of_curves([curve(scene, [(0, 1, 1), (2, 9, 9), (4, 1, 9)], "across")], GRID)
    line = scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "ruler")
    with pytest.raises(SceneError, match="'ruler' cannot be used: it is no closed curve"):
        mask_of_curves([line], GRID)
