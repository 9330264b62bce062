"""Slice views of a real Slicer scene, drawn without a screen: MRML's own slice logic and segmentation display."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from PIL import Image
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.scene.segments import CaseSegments
from VHIWorkflowLib.scene.volumes import add_volume
from vtk.util.numpy_support import vtk_to_numpy

GREY = "vtkMRMLColorTableNodeGrey"
DISPLAY_MANAGER = "vtkMRMLSegmentationsDisplayableManager2D"


class DrawnScene:
    """A scene with scans and segments, and views of it as pictures."""

    def __init__(self) -> None:
        self.scene = slicer.vtkMRMLScene()
        self._application = slicer.vtkSlicerApplicationLogic()
        self._application.SetMRMLScene(self.scene)
        self._colours = slicer.vtkMRMLColorLogic()
        self._colours.SetMRMLScene(self.scene)
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(self._application)
        if not factory.IsDisplayableManagerRegistered(DISPLAY_MANAGER):
            factory.RegisterDisplayableManager(DISPLAY_MANAGER)
        self._views = 0

    def add_scan(self, volume: Volume, name: str) -> Any:
        """Add a scan, shown in grey."""
        node = add_volume(self.scene, volume, name)
        node.GetDisplayNode().SetAndObserveColorNodeID(GREY)
        return node

    def add_segments(self, grid: Grid, masks: dict[SegmentKind, BoolArray]) -> CaseSegments:
        """Add the segments of a case as the panel shows them."""
        segments = CaseSegments.add(self.scene, grid, "Segments")
        for kind, mask in masks.items():
            segments.set_mask(kind, mask)
        return segments

    def picture(
        self,
        scan: Any,
        slice_number: int,
        *,
        size: tuple[int, int],
        centre: tuple[float, float] = (0.5, 0.5),
        width_mm: float = 200.0,
    ) -> Image.Image:
        """A view of one slice of the acquisition.

        Parameters
        ----------
        scan
            Node of `add_scan`.
        slice_number
            From 0, of a scan whose slices are its first array axis.
        size
            Width and height of the picture in pixels.
        centre
            Middle of the view within the slice: share of its columns, share of its rows.
        width_mm
            Width of the view.
        """
        columns, rows, _ = scan.GetImageData().GetDimensions()
        matrix = vtk.vtkMatrix4x4()
        scan.GetIJKToRASMatrix(matrix)
        middle = matrix.MultiplyPoint((centre[0] * (columns - 1), centre[1] * (rows - 1), slice_number, 1.0))[:3]
        logic, node = self._view(scan, size)
        node.SetFieldOfView(width_mm, width_mm * size[1] / size[0], node.GetFieldOfView()[2])
        node.JumpSliceByCentering(*middle)
        return _drawn(logic, node, size)

    def _view(self, scan: Any, size: tuple[int, int]) -> tuple[Any, Any]:
        self._views += 1
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self._application)
        logic.SetMRMLScene(self.scene)
        node = logic.AddSliceNode(f"View{self._views}")
        logic.GetSliceCompositeNode().SetBackgroundVolumeID(scan.GetID())
        node.SetOrientation("Coronal")
        node.SetDimensions(*size, 1)
        node.RotateToVolumePlane(scan)
        logic.FitSliceToBackground(*size)
        return logic, node


def _drawn(logic: Any, node: Any, size: tuple[int, int]) -> Image.Image:
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(*size)
    renderer = vtk.vtkRenderer()
    renderer.GetActiveCamera().ParallelProjectionOn()
    window.AddRenderer(renderer)
    interactor = vtk.vtkRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    logic.UpdatePipeline()
    mapper = vtk.vtkImageMapper()
    mapper.SetInputConnection(logic.GetImageDataConnection())
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    background = vtk.vtkActor2D()
    background.SetMapper(mapper)
    background.GetProperty().SetDisplayLocationToBackground()
    renderer.AddViewProp(background)
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    managers = factory.InstantiateDisplayableManagers(renderer)
    managers.SetMRMLDisplayableNode(node)
    window.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    managers.SetMRMLDisplayableNode(None)
    return Image.fromarray(np.ascontiguousarray(pixels[::-1, :, :3]))
