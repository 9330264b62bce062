"""Columns of numbers and texts in a table node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import FloatArray

Column = Sequence[str] | FloatArray


def fill_table(node: Any, columns: Mapping[str, Column]) -> None:
    """Replace all that a vtkMRMLTableNode holds.

    Parameters
    ----------
    columns
        By name: numbers, shape (rows,), or texts.
    """
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    table = vtk.vtkTable()
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            column = numpy_to_vtk(np.asarray(values, dtype=np.float64), deep=True)
        else:
            column = vtk.vtkStringArray()
            column.SetNumberOfValues(len(values))
            for place, value in enumerate(values):
                column.SetValue(place, value)
        column.SetName(name)
        table.AddColumn(column)
    node.SetAndObserveTable(table)
