"""The table of islands: by rank or size, a jump for each line, and the next suspicious one by one key."""

from __future__ import annotations

from typing import Any

import qt
from slicer.i18n import tr as _

from VHIWorkflowLib.interaction.hover_text import decision_text
from VHIWorkflowLib.scene.island_table import IslandRow
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.study.read_ahead import Prepared

from .background import CaseSearch, files_as_they_stand
from .child_process import Ended
from .desk import AtHand, Desk

IDLE_MS = 300
"""So long after the islands came they are ranked, in a process of its own."""
REMOVED_COLOUR, KEPT_COLOUR = "#9a86b8", "#4caf50"


class IslandList:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    search
        Ranks the islands.
    """

    NUMBER, RANK, VOXELS, VOLUME, SLICES, DECISION = range(6)

    def __init__(self, desk: Desk, search: CaseSearch) -> None:
        self._desk, self.ui = desk, desk.ui
        self._search = search
        self._rows: list[IslandRow] = []
        self._idle = qt.QTimer()
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._idle.connect("timeout()", self.rank)
        self.ui.islandTable.connect("cellClicked(int,int)", self.jump_to_row)
        self.ui.nextSuspiciousButton.connect("clicked()", self.jump_to_next)
        self.ui.bySizeButton.connect("toggled(bool)", self.sort)
        self.ui.islandTable.horizontalHeader().setSectionResizeMode(self.DECISION, qt.QHeaderView.Stretch)
        self._show()

    def close(self) -> None:
        """See `desk.Part`."""
        self._idle.stop()
        self._idle.disconnect("timeout()", self.rank)
        self._search.close()

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if changed & {"case", "regions"}:
            self._search.close()
            self._idle.start()
        if changed & {"case", "regions"}:
            self.ui.islandTable.setRowCount(0)  # other islands: none of them is chosen
            self._rows = []
        if changed & {"case", "regions", "session"}:
            self._show()

    def rank(self) -> None:
        """Rank the islands in a process of its own; until then, and where that fails, they go by size."""
        workflow = self._desk.workflow
        if workflow.session is None or workflow.has_ranks:
            return
        with self._desk.attempting():
            self._search.rank(files_as_they_stand(workflow.open), self._ranked)

    def jump_to_row(self, row: int, _column: int = 0) -> None:
        """Look at the island of a line."""
        if row < len(self._rows):
            self._jump(self._rows[row])

    def jump_to_next(self) -> None:
        """Look at the undecided island that would cost most if it were decided wrongly, after the one at hand."""
        workflow = self._desk.workflow
        with self._desk.waiting():
            if workflow.session is None:
                return
            row = workflow.next_suspicious(self._chosen_number())
            if row is None:
                self._desk.say(_("All islands are decided."))
            else:
                self._jump(row)

    def sort(self, *_state: object) -> None:
        """Sort by size or by rank."""
        self._show()

    def _jump(self, row: IslandRow) -> None:
        self._select(row.number)
        self._desk.place.jump(row.centre_ras)
        self._desk.at_hand = AtHand(row.number, row.centre_ras)

    def _chosen_number(self) -> int | None:
        row = int(self.ui.islandTable.currentRow())
        return self._rows[row].number if 0 <= row < len(self._rows) else None

    def _select(self, number: int | None) -> None:
        """Choose the line of an island and show it; without one, show the first lines."""
        for place, row in enumerate(self._rows):
            if row.number == number:
                self.ui.islandTable.selectRow(place)
                return
        self.ui.islandTable.scrollToTop()

    def _ranked(self, prepared: Prepared | None, _how: Ended) -> None:
        """Take ranks that fit the islands as they are now."""
        workflow = self._desk.workflow
        reading = None if workflow.case is None else workflow.open.reading
        if prepared is None or reading is None or workflow.has_ranks:
            return
        scores = prepared.ranks_of(reading.case)
        if scores is not None:
            with self._desk.attempting():
                workflow.rank_islands(scores)

    def _show(self) -> None:
        """Show all islands; of lines that are there already, only what has changed."""
        workflow = self._desk.workflow
        rows: list[IslandRow] = []
        if workflow.session is not None:
            by_rank = workflow.has_ranks and not self.ui.bySizeButton.checked
            rows = workflow.islands("rank" if by_rank else "size")
        self.ui.bySizeButton.setEnabled(workflow.has_ranks)
        self.ui.nextSuspiciousButton.setEnabled(bool(rows))
        chosen = self._chosen_number()
        before, self._rows = self._rows, rows
        table = self.ui.islandTable
        if [row.number for row in before] != [row.number for row in rows]:
            table.setRowCount(0)
            table.setRowCount(len(rows))
            before = []
        for place, row in enumerate(rows):
            if place >= len(before) or before[place] != row:
                self._fill(table, place, row)
        if not before:
            for column in range(self.DECISION):
                table.resizeColumnToContents(column)
            self._select(chosen)

    def _fill(self, table: Any, place: int, row: IslandRow) -> None:
        first, last = row.slices
        texts = {
            self.NUMBER: str(row.number),
            self.RANK: "" if row.rank is None else str(row.rank),
            self.VOXELS: f"{row.voxels:,}",
            self.VOLUME: f"{row.volume_mm3:,.0f}",
            self.SLICES: str(first) if first == last else f"{first}-{last}",
            self.DECISION: decision_text(row),
        }
        colour = {"removed": REMOVED_COLOUR, "kept": KEPT_COLOUR}.get(row.decision)
        for column, text in texts.items():
            item = qt.QTableWidgetItem(text)
            if column < self.SLICES:
                item.setTextAlignment(int(qt.Qt.AlignRight) | int(qt.Qt.AlignVCenter))
            if colour is not None:
                item.setForeground(qt.QBrush(qt.QColor(colour)))
            table.setItem(place, column, item)
