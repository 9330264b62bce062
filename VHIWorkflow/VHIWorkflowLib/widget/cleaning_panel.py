"""Cleaning: tools, reasons, undo, and VHI as it stands."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _
from slicer.i18n import translate

from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.sentences import translated
from VHIWorkflowLib.core.steps import REASONS
from VHIWorkflowLib.core.targets import RankBelow, SmallerThan, TheseIslands, WholeSlice
from VHIWorkflowLib.interaction.gestures import decide, scope
from VHIWorkflowLib.interaction.hover_text import reason_text
from VHIWorkflowLib.interaction.tool import Tool
from VHIWorkflowLib.scene.signals import What

from .desk import AtHand, Desk
from .fitted_text import show_fitted
from .number_texts import vhi_text

TOOLS = {
    "clickToolButton": Tool.CLICK,
    "lassoToolButton": Tool.LASSO,
    "cutToolButton": Tool.CUT,
    "planeToolButton": Tool.PLANE,
    "outlineToolButton": Tool.OUTLINE,
    "paintToolButton": Tool.PAINT,
    "eraseToolButton": Tool.ERASE,
}
STARTS: tuple[StartMode, ...] = ("remove", "keep")


class CleaningPanel:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self.ui = desk, desk.ui
        self._tool_buttons = {tool: getattr(self.ui, name) for name, tool in TOOLS.items()}
        self._slots: list[Any] = []  # held here: the connections do not hold them
        for tool, button in self._tool_buttons.items():
            self._connect(button, lambda tool=tool: self.choose_tool(tool))
        self._reason_buttons = [getattr(self.ui, f"reasonButton{number}") for number in range(1, len(REASONS) + 1)]
        for number, button in enumerate(self._reason_buttons, start=1):
            button.setText(f"{number} {reason_text(REASONS[number - 1])}")
            self._connect(button, lambda number=number: self.keep_reason(number))
        self.ui.startComboBox.connect("activated(int)", self.set_start)
        self.ui.wholeSliceButton.connect("clicked()", self.decide_on_slice)
        self.ui.smallerThanButton.connect("clicked()", self.remove_small)
        self.ui.rankBelowButton.connect("clicked()", self.remove_ranked_below)
        self.ui.removeButton.connect("clicked()", self.remove_at_hand)
        self.ui.keepButton.connect("clicked()", self.keep_at_hand)
        self.ui.undoButton.connect("clicked()", self.undo)
        self.ui.redoButton.connect("clicked()", self.redo)
        self.ui.cleanSection.connect("contentsCollapsed(bool)", self.opened)
        self._show()

    def close(self) -> None:
        """See `desk.Part`."""

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if "case" in changed:
            self.opened(bool(self.ui.cleanSection.collapsed))
        if changed & {"case", "regions", "session"}:
            self._show()
        if changed & {"case", "regions"}:
            self.show_choices()

    def opened(self, collapsed: bool) -> None:
        """The reader begins to clean: a click no longer draws normal bone."""
        if not collapsed and not self._desk.options.tool.is_cleaning:
            self.choose_tool(Tool.CLICK)

    def show_choices(self) -> None:
        """Show tool and reason of the parameter node, and apply what it says about the views."""
        options = self._desk.options
        for tool, button in self._tool_buttons.items():
            button.setChecked(tool is options.tool)
        for number, button in enumerate(self._reason_buttons, start=1):
            button.setChecked(options.reason == REASONS[number - 1])
        case, session = self._desk.workflow.case, self._desk.workflow.session
        starts_empty = session is not None and session.start == "keep"
        self.ui.showRemovedButton.setEnabled(not starts_empty)
        if case is not None and options.node is not None:
            case.show_removed(options.node.show_removed or starts_empty)  # what could be kept must be seen

    def choose_tool(self, tool: Tool) -> None:
        """Let the left button do something else."""
        if self._desk.options.node is not None:
            self._desk.options.node.tool = tool
        self.show_choices()

    def keep_reason(self, number: int) -> None:
        """Give a reason to all following removals; none when it is chosen already."""
        node = self._desk.options.node
        if node is not None:
            node.reason_number = 0 if node.reason_number == number else number
        self.show_choices()

    def reason_at_hand(self, number: int) -> None:
        """Remove the island at hand for a reason."""
        hand, workflow = self._desk.at_hand, self._desk.workflow
        with self._desk.attempting():
            if hand is not None and workflow.session is not None:
                workflow.click(hand.ras, in_slice=self._scope(hand), reason=REASONS[number - 1])

    def remove_at_hand(self) -> None:
        """Remove the island at hand, or restore it."""
        hand, workflow = self._desk.at_hand, self._desk.workflow
        with self._desk.attempting():
            if hand is not None and workflow.session is not None:
                workflow.click(hand.ras, in_slice=self._scope(hand))

    def keep_at_hand(self) -> None:
        """Keep the island at hand."""
        hand, workflow = self._desk.at_hand, self._desk.workflow
        with self._desk.attempting():
            if hand is not None and workflow.session is not None:
                workflow.keep(TheseIslands((hand.number,)), in_slice=self._scope(hand))

    def set_start(self, index: int) -> None:
        """Choose whether all islands count at first, or none."""
        with self._desk.waiting():
            self._desk.workflow.set_start(STARTS[index])
        self._show()

    def decide_on_slice(self) -> None:
        """Decide on every island of the slice that is shown."""
        workflow = self._desk.workflow
        with self._desk.attempting():
            number = self._desk.place.slice_shown()
            if number is None:
                self._desk.failed(_("No slice of the STIR is shown; scroll into the volume first."))
                return
            in_slice = number if self._desk.options.slice_only else None
            decide(workflow, self._desk.options, WholeSlice(number), in_slice)

    def remove_small(self) -> None:
        """Remove every island below a volume."""
        self._remove_many(SmallerThan(self._desk.options.node.smaller_than_mm3))

    def remove_ranked_below(self) -> None:
        """Remove every island that a reader would keep with less than some probability."""
        self._remove_many(RankBelow(self._desk.options.node.rank_below))

    def undo(self) -> None:
        """Take back the latest thing the reader did, a change of a region or a step of cleaning."""
        with self._desk.attempting():
            if self._desk.workflow.undo_text() is not None:
                self._desk.workflow.undo()

    def redo(self) -> None:
        """Do the latest undone thing again."""
        with self._desk.attempting():
            if self._desk.workflow.redo_text() is not None:
                self._desk.workflow.redo()

    def hovered(self, hand: AtHand | None) -> None:
        """The cursor came over an island, or left it."""
        self._desk.at_hand = hand

    def _scope(self, hand: AtHand) -> int | None:
        """The slice that a step on the island at hand is limited to; None for the whole of it."""
        return None if hand.whole else scope(self._desk.workflow, self._desk.options, hand.ras)

    def _remove_many(self, target: SmallerThan | RankBelow) -> None:
        with self._desk.waiting():
            change = self._desk.workflow.remove(target, reason=self._desk.options.reason)
            self._desk.say(
                "" if change else _("No island is that small, or that unlikely to be kept; nothing has changed.")
            )

    def _connect(self, button: Any, slot: Any) -> None:
        self._slots.append(slot)
        button.connect("clicked()", slot)

    def _show(self) -> None:
        workflow = self._desk.workflow
        session, vhi, case = workflow.session, workflow.vhi, workflow.case
        if session is None or vhi is None:
            problem = "" if case is None else translated(case.open_case.problem or "", translate)
            self.ui.vhiLabel.setText(problem[:1].upper() + problem[1:])
            self.ui.cleanSection.setText(_("Clean"))
        else:
            islands = len(session.partition)
            left = islands - session.islands_removed()
            self.ui.vhiLabel.setText(vhi_text(vhi, left, islands))
            self.ui.cleanSection.setText(
                _("Clean: VHI {volume} mm3, {left} of {islands} islands left").format(
                    volume=f"{vhi.sensitive_mm3:,.0f}", left=left, islands=islands
                )
            )
        self.ui.startComboBox.setCurrentIndex(STARTS.index(session.start) if session is not None else 0)
        self.ui.startComboBox.setEnabled(session is not None and not session.steps)
        _show_step(self.ui.undoButton, _("Undo"), workflow.undo_text())
        _show_step(self.ui.redoButton, _("Redo"), workflow.redo_text())
        for name in ("wholeSlice", "smallerThan", "rankBelow", "remove", "keep"):
            getattr(self.ui, f"{name}Button").setEnabled(session is not None)


def _show_step(button: Any, plain: str, text: str | None) -> None:
    """Write on a button what it does: as much as fits, the whole of it in its tooltip."""
    shown = text or plain
    key = button.property("ShortcutText")
    if key:
        shown = _("({key}) {text}").format(text=shown, key=key)
    show_fitted(button, shown)
    button.setEnabled(text is not None)
