"""A list of cases from the first click to the table."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import qt
import slicer

from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows
from VHIWorkflowLib.scene.frames import frame_in_view, show_frame, whole_frame
from VHIWorkflowLib.scene.views import shows_acquisition_plane
from VHIWorkflowLib.scene.volumes import brightness_of, set_brightness
from VHIWorkflowLib.study.last_view import Brightness, Frame
from VHIWorkflowLib.widget.cases_panel import READER_SETTING
from VHIWorkflowLib.widget.view_layout import T1W_VIEW
from VHIWorkflowLib.widget.view_memory import ViewMemory

from .case_bench import READY, CaseBench


class ListTests(CaseBench):
    """See the module."""

    def test_list_opens_with_its_first_case_in_the_acquisition_plane(self) -> None:
        """STIR beside T1w, linked, with masks over the STIR alone."""
        self.open_list()
        self.assertEqual(self.ui.casesTable.rowCount, 3)
        self.assertEqual(self.workflow.position, 0)
        case = self.workflow.case
        for view, volume in ((self.slice_node(), case.stir_node), (self.slice_node(T1W_VIEW), case.t1w_node)):
            self.assertTrue(shows_acquisition_plane(view, case.open_case.stir.grid))
            composite = slicer.app.applicationLogic().GetSliceLogic(view).GetSliceCompositeNode()
            self.assertEqual(composite.GetBackgroundVolumeID(), volume.GetID())
            self.assertTrue(composite.GetLinkedControl() and composite.GetHotLinkedControl())
        self.assertTrue(case.segmentation_node.GetDisplayNode().IsDisplayableInView(self.slice_node().GetID()))
        self.assertFalse(case.segmentation_node.GetDisplayNode().IsDisplayableInView(self.slice_node(T1W_VIEW).GetID()))
        self.assertEqual(slicer.app.userSettings().value(READER_SETTING), "AB")

    def test_whole_workflow_to_the_table(self) -> None:
        """Two cases cleaned by clicks, finished and opened with one button; the table has both rows."""
        self.open_list()
        for name in READY:
            self.assertEqual(self.workflow.open.key.case_id, name)
            self.ui.smallerThanButton.click()
            self.mouse().click(self.pixel(self.island()))
            self.ui.finishNextButton.click()
        rows = read_rows(self.out / RESULTS_NAME)
        self.assertEqual([row.key[0] for row in rows], list(READY))
        self.assertEqual(self.workflow.results_node.GetNumberOfRows(), 2)
        self.assertEqual(self.ui.casesTable.item(0, self.panel.cases.STATE).text(), "done")
        self.panel.cases.open_case(0)
        self.ui.copyRowButton.click()
        self.assertTrue(slicer.app.clipboard().text().startswith(READY[0]))
        self.prompts.path = self.out / "copy.csv"
        self.ui.exportButton.click()
        self.assertTrue(self.prompts.path.exists())
        self.prompts.path = self.out / "overview.png"
        self.ui.overviewButton.click()
        self.assertTrue(self.prompts.path.exists())

    def test_reader_is_asked_for_before_anything_is_opened(self) -> None:
        """Without a name no file is asked for, and the place where the name goes stays in sight."""
        self.panel.options.node.reader = ""
        self.ui.casesSection.collapsed = False
        for button in (self.ui.openListButton, self.ui.openFolderButton, self.ui.tutorialButton):
            button.click()
            self.assertEqual(self.prompts.asked, [])
            self.assertIn("initials", self.panel.desk.message)
            self.assertEqual(slicer.util.mainWindow().statusBar().currentMessage(), self.panel.desk.message)
        self.assertFalse(self.ui.casesSection.collapsed)
        self.panel.options.node.reader = "AB"
        self.open_list()
        self.assertEqual(self.ui.casesTable.rowCount, 3)

    def test_blinded_list_hides_names_up_to_the_table(self) -> None:
        """Names and time points are nowhere: not on the panel, not in nodes, not in the table; results are on disk."""
        self.panel.options.node.blinded = True
        self.open_list()
        for _ in range(2):
            if self.session is None:
                self.ui.nextCaseButton.click()
            self.mouse().click(self.pixel(self.island()))
            self.ui.finishNextButton.click()
        shown = [self.ui.casesTable.item(row, 0).text() for row in range(3)]
        self.assertEqual(shown, ["Case 1", "Case 2", "Case 3"])
        node_names = [node.GetName() or "" for node in slicer.util.getNodesByClass("vtkMRMLNode")]
        table = self.workflow.results_node.GetTable()
        cells = [
            str(table.GetValue(row, column))
            for row in range(table.GetNumberOfRows())
            for column in range(table.GetNumberOfColumns())
        ]
        captions = [self.pointer().caption, self.ui.messageLabel.text, self.ui.positionLabel.text]
        for text in (*node_names, *cells, *captions):
            for hidden in (*READY, "baseline"):
                self.assertNotIn(hidden, text)
        self.assertEqual(len(read_rows(self.out / RESULTS_NAME)), 2)

    def test_names_of_a_blinded_list_are_shown_only_when_asked_for(self) -> None:
        """A "no" leaves the list blinded, a "yes" shows it."""
        self.panel.options.node.blinded = True
        self.open_list()
        self.panel.options.node.blinded = False
        self.prompts.confirms = False
        self.open_list()
        self.assertEqual(self.ui.casesTable.item(0, 0).text(), "Case 1")
        self.assertTrue(self.workflow.study.blinded and self.panel.options.node.blinded)
        self.panel.options.node.blinded = False
        self.prompts.confirms = True
        self.open_list()
        self.assertIn(READY[0], self.ui.casesTable.item(0, 0).text())

    def test_finished_case_is_found_as_it_was_left(self) -> None:
        """Decisions, undo and the slice that was shown."""
        self.open_list()
        row = self.island(3)
        self.mouse().click(self.pixel(row))
        number, mask = self.panel.slice_shown(), self.session.mask()
        self.ui.finishNextButton.click()
        self.ui.previousCaseButton.click()
        self.assertEqual(self.workflow.open.key.case_id, READY[0])
        self.assertTrue((self.session.mask() == mask).all())
        self.assertEqual(self.panel.slice_shown(), number)
        self.ui.undoButton.click()
        self.assertEqual(self.session.islands_removed(), 0)
        self.check_scene()

    def test_case_is_shown_as_last_left_also_after_a_restart(self) -> None:
        """Slice, zoom, place and brightness; a case that was merely looked at leaves no file."""
        self.open_list()
        self.assertFalse(self.workflow.open.folder.exists())
        self.mouse().click(self.pixel(self.island(3)))
        number, grid = self.panel.slice_shown(), self.workflow.open.stir.grid
        whole = whole_frame(grid)
        x, y, z = whole.centre
        piece = Frame((x + 10, y, z), whole.width_mm / 3, whole.width_mm / 3)
        show_frame(self.slice_node(), grid, piece)
        left = frame_in_view(self.slice_node(), grid)
        assert left is not None
        brightness = Brightness(50.0, 321.0)
        set_brightness(self.workflow.case.stir_node, brightness)
        self.ui.nextCaseButton.click()
        self.assertNotEqual(frame_in_view(self.slice_node(), grid), left)
        self.workflow.close_study()
        self.panel.layout.memory = ViewMemory()
        self.open_list()
        self.assertEqual(self.panel.slice_shown(), number)
        self.assertEqual(brightness_of(self.workflow.case.stir_node), brightness)
        shown = frame_in_view(self.slice_node(), grid)
        assert shown is not None
        for now, then in ((shown.width_mm, left.width_mm), (shown.height_mm, left.height_mm)):
            self.assertAlmostEqual(now, then, places=3)
        self.assertTrue(np.allclose(shown.centre, left.centre, atol=1e-3))

    def test_case_is_seen_whole_after_other_views_came_and_went(self) -> None:
        """Also when how it is seen happens to be kept in the very moment in which the views change."""
        self.open_list()
        grid = self.workflow.open.stir.grid
        before = frame_in_view(self.slice_node(), grid)
        for _ in range(2):
            self.workflow.changed.emit({"session"})
            self.panel._later.setInterval(0)
            self.ui.show3dButton.click()
            slicer.app.processEvents()
        after = frame_in_view(self.slice_node(), grid)
        assert before is not None
        assert after is not None
        self.assertAlmostEqual(after.width_mm, before.width_mm, 3)
        self.assertAlmostEqual(after.height_mm, before.height_mm, 3)

    def test_next_case_is_read_ahead(self) -> None:
        """By a process of its own; what it read is what is opened."""
        self.open_list()
        ahead = self.panel.cases.read_ahead
        self.wait(lambda: not ahead.is_running)
        prepared = ahead.take(self.workflow.study[1].files)
        self.assertIsNotNone(prepared)
        self.ui.nextCaseButton.click()
        self.assertTrue((self.workflow.open.stir.array == prepared.scans.stir.array).all())
        self.assertTrue(self.workflow.has_ranks)

    def test_flag_with_a_comment(self) -> None:
        """It is in the list, and an empty comment takes it away."""
        self.open_list()
        self.prompts.answer = "motion"
        self.ui.flagButton.click()
        self.assertEqual(self.ui.casesTable.item(0, self.panel.cases.FLAG).text(), "motion")
        self.prompts.answer = ""
        self.ui.flagButton.click()
        self.assertEqual(self.ui.casesTable.item(0, self.panel.cases.FLAG).text(), "")

    def test_record_holds_every_step(self) -> None:
        """What the file says is what was done, and the file is there after the first step."""
        self.open_list()
        for place in range(3):
            self.mouse().click(self.pixel(self.island(place)))
        (record,) = Path(self.out).rglob("case.json")
        steps = json.loads(record.read_text())["cleaning"]["steps"]
        self.assertEqual([step["action"] for step in steps], ["remove"] * 3)

    def test_results_folder_that_cannot_be_written(self) -> None:
        """The reader is told which folder, and the module goes on with another."""
        blocked = self.out / "a file"
        blocked.write_text("not a folder")
        self.panel.options.node.out_folder = str(blocked / "results")
        self.open_list()
        if self.session is not None:
            self.mouse().click(self.pixel(self.island()))
        self.assertIn("a file", self.panel.desk.message)
        self.panel.options.node.out_folder = str(self.out / "good")
        self.open_list()
        self.mouse().click(self.pixel(self.island()))
        self.assertEqual(len(self.session.steps), 1)

    def test_errors_are_told_in_the_readers_language(self) -> None:
        """In a language in which every text stands in brackets, the name of the file stands within them."""
        self.prompts.path = self.out / "no list.tsv"
        with patch("VHIWorkflowLib.widget.desk.translate", lambda _context, text: f"[{text}]"):
            self.ui.openListButton.click()
        self.assertTrue(self.panel.desk.message.startswith("["))
        self.assertIn("no list.tsv: [", self.panel.desk.message)

    def test_phantom_of_sample_data_is_read_as_loaded_scans(self) -> None:
        """Two volumes of the scene become a case."""
        from VHIWorkflowLib.files.volumes import read_image
        from VHIWorkflowLib.scene.volumes import add_volume

        assert self.scans is not None
        node = self.panel.options.node
        for name in ("stir", "t1w"):
            add_volume(slicer.mrmlScene, read_image(self.scans / READY[0] / f"{name}.nii.gz"), f"scan {name}")
        self.ui.showVolumesButton.click()
        self.assertEqual([node.stir.GetName(), node.t1w.GetName()], ["scan stir", "scan t1w"])
        node.case_id = "from the scene"
        self.ui.openVolumesButton.click()
        self.assertIn("Case and Time point", self.panel.desk.message)
        self.assertIsNone(self.workflow.case)
        node.time_point = "baseline"
        self.ui.openVolumesButton.click()
        self.assertEqual(self.workflow.open.key.case_id, "from the scene")
        self.prompts.path = self.scans / READY[0] / "disease_region.nii.gz"
        self.ui.loadDiseaseRegionButton.click()
        self.prompts.path = self.scans / READY[0] / "normal_bone.nii.gz"
        self.assertTrue(self.ui.cleanSection.collapsed)
        self.ui.loadNormalBoneButton.click()
        self.assertFalse(self.ui.cleanSection.collapsed)
        self.mouse().click(self.pixel(self.island()))
        self.ui.finishButton.click()
        self.assertEqual(len(read_rows(self.out / RESULTS_NAME)), 1)

    def test_help_page_has_every_key(self) -> None:
        """And each button has its letter."""
        from VHIWorkflowLib.widget.shortcut_list import SHORTCUTS

        self.ui.helpButton.click()
        for shortcut in SHORTCUTS:
            if not shortcut.keys.isdigit():
                self.assertIn(f"<b>{shortcut.keys}</b>", self.prompts.asked[-1])
            if shortcut.button is not None and not shortcut.button.startswith(("reason", "help")):
                self.assertIn(
                    shortcut.keys, getattr(self.ui, shortcut.button).toolTip + getattr(self.ui, shortcut.button).text
                )
        self.assertIsNotNone(qt.QKeySequence("PgDown"))
