"""Takes the pictures of the README's tutorial in a real Slicer, on the tutorial's own cases.

``make pictures SLICER=/path/to/Slicer`` writes them to `Resources`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
from PIL import Image
from VHIWorkflowLib.scene.frames import show_frame, whole_frame
from VHIWorkflowLib.scene.views import acquisition_axes
from VHIWorkflowLib.self_tests.mouse import Mouse, circle_around, pixel_of, pixel_of_surface
from VHIWorkflowLib.study.last_view import Frame
from VHIWorkflowLib.study.tutorial import write_tutorial

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
WIDTH, HEIGHT = 1280, 800
ZOOM = 1.25
LOWER_MM, RADIUS_MM = 24.0, 8.0
"""Where and how large normal bone is drawn, below what was proposed."""
PATIENCE_SECONDS = 600.0


class Camera:
    """A reader at the panel, and a camera on the main window."""

    def __init__(self) -> None:
        slicer.util.selectModule("VHIWorkflow")
        self.window = slicer.util.mainWindow()
        self.window.showNormal()
        self.window.resize(WIDTH, HEIGHT)
        self.window.statusBar().hide()
        self.panel = slicer.util.getModuleWidget("VHIWorkflow").panel
        self.ui, self.workflow = self.panel.ui, self.panel.workflow

    def settle(self, until: Callable[[], bool] = lambda: True, seconds: float = 0.5) -> None:
        """Let Slicer draw, at least for a while."""
        start = time.monotonic()
        while time.monotonic() < start + seconds or not until():
            if time.monotonic() > start + PATIENCE_SECONDS:
                raise TimeoutError("what the picture is to show did not come")
            slicer.app.processEvents()
            time.sleep(0.01)

    def take(self, name: str) -> None:
        """Write the main window as it is."""
        slicer.util.forceRenderAllViews()
        self.settle()
        with tempfile.TemporaryDirectory() as folder:
            grabbed = Path(folder) / "window.png"
            self.window.grab().save(str(grabbed))
            # All colours: a palette would lose the thin red of the conservative mask.
            Image.open(grabbed).convert("RGB").save(RESOURCES / f"slicer_{name}.png", optimize=True)

    def open_case(self, position: int) -> None:
        """Open a case, zoomed in a little, with the list folded."""
        self.panel.cases.open_case(position)
        self.ui.casesSection.collapsed = True
        self.zoom()
        self.settle(lambda: self.workflow.session is None or self.workflow.has_ranks)

    def zoom(self) -> None:
        """Come nearer than the whole scan."""
        grid = self.workflow.open.stir.grid
        whole = whole_frame(grid)
        show_frame(self.slice_node, grid, Frame(whole.centre, whole.width_mm / ZOOM, whole.height_mm / ZOOM))
        self.panel.layout.remember()
        self.panel.layout.show(self.workflow.case)

    @property
    def slice_node(self) -> Any:
        """Of the STIR."""
        return self.panel.layout.slice_widgets[0].mrmlSliceNode()

    @property
    def mouse(self) -> Mouse:
        """Over the STIR."""
        return Mouse(self.panel.layout.slice_widgets[0].sliceView())

    def island(self, place: int) -> Any:
        """An island that counts, by size."""
        return [row for row in self.workflow.islands("size") if row.counts][place]


def cases(camera: Camera, folder: Path) -> None:
    """Step 1: the list, the first case."""
    camera.panel.options.node.reader = "AB"
    camera.panel.cases.open_study(write_tutorial(folder / "VHI tutorial"))
    camera.open_case(0)
    camera.ui.casesSection.collapsed = False
    camera.take("cases")


def normal_bone(camera: Camera) -> None:
    """Step 2: an outline being drawn, its thresholds beside it."""
    camera.open_case(2)
    camera.ui.proposeButton.click()
    camera.ui.normalBoneSection.collapsed = False
    camera.ui.cleanSection.collapsed = True
    camera.ui.outlineToolButton.click()
    bone, grid = camera.workflow.open.normal_bone, camera.workflow.open.stir.grid
    middle = grid.to_ras(np.argwhere(bone)).mean(axis=0)
    place = tuple(float(value) for value in middle - LOWER_MM * acquisition_axes(grid)[:, 1])
    camera.panel.layout.jump(place)
    outline = circle_around(camera.slice_node, place, RADIUS_MM)[:-4]
    mouse = camera.mouse
    mouse.move(outline[0])
    mouse.press(outline[0])
    for point in outline[1:]:
        mouse.move(point, qt.Qt.LeftButton)
    camera.take("normal_bone")
    mouse.release(outline[-1])
    camera.ui.clickToolButton.click()


def disease_region(camera: Camera) -> None:
    """Step 3: what the networks found."""
    camera.open_case(4)
    camera.ui.findButton.click()
    camera.settle(lambda: camera.workflow.open.disease_region is not None)
    camera.ui.diseaseRegionSection.collapsed = False
    camera.take("disease_region")


def thresholds(camera: Camera) -> None:
    """Step 4: both thresholds, and the histogram."""
    camera.open_case(0)
    camera.ui.thresholdSection.collapsed = False
    camera.ui.cleanSection.collapsed = True
    camera.panel.options.node.show_3d = True
    camera.settle()
    camera.zoom()
    camera.take("thresholds")
    camera.panel.options.node.show_3d = False
    camera.ui.thresholdSection.collapsed = True
    camera.settle()


def clean(camera: Camera) -> None:
    """Step 5: the island under the cursor, in a slice and in 3D, with what was removed shown faintly."""
    camera.open_case(0)
    row = camera.island(2)
    camera.panel.layout.jump(row.centre_ras)
    camera.settle()
    camera.mouse.move(pixel_of(camera.slice_node, row.centre_ras))
    camera.take("clean")
    camera.ui.smallerThanButton.click()
    camera.ui.rankBelowButton.click()
    camera.ui.showRemovedButton.click()
    camera.panel.options.node.show_3d = True
    camera.settle()
    camera.zoom()
    row = camera.island(1)
    camera.panel.layout.jump(row.centre_ras)
    view = camera.panel.layout.three_d_widgets[0].threeDView()
    view.forceRender()
    Mouse(view).move(pixel_of_surface(view, row.centre_ras))
    camera.take("3d")
    camera.ui.showRemovedButton.click()
    camera.panel.options.node.show_3d = False
    camera.settle()


def results(camera: Camera) -> None:
    """Step 6: the table of two finished cases."""
    for position in (0, 1):
        camera.open_case(position)
        camera.ui.smallerThanButton.click()
        camera.ui.rankBelowButton.click()
        camera.ui.finishButton.click()
    camera.ui.casesSection.collapsed = False
    camera.ui.cleanSection.collapsed = True
    camera.ui.showTableButton.checked = True
    camera.take("results")


def main() -> None:
    """All pictures; Slicer ends with status 1 when one cannot be taken."""
    status = 1
    try:
        with tempfile.TemporaryDirectory() as folder:
            camera = Camera()
            cases(camera, Path(folder))
            normal_bone(camera)
            disease_region(camera)
            thresholds(camera)
            clean(camera)
            results(camera)
            camera.workflow.close_study()
        status = 0
    finally:
        slicer.util.exit(status)


qt.QTimer.singleShot(1000, main)
