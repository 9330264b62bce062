"""The mouse in one slice view: what is under it is outlined, the left button does what the tool says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.scene.island_table import IslandRow
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.workflow import Workflow

from .brightness import BrightnessDrag
from .drawing import HOVERED, HOVERED_REMOVED, STROKE, Caption, Cross, Lines, poly_data
from .gestures import Gesture, begin, circle, scope
from .hooks import Hooks
from .hover_text import hover_text
from .mouse import Event, MouseWatch
from .slice_view import SliceView
from .tool import Options, Tool


class SlicePointer:
    """Hover, click and drag in one slice view. Wheel, right and middle button stay Slicer's.

    Parameters
    ----------
    view
        The slice view.
    workflow, options, hooks
        What is cleaned, how, and who is told.
    moved
        Told where the cursor is (RAS mm), None when it left the view.
    """

    def __init__(
        self,
        view: SliceView,
        workflow: Workflow,
        options: Options,
        hooks: Hooks,
        moved: Callable[[SlicePointer, Ras | None], None],
    ) -> None:
        self.view = view
        self.cross = Cross(view)
        self._workflow, self._options, self._hooks, self._moved = workflow, options, hooks, moved
        self._outline, self._stroke, self._caption = Lines(view, 2.5), Lines(view, 1.5), Caption(view)
        self._gesture: Gesture | None = None
        self._xy: tuple[int, int] | None = None
        self._pinned: Ras | None = None
        self._node_tag = view.node.AddObserver("ModifiedEvent", self._on_view_changed)
        self._mouse = MouseWatch(view.interactor, self._on_mouse)

    def stop(self) -> None:
        """Let go of the view."""
        self._mouse.stop()
        self.view.node.RemoveObserver(self._node_tag)
        for drawn in (self._outline, self._stroke, self._caption, self.cross):
            drawn.remove()
        self.view.render()

    @property
    def caption(self) -> str:
        """What is said of what lies under the cursor."""
        return self._caption.text

    @property
    def is_outlining(self) -> bool:
        """Whether an island is outlined."""
        return self._outline.is_shown

    def refresh(self) -> None:
        """Look again at what lies under the cursor: masks or tool have changed."""
        if self._gesture is not None:
            return
        if self._xy is not None:
            self._hover(self._xy)
        elif self._pinned is not None:
            self._outline_pinned()
            self.view.render()

    def hide(self) -> None:
        """Show nothing over the scan until the mouse moves again."""
        for drawn in (self._outline, self._stroke, self._caption):
            drawn.hide()
        self.view.render()

    def point_at(self, ras: Ras) -> None:
        """Outline the island at a point until the cursor is over another one, or `unpin`."""
        self._xy, self._pinned = None, ras
        self._stroke.hide()
        self._outline_pinned()
        self.cross.show(ras)

    def unpin(self) -> None:
        """Forget the island that was pointed at, and outline it no more where the cursor is not."""
        pinned, self._pinned = self._pinned, None
        if pinned is not None and self._xy is None:
            self.hide()

    def _on_mouse(self, event: Event, xy: tuple[int, int]) -> bool:
        """Act on an event; True keeps it from Slicer."""
        if event == "enter":
            self._hooks.entered()
        if self._hooks.is_placing() or self._workflow.case is None:
            self._leave()
            return False
        if event == "leave":
            self._leave()
            return False
        if event in ("move", "enter"):
            self._xy = xy
            return self._move(xy)
        if event == "press":
            self._press(xy)
        elif event == "adjust":
            self._adjust(xy)
        elif event == "release" and self._gesture is not None:
            self._release(xy)
        return True

    def _move(self, xy: tuple[int, int]) -> bool:
        ras = self.view.ras(xy)
        self._moved(self, ras)
        if self._gesture is None:
            self._hover(xy)
            return False
        self._try(lambda gesture: gesture.extend(ras))
        return True

    def _press(self, xy: tuple[int, int]) -> None:
        ras, tool = self.view.ras(xy), self._options.tool
        if tool is Tool.CLICK:
            self._click(ras)
            return
        if tool.is_cleaning and self._workflow.session is None:
            return
        self._begin(begin(tool, self._workflow, self._options, self.view, self._hooks.drawn), ras)

    def _adjust(self, xy: tuple[int, int]) -> None:
        """Begin to change brightness and contrast."""
        volume = self.view.volume
        if volume is not None:
            self._begin(BrightnessDrag(self.view, volume), self.view.ras(xy))

    def _begin(self, gesture: Gesture | None, ras: Ras) -> None:
        self._outline_nothing()
        self._gesture = gesture
        self._try(lambda gesture: gesture.extend(ras))

    def _release(self, xy: tuple[int, int]) -> None:
        ras = self.view.ras(xy)
        self._try(lambda gesture: gesture.extend(ras))
        self._try(lambda gesture: gesture.finish())
        self._end_gesture()
        self._hover(xy)

    def _try(self, act: Callable[[Gesture], None]) -> None:
        """Go on with the gesture; one that cannot go on ends and says why."""
        if self._gesture is None:
            return
        try:
            act(self._gesture)
            self._stroke.show(self._gesture.picture(), STROKE)
        except VHIError as error:
            self._end_gesture()
            self._hooks.failed(error)
        self.view.render()

    def _end_gesture(self) -> None:
        self._gesture = None
        self._stroke.hide()
        self._hooks.drawn(None)

    def _click(self, ras: Ras) -> None:
        session = self._workflow.session
        if session is None:
            return
        in_slice = scope(self._workflow, self._options, ras)
        reason = self._options.reason if session.start == "remove" else None
        try:
            row = self._workflow.island_at(ras)
            if reason is None or row is None or row.counts is False:
                self._workflow.click(ras, in_slice=in_slice)
            elif not self._workflow.click(ras, in_slice=in_slice, reason=reason):
                self._workflow.click(ras, in_slice=in_slice)  # this part was removed for this reason: restore it
        except VHIError as error:
            self._hooks.failed(error)

    def _hover(self, xy: tuple[int, int]) -> None:
        """Outline what lies under the cursor; this view alone is drawn again."""
        ras, tool = self.view.ras(xy), self._options.tool
        self._brush_picture(ras, tool)
        row = self._outline_at(ras) if tool.is_cleaning and self._workflow.session is not None else None
        if row is None and self._pinned is not None:
            self._outline_pinned()
        else:
            if row is None:
                self._outline_nothing()
            self._hooks.hovered(row, ras)
        self.view.render()

    def _outline_pinned(self) -> None:
        """Outline the island that was pointed at, on its slice."""
        width, height = self.view.size
        number = self._workflow.slice_number(self.view.ras((width // 2, height // 2)))
        if self._pinned is not None and number == self._workflow.slice_number(self._pinned):
            self._outline_at(self._pinned)
        else:
            self._outline_nothing()

    def _outline_at(self, ras: Ras) -> IslandRow | None:
        """Outline the island at a point and say what it is."""
        if self._workflow.session is None:
            return None
        row, in_slice = self._workflow.island_at(ras), scope(self._workflow, self._options, ras)
        outline = None if row is None else self._workflow.outline_at(ras, self.view.normal, in_slice=in_slice)
        if row is None or outline is None:
            self._outline_nothing()
            return None
        self._show(row, outline, None if in_slice is None else self._workflow.voxels_at(ras, in_slice))
        return row

    def _outline_nothing(self) -> None:
        self._outline.hide()
        self._caption.hide()

    def _brush_picture(self, ras: Ras, tool: Tool) -> None:
        if tool.has_brush:
            self._stroke.show(poly_data([circle(ras, self._options.brush_radius_mm, self.view)]), STROKE)
        else:
            self._stroke.hide()

    def _show(self, row: IslandRow, outline: Any, in_slice_voxels: int | None) -> None:
        session = self._workflow.session
        colour = HOVERED_REMOVED if row.counts is False else HOVERED
        self._outline.show(outline, colour)
        islands = 0 if session is None else len(session.partition)
        self._caption.show(hover_text(row, islands, in_slice_voxels), colour)

    def _leave(self) -> None:
        if self._xy is None:
            return
        self._xy = None
        self._moved(self, None)
        if self._pinned is None:
            self._hooks.hovered(None, None)
        if self._gesture is None:
            self.hide()
        self.refresh()

    def _on_view_changed(self, *_event: Any) -> None:
        """The reader scrolled, moved or zoomed."""
        for drawn in (self._outline, self._stroke):
            drawn.follow()
        self.refresh()
