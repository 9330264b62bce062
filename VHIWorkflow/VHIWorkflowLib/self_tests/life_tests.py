"""What users do to software: close the scene, delete nodes, reload, come and go, open case after case."""

from __future__ import annotations

import gc
import resource
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import qt
import slicer

from VHIWorkflowLib.widget.key_watch import OBJECT_NAME

from .case_bench import READY, CaseBench

SWITCHES = 50
ROOM_FOR_CACHES_MIB = 80


class LifeTests(CaseBench):
    """See the module."""

    def test_scene_closed_in_the_middle(self) -> None:
        """The panel says so, stays usable, and the case comes back as it was."""
        self.open_list()
        self.mouse().click(self.pixel(self.island()))
        self.ui.casesSection.collapsed = True
        slicer.mrmlScene.Clear()
        slicer.app.processEvents()
        self.assertIsNone(self.workflow.case)
        self.assertIn("scene was closed", self.panel.desk.message)
        self.assertFalse(self.ui.casesSection.collapsed)
        for kind in ("vtkMRMLSegmentationNode", "vtkMRMLScalarVolumeNode"):
            self.assertEqual(len(slicer.util.getNodesByClass(kind)), 0)  # though the cursor is over an island
        self.mouse().move((30, 30))
        self.mouse().click((30, 30))
        self.panel.options.node.out_folder = str(self.out)
        self.panel.cases.open_case(0)
        self.assertEqual(self.island().decision, "removed")
        self.check_scene()

    def test_scene_closed_while_the_networks_look(self) -> None:
        """The search ends, and what it would have found goes nowhere."""
        self.open_list()
        self.panel.cases.open_case(2)
        self.ui.findButton.click()
        slicer.mrmlScene.Clear()
        slicer.app.processEvents()
        self.wait(lambda: not self.ui.cancelFindButton.enabled, 5.0)
        self.assertIsNone(self.workflow.case)

    def test_deleted_nodes_come_back(self) -> None:
        """Segmentation and T1w deleted by the user are made again; decisions stand."""
        self.open_list()
        self.mouse().click(self.pixel(self.island()))
        slicer.mrmlScene.RemoveNode(self.workflow.case.segmentation_node)
        slicer.mrmlScene.RemoveNode(self.workflow.case.t1w_node)
        self.wait(lambda: bool(self.workflow.case.is_complete), 5.0)
        self.check_scene()
        self.mouse().click(self.pixel(self.island(1)))
        self.assertEqual(len(self.session.steps), 2)
        self.check_scene()

    def test_leaving_gives_back_layout_and_keys(self) -> None:
        """The reader's own layout comes back, the keys are gone, and all is there again afterwards."""
        self.open_list()
        layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
        ours = layout.GetViewArrangement()
        self.assertGreater(len(_keys()), 20)
        slicer.util.selectModule("Data")
        self.assertEqual(layout.GetViewArrangement(), layout.SlicerLayoutFourUpView)
        self.assertEqual(_keys(), [])
        self.assertEqual(self.panel.views.slices, [])
        slicer.util.selectModule("VHIWorkflow")
        self.assertEqual(layout.GetViewArrangement(), ours)
        self.assertGreater(len(_keys()), 20)
        self.mouse().click(self.pixel(self.island()))
        self.assertEqual(self.island().decision, "removed")

    def test_nothing_is_squeezed_in_a_low_window(self) -> None:
        """With message and table of results shown, each row of the panel still has its own place."""
        window = slicer.util.mainWindow()
        size = window.size
        window.resize(1280, 800)
        self.open_list()
        self.ui.finishButton.click()
        self.ui.showTableButton.click()
        slicer.app.processEvents()
        rows = (self.ui.undoButton, self.ui.vhiLabel, self.ui.startComboBox, self.ui.islandTable, self.ui.removeButton)
        ends = [(row.mapToGlobal(qt.QPoint(0, 0)).y(), row.height) for row in (*rows, self.ui.resultsSection)]
        window.resize(size)
        for (top, height), (below, _) in pairwise(ends):
            self.assertLessEqual(top + height, below)

    def test_held_key_hides_overlays(self) -> None:
        """Masks and outline, until it is let go of."""
        self.open_list()
        self.mouse().move(self.pixel(self.island()))
        display = self.workflow.case.segmentation_node.GetDisplayNode()
        (key,) = [key for key in _keys() if key.objectName.endswith("_A")]
        key.activated()
        self.assertFalse(display.GetVisibility())
        self.assertFalse(self.pointer().is_outlining)
        release = qt.QKeyEvent(qt.QEvent.KeyRelease, qt.Qt.Key_A, qt.Qt.NoModifier)
        qt.QApplication.sendEvent(slicer.util.mainWindow(), release)
        self.assertTrue(display.GetVisibility())
        self.assertTrue(self.pointer().is_outlining)

    def test_module_is_reloaded(self) -> None:
        """With its libraries, from their files; the new panel works, the old one is gone."""
        self.open_list()
        old_panel, old_class = self.panel, type(self.panel)
        library = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "VHIWorkflowLib"}
        try:
            self.widget.onReload()
            self.use_reloaded_module()
            self.assertIsNot(type(self.panel), old_class)
            self.assertEqual(old_panel.views.slices, [])
            self.open_list()
            self.mouse().click(self.pixel(self.island()))
            self.assertEqual(self.island().decision, "removed")
        finally:  # the other tests were written for the library as it was
            sys.modules.update(library)
            slicer.util.reloadScriptedModule("VHIWorkflow")
            self.use_reloaded_module()
        self.assertIs(type(self.panel), old_class)

    def use_reloaded_module(self) -> None:
        """Take the new widget as it is shown after a reload."""
        slicer.app.processEvents()
        self.widget = slicer.util.getModuleWidget("VHIWorkflow")
        self.widget.enter()
        self.use_module()

    def test_keys_act_again_when_the_mouse_comes_from_a_field(self) -> None:
        """A number typed on the panel stands, and letters are keys again."""
        self.open_list()
        field = self.ui.smallerThanSpinBox
        field.setFocus()
        field.setValue(12.5)
        self.assertTrue(field.isAncestorOf(slicer.util.mainWindow().focusWidget()) or field.hasFocus())
        self.mouse().enter((50, 50))
        focused = slicer.util.mainWindow().focusWidget()
        self.assertFalse(focused is not None and self.widget.parent.isAncestorOf(focused))
        self.assertEqual(self.panel.options.node.smaller_than_mm3, 12.5)

    def test_second_case_knows_nothing_of_the_first(self) -> None:
        """Masks, undo, table and numbers are those of the second."""
        self.open_list()
        self.mouse().click(self.pixel(self.island()))
        self.ui.nextCaseButton.click()
        self.assertEqual(self.workflow.open.key.case_id, READY[1])
        self.assertFalse(self.ui.undoButton.enabled)
        self.assertEqual(self.ui.islandTable.rowCount, len(self.session.partition))
        self.assertEqual(len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")), 1)
        self.check_scene()

    def test_fifty_switches_do_not_grow(self) -> None:
        """Nodes, Qt objects and memory stay the same."""
        self.open_list()
        for position in (1, 0, 1, 0):
            self.panel.cases.open_case(position)
        before = _counts()
        for number in range(SWITCHES):
            self.panel.cases.open_case((number + 1) % 2)
        after = _counts()
        self.assertEqual(after["nodes"], before["nodes"])
        self.assertLessEqual(after["qt objects"], before["qt objects"] + 10)
        self.assertLessEqual(after["MiB"], before["MiB"] + ROOM_FOR_CACHES_MIB)

    def test_saved_scene_goes_on_where_it_was(self) -> None:
        """A scene bundle opened again has the case with its decisions."""
        self.open_list()
        self.mouse().click(self.pixel(self.island()))
        mask = self.session.mask()
        bundle = str(self.out / "scene.mrb")
        self.assertTrue(slicer.util.saveScene(bundle))
        self.workflow.close_study()
        slicer.mrmlScene.Clear()
        slicer.util.loadScene(bundle)
        slicer.app.processEvents()
        self.assertIsNotNone(self.workflow.case)
        self.assertTrue(np.array_equal(self.session.mask(), mask))
        self.ui.undoButton.click()
        self.assertEqual(self.session.islands_removed(), 0)


def _keys() -> list[Any]:
    """Shortcuts of the module that the main window has now."""
    window = slicer.util.mainWindow()
    return [each for each in window.children() if str(each.objectName).startswith(OBJECT_NAME)]


def _counts() -> dict[str, float]:
    """What must not grow from case to case."""
    slicer.app.processEvents()
    gc.collect()
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[1])
    return {
        "nodes": slicer.mrmlScene.GetNumberOfNodes(),
        "qt objects": len(slicer.util.findChildren(slicer.util.mainWindow())),
        "MiB": pages * resource.getpagesize() / 2**20,
    }
