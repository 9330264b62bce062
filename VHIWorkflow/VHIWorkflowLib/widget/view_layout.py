"""The layout of the module: STIR beside T1w in the acquisition plane, linked; the reader's own comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
import vtk

from VHIWorkflowLib.scene.case_in_scene import CaseInScene
from VHIWorkflowLib.scene.frames import frame_in_view, show_frame, whole_frame
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.views import go_to, go_to_slice, show_acquisition_plane, slice_in_view
from VHIWorkflowLib.scene.volumes import brightness_of, set_brightness
from VHIWorkflowLib.study.last_view import LastView

from .view_memory import ViewMemory

STIR_VIEW, T1W_VIEW, SURFACE_VIEW, PLOT_VIEW = "VHISTIR", "VHIT1w", "VHI3D", "VHIHistogram"
SLICES_ONLY, WITH_3D = 5301, 5302
"""Numbers of our layouts; those of Slicer itself are below 1000."""

CLOSER = 1.4
"""VTK leaves room for turning; islands are flat."""

_SLICES = f"""
   <item><view class="vtkMRMLSliceNode" singletontag="{STIR_VIEW}">
    <property name="orientation" action="default">Coronal</property>
    <property name="viewlabel" action="default">STIR</property>
    <property name="viewcolor" action="default">#D9B800</property>
   </view></item>
   <item><view class="vtkMRMLSliceNode" singletontag="{T1W_VIEW}">
    <property name="orientation" action="default">Coronal</property>
    <property name="viewlabel" action="default">T1w</property>
    <property name="viewcolor" action="default">#8A8F98</property>
   </view></item>"""
LAYOUTS = {
    SLICES_ONLY: f'<layout type="horizontal" split="true">{_SLICES}</layout>',
    WITH_3D: f"""<layout type="vertical" split="true">
  <item splitSize="650"><layout type="horizontal" split="true">{_SLICES}</layout></item>
  <item splitSize="350"><layout type="horizontal" split="true">
   <item><view class="vtkMRMLViewNode" singletontag="{SURFACE_VIEW}">
    <property name="viewlabel" action="default">3D</property>
   </view></item>
   <item><view class="vtkMRMLPlotViewNode" singletontag="{PLOT_VIEW}">
    <property name="viewlabel" action="default">P</property>
   </view></item>
  </layout></item>
 </layout>""",
}


class ViewLayout:
    """Takes the views while the module is shown, and gives them back.

    Parameters
    ----------
    manager
        qSlicerLayoutManager.
    arranged
        Called whenever there are other views than before.

    Attributes
    ----------
    memory
        How the reader left each case.
    """

    def __init__(self, manager: Any, arranged: Callable[[], None]) -> None:
        self._manager = manager
        self._arranged = arranged
        self._before: int | None = None
        self._case: CaseInScene | None = None
        self._is_changing = False
        self.memory = ViewMemory()

    @property
    def is_ours(self) -> bool:
        """Whether our layout is shown."""
        return self._before is not None

    @property
    def slice_widgets(self) -> list[Any]:
        """QMRMLSliceWidget of STIR and T1w; none while another layout is shown."""
        names = (STIR_VIEW, T1W_VIEW) if self.is_ours else ()
        widgets = (self._manager.sliceWidget(name) for name in names)
        return [widget for widget in widgets if widget is not None]

    @property
    def three_d_widgets(self) -> list[Any]:
        """QMRMLThreeDWidget of the islands, where it is shown."""
        if not self.is_ours or self._node.GetViewArrangement() != WITH_3D:
            return []
        widgets = (self._manager.threeDWidget(n) for n in range(self._manager.threeDViewCount))
        return [each for each in widgets if each.mrmlViewNode().GetLayoutName() == SURFACE_VIEW]

    def take(self, *, with_3d: bool) -> None:
        """Show our layout; that of the reader is remembered."""
        if self._before is None:
            shown = self._node.GetViewArrangement()
            self._before = self._node.SlicerLayoutFourUpView if shown in LAYOUTS else shown
        self.arrange(with_3d=with_3d)

    def arrange(self, *, with_3d: bool) -> None:
        """Show slices only, or also 3D view and histogram."""
        if not self.is_ours:
            return
        self.remember()
        for number, description in LAYOUTS.items():
            if not self._node.IsLayoutDescription(number):
                self._node.AddLayoutDescription(number, description)
        wanted = WITH_3D if with_3d else SLICES_ONLY
        self._is_changing = True  # until they are filled, views show nothing the reader has chosen
        try:
            if self._node.GetViewArrangement() != wanted:
                self._manager.setLayout(wanted)
                slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)
            self._arranged()
            if self._case is not None:
                self._fill(self._case)
        finally:
            self._is_changing = False

    def give_back(self) -> None:
        """Show the reader's own layout again."""
        self.remember()
        before, self._before = self._before, None
        if before is not None:
            if self._case is not None and self._case.segmentation_node is not None:
                _everywhere(self._case)
            self._manager.setLayout(before)

    def show(self, case: CaseInScene | None) -> None:
        """Show a case, where the reader left it; None: empty views."""
        if case is self._case:
            self.remember()  # it is shown again because nodes were made again, and stays where it is
        self._case = case
        if not self.is_ours:
            return
        if case is None:
            for widget in self.slice_widgets:
                widget.sliceLogic().GetSliceCompositeNode().SetBackgroundVolumeID(None)
            return
        self._fill(case)

    def remember(self) -> None:
        """Remember how the reader sees the case that is shown; in another layout our views are not what is seen."""
        if self._node.GetViewArrangement() not in LAYOUTS:
            return
        case, number = self._case, self.slice_shown()
        if self._is_changing or case is None or number is None or case.stir_node is None or case.t1w_node is None:
            return
        frame = frame_in_view(self.slice_widgets[0].mrmlSliceNode(), case.open_case.stir.grid)
        if frame is not None:
            view = LastView(number, frame, brightness_of(case.stir_node), brightness_of(case.t1w_node))
            self.memory.keep(case.open_case.folder, view)

    def forget(self) -> None:
        """The scene was closed: there is no case and no view any more."""
        self._case = None

    def jump(self, ras: Ras) -> None:
        """Show the slice through a point in all slice views."""
        if self._case is not None:
            for widget in self.slice_widgets:
                go_to(widget.mrmlSliceNode(), self._case.open_case.stir.grid, ras)

    def slice_shown(self) -> int | None:
        """Slice of the STIR that is shown, from 0; None when none is."""
        widgets = self.slice_widgets
        if self._case is None or not widgets:
            return None
        return slice_in_view(widgets[0].mrmlSliceNode(), self._case.open_case.stir.grid)

    @property
    def _node(self) -> Any:
        return self._manager.layoutLogic().GetLayoutNode()

    def _fill(self, case: CaseInScene) -> None:
        grid = case.open_case.stir.grid
        for widget, volume in zip(self.slice_widgets, (case.stir_node, case.t1w_node), strict=False):
            composite = widget.sliceLogic().GetSliceCompositeNode()
            composite.SetLinkedControl(False)
            composite.SetBackgroundVolumeID(volume.GetID())
            composite.SetForegroundVolumeID(None)
            composite.SetLabelVolumeID(None)
            show_acquisition_plane(widget.mrmlSliceNode(), grid)
        left = self.memory.recall(case.open_case.folder)
        if left is not None:
            set_brightness(case.stir_node, left.stir)
            set_brightness(case.t1w_node, left.t1w)
        self._fit(case, left)
        for widget in self.slice_widgets:
            composite = widget.sliceLogic().GetSliceCompositeNode()
            composite.SetHotLinkedControl(True)
            composite.SetLinkedControl(True)
        self._show_in_our_views(case)

    def _fit(self, case: CaseInScene, left: LastView | None) -> None:
        """Show the piece of the STIR that the reader saw last, at first all of it, and the same piece of the T1w."""
        widgets = self.slice_widgets
        if not widgets:
            return
        grid = case.open_case.stir.grid
        stir_view = widgets[0].mrmlSliceNode()
        widgets[0].sliceLogic().FitSliceToBackground()
        show_acquisition_plane(stir_view, grid)
        show_frame(stir_view, grid, whole_frame(grid) if left is None else left.frame)
        slices = grid.shape[grid.slice_axis]
        go_to_slice(stir_view, grid, slices // 2 if left is None else min(left.slice_number, slices - 1))
        width, _height, depth = stir_view.GetFieldOfView()
        for widget in widgets[1:]:
            view = widget.mrmlSliceNode()
            columns, rows, _ = view.GetDimensions()
            view.GetSliceToRAS().DeepCopy(stir_view.GetSliceToRAS())
            view.SetXYZOrigin(stir_view.GetXYZOrigin())
            view.SetFieldOfView(width, width * max(rows, 1) / max(columns, 1), depth)
            view.UpdateMatrices()

    def _show_in_our_views(self, case: CaseInScene) -> None:
        """Masks over the STIR and in 3D; the T1w stays bare; histogram in the plot view."""
        display = case.segmentation_node.GetDisplayNode()
        widgets = self.slice_widgets
        if widgets:
            display.SetViewNodeIDs([widgets[0].mrmlSliceNode().GetID()])
        case.show_surface(bool(self.three_d_widgets))
        for widget in self.three_d_widgets:
            node = widget.mrmlViewNode()
            node.SetBoxVisible(False)
            node.SetAxisLabelsVisible(False)
            for surface in _surfaces(case):
                surface.GetDisplayNode().SetViewNodeIDs([node.GetID()])
            _look_at(widget.threeDView(), _surfaces(case))
        plot = slicer.mrmlScene.GetSingletonNode(PLOT_VIEW, "vtkMRMLPlotViewNode")
        if plot is not None and case.chart_node is not None:
            case.chart_node.SetLegendVisibility(False)  # there is no room; the colours are those of the masks
            plot.SetPlotChartNodeID(case.chart_node.GetID())


def _surfaces(case: CaseInScene) -> list[Any]:
    """What is seen of a case in 3D: islands that count, and those that do not."""
    return [node for node in (case.surface_node, case.removed_surface_node) if node is not None]


def _look_at(view: Any, models: list[Any]) -> None:
    """Fill a 3D view with models; one that has nothing to show leaves it as it is."""
    box = vtk.vtkBoundingBox()
    for model in models:
        if model.GetPolyData() is not None and model.GetPolyData().GetNumberOfCells():
            bounds = [0.0] * 6
            model.GetRASBounds(bounds)
            box.AddBounds(bounds)
    if not box.IsValid():
        return
    bounds = [0.0] * 6
    box.GetBounds(bounds)
    renderer = view.renderWindow().GetRenderers().GetFirstRenderer()
    view.resetFocalPoint()
    renderer.ResetCamera(bounds)
    renderer.GetActiveCamera().Zoom(CLOSER)
    view.scheduleRender()


def _everywhere(case: CaseInScene) -> None:
    """Show the masks in all views again."""
    case.segmentation_node.GetDisplayNode().SetViewNodeIDs([])
    if case.surface_node is not None:
        case.show_surface(False)
    for surface in _surfaces(case):
        surface.GetDisplayNode().SetViewNodeIDs([])
