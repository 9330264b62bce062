"""The panel as a whole: that it fits a small screen, and that nothing on it is left over from before."""

from __future__ import annotations

import qt
import slicer

from VHIWorkflowLib.core.steps import REASONS
from VHIWorkflowLib.interaction.tool import Tool
from VHIWorkflowLib.widget.view_layout import SURFACE_VIEW

from .case_bench import CaseBench
from .mouse import Mouse, pixel_of_surface

WIDTH = 480
"""Of the panel beside two views on a screen 1280 pixels wide."""
LINES_AT_800 = 35
"""What Slicer leaves to a panel on a screen 800 pixels high, in lines of text."""


class PanelTests(CaseBench):
    """See the module."""

    def test_cleaning_and_results_fit_a_small_screen(self) -> None:
        """From the list of cases down to the last button, without scrolling, while the reader cleans."""
        self.open_list()
        self.ui.casesSection.collapsed = True
        slicer.app.processEvents()
        page = self.ui.messageLabel.parentWidget()
        self.assertLessEqual(page.layout().totalHeightForWidth(WIDTH) / page.fontMetrics().height(), LINES_AT_800)

    def test_no_part_is_drawn_over_another(self) -> None:
        """Where there is too little room, the panel scrolls: the list of islands keeps its lines."""
        self.open_list()
        section = self.ui.cleanSection
        self.assertGreaterEqual(section.heightForWidth(WIDTH), section.minimumSizeHint.height())

    def test_table_of_results_comes_into_view(self) -> None:
        """In a window that is too low for all of the panel."""
        self.open_list()
        self.ui.casesSection.collapsed = False
        self.ui.thresholdSection.collapsed = False
        window = slicer.util.mainWindow()
        size = window.size
        window.resize(1100, 620)
        slicer.app.processEvents()
        try:
            self.ui.showTableButton.click()
            self.wait(lambda: self.ui.resultsView.visibleRegion().boundingRect().height() > 60, 5.0)
            self.assertGreater(self.ui.resultsView.visibleRegion().boundingRect().height(), 60)
        finally:
            window.resize(size)

    def test_what_was_wrong_is_over_when_a_step_can_be_taken(self) -> None:
        """The red message goes; a note stays."""
        self.open_list()
        self.panel.desk.failed("This could not be done.")
        self.mouse().click(self.pixel(self.island()))
        self.assertEqual(self.panel.desk.message, "")
        self.panel.desk.say("Something is under way.")
        self.ui.undoButton.click()
        self.assertEqual(self.panel.desk.message, "Something is under way.")

    def test_who_begins_to_clean_draws_no_more(self) -> None:
        """A click in a view would else mark normal bone."""
        self.open_list()
        self.ui.cleanSection.collapsed = True
        self.ui.outlineToolButton.click()
        self.assertIs(self.panel.options.tool, Tool.OUTLINE)
        self.ui.cleanSection.collapsed = False
        self.assertIs(self.panel.options.tool, Tool.CLICK)
        self.ui.lassoToolButton.click()
        self.ui.cleanSection.collapsed = True
        self.ui.cleanSection.collapsed = False
        self.assertIs(self.panel.options.tool, Tool.LASSO)

    def test_keys_act_on_the_island_under_the_cursor_in_3d(self) -> None:
        """On the whole of it, not on the one that was jumped to; the text beside it stays out of its way."""
        self.open_list()
        self.ui.show3dButton.click()
        self.ui.sliceOnlyButton.click()
        slicer.app.processEvents()
        (widget,) = self.panel.layout.three_d_widgets
        self.assertEqual(widget.mrmlViewNode().GetLayoutName(), SURFACE_VIEW)
        view = widget.threeDView()
        view.forceRender()
        self.ui.nextSuspiciousButton.click()
        xy = pixel_of_surface(view, self.island().centre_ras)
        mouse = Mouse(view)
        mouse.move((xy[0] + 1, xy[1]))
        mouse.move(xy)
        hand = self.panel.desk.at_hand
        (pointer,) = self.panel.views.surfaces
        self.assertTrue(pointer.caption.startswith(f"Island {hand.number}\n"), pointer.caption)
        self.panel.cleaning.reason_at_hand(1)
        (step,) = self.session.steps
        self.assertEqual([unit.island for unit in step.units], [hand.number])
        self.assertIsNone(step.in_slice)
        self.assertEqual(step.reason, REASONS[0])
        self.assertTrue(pointer.caption.endswith("removed (vessel)"), pointer.caption)
        self.panel.cleaning.remove_at_hand()
        self.assertTrue(pointer.caption.endswith("undecided"), pointer.caption)

    def test_case_is_shown_as_left_after_the_segment_editor(self) -> None:
        """Whatever the editor does with slice views meanwhile."""
        self.open_list()
        self.pixel(self.island(3))
        shown = self.panel.slice_shown()
        self.assertNotEqual(shown, self.workflow.open.stir.grid.shape[self.workflow.open.stir.grid.slice_axis] // 2)
        self.ui.editDiseaseRegionButton.click()
        slicer.app.processEvents()
        slicer.util.selectModule("VHIWorkflow")
        self.assertEqual(self.panel.slice_shown(), shown)

    def test_thresholds_are_typed_whole_and_never_pass_each_other(self) -> None:
        """No digit on its way is taken; the other threshold keeps all its digits, or is taken along."""
        self.open_list()
        computed = self.workflow.thresholds
        self.ui.lockedCheckBox.click()
        (field,) = self.ui.conservativeSlider.findChildren(qt.QDoubleSpinBox)
        self.assertFalse(field.keyboardTracking)
        self.ui.conservativeSlider.value = computed.conservative * 1.1
        self.assertEqual(self.workflow.thresholds.sensitive, computed.sensitive)
        self.ui.sensitiveSlider.value = computed.conservative * 1.2
        moved = self.workflow.thresholds
        self.assertEqual(moved.sensitive, moved.conservative)
        self.assertGreater(moved.sensitive, computed.conservative * 1.1)
        self.ui.conservativeSlider.value = computed.sensitive
        self.assertEqual(self.workflow.thresholds.sensitive, self.workflow.thresholds.conservative)
        self.assertEqual(self.panel.desk.message, "")
