"""Curves and boxes drawn in Slicer mark the voxels that the reader saw inside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from Files import synthetic
from Files.markup_files import SCHEMA, box, curve, on_slice, write_markups
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.markups import closed_spline, fill_polygon, read_normal_bone, read_normal_bone_markup
from VHIWorkflowLib.files.volumes import read_image

SQUARE = [(8.0, 8.0), (8.0, 22.0), (22.0, 22.0), (22.0, 8.0)]


@pytest.fixture(scope="module")
def grid(tmp_path_factory) -> Grid:
    return read_image(
        synthetic.write(tmp_path_factory.mktemp("grid") / "stir.nrrd", synthetic.stored_intensities())
    ).grid


def inside_polygon(polygon: np.ndarray, row: float, column: float) -> bool:
    """The textbook rule, one point at a time: count the edges crossed by a ray to the right."""
    inside = False
    for (r0, c0), (r1, c1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (r0 <= row) != (r1 <= row) and column > c0 + (row - r0) / (r1 - r0) * (c1 - c0):
            inside = not inside
    return inside


@given(st.lists(st.tuples(st.floats(-3, 15), st.floats(-3, 15)), min_size=3, max_size=12))
def test_polygon_is_filled_by_the_even_odd_rule(corners):
    polygon = np.array(corners)
    expected = [[inside_polygon(polygon, row, column) for column in range(13)] for row in range(11)]
    np.testing.assert_array_equal(fill_polygon(polygon, (11, 13)), expected)


def slicer_outline(path: Path) -> np.ndarray:
    """Points of the curve as Slicer itself reads and draws it, RAS mm."""
    slicer = pytest.importorskip("slicer")
    scene = slicer.vtkMRMLScene()
    node, storage = slicer.vtkMRMLMarkupsClosedCurveNode(), slicer.vtkMRMLMarkupsJsonStorageNode()
    scene.AddNode(node)
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    points = node.GetCurvePointsWorld()
    return np.array([points.GetPoint(n) for n in range(points.GetNumberOfPoints())])


@pytest.mark.parametrize("system", ["RAS", "LPS"])
def test_curve_is_the_one_that_slicer_draws(grid, tmp_path, system):
    corners = [(6.2, 7.1), (5.3, 20.3), (15.1, 25.2), (24.4, 21.3), (20.3, 12.4), (25.3, 6.2)]
    path = write_markups(tmp_path / "bone.mrk.json", curve(on_slice(grid, 2, corners), system))
    theirs = slicer_outline(path)
    ours = closed_spline(on_slice(grid, 2, corners))
    np.testing.assert_allclose(theirs[:-1], ours, atol=2e-4)
    np.testing.assert_allclose(theirs[-1], ours[0], atol=2e-4)
    region = read_normal_bone_markup(path, grid).array
    polygon = grid.from_ras(theirs)[:, 1:]
    expected = np.zeros(grid.shape, bool)
    for row, column in np.ndindex(grid.shape[1:]):
        expected[2, row, column] = inside_polygon(polygon, row, column)
    np.testing.assert_array_equal(region, expected)
    assert region.sum() > 150


def test_several_curves_on_several_slices_are_joined(grid, tmp_path):
    curves = [curve(on_slice(grid, k, SQUARE)) for k in (1, 3)]
    region = read_normal_bone_markup(write_markups(tmp_path / "bone.mrk.json", *curves), grid).array
    assert region.any(axis=(1, 2)).tolist() == [False, True, False, True, False, False]
    np.testing.assert_array_equal(region[1], region[3])


def test_curve_follows_the_slices_however_the_volume_is_stored(grid, tmp_path):
    path = write_markups(tmp_path / "bone.mrk.json", curve(on_slice(grid, 2, [(6.3, 7.1), (9.2, 20.4), (24.4, 15.3)])))
    swapped = Grid(grid.shape[::-1], grid.affine[:, [2, 1, 0, 3]])
    region = read_normal_bone_markup(path, grid).array
    np.testing.assert_array_equal(read_normal_bone_markup(path, swapped).array, region.transpose(2, 1, 0))


def test_points_up_to_half_a_slice_away_belong_to_the_slice(grid, tmp_path):
    points = grid.to_ras([(2.4, *corner) for corner in SQUARE])
    region = read_normal_bone_markup(write_markups(tmp_path / "bone.mrk.json", curve(points)), grid).array
    assert region.any(axis=(1, 2)).nonzero()[0].tolist() == [2]


@pytest.mark.parametrize("system", ["RAS", "LPS"])
def test_box_marks_the_voxels_whose_centres_lie_inside(grid, tmp_path, system):
    turn = np.deg2rad(20)
    axes = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    center, size = grid.to_ras([(2, 15, 14)])[0], np.array([6.0, 8.0, 7.0])
    path = write_markups(tmp_path / "bone.mrk.json", box(center, size, axes, system))
    k, j, i = np.indices(grid.shape).reshape(3, -1)
    offsets = (grid.to_ras(np.stack([k, j, i], axis=1)) - center) @ axes
    expected = (np.abs(offsets) <= size / 2).all(axis=1).reshape(grid.shape)
    np.testing.assert_array_equal(read_normal_bone_markup(path, grid).array, expected)
    assert expected.sum() > 100


def test_box_is_the_one_that_slicer_reads(grid, tmp_path):
    slicer = pytest.importorskip("slicer")
    turn = np.deg2rad(35)
    axes = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    path = write_markups(tmp_path / "bone.mrk.json", box(grid.to_ras([(2, 15, 14)])[0], [6.0, 8.0, 7.0], axes))
    scene = slicer.vtkMRMLScene()
    node, storage = slicer.vtkMRMLMarkupsROINode(), slicer.vtkMRMLMarkupsROIJsonStorageNode()
    scene.AddNode(node)
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    region = read_normal_bone_markup(path, grid).array
    for index in np.ndindex(grid.shape):
        assert node.IsPointInROIWorld(grid.to_ras([index])[0]) == region[index]


def test_pieces_are_joined_whatever_their_format(grid, tmp_path):
    labels = synthetic.write(tmp_path / "piece.nii.gz", synthetic.normal_bone())
    drawn = write_markups(tmp_path / "piece.mrk.json", curve(on_slice(grid, 5, SQUARE)))
    bone = read_normal_bone([labels, drawn], grid)
    expected = synthetic.normal_bone().astype(bool) | read_normal_bone_markup(drawn, grid).array
    np.testing.assert_array_equal(bone.array, expected)
    assert bone.grid.matches(grid)


def test_normal_bone_without_a_file(grid):
    with pytest.raises(InputError, match="no file is named"):
        read_normal_bone([], grid)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "controlPoints", "position", "center", "size", "orientation", "coordinateUnits"]
                ),
                inner,
                max_size=5,
            )
        ),
    ),
    st.sampled_from(["ClosedCurve", "ROI"]),
    st.sampled_from(["type", "controlPoints", "coordinateSystem", "coordinateUnits", "center", "size", "orientation"]),
)
def test_odd_content_is_an_error_and_nothing_else(tmp_path_factory, odd, kind, key):
    grid = Grid((4, 20, 20), np.diag([1.0, 1.0, 3.0, 1.0]))
    good = curve(on_slice(grid, 1, [(3, 3), (3, 15), (15, 9)])) if kind == "ClosedCurve" else box([9, 9, 3], [5, 5, 5])
    path = tmp_path_factory.mktemp("odd") / "odd.mrk.json"
    for document in (odd, {"@schema": SCHEMA, "markups": odd}, {"@schema": SCHEMA, "markups": [good | {key: odd}]}):
        path.write_text(json.dumps(document), encoding="utf-8")
        try:
            message = f"{path}: {read_normal_bone_markup(path, grid).array.sum()}"
        except InputError as error:
            message = str(error)
        assert message.startswith(str(path))
        assert message.isprintable()
