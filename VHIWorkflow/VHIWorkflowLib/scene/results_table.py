"""The results table of a folder as a table node, the same columns and cells as in the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from VHIWorkflowLib.files.results import COLUMNS, RESULTS_NAME, ResultsRow, format_row, read_rows
from VHIWorkflowLib.study.reading_list import ReadingList

from .hierarchy import drop_node
from .table_columns import fill_table

RESULTS = "VHIWorkflow.results"
"""Attribute of the table node."""


def results_node(scene: Any) -> Any:
    """The table node of a scene; None when there is none."""
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLTableNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLTableNode")
        if node.GetAttribute(RESULTS) is not None:
            return node
    return None


def show_results(scene: Any, out: Path, name: str, study: ReadingList | None = None) -> Any:
    """Bring the table node of a scene up to date with the results of a folder; it is added where there is none.

    Parameters
    ----------
    out
        Folder with the results table; without one the node has no rows.
    name
        Of the node.
    study
        A blinded list shows its own cases only, by their titles.

    Raises
    ------
    RecordError
        If the table cannot be read.
    """
    rows = read_rows(out / RESULTS_NAME) if (out / RESULTS_NAME).exists() else []
    node = results_node(scene)
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
        node.SetAttribute(RESULTS, "1")
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)
    cells = shown_rows(rows, study)
    fill_table(node, {name: [row[place] for row in cells] for place, name in enumerate(COLUMNS)})
    return node


def drop_results(scene: Any) -> None:
    """Take the table node out of the scene."""
    node = results_node(scene)
    if node is not None:
        drop_node(scene, node)


def shown_rows(rows: list[ResultsRow], study: ReadingList | None) -> list[list[str]]:
    """Cells of the rows, in the order of `COLUMNS`; of a blinded list the titles stand for the names."""
    if study is None or not study.blinded:
        return [format_row(row) for row in rows]
    titles: Mapping[tuple[str, str, str], str] = {
        (listed.key.case_id, listed.key.time_point, listed.key.reader): listed.title for listed in study
    }
    return [[titles[row.key], "", *format_row(row)[2:]] for row in rows if row.key in titles]
