"""The panel as a whole: its parts, the views, the keys, and what happens when the module is entered and left."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.interaction.views import Views
from VHIWorkflowLib.scene.island_table import IslandRow
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.scene.workflow import Workflow

from .background import CaseSearch, ReadAhead
from .cases_panel import READER_SETTING, CasesPanel
from .child_process import ChildProcess, ProcessFactory
from .cleaning_panel import CleaningPanel
from .curve_drawing import CurveDrawing
from .data_probe import DataProbeFold
from .desk import AtHand, Desk, Part
from .disease_region_panel import DiseaseRegionPanel
from .help_page import help_html
from .island_list import IslandList
from .key_watch import KeyWatch
from .normal_bone_panel import NormalBonePanel
from .parameters import PanelOptions
from .prompts import Prompts
from .results_panel import ResultsPanel
from .segment_editing import SegmentEditing
from .shortcut_list import Shortcut, shortcuts
from .threshold_panel import ThresholdPanel
from .view_layout import ViewLayout

REMEMBER_AFTER_MS = 1000
"""How the reader sees a case is kept so long after a step, so that a quick series of clicks is kept once."""


@dataclass(frozen=True)
class Surroundings:
    """What of Slicer the panel stands in.

    Attributes
    ----------
    window
        Main window; None in a Slicer without one.
    layout_manager
        qSlicerLayoutManager.
    interaction_node, selection_node
        Of the application.
    temporary
        Folder for what is on its way between processes; of this panel alone.
    make_process, python, python_path
        How to start Python programs beside Slicer.
    """

    window: Any
    layout_manager: Any
    interaction_node: Any
    selection_node: Any
    temporary: Path
    make_process: ProcessFactory
    python: str
    python_path: tuple[str, ...]

    def child(self, purpose: str) -> ChildProcess:
        """A process for one purpose."""
        return ChildProcess(self.make_process, self.python, self.python_path, purpose)


class Panel:
    """See the module. It listens to views (`interaction.hooks.Hooks`) and shows places (`desk.Place`).

    Parameters
    ----------
    ui
        Widgets of the .ui file by name.
    workflow
        All steps.
    prompts
        Asks the reader.
    around
        What of Slicer it stands in.
    """

    def __init__(self, ui: Any, workflow: Workflow, prompts: Prompts, around: Surroundings) -> None:
        self.ui = ui
        self.workflow = workflow
        self.options = PanelOptions()
        self.desk = Desk(ui, workflow, self.options, prompts, self)
        self.around = around
        self._gui_tag: Any = None
        self._node_tag: Any = None
        self._entered = False
        self._could_clean = False
        self.views = Views(workflow, self.options, self)
        self.layout = ViewLayout(around.layout_manager, self._watch_views)
        self._later = qt.QTimer()
        self._later.setSingleShot(True)
        self._later.connect("timeout()", self.layout.remember)
        self._keys = KeyWatch(around.window)
        self._data_probe = DataProbeFold(around.window)
        self._curves = CurveDrawing(
            workflow.scene, around.interaction_node, around.selection_node, _("Normal bone curve")
        )
        self._editing = SegmentEditing(workflow)
        self._make_parts()
        self._label_buttons()
        ui.helpButton.connect("clicked()", self.show_help)
        workflow.changed.connect(self.update)

    def _make_parts(self) -> None:
        around, desk = self.around, self.desk
        folder = around.temporary
        self.cases = CasesPanel(desk, ReadAhead(around.child(_("Reading ahead")), folder / "next case"))
        self.normal_bone = NormalBonePanel(desk, self._editing, self._curves)
        region_search = CaseSearch(around.child(_("Looking for bone")), folder / "disease region")
        self.disease_region = DiseaseRegionPanel(desk, self._editing, region_search)
        self.threshold = ThresholdPanel(desk)
        self.cleaning = CleaningPanel(desk)
        self.islands = IslandList(desk, CaseSearch(around.child(_("Ranking islands")), folder / "ranks"))
        self.results = ResultsPanel(desk, self.cases.open_by, around.child(_("Writing the report")))
        self._parts: tuple[Part, ...] = (
            self.cases,
            self.normal_bone,
            self.disease_region,
            self.threshold,
            self.cleaning,
            self.islands,
            self.results,
        )

    # Entering and leaving

    def use(self, node: Any) -> None:
        """Use a VHIWorkflowParameterNode; None: none, its scene is going."""
        if self.options.node is not None:
            self.options.node.disconnectGui(self._gui_tag)
            self.options.node.RemoveObserver(self._node_tag)
        self.options.node = node
        if node is None:
            return
        if not node.reader:
            node.reader = str(slicer.app.userSettings().value(READER_SETTING, ""))
        self._gui_tag = node.connectGui(self.ui)
        self._node_tag = node.AddObserver("ModifiedEvent", self._on_choices)
        self._on_choices()

    def enter(self) -> None:
        """The module is shown: take the views, let the keys act, take what was edited elsewhere."""
        self._entered = True
        with self.desk.attempting():
            self._editing.take()
        self.layout.take(with_3d=self._with_3d)
        self._show_case()
        self._keys.install(self._actions(), self.views.show_overlays)
        self._data_probe.fold()

    def exit(self) -> None:
        """Another module is shown: give views and keys back."""
        self._entered = False
        self._keys.remove()
        self._data_probe.unfold()
        self._curves.cancel()
        self.views.stop()
        self.layout.give_back()

    def close(self) -> None:
        """The panel goes for good."""
        self.workflow.changed.disconnect(self.update)
        self._later.stop()
        self.exit()
        self.use(None)
        for part in self._parts:
            part.close()
        shutil.rmtree(self.around.temporary, ignore_errors=True)

    def continue_scene(self) -> None:
        """A scene was opened or added: continue with the case in it, if there is one, in our layout."""
        if self.workflow.case is None:
            with self.desk.attempting():
                if self.workflow.attach() is not None:
                    self.desk.say(self.workflow.notice or "")
        if self._entered:
            self.layout.arrange(with_3d=self._with_3d)

    def update(self, changed: frozenset[What]) -> None:
        """Show what has changed."""
        if changed == {"leaving"}:
            self.layout.remember()
            return
        if changed == {"nodes"}:
            qt.QTimer.singleShot(0, self._mend)
            return
        if changed & {"regions", "masks"}:
            self.desk.forget_problem()
        if "case" in changed:
            self.desk.at_hand = None
            self.views.unpin()
            self._show_case()
            self._open_sections()
        elif "regions" in changed and self.workflow.session is not None and not self._could_clean:
            self.ui.cleanSection.collapsed = False  # the second of both regions has come
        self._could_clean = self.workflow.session is not None
        for part in self._parts:
            part.update(changed)
        if "nodes" in changed:
            self._show_case()
        if self.workflow.notice and self.workflow.case is None:
            self.desk.say(self.workflow.notice)
            self.ui.casesSection.collapsed = False  # from where it is opened again
        if changed & {"masks", "session"}:
            self.views.refresh()
        if "session" in changed:
            self._later.start(REMEMBER_AFTER_MS)

    def show_help(self) -> None:
        """Show all keys, and what the mouse does."""
        self.desk.prompts.show(_("Keys and mouse"), help_html())

    # What views tell (interaction.hooks.Hooks)

    def failed(self, error: VHIError) -> None:
        """A step in a view could not be taken."""
        self.desk.failed(error)

    def drawn(self, mask: BoolArray | None) -> None:
        """Normal bone is being drawn."""
        self.normal_bone.drawn(mask)

    def hovered(self, row: IslandRow | None, ras: Ras | None, *, whole: bool = False) -> None:
        """The cursor is over an island, or over none."""
        if row is not None:
            self.views.unpin()
        self.cleaning.hovered(None if row is None or ras is None else AtHand(row.number, ras, whole))

    def entered(self) -> None:
        """The mouse came into a view: a field of the panel gives up the keyboard, so that keys act again."""
        page = self.ui.messageLabel.parentWidget()
        field = page.window().focusWidget()
        if field is not None and page.isAncestorOf(field):
            field.clearFocus()

    def is_placing(self) -> bool:
        """Whether clicks place points of markups now."""
        return self._curves.is_placing

    # Places (desk.Place)

    def jump(self, ras: Ras) -> None:
        """Show the slice through a point, and what lies there."""
        self.layout.jump(ras)
        self.views.point_at(ras)

    def slice_shown(self) -> int | None:
        """Slice of the STIR that is shown."""
        return self.layout.slice_shown()

    @property
    def _with_3d(self) -> bool:
        return self.options.node is not None and self.options.node.show_3d

    def _watch_views(self) -> None:
        self.views.start(self.layout.slice_widgets, self.layout.three_d_widgets)

    def _show_case(self) -> None:
        case = self.workflow.case
        if case is None and self.workflow.notice:
            self.layout.forget()
        elif self._entered:
            self.layout.show(case)

    def _mend(self) -> None:
        """Make nodes again that the reader deleted, outside the scene's own event."""
        with self.desk.attempting():
            self.workflow.make_complete()
        self._show_case()

    def _open_sections(self) -> None:
        """Open what there is to do for this case, close the rest."""
        case = self.workflow.case
        if case is None:
            return
        opened = case.open_case
        self.ui.normalBoneSection.collapsed = opened.normal_bone is not None
        self.ui.diseaseRegionSection.collapsed = opened.disease_region is not None
        self.ui.cleanSection.collapsed = opened.reading is None

    def _on_choices(self, *_event: Any) -> None:
        """The reader chose something on the panel."""
        self.cleaning.show_choices()
        if self._entered and bool(self.layout.three_d_widgets) != self._with_3d:
            self.layout.arrange(with_3d=self._with_3d)
        self.views.refresh()

    def _label_buttons(self) -> None:
        """Write its key on each button."""
        for shortcut in shortcuts():
            if shortcut.button is None or shortcut.button == "helpButton" or shortcut.button.startswith("reason"):
                continue
            button = getattr(self.ui, shortcut.button)
            button.setProperty("ShortcutText", shortcut.keys)
            if shortcut.button not in ("undoButton", "redoButton"):
                button.setText(_("{text} ({key})").format(text=button.text, key=shortcut.keys))

    def _actions(self) -> dict[Shortcut, Callable[[], None]]:
        """What each key does."""
        return {shortcut: self._action(shortcut) for shortcut in shortcuts(partial(translate, "widget.shortcut_list"))}

    def _action(self, shortcut: Shortcut) -> Callable[[], None]:
        if shortcut.held:
            return self.views.hide_overlays
        if shortcut.button is not None and shortcut.button.startswith("reasonButton"):
            number = int(shortcut.button.removeprefix("reasonButton"))
            return lambda: self.cleaning.reason_at_hand(number)
        button = getattr(self.ui, str(shortcut.button))
        return lambda: button.click()  # noqa: PLW0108 (the slot must be a Python function)
