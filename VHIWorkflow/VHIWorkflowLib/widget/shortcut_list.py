"""All keys of the module, as plain data: what they do, and which button has their letter on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shortcut:
    """One key.

    Attributes
    ----------
    keys
        As Qt writes them: "Z", "Shift+Z", "Space".
    does
        In plain words.
    button
        Object name of the button that does the same; None where there is none.
    held
        Whether it acts as long as it is held.
    """

    keys: str
    does: str
    button: str | None = None
    held: bool = False


def shortcuts(translate: Callable[[str], str] = str) -> tuple[Shortcut, ...]:
    """All keys, in the order of the help page; texts are looked up in the context "widget.shortcut_list"."""
    _ = translate
    return (
        Shortcut("Space", _("Next suspicious island"), "nextSuspiciousButton"),
        Shortcut("F", _("Remove the island under the cursor or jumped to; again takes it back"), "removeButton"),
        Shortcut("G", _("Keep it: it is decided then"), "keepButton"),
        *(
            Shortcut(str(number), _("Remove it for the reason on the button"), f"reasonButton{number}")
            for number in range(1, 8)
        ),
        Shortcut("Z", _("Undo the latest thing, cleaning or a region"), "undoButton"),
        Shortcut("Y", _("Redo"), "redoButton"),
        Shortcut("A", _("Hide all overlays while held"), held=True),
        Shortcut("C", _("Click"), "clickToolButton"),
        Shortcut("L", _("Lasso"), "lassoToolButton"),
        Shortcut("X", _("Cut with the brush"), "cutToolButton"),
        Shortcut("P", _("Plane"), "planeToolButton"),
        Shortcut("S", _("Slice only"), "sliceOnlyButton"),
        Shortcut("W", _("Whole slice"), "wholeSliceButton"),
        Shortcut("R", _("Show what was removed"), "showRemovedButton"),
        Shortcut("V", _("3D view and histogram"), "show3dButton"),
        Shortcut("D", _("Draw around normal bone"), "outlineToolButton"),
        Shortcut("Q", _("Paint normal bone"), "paintToolButton"),
        Shortcut("E", _("Erase normal bone"), "eraseToolButton"),
        Shortcut("B", _("Look at the voxel of normal bone that matters most"), "showVoxelButton"),
        Shortcut("K", _("Erase that voxel from the normal bone"), "eraseVoxelButton"),
        Shortcut("Ctrl+Return", _("Finish this case and open the next"), "finishNextButton"),
        Shortcut("PgDown", _("Next case"), "nextCaseButton"),
        Shortcut("PgUp", _("Previous case"), "previousCaseButton"),
        Shortcut("?", _("This page"), "helpButton"),
    )


SHORTCUTS = shortcuts()


def mouse_help(translate: Callable[[str], str] = str) -> tuple[tuple[str, str], ...]:
    """What the mouse does in slice and 3D views: gesture, meaning."""
    _ = translate
    return (
        (_("Move"), _("Outlines the island under the cursor and says what it is")),
        (_("Left click"), _("Removes it, or keeps it when none counts at first; again takes it back. Also in 3D")),
        (_("Left drag"), _("What the chosen tool does: lasso, cut, plane, outline, paint, erase")),
        (_("Ctrl and left drag"), _("Brightness and contrast")),
        (_("Wheel"), _("Scrolls through the slices")),
        (_("Right drag"), _("Zooms")),
        (_("Middle drag"), _("Moves the picture")),
        (_("Shift and move"), _("Moves all views to the cursor")),
    )
