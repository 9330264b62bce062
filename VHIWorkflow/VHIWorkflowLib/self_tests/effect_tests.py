"""The Segment Editor effect "Remove island", on a segmentation that has nothing to do with VHI."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.scene.volumes import add_volume

from .case_bench import CaseBench
from .mouse import Mouse, pixel_of, pixel_of_surface

SHAPE = (12, 40, 40)
EFFECT = "Remove island"


class EffectTests(CaseBench):
    """See the module."""

    def begin(self) -> Any:
        """Two islands in one segment, another segment below them, and the effect at work in the Segment Editor."""
        affine = np.diag([1.0, 1.0, 3.0, 1.0])
        grid = Grid(SHAPE, affine)
        volume = add_volume(slicer.mrmlScene, Volume(np.zeros(SHAPE, dtype=np.float32), grid), "scan")
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "any")
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        mask = np.zeros(SHAPE, dtype=np.uint8)
        mask[4:7, 8:14, 8:14] = 1
        mask[4:7, 25:30, 25:30] = 1
        for name, array in (("islands", mask), ("other", np.ones(SHAPE, dtype=np.uint8))):
            identifier = node.GetSegmentation().AddEmptySegment(name, name)
            slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, identifier, volume)
        slicer.util.selectModule("SegmentEditor")
        self.editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        self.editor.setSegmentationNode(node)
        self.editor.setSourceVolumeNode(volume)
        self.editor.mrmlSegmentEditorNode().SetOverwriteMode(self.editor.mrmlSegmentEditorNode().OverwriteNone)
        self.editor.setCurrentSegmentID("islands")
        slicer.util.setSliceViewerLayers(background=volume, fit=True)
        self.editor.setActiveEffectByName(EFFECT)
        slicer.app.processEvents()
        self.view = slicer.app.layoutManager().sliceWidget("Red")
        self.view.mrmlSliceNode().JumpSliceByCentering(20, 20, 15)
        slicer.app.processEvents()
        return node, volume

    def voxels(self, node: Any, volume: Any, name: str) -> Any:
        """A segment as it is now."""
        return slicer.util.arrayFromSegmentBinaryLabelmap(node, name, volume).copy()

    def tearDown(self) -> None:
        """Put the effect away."""
        if hasattr(self, "editor"):
            self.editor.setActiveEffect(None)
            editor = self.editor.mrmlSegmentEditorNode()
            editor.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere)
            editor.SetSourceVolumeIntensityMask(False)
        super().tearDown()

    def test_effect_removes_and_restores_an_island_of_any_segmentation(self) -> None:
        """One island goes with a click and comes back with the next; nothing else is touched."""
        node, volume = self.begin()
        before = {name: self.voxels(node, volume, name) for name in ("islands", "other")}
        mouse = Mouse(self.view.sliceView())
        here = pixel_of(self.view.mrmlSliceNode(), (10.0, 10.0, 15.0))
        mouse.click(here)
        after = self.voxels(node, volume, "islands")
        self.assertEqual(int(after[4:7, 8:14, 8:14].sum()), 0)
        self.assertEqual(int(after.sum()), 3 * 5 * 5)
        self.assertTrue(np.array_equal(self.voxels(node, volume, "other"), before["other"]))
        mouse.move((here[0] + 1, here[1]))
        mouse.click(here)
        self.assertTrue(np.array_equal(self.voxels(node, volume, "islands"), before["islands"]))

    def test_effect_removes_and_restores_in_3d(self) -> None:
        """A click on the surface makes the island vanish, another on the same place brings it back."""
        node, volume = self.begin()
        before = self.voxels(node, volume, "islands")
        node.GetDisplayNode().SetSegmentVisibility("other", False)
        node.CreateClosedSurfaceRepresentation()
        slicer.app.processEvents()
        view = slicer.app.layoutManager().threeDWidget(0).threeDView()
        view.resetFocalPoint()
        view.resetCamera()
        view.forceRender()
        mouse, here = Mouse(view), pixel_of_surface(view, (10.5, 10.5, 15.0))
        mouse.click(here)
        self.assertEqual(int(self.voxels(node, volume, "islands").sum()), 3 * 5 * 5)
        view.forceRender()
        mouse.click(here)
        self.assertTrue(np.array_equal(self.voxels(node, volume, "islands"), before))

    def test_effect_keeps_to_one_slice_where_asked(self) -> None:
        """And the Segment Editor's own undo takes it back."""
        node, volume = self.begin()
        before = self.voxels(node, volume, "islands")
        self.editor.activeEffect().setParameter("SliceOnly", 1)
        Mouse(self.view.sliceView()).click(pixel_of(self.view.mrmlSliceNode(), (10.0, 10.0, 15.0)))
        after = self.voxels(node, volume, "islands")
        self.assertEqual(int(before.sum()) - int(after.sum()), 6 * 6)
        self.editor.undo()
        self.assertTrue(np.array_equal(self.voxels(node, volume, "islands"), before))

    def test_effect_follows_edits_by_other_effects(self) -> None:
        """What was painted since is an island too."""
        node, volume = self.begin()
        mouse = Mouse(self.view.sliceView())
        mouse.move(pixel_of(self.view.mrmlSliceNode(), (10.0, 10.0, 15.0)))
        array = self.voxels(node, volume, "islands")
        array[5, 34:38, 4:8] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "islands", volume)
        mouse.click(pixel_of(self.view.mrmlSliceNode(), (6.0, 36.0, 15.0)))
        after = self.voxels(node, volume, "islands")
        self.assertEqual(int(after.sum()), int(array.sum()) - 16)

    def test_effect_keeps_to_the_editable_area(self) -> None:
        """Outside all other segments: of an island half covered by another one, the other half goes."""
        node, volume = self.begin()
        cover = np.zeros(SHAPE, dtype=np.uint8)
        cover[:, :, :11] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(cover, node, "other", volume)
        before = self.voxels(node, volume, "islands")
        self.editor.mrmlSegmentEditorNode().SetMaskMode(node.EditAllowedOutsideAllSegments)
        here = pixel_of(self.view.mrmlSliceNode(), (12.0, 10.0, 15.0))
        Mouse(self.view.sliceView()).click(here)
        after = self.voxels(node, volume, "islands")
        self.assertTrue(np.array_equal(after, np.where((cover == 0) & _first_island(), 0, before)))
        self.assertTrue(np.array_equal(self.voxels(node, volume, "other"), cover))
        self.editor.undo()
        self.assertTrue(np.array_equal(self.voxels(node, volume, "islands"), before))

    def test_effect_keeps_to_the_editable_intensity_range(self) -> None:
        """What is bright goes, what is dark stays; within the range, a second click restores."""
        node, volume = self.begin()
        intensities = np.zeros(SHAPE, dtype=np.float32)
        intensities[:, :, 11:] = 100
        slicer.util.updateVolumeFromArray(volume, intensities)
        before = self.voxels(node, volume, "islands")
        editor = self.editor.mrmlSegmentEditorNode()
        editor.SetSourceVolumeIntensityMask(True)
        editor.SetSourceVolumeIntensityMaskRange(50, 200)
        mouse = Mouse(self.view.sliceView())
        mouse.click(pixel_of(self.view.mrmlSliceNode(), (12.0, 10.0, 15.0)))
        half = np.where((intensities > 50) & _first_island(), 0, before)
        self.assertTrue(np.array_equal(self.voxels(node, volume, "islands"), half))
        here = pixel_of(self.view.mrmlSliceNode(), (27.0, 27.0, 15.0))
        mouse.click(here)
        self.assertEqual(int(self.voxels(node, volume, "islands").sum()), int(half.sum()) - 3 * 5 * 5)
        mouse.move((here[0] + 1, here[1]))
        mouse.click(here)
        self.assertTrue(np.array_equal(self.voxels(node, volume, "islands"), half))


def _first_island() -> Any:
    """The voxels of the first island, shape (k, j, i)."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[4:7, 8:14, 8:14] = True
    return mask
