"""``vhi response``: changes by subject, who changed beyond a limit, and what is said where a table does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Agreement.test_agree import rows_of
from CommandLine.command_lines import run_here
from VHIWorkflowLib.agreement.response import changes, summarise
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.results import write_table
from VHIWorkflowLib.files.results_rows import ResultsRow

ROW = ResultsRow(
    *("S1", "pre", "AB", "2026-01-02T10:00:00+00:00"),
    *(100, 120.0, 50, 60.0, 200, 90, 400.0, 450.0, 1.5, 300, 90.0, 100.0, 110.0, 450.0, 20, 5, 60.0, 1.2),
    *(100.0, 140.0, 1.1, None, None, "0.1.0"),
)
VOLUMES = {"S1": (1000.0, 400.0), "S2": (500.0, 520.0), "S3": (0.0, 60.0), "S4": (2000.0, 900.0), "S5": (300.0, 900.0)}


def row(subject: str, point: str, volume: float, reader: str = "AB") -> ResultsRow:
    return replace(ROW, case_id=subject, time_point=point, reader=reader, vhi_sensitive_mm3=volume)


def rows() -> list[ResultsRow]:
    pairs = [(row(name, "pre", a), row(name, "post", b)) for name, (a, b) in VOLUMES.items()]
    return [*(each for pair in pairs for each in pair), row("S9", "pre", 10.0)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The rows as a results table."""
    write_table(rows(), tmp_path / "results.tsv")
    return tmp_path / "results.tsv"


def test_tables_and_report(table, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ("--baseline", "pre", "--follow-up", "post", "--smallest-detectable-change", 350, "--out", out)
    done = run_here(capsys, "response", table, *arguments)
    assert done.status == 0, done.err
    assert "one time point only, left out: S9" in done.out
    subjects = {each["subject"]: each for each in rows_of(out / "subjects.tsv")}
    assert {name: each["beyond_limit"] for name, each in subjects.items()} == {
        "S1": "fell",
        "S2": "within",
        "S3": "within",
        "S4": "fell",
        "S5": "rose",
    }
    assert float(subjects["S1"]["change_percent"]) == -60
    assert subjects["S3"]["change_percent"] == ""
    assert float(subjects["S3"]["log_ratio"]) == pytest.approx(np.log(60 / 0.6), rel=1e-5)
    figures = {each["statistic"]: each for each in rows_of(out / "summary.tsv")}
    assert float(figures["change (mm3), median"]["value"]) == 20
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "VHI fell by more in 2 subjects, rose by more in 1, and stayed within it in 2" in page
    assert page.count("<svg") == 2


def test_without_a_limit_nobody_is_called_changed(table, tmp_path, capsys):
    run_here(capsys, "response", table, "--baseline", "pre", "--follow-up", "post", "--out", tmp_path / "out")
    assert {each["beyond_limit"] for each in rows_of(tmp_path / "out" / "subjects.tsv")} == {""}
    assert "No smallest detectable change was given" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_turning_time_round_flips_the_signs():
    there, back = changes(rows(), "pre", "post"), changes(rows(), "post", "pre")
    for one, other in zip(there.subjects, back.subjects, strict=True):
        assert one.change_mm3 == -other.change_mm3
        assert one.log_ratio == pytest.approx(-other.log_ratio)
    figures = [dict(summarise(found).estimates)["change (mm3), mean"] for found in (there, back)]
    assert figures[0].value == pytest.approx(-figures[1].value)


def test_one_subject_has_a_change_and_no_interval():
    found = summarise(changes([row("S1", "pre", 10), row("S1", "post", 30)], "pre", "post"))
    assert dict(found.estimates)["change (mm3), mean"].value == 20
    assert dict(found.estimates)["change (mm3), mean"].low is None


@pytest.mark.parametrize(
    ("given", "points", "message"),
    [
        (rows(), ("pre", "later"), "no time point 'later'; there are post, pre"),
        ([*rows(), row("S1", "pre", 1.0, "CD")], ("pre", "post"), "holds the readers AB, CD"),
        ([row("S1", "pre", 1.0), row("S2", "post", 1.0)], ("pre", "post"), "no subject with both"),
    ],
)
def test_a_table_that_does_not_fit_is_said(given, points, message):
    with pytest.raises(InputError, match=message):
        changes(given, *points)
