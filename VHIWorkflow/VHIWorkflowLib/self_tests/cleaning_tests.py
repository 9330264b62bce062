"""Cleaning by the mouse, as readers do it."""

from __future__ import annotations

import numpy as np
import qt
import slicer

from VHIWorkflowLib.core.steps import REASONS
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.interaction.tool import Tool
from VHIWorkflowLib.scene.segments import REMOVED
from VHIWorkflowLib.scene.volumes import brightness_of
from VHIWorkflowLib.widget.view_layout import SURFACE_VIEW, T1W_VIEW

from .case_bench import CaseBench
from .mouse import Mouse, circle_around, pixel_of, pixel_of_surface


class CleaningTests(CaseBench):
    """See the module."""

    def test_hover_outlines_the_island_and_says_what_it_is(self) -> None:
        """Over an island there is an outline and its size; beside it there is nothing."""
        self.open_list()
        row = self.island()
        mouse = self.mouse()
        mouse.move(self.pixel(row))
        self.assertTrue(self.pointer().is_outlining)
        self.assertIn(f"{row.voxels:,} voxels", self.pointer().caption)
        self.assertEqual(self.panel.desk.at_hand.number, row.number)
        mouse.move((2, 2))
        self.assertFalse(self.pointer().is_outlining)
        self.assertEqual(self.pointer().caption, "")

    def test_click_removes_and_click_again_restores(self) -> None:
        """The segment follows voxel by voxel, and so does the volume on the panel."""
        self.open_list()
        row, mouse = self.island(), self.mouse()
        before, text = self.masks(), self.ui.vhiLabel.text
        here = self.pixel(row)
        mouse.click(here)
        self.assertEqual(self.island().decision, "removed")
        self.assertEqual(before[0].sum() - self.masks()[0].sum(), row.voxels)
        self.assertNotEqual(self.ui.vhiLabel.text, text)
        self.check_scene()
        mouse.move((here[0] + 1, here[1]))
        mouse.click(here)
        for now, then in zip(self.masks(), before, strict=True):
            self.assertTrue(np.array_equal(now, then))
        self.assertEqual(self.ui.vhiLabel.text, text)

    def test_click_over_the_t1w_scan_counts_too(self) -> None:
        """Both views show the same place."""
        self.open_list()
        row = self.island()
        self.pixel(row)
        self.mouse(T1W_VIEW).click(pixel_of(self.slice_node(T1W_VIEW), row.centre_ras))
        self.assertEqual(self.island().decision, "removed")

    def test_double_click_counts_once(self) -> None:
        """A nervous finger does not restore what it removed, and no view is maximised."""
        self.open_list()
        self.mouse().double_click(self.pixel(self.island()))
        self.assertEqual(self.island().decision, "removed")
        self.assertEqual(len(self.session.steps), 1)

    def test_click_in_3d_removes(self) -> None:
        """A click on the surface of an island removes it; a drag only turns the view."""
        self.open_list()
        self.ui.show3dButton.click()
        slicer.app.processEvents()
        (widget,) = self.panel.layout.three_d_widgets
        self.assertEqual(widget.mrmlViewNode().GetLayoutName(), SURFACE_VIEW)
        view = widget.threeDView()
        view.forceRender()
        mouse, here = Mouse(view), pixel_of_surface(view, self.island().centre_ras)
        mouse.drag([here, (here[0] + 40, here[1]), (here[0] + 40, here[1] + 30)])
        self.assertEqual(len(self.session.steps), 0)
        view.resetCamera()
        view.forceRender()
        mouse.click(pixel_of_surface(view, self.island().centre_ras))
        self.assertEqual(len(self.session.steps), 1)
        self.assertLess(self.session.vhi.sensitive_voxels, self.workflow.open.reading.case.vhi.sensitive_voxels)
        self.check_scene()

    def test_click_in_3d_restores(self) -> None:
        """Where nothing is left under the cursor, and also where removed islands are shown faintly."""
        self.open_list()
        self.workflow.remove(TheseIslands(tuple(row.number for row in self.workflow.islands("size")[1:])))
        self.ui.show3dButton.click()
        slicer.app.processEvents()
        (widget,) = self.panel.layout.three_d_widgets
        view = widget.threeDView()
        view.forceRender()
        mouse, here = Mouse(view), pixel_of_surface(view, self.island().centre_ras)
        counts = []
        for shown in (False, True):
            self.panel.options.node.show_removed = shown
            for _ in range(2):
                mouse.click(here)
                view.forceRender()
                counts.append(self.island().counts)
        self.assertEqual(counts, [False, True, False, True])
        self.check_scene()

    def test_number_gives_the_reason(self) -> None:
        """The key acts on the island under the cursor; the button on all that follow."""
        self.open_list()
        first, second = self.island(0), self.island(1)
        self.mouse().move(self.pixel(first))
        self.panel.cleaning.reason_at_hand(1)
        self.assertEqual(self.island(0).reason, REASONS[0])
        self.ui.reasonButton3.click()
        self.mouse().click(self.pixel(second))
        self.assertEqual(self.island(1).reason, REASONS[2])
        self.ui.reasonButton3.click()
        self.assertIsNone(self.panel.options.reason)

    def test_lasso_removes_what_it_surrounds(self) -> None:
        """All islands of which a voxel is inside go in one step."""
        self.open_list()
        row = self.island()
        self.pixel(row)
        self.ui.lassoToolButton.click()
        self.assertIs(self.panel.options.tool, Tool.LASSO)
        self.mouse().drag(circle_around(self.slice_node(), row.centre_ras, 12.0))
        self.assertEqual(self.island().decision, "removed")
        self.assertEqual(len(self.session.steps), 1)
        self.check_scene()

    def test_brush_cuts_an_island(self) -> None:
        """What is painted over is an island of its own afterwards; nothing is removed."""
        self.open_list()
        row, islands = self.island(), len(self.session.partition)
        here = self.pixel(row)
        self.panel.options.node.brush_radius_mm = 1.0
        self.ui.cutToolButton.click()
        self.mouse().drag([here, (here[0] + 2, here[1] + 2)])
        self.assertGreater(len(self.session.partition), islands)
        self.assertEqual(self.ui.islandTable.rowCount, len(self.session.partition))
        self.assertEqual(self.session.islands_removed(), 0)
        self.ui.undoButton.click()
        self.assertEqual(len(self.session.partition), islands)

    def test_plane_removes_one_side(self) -> None:
        """Islands wholly to the right of the line as it is drawn go; those to its left stay."""
        self.open_list()
        self.pixel(self.island())
        self.ui.planeToolButton.click()
        width, height, _ = self.slice_node().GetDimensions()
        self.mouse().drag([(width // 2, height - 5), (width // 2, height // 2), (width // 2, 5)])
        middle = self.pointer().view.ras((width // 2, height // 2))
        side = -np.array(self.pointer().view.right)  # drawn downwards, the right-hand side is the left of the screen
        removed = [row for row in self.workflow.islands("size") if row.decision == "removed"]
        self.assertGreater(len(removed), 0)
        self.assertLess(len(removed), len(self.session.partition))
        for row in removed:
            self.assertGreater((np.array(row.centre_ras) - middle) @ side, 0)

    def test_small_and_low_ranked_islands_go_at_once(self) -> None:
        """One step each, and undo takes back one step each."""
        self.open_list()
        self.panel.options.node.smaller_than_mm3 = 100.0
        self.ui.smallerThanButton.click()
        small = [row for row in self.workflow.islands("size") if row.volume_mm3 < 100.0 - 1e-6]
        self.assertGreater(len(small), 0)
        self.assertTrue(all(row.decision == "removed" for row in small))
        self.panel.options.node.rank_below = 0.99
        self.ui.rankBelowButton.click()
        self.assertEqual(len(self.session.steps), 2)
        self.ui.undoButton.click()
        self.ui.undoButton.click()
        self.assertEqual(self.session.islands_removed(), 0)

    def test_slice_only_and_whole_slice(self) -> None:
        """With the scope of a slice, parts in other slices stay."""
        self.open_list()
        row = next(row for row in self.workflow.islands("size") if row.slices[0] < row.slices[1])
        self.ui.sliceOnlyButton.click()
        here = self.pixel(row)
        self.mouse().move(here)
        part = self.workflow.voxels_at(row.centre_ras, self.panel.slice_shown())
        self.assertIn(f"here {part:,} voxels", self.pointer().caption)
        voxels = int(self.session.mask().sum())
        self.mouse().click(here)
        self.assertEqual(voxels - int(self.session.mask().sum()), part)
        stands = next(each for each in self.workflow.islands("size") if each.number == row.number)
        self.assertEqual(stands.decision, "partly")
        self.ui.wholeSliceButton.click()
        number = self.panel.slice_shown()
        axis = self.session.grid.slice_axis
        self.assertEqual(int(np.take(self.session.mask(), number, axis).sum()), 0)
        self.assertGreater(int(self.session.mask().sum()), 0)
        self.check_scene()

    def test_undo_to_the_start_restores_every_voxel(self) -> None:
        """Thirty clicks and as many undos, then all of it again."""
        self.open_list()
        before = self.masks()
        mouse = self.mouse()
        for row in self.workflow.islands("size"):
            mouse.click(self.pixel(row))
        after, steps = self.masks(), len(self.session.steps)
        self.assertGreaterEqual(steps, 20)
        while self.ui.undoButton.enabled:
            self.ui.undoButton.click()
        for now, then in zip(self.masks(), before, strict=True):
            self.assertTrue(np.array_equal(now, then))
        while self.ui.redoButton.enabled:
            self.ui.redoButton.click()
        for now, then in zip(self.masks(), after, strict=True):
            self.assertTrue(np.array_equal(now, then))
        self.assertEqual(len(self.session.steps), steps)

    def test_undo_button_says_what_it_takes_back(self) -> None:
        """Its text, whole in the tooltip, names the island."""
        self.open_list()
        row = self.island()
        self.assertFalse(self.ui.undoButton.enabled)
        self.mouse().click(self.pixel(row))
        self.assertIn(f"remove island {row.number}", self.ui.undoButton.toolTip)

    def test_keep_mode_starts_from_nothing(self) -> None:
        """No island counts until it is clicked, yet all are seen; the mode stands while a step is in effect."""
        self.open_list()
        self.panel.cleaning.set_start(1)
        self.assertEqual(self.session.vhi.sensitive_voxels, 0)
        self.panel.normal_bone.show_hangs()
        self.assertIn("nothing hangs on the normal bone", self.ui.hangLabel.toolTip)
        display = self.workflow.case.segmentation_node.GetDisplayNode()
        self.assertTrue(display.GetSegmentVisibility(REMOVED.segment_id))
        row = self.island()
        self.mouse().click(self.pixel(row))
        self.assertEqual(self.session.vhi.sensitive_voxels, row.voxels)
        self.assertFalse(self.ui.startComboBox.enabled)
        self.check_scene()
        self.ui.undoButton.click()
        self.assertTrue(self.ui.startComboBox.enabled)
        self.panel.cleaning.set_start(0)
        self.assertEqual(self.session.vhi.sensitive_voxels, self.workflow.open.reading.case.vhi.sensitive_voxels)
        self.assertFalse(display.GetSegmentVisibility(REMOVED.segment_id))

    def test_left_drag_leaves_brightness_alone(self) -> None:
        """Also when Slicer's mouse mode is to adjust brightness and contrast."""
        self.open_list()
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        interaction.SetCurrentInteractionMode(interaction.AdjustWindowLevel)
        try:
            display = self.workflow.case.stir_node.GetDisplayNode()
            before = display.GetWindow(), display.GetLevel()
            self.mouse().drag([(5, 5), (40, 60), (90, 120)])
            self.assertEqual((display.GetWindow(), display.GetLevel()), before)
        finally:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    def test_drag_with_ctrl_changes_brightness_of_its_view_alone(self) -> None:
        """To the right for a wider window, up for a darker picture; islands stay as they are."""
        self.open_list()
        stir, t1w = self.workflow.case.stir_node, self.workflow.case.t1w_node
        before, other = brightness_of(stir), brightness_of(t1w)
        place = self.pixel(self.island())
        self.mouse().drag([place, (place[0] + 60, place[1])], modifiers=qt.Qt.ControlModifier)
        wider = brightness_of(stir)
        self.assertGreater(wider.white - wider.black, 1.1 * (before.white - before.black))
        self.mouse().drag([place, (place[0], place[1] + 60)], modifiers=qt.Qt.ControlModifier)
        darker = brightness_of(stir)
        self.assertAlmostEqual(darker.white - darker.black, wider.white - wider.black, places=3)
        self.assertGreater(darker.black, wider.black)
        self.assertEqual(brightness_of(t1w), other)
        self.assertEqual(len(self.session.steps), 0)
        self.mouse().click(place)
        self.assertEqual(len(self.session.steps), 1)
        self.assertEqual(brightness_of(stir), darker)

    def test_wheel_right_and_middle_button_stay_slicers(self) -> None:
        """Both views scroll, zoom and move together."""
        self.open_list()
        width, height, _ = self.slice_node().GetDimensions()
        middle, mouse = (width // 2, height // 2), self.mouse()
        mouse.move(middle)
        number = self.panel.slice_shown()
        mouse.wheel(middle, 1)
        self.assertEqual(abs(self.panel.slice_shown() - number), 1)
        field = self.slice_node().GetFieldOfView()[0]
        mouse.drag([middle, (middle[0], middle[1] + 20), (middle[0], middle[1] + 60)], qt.Qt.RightButton)
        self.assertNotAlmostEqual(self.slice_node().GetFieldOfView()[0], field)
        corner = self.pointer().view.ras((0, 0))
        mouse.drag([middle, (middle[0] + 20, middle[1]), (middle[0] + 60, middle[1])], qt.Qt.MiddleButton)
        self.assertFalse(np.allclose(self.pointer().view.ras((0, 0)), corner))
        for view in (self.slice_node(), self.slice_node(T1W_VIEW)):
            self.assertAlmostEqual(view.GetFieldOfView()[0], self.slice_node().GetFieldOfView()[0], places=3)
        there = self.pointer().view.ras((40, 50))
        same = pixel_of(self.slice_node(T1W_VIEW), there)
        self.assertLessEqual(max(abs(same[0] - 40), abs(same[1] - 50)), 2)

    def test_removed_islands_are_shown_on_demand(self) -> None:
        """Faintly, in a segment of their own."""
        self.open_list()
        self.mouse().click(self.pixel(self.island()))
        segments = self.workflow.case.segments
        self.assertFalse(segments.is_visible(REMOVED))
        self.ui.showRemovedButton.click()
        self.assertTrue(segments.is_visible(REMOVED))
        self.ui.showRemovedButton.click()
        self.assertFalse(segments.is_visible(REMOVED))

    def test_next_suspicious_island_is_shown_and_decided_by_keys(self) -> None:
        """Each step shows another undecided island, outlined, until all are decided."""
        self.open_list()
        seen = set()
        for _ in range(len(self.session.partition)):
            self.ui.nextSuspiciousButton.click()
            hand = self.panel.desk.at_hand
            seen.add(hand.number)
            self.assertTrue(self.pointer().is_outlining)
            self.ui.keepButton.click()
        self.assertEqual(len(seen), len(self.session.partition))
        self.ui.nextSuspiciousButton.click()
        self.assertIn("decided", self.panel.desk.message)

    def test_chosen_island_stays_chosen_when_the_table_is_sorted(self) -> None:
        """And the table of the next case begins with its first line."""
        self.open_list()
        self.workflow.rank_islands()
        table = self.ui.islandTable
        chosen = table.item(table.rowCount - 1, 0).text()
        table.selectRow(table.rowCount - 1)
        self.ui.bySizeButton.click()
        self.assertEqual(table.item(table.currentRow(), 0).text(), chosen)
        table.selectRow(table.rowCount - 1)
        self.panel.cases.open_case(1)
        self.assertEqual(table.verticalScrollBar().value, 0)

    def test_island_jumped_to_is_outlined_in_both_views_until_another_is_hovered(self) -> None:
        """So that it is seen on T1w too; then there is one outline, under the cursor."""
        self.open_list()
        self.ui.nextSuspiciousButton.click()
        self.assertTrue(self.pointer().is_outlining and self.pointer(T1W_VIEW).is_outlining)
        jumped = self.panel.desk.at_hand.number
        other = next(row for row in self.workflow.islands("size") if row.number != jumped)
        self.mouse().move(self.pixel(other))
        self.assertEqual(self.panel.desk.at_hand.number, other.number)
        self.assertTrue(self.pointer().is_outlining)
        self.assertFalse(self.pointer(T1W_VIEW).is_outlining)
