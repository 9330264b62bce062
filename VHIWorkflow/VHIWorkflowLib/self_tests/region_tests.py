"""Normal bone, disease region and thresholds on the panel."""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import slicer

from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE

from .case_bench import SCANS_ONLY, CaseBench
from .mouse import circle_around

NETWORK_SECONDS = 240.0

WITHOUT_TORCH = """
import sys

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ImportError("this PyTorch is broken")

sys.meta_path.insert(0, Broken())
"""
"""Start of a Python in which PyTorch cannot be imported, wherever it is installed."""


class RegionTests(CaseBench):
    """See the module."""

    def open_scans_only(self) -> None:
        """Open the case that comes without regions."""
        self.open_list()
        position = next(listed.position for listed in self.workflow.study if listed.key.case_id == SCANS_ONLY)
        self.panel.cases.open_case(position)

    def bone_centre(self) -> tuple[float, float, float]:
        """A point in the middle of the normal bone of the open case."""
        opened = self.workflow.open
        inside = np.argwhere(opened.normal_bone)
        axis = opened.stir.grid.slice_axis
        numbers, counts = np.unique(inside[:, axis], return_counts=True)
        inside = inside[inside[:, axis] == numbers[np.argmax(counts)]]
        middle = inside[np.argmin(np.linalg.norm(inside - inside.mean(axis=0), axis=1))]
        x, y, z = (float(n) for n in opened.stir.grid.to_ras(middle)[0])
        return x, y, z

    def test_outline_adds_normal_bone_with_live_numbers(self) -> None:
        """The numbers change while the button is held; the region changes when it is let go of."""
        self.open_list()
        centre = self.bone_centre()
        before = self.workflow.open.normal_bone.copy()
        self.panel.layout.jump(centre)
        self.ui.outlineToolButton.click()
        points = circle_around(self.slice_node(), centre, 9.0)
        mouse, text = self.mouse(), self.ui.normalBoneLabel.text
        mouse.move(points[0])
        mouse.press(points[0])
        for xy in points[1:]:
            mouse.move(xy, 1)
        self.assertNotEqual(self.ui.normalBoneLabel.text, text)
        self.assertTrue(np.array_equal(self.workflow.open.normal_bone, before))
        mouse.release(points[-1])
        self.assertGreater(self.workflow.open.normal_bone.sum(), before.sum())
        self.assertEqual(str(self.workflow.open.origin(NORMAL_BONE)), "drawn")

    def test_paint_and_erase_normal_bone(self) -> None:
        """Painting what is there changes nothing; erasing takes it out."""
        self.open_list()
        centre, before = self.bone_centre(), int(self.workflow.open.normal_bone.sum())
        self.panel.layout.jump(centre)
        points = circle_around(self.slice_node(), centre, 1.0, 4)
        self.panel.options.node.brush_radius_mm = 1.0
        self.ui.paintToolButton.click()
        self.mouse().drag(points)
        painted = int(self.workflow.open.normal_bone.sum())
        self.assertGreaterEqual(painted, before)
        self.ui.eraseToolButton.click()
        self.mouse().drag(points)
        self.assertLess(int(self.workflow.open.normal_bone.sum()), painted)

    def test_strokes_are_undone_and_made_again(self) -> None:
        """With the steps of cleaning between them, the latest first; the button says which, whatever is open."""
        self.open_list()
        centre = self.bone_centre()
        self.panel.layout.jump(centre)
        states = [(self.workflow.open.normal_bone.copy(), self.session.mask())]
        self.ui.outlineToolButton.click()
        self.mouse().drag(circle_around(self.slice_node(), centre, 9.0))
        states.append((self.workflow.open.normal_bone.copy(), self.session.mask()))
        self.assertIn("outline normal bone", self.ui.undoButton.toolTip)
        self.ui.clickToolButton.click()
        self.mouse().click(self.pixel(self.island()))
        states.append((self.workflow.open.normal_bone.copy(), self.session.mask()))
        self.ui.eraseVoxelButton.click()
        self.assertIn("erase a voxel", self.ui.undoButton.toolTip)
        self.ui.cleanSection.collapsed = True
        self.assertTrue(self.ui.undoButton.visible)
        for bone, mask in reversed(states):
            self.ui.undoButton.click()
            self.assertTrue(np.array_equal(self.workflow.open.normal_bone, bone))
            self.assertTrue(np.array_equal(self.session.mask(), mask))
            self.check_scene()
        self.assertFalse(self.ui.undoButton.enabled)
        for bone, mask in states[1:]:
            self.ui.redoButton.click()
            self.assertTrue(np.array_equal(self.workflow.open.normal_bone, bone))
            self.assertTrue(np.array_equal(self.session.mask(), mask))
        self.assertIn("erase a voxel", self.ui.redoButton.toolTip)

    def test_closed_curves_mark_normal_bone(self) -> None:
        """Placed as markups, they show their numbers and are taken by a second click; nothing of them stays."""
        self.open_scans_only()
        self.ui.curvesButton.click()
        (curve,) = slicer.util.getNodesByClass("vtkMRMLMarkupsClosedCurveNode")
        opened = self.workflow.open
        for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            row, column = (64 + 14 * f(angle) for f in (np.sin, np.cos))
            curve.AddControlPointWorld(*opened.stir.grid.to_ras((5, row, column))[0])
        self.assertIn("voxels", self.ui.normalBoneLabel.text)
        self.ui.curvesButton.click()
        self.assertGreater(int(self.workflow.open.normal_bone.sum()), 300)
        self.assertEqual(slicer.util.getNodesByClass("vtkMRMLMarkupsClosedCurveNode"), [])
        self.assertFalse(self.panel.is_placing())

    def test_curves_are_drawn_one_after_the_other_and_kept_when_they_are_not_taken(self) -> None:
        """When one is ended the next can be placed; a "no" to replacing what is there loses none of them."""
        self.open_list()
        before = self.workflow.open.normal_bone
        self.ui.curvesButton.click()
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        for number, radius in enumerate((9, 7), start=1):
            curve = slicer.util.getNodesByClass("vtkMRMLMarkupsClosedCurveNode")[-1]
            for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
                row, column = (64 + radius * f(angle) for f in (np.sin, np.cos))
                curve.AddControlPointWorld(*self.workflow.open.stir.grid.to_ras((3 + number, row, column))[0])
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
            slicer.app.processEvents()
            self.assertEqual(len(slicer.util.getNodesByClass("vtkMRMLMarkupsClosedCurveNode")), number + 1)
            self.assertTrue(self.panel.is_placing())
        self.prompts.confirms = False
        self.ui.curvesButton.click()
        self.assertTrue(self.ui.curvesButton.checked)
        self.assertEqual(len(slicer.util.getNodesByClass("vtkMRMLMarkupsClosedCurveNode")), 3)
        self.assertTrue(np.array_equal(self.workflow.open.normal_bone, before))
        self.prompts.confirms = True
        self.ui.curvesButton.click()
        self.assertEqual(set(np.nonzero(self.workflow.open.normal_bone)[0].tolist()), {4, 5})
        self.assertEqual(slicer.util.getNodesByClass("vtkMRMLMarkupsClosedCurveNode"), [])
        self.assertFalse(self.panel.is_placing())

    def test_long_sentence_about_the_region_does_not_widen_the_panel(self) -> None:
        """Normal bone almost all on one slice: without it nothing could be measured, and the reason is long."""
        self.open_list()
        mask = np.zeros_like(self.workflow.open.normal_bone)
        number = int(np.argmax(self.workflow.open.normal_bone.sum(axis=(1, 2))))
        mask[number] = self.workflow.open.normal_bone[number]
        mask[number - 1].ravel()[np.flatnonzero(mask[number])[:9]] = True
        self.workflow.set_region(NORMAL_BONE, mask)
        self.ui.cleanSection.collapsed = False
        self.panel.normal_bone.show_hangs()
        self.assertIn("nothing could be measured", self.ui.hangLabel.toolTip)
        page = self.ui.messageLabel.parentWidget()
        self.assertLessEqual(page.minimumSizeHint.width(), page.minimumWidth)

    def test_panel_says_how_much_hangs_on_the_region(self) -> None:
        """In words, with a jump to the voxel, and one key that erases it."""
        self.open_list()
        self.wait(lambda: self.ui.hangsList.count > 0, 10.0)
        self.assertIn("VHI", self.ui.hangsList.item(0).text())
        self.ui.showVoxelButton.click()
        hang = self.workflow.hangs()[0]
        self.assertEqual(self.panel.slice_shown(), self.workflow.slice_number(hang.ras))
        before = int(self.workflow.open.normal_bone.sum())
        self.ui.eraseVoxelButton.click()
        self.assertEqual(int(self.workflow.open.normal_bone.sum()), before - 1)
        self.assertFalse(self.workflow.open.normal_bone[hang.voxel])

    def test_thresholds_move_by_hand_only_when_unlocked(self) -> None:
        """It is marked, and the way back is one button."""
        self.open_list()
        computed = self.workflow.thresholds
        self.assertFalse(self.ui.sensitiveSlider.enabled)
        self.ui.lockedCheckBox.click()
        self.assertTrue(self.ui.sensitiveSlider.enabled)
        self.ui.sensitiveSlider.value = computed.sensitive * 1.02
        self.assertIsNone(self.workflow.thresholds.iqr_multiple)
        self.assertIn("by hand", self.ui.thresholdSection.text)
        self.ui.resetThresholdsButton.click()
        self.assertEqual(self.workflow.thresholds, computed)

    def test_networks_find_the_region_beside_slicer(self) -> None:
        """With torch or, as here mostly, without it; the panel stays usable and shows progress."""
        self.open_scans_only()
        self.assertIsNone(self.workflow.open.disease_region)
        self.ui.findButton.click()
        self.assertTrue(self.ui.cancelFindButton.enabled)
        self.wait(lambda: self.ui.findProgressBar.value > 0, NETWORK_SECONDS)
        self.wait(lambda: self.workflow.open.disease_region is not None, NETWORK_SECONDS)
        self.assertGreater(int(self.workflow.open.disease_region.sum()), 1000)
        model = self.workflow.open.origin(DISEASE_REGION).model
        backend = "numpy" if importlib.util.find_spec("torch") is None else "torch"
        self.assertTrue(model.backend.startswith(backend), model.backend)
        self.assertTrue(self.ui.findButton.enabled)

    def test_missing_torch_does_not_matter(self) -> None:
        """With a PyTorch that cannot be imported the networks run by themselves, and it is on record."""
        broken = self.out / "broken"
        broken.mkdir(parents=True)
        (broken / "sitecustomize.py").write_text(WITHOUT_TORCH)
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = str(broken)
        try:
            self.open_scans_only()
            self.ui.findButton.click()
            self.wait(lambda: self.workflow.open.disease_region is not None, NETWORK_SECONDS)
        finally:
            del os.environ["PYTHONPATH"]
            os.environ |= {} if before is None else {"PYTHONPATH": before}
        self.assertTrue(self.workflow.open.origin(DISEASE_REGION).model.backend.startswith("numpy"))

    def test_search_is_cancelled_at_once(self) -> None:
        """Nothing has changed, and it can be started again."""
        self.open_scans_only()
        self.ui.findButton.click()
        self.ui.cancelFindButton.click()
        self.wait(lambda: bool(self.ui.findButton.enabled), 5.0)
        self.assertIsNone(self.workflow.open.disease_region)
        self.assertIn("nothing has changed", self.panel.desk.message)

    def test_region_edited_in_the_segment_editor_is_taken(self) -> None:
        """On the way back to the module, once."""
        self.open_list()
        before = self.workflow.open.disease_region.copy()
        self.ui.editDiseaseRegionButton.click()
        self.assertEqual(slicer.util.selectedModule(), "SegmentEditor")
        editor = slicer.mrmlScene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
        self.assertEqual(editor.GetSelectedSegmentID(), DISEASE_REGION.segment_id)
        edited = before.copy()
        edited[: edited.shape[0] // 2] = False
        self.workflow.case.segments.set_mask(DISEASE_REGION, edited)
        slicer.util.selectModule("VHIWorkflow")
        self.assertTrue(np.array_equal(self.workflow.open.disease_region, edited))
        self.assertEqual(str(self.workflow.open.origin(DISEASE_REGION)), "drawn")

    def test_no_in_every_confirmation_changes_nothing(self) -> None:
        """Every question is asked before anything is done."""
        self.open_list()
        assert self.scans is not None
        opened = self.workflow.open
        before = opened.normal_bone.copy(), opened.disease_region.copy(), self.session.recorded()
        self.prompts.confirms = False
        folder = self.scans / opened.key.case_id
        for button, path in (
            (self.ui.proposeButton, None),
            (self.ui.findButton, None),
            (self.ui.loadNormalBoneButton, folder / "normal_bone.nii.gz"),
            (self.ui.loadDiseaseRegionButton, folder / "disease_region.nii.gz"),
        ):
            asked = len(self.prompts.asked)
            self.prompts.path = path
            button.click()
            self.assertGreater(len(self.prompts.asked), asked)
        self.assertTrue(np.array_equal(self.workflow.open.normal_bone, before[0]))
        self.assertTrue(np.array_equal(self.workflow.open.disease_region, before[1]))
        self.assertEqual(self.session.recorded().steps, before[2].steps)
        self.assertFalse(self.ui.cancelFindButton.enabled)
