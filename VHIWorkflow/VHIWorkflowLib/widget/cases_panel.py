"""The list of cases: opened, gone through, gone back to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate

from VHIWorkflowLib.core.sentences import listed, translated
from VHIWorkflowLib.files.folder_scan import role_of
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.study.reading_list import ListedCase, was_blinded
from VHIWorkflowLib.study.tutorial import write_tutorial

from .background import ReadAhead
from .desk import Desk

READER_SETTING = "VHIWorkflow/Reader"
RESULTS_FOLDER = "VHI results"
LOW_WINDOW_PIXELS = 960
"""In a window lower than this the list is folded once it is open, so that cleaning needs no scrolling."""


class CasesPanel:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    read_ahead
        Reads the next case while this one is read.
    """

    CASE, STATE, VHI, FLAG = range(4)

    def __init__(self, desk: Desk, read_ahead: ReadAhead) -> None:
        self._desk, self.ui = desk, desk.ui
        self.read_ahead = read_ahead
        self.ui.openListButton.connect("clicked()", self.ask_for_list)
        self.ui.openFolderButton.connect("clicked()", self.ask_for_folder)
        self.ui.tutorialButton.connect("clicked()", self.make_tutorial)
        self.ui.showVolumesButton.connect("toggled(bool)", self.show_volumes)
        self.ui.chooseOutButton.connect("clicked()", self.choose_out)
        self.ui.casesTable.connect("cellDoubleClicked(int,int)", self.open_row)
        self.ui.previousCaseButton.connect("clicked()", self.open_previous)
        self.ui.nextCaseButton.connect("clicked()", self.open_next)
        self.ui.flagButton.connect("clicked()", self.flag)
        self.ui.openVolumesButton.connect("clicked()", self.open_volumes)
        header = self.ui.casesTable.horizontalHeader()
        header.setStretchLastSection(False)
        for column in (self.STATE, self.VHI):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(self.CASE, qt.QHeaderView.Stretch)
        self._list_cases()

    def close(self) -> None:
        """See `desk.Part`."""
        self.read_ahead.close()

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if changed & {"study", "case"}:
            self._list_cases()

    def ask_for_list(self) -> None:
        """Choose a worklist and open it."""
        if not self._knows_reader():
            return
        path = self._desk.prompts.open_file(_("Open a worklist"), _("Tables (*.tsv *.csv);;All files (*)"))
        if path is not None:
            self.open_study(path)

    def ask_for_folder(self) -> None:
        """Choose a folder of scans and open the cases in it."""
        if not self._knows_reader():
            return
        path = self._desk.prompts.open_folder(_("Open a folder of scans"))
        if path is not None:
            self.open_study(path)

    def choose_out(self) -> None:
        """Choose the folder for records and results."""
        path = self._desk.prompts.open_folder(_("Folder for the results"))
        if path is not None:
            self._desk.options.node.out_folder = str(path)

    def make_tutorial(self) -> None:
        """Write the six synthetic cases and open them."""
        if not self._knows_reader():
            return
        folder = self._desk.prompts.open_folder(_("Where to write the tutorial cases"))
        if folder is None:
            return

        def progress(done: int, total: int) -> None:
            self._desk.say(_("Making case {done} of {total}").format(done=done, total=total))
            slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)

        with self._desk.waiting():
            self.open_study(write_tutorial(folder / "VHI tutorial", progress))

    def open_study(self, source: Path) -> None:
        """Open a worklist or folder, and its first case that is not finished."""
        desk, choices = self._desk, self._desk.options.node
        reader, chosen = choices.reader.strip(), choices.out_folder.strip()
        beside = source if source.is_dir() else source.parent
        out = Path(chosen) if chosen else beside / RESULTS_FOLDER
        if not choices.blinded and not self._may_unblind(out, reader):
            return
        with desk.waiting():
            study = desk.workflow.open_study(source, out, reader, blinded=choices.blinded)
            self.ui.casesSection.collapsed = _is_low(slicer.util.mainWindow())
            choices.show_volumes = False
            slicer.app.userSettings().setValue(READER_SETTING, reader)
            desk.say(listed(study.notices, "\n"))
            first = study.next_unfinished()
            self.open_case(0 if first is None else first)

    def open_row(self, row: int, _column: int = 0) -> None:
        """Open the case of a line."""
        self.open_case(row)

    def open_previous(self) -> None:
        """Open the case before the open one."""
        self._open_beside(-1)

    def open_next(self) -> None:
        """Open the case after the open one."""
        self._open_beside(+1)

    def open_case(self, position: int) -> None:
        """Open a case as it was last left, and read the one after it ahead."""
        self.open_by(position, lambda: None)

    def open_by(self, position: int | None, before: Callable[[], None]) -> None:
        """Do something, then open a case; nothing is opened when that fails, or when there is no position."""
        workflow = self._desk.workflow
        with self._desk.waiting():
            before()
            study = workflow.study
            if position is None or study is None:
                return
            prepared = self.read_ahead.take(study[position].files)
            self._desk.say("")
            workflow.open_case(position, prepared)
            warnings = [*workflow.open.warnings, *(prepared.problems if prepared else ())]
            if warnings:
                self._desk.say(listed(warnings, "\n"))
            following = study.next_unfinished(position)
            if following is not None and following != position:
                self.read_ahead.start(study[following].files)

    def flag(self) -> None:
        """Ask for a comment and flag the open case; without a comment the flag is taken away."""
        workflow = self._desk.workflow
        position = workflow.position
        with self._desk.attempting():
            now = workflow.study[position].flag if workflow.study is not None and position is not None else None
            comment = self._desk.prompts.text(
                _("Flag this case"), _("Comment; leave it empty to take the flag away:"), now or ""
            )
            if comment is not None:
                workflow.flag(comment.strip() or None)

    def show_volumes(self, shown: bool) -> None:
        """Show where scans of the scene are chosen; those are chosen already whose names tell which they are."""
        self.ui.volumesFrame.setVisible(shown)
        choices = self._desk.options.node
        if not shown or choices is None:
            return
        volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        for role in ("stir", "t1w"):
            named = [volume for volume in volumes if role_of(volume.GetName()) == role]
            if getattr(choices, role) is None and len(named) == 1:
                setattr(choices, role, named[0])

    def open_volumes(self) -> None:
        """Open two scans of the scene as a case."""
        choices = self._desk.options.node
        folder = choices.out_folder.strip()
        if not self._knows_reader():
            return
        if choices.stir is None or choices.t1w is None or not folder:
            self._desk.failed(_("Choose the STIR scan, the T1w scan and a folder for the results first."))
            return
        if not choices.case_id.strip() or not choices.time_point.strip():
            self._desk.failed(_("Type names under Case and Time point first, for instance 'subject 1' and 'baseline'."))
            return
        with self._desk.waiting():
            self._desk.workflow.open_nodes(
                choices.stir,
                choices.t1w,
                case_id=choices.case_id.strip(),
                time_point=choices.time_point.strip(),
                reader=choices.reader.strip(),
                out=Path(folder),
            )
            self._desk.say("")

    def _knows_reader(self) -> bool:
        """Whether the reader has a name; where not, it is asked for before anything else."""
        if self._desk.options.node.reader.strip():
            return True
        self._desk.failed(_("Type your name or initials under Reader first."))
        self.ui.readerLineEdit.setFocus()
        return False

    def _may_unblind(self, out: Path, reader: str) -> bool:
        """Ask, where this reader has read blinded before; a "no" ticks "Blinded" again."""
        with self._desk.attempting():
            if not was_blinded(out, reader) or self._desk.prompts.confirm(
                _("{reader} reads the cases in this results folder blinded. Show names and time points now?").format(
                    reader=reader
                )
            ):
                return True
            self._desk.options.node.blinded = True
        return False

    def _open_beside(self, step: int) -> None:
        workflow = self._desk.workflow
        if workflow.study is None:
            return
        position = workflow.position
        wanted = 0 if position is None else position + step
        if 0 <= wanted < len(workflow.study):
            self.open_case(wanted)
        else:
            self._desk.say(_("There is no further case in this direction."))

    def _list_cases(self) -> None:
        study, table = self._desk.workflow.study, self.ui.casesTable
        cases = [] if study is None else list(study)
        table.setRowCount(len(cases))
        for case in cases:
            self._fill_row(case)
        position = self._desk.workflow.position
        if position is None:
            table.clearSelection()
        else:
            table.selectRow(position)
        place = (
            ""
            if study is None or position is None
            else _("{position} of {cases}").format(position=position + 1, cases=len(study))
        )
        self.ui.positionLabel.setText(place)
        self.ui.casesSection.setText(
            _("Cases: {title}, {place}").format(title=study[position].title, place=place)
            if study is not None and position is not None
            else _("Cases")
        )
        for button in (self.ui.previousCaseButton, self.ui.nextCaseButton):
            button.setEnabled(bool(cases))
        self.ui.flagButton.setEnabled(position is not None)

    def _fill_row(self, row: ListedCase) -> None:
        states = {"new": _("new"), "begun": _("begun"), "done": _("done"), "damaged": _("damaged")}
        volume = "" if row.vhi_mm3 is None else f"{row.vhi_mm3:,.0f}"
        flag = "" if row.flag is None else row.flag or _("flagged")
        for column, text in enumerate((row.title, states[row.state], volume, flag)):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(translated(row.problem, translate) if row.problem else text)
            self.ui.casesTable.setItem(row.position, column, item)


def _is_low(window: Any) -> bool:
    """Whether a window is too low for list and cleaning at once."""
    return window is not None and int(window.height) < LOW_WINDOW_PIXELS
