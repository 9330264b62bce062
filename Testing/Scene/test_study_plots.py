"""Agreement and response as tables and plots of the scene: the figures that files and reports hold, made once."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from CommandLine.command_lines import run_here
from Scene.scenes import all_texts, node_counts, saved_and_opened
from Scene.test_workflow import read
from Study.study_cases import ticking_clock
from VHIWorkflowLib.agreement.limits import given_limit
from VHIWorkflowLib.core.targets import SmallerThan
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.results import read_rows
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.workflow import Workflow


@pytest.fixture
def two_readers(new_workflow: Callable[..., Workflow], scene: Any, worklist: Path, out: Path) -> Workflow:
    """All cases read by AB, and by CD, who removes small islands alone."""
    first = new_workflow()
    for position in range(3):
        read(first, position)
        first.finish()
    first.close_study()
    second = Workflow(scene, clock=ticking_clock())
    second.open_study(worklist, out, "CD")
    for position in range(3):
        second.open_case(position)
        second.remove(SmallerThan(volume_mm3=30))
        second.finish()
    return second


def column(node: Any, name: str) -> list[Any]:
    values = node.GetTable().GetColumnByName(name)
    return [values.GetValue(place) for place in range(values.GetNumberOfValues())]


def rows_of(node: Any) -> list[list[str]]:
    """Names of the columns, and all cells."""
    table = node.GetTable()
    columns = [table.GetColumn(number) for number in range(table.GetNumberOfColumns())]
    cells = [[str(each.GetValue(row)) for each in columns] for row in range(table.GetNumberOfRows())]
    return [[each.GetName() for each in columns], *cells]


def series_of(chart: Any) -> list[tuple[str, list[float], list[float]]]:
    """Name, x and y of each series, as its columns say."""
    found = []
    for number in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(number)
        table = series.GetTableNode()
        x, y = (column(table, name) for name in (series.GetXColumnName(), series.GetYColumnName()))
        found.append((series.GetName(), x, y))
    return found


def volumes(out: Path, reader: str) -> list[float]:
    rows = sorted((row for row in read_rows(out / "results.tsv") if row.reader == reader), key=lambda row: row.key)
    return [row.vhi_sensitive_mm3 for row in rows]


def test_agreement_is_that_of_the_command_line(
    two_readers: Workflow, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = two_readers.show_agreement()
    done = run_here(capsys, "agree", f"{out}#AB", f"{out}#CD", "--out", tmp_path / "agreement", "--jobs", "1")
    assert done.status == 0, done.err
    for node, name in ((shown.cases, "cases"), (shown.summary, "summary")):
        with (tmp_path / "agreement" / f"{name}.tsv").open(newline="", encoding="utf-8") as file:
            assert rows_of(node) == list(csv.reader(file, delimiter="\t"))


def test_agreement_plots_hold_volumes_differences_and_limits(two_readers: Workflow, out: Path) -> None:
    shown = two_readers.show_agreement()
    a, b = (np.array(volumes(out, reader)) for reader in ("AB", "CD"))
    (name, x, y), equal, *_ = series_of(shown.scatter)
    assert name == "Cases"
    assert (x, y) == (pytest.approx(a), pytest.approx(b))
    assert equal[1] == equal[2] == pytest.approx([min(*a, *b), max(*a, *b)])
    for chart, one, other in ((shown.bland_altman, a, b), (shown.bland_altman_log, np.log(a), np.log(b))):
        points, bias, lower, upper = series_of(chart)
        assert (points[1], points[2]) == (pytest.approx((one + other) / 2), pytest.approx(other - one))
        mean, half = (other - one).mean(), 1.959964 * (other - one).std(ddof=1)
        for line, height in ((bias, mean), (lower, mean - half), (upper, mean + half)):
            assert line[2] == pytest.approx([height, height])
    assert shown.bland_altman.GetYAxisTitle() == "VHI (mm3), CD less AB"
    labels = shown.bland_altman.GetNthPlotSeriesNode(0)
    assert column(labels.GetTableNode(), labels.GetLabelColumnName()) == [case.name for case in shown.found.cases]


def test_response_plots_hold_every_subject_and_the_limit(two_readers: Workflow, out: Path) -> None:
    shown = two_readers.show_response("AB", limits=given_limit(50))
    before, after, _ = volumes(out, "AB")
    assert rows_of(shown.subjects)[1][:6] == ["S 01", "baseline", "week 16", *rows_of(shown.subjects)[1][3:6]]
    ((_, x, y),) = series_of(shown.spaghetti)
    assert x[:2] == [0, 1]
    assert np.isnan([x[2], y[2]]).all()  # a gap before the next subject
    assert y[:2] == pytest.approx([before, after])
    bars, above, below = series_of(shown.waterfall)
    assert bars[2] == pytest.approx([after - before])
    assert (above[2], below[2]) == ([50, 50], [-50, -50])
    assert shown.spaghetti.GetXAxisTitle() == "baseline (0) to week 16 (1)"


def test_asking_again_replaces_what_was_shown(two_readers: Workflow) -> None:
    two_readers.show_agreement()
    two_readers.show_response("AB")
    before = node_counts(two_readers.scene)
    shown = two_readers.show_agreement()
    two_readers.show_response("AB")
    assert node_counts(two_readers.scene) == before
    assert two_readers.scene.IsNodePresent(shown.scatter)
    two_readers.show_response("CD")  # another reader's stands beside it
    assert node_counts(two_readers.scene)["vtkMRMLPlotChartNode"] == before["vtkMRMLPlotChartNode"] + 2


def test_plots_are_saved_with_the_scene_and_leave_it_with_the_list(two_readers: Workflow, tmp_path: Path) -> None:
    shown = two_readers.show_agreement()
    expected = series_of(shown.bland_altman)
    opened = saved_and_opened(two_readers.scene, tmp_path / "scene.mrb")
    charts = [opened.GetNthNodeByClass(number, "vtkMRMLPlotChartNode") for number in range(4)]
    again = next(each for each in charts if each is not None and each.GetYAxisTitle() == "VHI (mm3), CD less AB")
    for (name, x, y), (expected_name, expected_x, expected_y) in zip(series_of(again), expected, strict=True):
        assert name == expected_name
        assert (x, y) == (pytest.approx(expected_x, rel=1e-5), pytest.approx(expected_y, rel=1e-5, abs=1e-3))
    two_readers.close_study()
    assert node_counts(two_readers.scene)["vtkMRMLPlotChartNode"] == 0
    assert "S 01" not in all_texts(two_readers.scene)


def test_a_blinded_list_shows_neither_and_takes_plots_out(two_readers: Workflow, worklist: Path, out: Path) -> None:
    two_readers.show_agreement()
    two_readers.open_study(worklist, out, "CD", blinded=True, seed=5)
    assert "S 01" not in all_texts(two_readers.scene)
    for ask in (two_readers.show_agreement, two_readers.show_response):
        with pytest.raises(SceneError, match="names of a blinded list"):
            ask()


def test_what_has_to_be_named_is_said(two_readers: Workflow, new_workflow: Callable[..., Workflow], out: Path) -> None:
    with pytest.raises(SceneError, match="the results are by AB, CD; name one reader"):
        two_readers.show_response()
    with pytest.raises(SceneError, match="name both, or none"):
        two_readers.show_agreement(f"{out}#AB")
    with pytest.raises(InputError, match="no time point 'week 52'"):
        two_readers.show_response("AB", ("baseline", "week 52"))
    with pytest.raises(SceneError, match="nothing to report yet"):
        Workflow(two_readers.scene).show_response()


def test_a_missing_package_is_named(two_readers: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = ("VHIWorkflowLib.report", "VHIWorkflowLib.agreement", "VHIWorkflowLib.statistics")
    for name in [name for name in sys.modules if name.startswith(rooms)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(SceneError, match="the report needs the Python package scipy, which is not installed"):
        two_readers.write_report()
