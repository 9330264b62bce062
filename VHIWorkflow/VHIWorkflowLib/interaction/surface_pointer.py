"""The mouse in a 3D view: what is under it is highlighted, a click decides on it, a drag turns the view as always."""

from __future__ import annotations

from dataclasses import dataclass, replace

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.scene.island_table import IslandRow
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.workflow import Workflow

from .drawing import HOVERED, HOVERED_REMOVED, Caption
from .hooks import Hooks
from .hover_text import hover_text
from .mouse import Event, MouseWatch
from .surface_view import Highlight, SurfaceView
from .tool import Options

STILL_PIXELS = 4
"""A press and release closer together than this is a click, not a drag."""


@dataclass(frozen=True)
class _Hovered:
    """The island under the cursor: of which cleaning, as it stood, where it was hit (RAS mm), in which column."""

    session: CleaningSession
    row: IslandRow
    hit: Ras
    column: int


class SurfacePointer:
    """Hover and click in one 3D view.

    Parameters
    ----------
    view
        The 3D view.
    workflow, options, hooks
        What is cleaned, how, and who is told.
    """

    def __init__(self, view: SurfaceView, workflow: Workflow, options: Options, hooks: Hooks) -> None:
        self.view = view
        self._workflow, self._options, self._hooks = workflow, options, hooks
        self._highlight, self._caption = Highlight(view), Caption(view)
        self._pressed: tuple[int, int] | None = None
        self._clicked: tuple[tuple[int, int], Ras, object] | None = None
        self._hovered: _Hovered | None = None
        self._mouse = MouseWatch(view.interactor, self._on_mouse)

    def stop(self) -> None:
        """Let go of the view."""
        self._mouse.stop()
        self._highlight.remove()
        self._caption.remove()
        self.view.render()

    @property
    def caption(self) -> str:
        """What is said of what lies under the cursor."""
        return self._caption.text

    def refresh(self) -> None:
        """Say how the island under the cursor was decided on; one that was removed by a key is not there any more."""
        hovered = self._hovered
        if hovered is None:
            return
        row = self._workflow.island_at(hovered.row.centre_ras) if self._workflow.session is hovered.session else None
        if row is None or row.number != hovered.row.number:
            self.hide()
        else:
            self._show(replace(hovered, row=row))

    def hide(self) -> None:
        """Highlight nothing until the mouse moves again."""
        if self._hovered is not None:
            self._hovered = None
            self._highlight.hide()
            self._caption.hide()
            self._hooks.hovered(None, None)
            self.view.render()

    def _on_mouse(self, event: Event, xy: tuple[int, int]) -> bool:
        """Act on an event; True keeps it from Slicer."""
        if event == "enter":
            self._hooks.entered()
        if self._hooks.is_placing() or self._workflow.session is None:
            self.hide()
            return False
        if event == "press":
            self._pressed = xy
        elif event == "release":
            pressed, self._pressed = self._pressed, None
            if pressed is not None and is_still(pressed, xy):
                self._click(xy)
            else:
                self._clicked = None  # the view was turned: another place lies under the same pixel
        elif event == "move" and self._pressed is None:
            self._hover(xy)
        elif event == "leave":
            self.hide()
        return event == "double"

    def _click(self, xy: tuple[int, int]) -> None:
        """Decide on the island under the cursor, or bring back the one that the last click here made vanish."""
        hit, last = self.view.surface_point(xy), self._clicked
        again = hit is None and last is not None and is_still(last[0], xy) and last[2] is self._workflow.session
        if again and last is not None:
            hit = last[1]
        if hit is None:
            return
        try:
            row = self._workflow.surface_island_at(hit)
            reason = None if again or row is None or row.counts is False else self._options.reason
            self._workflow.click_surface(hit, reason=reason, again=again)
            self._clicked = xy, hit, self._workflow.session
        except VHIError as error:
            self._hooks.failed(error)
        self.hide()

    def _hover(self, xy: tuple[int, int]) -> None:
        """Highlight what lies under the cursor; the view is drawn again only when that is another island."""
        hit = self.view.surface_point(xy)
        row = None if hit is None else self._workflow.surface_island_at(hit)
        case, session = self._workflow.case, self._workflow.session
        if hit is None or row is None or case is None or session is None or case.surface_node is None:
            self.hide()
            return
        if self._hovered is not None and row.number == self._hovered.row.number:
            return
        self._show(_Hovered(session, row, hit, xy[0]))
        self._hooks.hovered(row, row.centre_ras, whole=True)

    def _show(self, hovered: _Hovered) -> None:
        """Highlight an island, where it is seen, and say what it is."""
        case, row = self._workflow.case, hovered.row
        self._hovered = hovered
        counts_not = row.counts is False
        colour = HOVERED_REMOVED if counts_not else HOVERED
        surface = None if case is None else case.removed_surface_node if counts_not else case.surface_node
        if surface is None:
            self._highlight.hide()
        else:
            self._highlight.show(surface.GetPolyData(), hovered.hit, colour)
        text = hover_text(row, len(hovered.session.partition), narrow=True)
        self._caption.show_beside(text, colour, hovered.column)
        self.view.render()


def is_still(before: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether two places are so close together that the mouse was not moved on purpose."""
    return max(abs(now[0] - before[0]), abs(now[1] - before[1])) < STILL_PIXELS
