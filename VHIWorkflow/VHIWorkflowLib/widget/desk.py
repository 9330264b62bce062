"""What all parts of the panel share: workflow, widgets, the reader's choices, and how the reader is told things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import qt
import slicer
from slicer.i18n import translate

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.sentences import translated
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.scene.workflow import Workflow

from .parameters import PanelOptions
from .prompts import Prompts

PROBLEM_STYLE = "background: #7a1f1f; color: white; padding: 1px 3px; border-radius: 3px;"
NO_MESSAGE = "\u00a0"
"""A space: an empty label that wraps takes more room than one with a line."""
NOTE_STYLE = "padding: 1px 3px;"
STATUS_MS = 8000


class Place(Protocol):
    """Shows places in the views."""

    def jump(self, ras: Ras) -> None:
        """Show the slice through a point in all slice views, and what lies there."""

    def slice_shown(self) -> int | None:
        """Slice of the STIR that is shown, from 0; None when none is."""


@dataclass(frozen=True)
class AtHand:
    """The island under the cursor, or the one jumped to: its number, and a point of it (RAS mm).

    ``whole`` where the whole of it is meant, also when steps are limited to a slice.
    """

    number: int
    ras: Ras
    whole: bool = False


class Part(Protocol):
    """A part of the panel."""

    def update(self, changed: frozenset[What]) -> None:
        """Show what has changed."""

    def close(self) -> None:
        """Let go of everything that outlives the panel."""


class Desk:
    """See the module.

    Parameters
    ----------
    ui
        Widgets of the .ui file by name.
    workflow
        All steps.
    options
        The reader's choices.
    prompts
        Asks the reader.
    place
        Shows places in the views.

    Attributes
    ----------
    at_hand
        The island that keys act on.
    """

    def __init__(self, ui: Any, workflow: Workflow, options: PanelOptions, prompts: Prompts, place: Place) -> None:
        self.ui = ui
        self.workflow = workflow
        self.options = options
        self.prompts = prompts
        self.place = place
        self.at_hand: AtHand | None = None
        self.message = ""
        self._is_problem = False
        self.say("")

    def say(self, text: str) -> None:
        """Show a note above the panel; empty for none."""
        self._is_problem = False
        self._show(text, NOTE_STYLE)

    def failed(self, problem: VHIError | str) -> None:
        """Show why a step could not be taken."""
        self._is_problem = True
        self._show(problem, PROBLEM_STYLE)

    def forget_problem(self) -> None:
        """A later step could be taken: what was wrong before is over. A note stays."""
        if self._is_problem:
            self.say("")

    @contextmanager
    def attempting(self) -> Iterator[None]:
        """Do a step; when it cannot be done the reader is told why, and nothing else happens."""
        try:
            yield
        except VHIError as error:
            self.failed(error)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """As `attempting`, for what takes a moment: the cursor shows it."""
        qt.QApplication.setOverrideCursor(qt.QCursor(qt.Qt.WaitCursor))
        try:
            with self.attempting():
                yield
        finally:
            qt.QApplication.restoreOverrideCursor()

    def _show(self, said: VHIError | str, style: str) -> None:
        text = translated(said, translate)
        self.message = text[:1].upper() + text[1:]
        self.ui.messageLabel.setStyleSheet(style if text else "")
        self.ui.messageLabel.setText(self.message or NO_MESSAGE)
        line = self.message.replace("\n", " ")
        slicer.util.showStatusMessage(line, STATUS_MS)  # seen also where the panel is scrolled down
