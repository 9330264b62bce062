"""What every self-test starts from: three synthetic cases in a worklist, an empty scene, the module shown."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, SENSITIVE
from VHIWorkflowLib.files.worklists import WorklistCase, write_worklist
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.scene.island_table import IslandRow
from VHIWorkflowLib.scene.segments import REMOVED
from VHIWorkflowLib.study.demo import write_phantom
from VHIWorkflowLib.widget.view_layout import STIR_VIEW, T1W_VIEW

from .mouse import Mouse, pixel_of
from .stand_ins import AnsweringPrompts

SMALL = (11, 128, 128)
"""Shape of the synthetic scans: small enough for many tests, large enough for thirty islands."""
READY = ("ready 1", "ready 2")
SCANS_ONLY = "scans only"


class CaseBench(ScriptedLoadableModuleTest):
    """Base of all self-tests."""

    scans: ClassVar[Path | None] = None

    @classmethod
    def setUpClass(cls) -> None:
        """Make the scans once."""
        cls.scans = Path(tempfile.mkdtemp(prefix="vhi-self-test-"))
        cases = []
        for seed, name in enumerate((*READY, SCANS_ONLY), start=1):
            files = write_phantom(make_phantom(seed, shape=SMALL), cls.scans / name)
            case = WorklistCase(name, "baseline", files.stir, files.t1w)
            if name in READY:
                case = replace(case, normal_bone=files.normal_bone, disease_region=files.disease_region)
            cases.append(case)
        write_worklist(cases, cls.scans / "worklist.tsv")

    @classmethod
    def tearDownClass(cls) -> None:
        """Delete the scans."""
        if cls.scans is not None:
            shutil.rmtree(cls.scans, ignore_errors=True)

    def setUp(self) -> None:
        """Start from an empty scene with the module shown and a folder for results."""
        slicer.mrmlScene.Clear()
        self.out = Path(tempfile.mkdtemp(prefix="vhi-self-test-results-"))
        slicer.util.selectModule("Data")
        slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        slicer.util.selectModule("VHIWorkflow")
        self.use_module()
        slicer.app.processEvents()

    def tearDown(self) -> None:
        """Leave Slicer as other tests find it."""
        self.panel.workflow.close_study()
        slicer.util.selectModule("Data")
        slicer.mrmlScene.Clear()
        shutil.rmtree(self.out, ignore_errors=True)

    def use_module(self) -> None:
        """Take the module's widget as it is now, and answer for the reader."""
        self.widget = slicer.util.getModuleWidget("VHIWorkflow")
        self.panel = self.widget.panel
        self.ui = self.panel.ui
        self.prompts = AnsweringPrompts()
        self.panel.desk.prompts = self.prompts
        node = self.panel.options.node
        node.reader, node.out_folder, node.blinded = "AB", str(self.out), False

    # What a reader does

    def open_list(self) -> None:
        """Open the worklist by its button; the first case opens."""
        assert self.scans is not None
        self.prompts.path = self.scans / "worklist.tsv"
        self.ui.openListButton.click()
        slicer.app.processEvents()

    @property
    def workflow(self) -> Any:
        """All steps."""
        return self.panel.workflow

    @property
    def session(self) -> Any:
        """The cleaning."""
        return self.workflow.session

    def mouse(self, view: str = STIR_VIEW) -> Mouse:
        """A mouse over a slice view."""
        return Mouse(slicer.app.layoutManager().sliceWidget(view).sliceView())

    def slice_node(self, view: str = STIR_VIEW) -> Any:
        """A slice view's node."""
        return slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode()

    def pointer(self, view: str = STIR_VIEW) -> Any:
        """What draws over a slice view."""
        return self.panel.views.slices[(STIR_VIEW, T1W_VIEW).index(view)]

    def island(self, place: int = 0) -> IslandRow:
        """An island by size, the largest first, as it stands."""
        row: IslandRow = self.workflow.islands("size")[place]
        return row

    def pixel(self, row: IslandRow) -> tuple[float, float]:
        """Go to an island and say where on the STIR view it is."""
        self.panel.layout.jump(row.centre_ras)
        slicer.app.processEvents()
        return pixel_of(self.slice_node(), row.centre_ras)

    def wait(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let Slicer run until something is so.

        Raises
        ------
        AssertionError
            If it is not so in time.
        """
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "waited in vain"
            slicer.app.processEvents()
            time.sleep(0.01)

    def masks(self) -> list[Any]:
        """Sensitive, conservative and removed segment as they are in the scene, copies of shape (k, j, i)."""
        return [self.workflow.case.segments.mask_of(kind) for kind in (SENSITIVE, CONSERVATIVE, REMOVED)]

    def check_scene(self) -> None:
        """Segments in the scene are the session's masks."""
        sensitive, conservative, _removed = self.masks()
        self.assertTrue(np.array_equal(sensitive, self.session.mask()))
        self.assertTrue(np.array_equal(conservative, self.session.conservative_mask()))
