"""``vhi report``: agreement, response, effort and a page for each subject, from a results folder of two readers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from Agreement.test_agree import rows_of
from Agreement.two_readers import SUBJECTS, read_by_two
from CommandLine.command_lines import run_here
from VHIWorkflowLib.agreement.effort import by_reader, efforts
from VHIWorkflowLib.files.results import read_rows

OUTSIDE = re.compile(r"""(src|href)=['"](?!#|data:)|url\(|@import|https?://""")
POINTS = ("--baseline", "pre", "--follow-up", "post")


@pytest.fixture(scope="module")
def results_once(tmp_path_factory) -> Path:
    """Three subjects, two time points, two readers who remove other islands."""
    return read_by_two(tmp_path_factory.mktemp("two readers"))


def test_everything_is_in_the_report(results_once, tmp_path, capsys):
    out = tmp_path / "report"
    done = run_here(capsys, "report", results_once, *POINTS, "--out", out)
    assert done.status == 0, done.err
    page = (out / "report.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", page)
    assert headings == [
        "Agreement of AB and CD",
        "Response, read by AB",
        "Response, read by CD",
        "Effort",
        "Methods and rules",
    ]
    assert not OUTSIDE.search(page)
    assert "6 cases compared: a is AB, b is CD; differences are b less a." in page
    assert "The smallest detectable change is that between AB and CD, 6 cases." in page
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.tsv")} == {
        *(f"agreement/{name}.tsv" for name in ("cases", "summary", "failures", "islands", "reasons")),
        *(f"response/{reader}/{name}.tsv" for reader in ("AB", "CD") for name in ("cases", "summary")),
        "effort.tsv",
    }
    summary = {row["statistic"]: row for row in rows_of(out / "agreement" / "summary.tsv")}
    cases = [(row["case_id"], row["time_point"]) for row in rows_of(out / "agreement" / "cases.tsv")]
    assert cases == [(subject, point) for subject in SUBJECTS for point in ("post", "pre")]
    assert '<th scope="row">S 01 post</th>' in page
    limit = float(summary["VHI (mm3), smallest detectable change"]["value"])
    for row in rows_of(out / "response" / "AB" / "cases.tsv"):
        assert row["beyond_limit"] == ("within" if abs(float(row["change_mm3"])) <= limit else "fell")


def test_a_page_for_each_subject(results_once, tmp_path, capsys):
    out = tmp_path / "report"
    run_here(capsys, "report", results_once, *POINTS, "--smallest-detectable-change", 1, "--out", out)
    assert {path.stem for path in (out / "patients").iterdir()} == set(SUBJECTS)
    page = (out / "patients" / "S 02.html").read_text(encoding="utf-8")
    assert page.count('<img src="data:image/jpeg;base64,') == 4
    assert "AB, pre to post: " in page
    assert "a fall beyond the smallest detectable change of 1 mm3" in page
    assert not OUTSIDE.search(page)
    row = next(row for row in read_rows(results_once / "results.tsv") if row.key == ("S 02", "pre", "AB"))
    assert f"Q3 + {row.iqr_multiple:.2f} IQR" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert f"Measured with VHIWorkflow {row.software_version} (4 readings)." in page


def test_without_time_points_no_change_and_without_pages_no_pictures(results_once, tmp_path, capsys):
    out = tmp_path / "report"
    done = run_here(capsys, "report", results_once, "--no-patients", "--out", out, "--json")
    assert json.loads(done.out) == {"report": str(out / "report.html")}
    assert not (out / "patients").exists()
    assert "Response" not in (out / "report.html").read_text(encoding="utf-8")


def test_effort_counts_what_readers_did(results_once):
    found, left_out = efforts(results_once, read_rows(results_once / "results.tsv"))
    assert left_out == []
    first = next(each for each in found if (each.case_id, each.time_point, each.reader) == ("S 01", "pre", "AB"))
    assert (first.interactions, first.undos) == (2 + 2, 1)
    assert first.seconds > 0
    assert [each.place for each in found] == [1, 2, 3, 4, 5, 6] * 2
    readers = {each.reader: each for each in by_reader(found)}
    seconds = [each.seconds for each in found if each.reader == "AB"]
    assert readers["AB"].seconds.value == np.median(seconds)
    assert readers["AB"].learning.value == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--baseline", "pre"), "belong together"),
        (("--scores", "table.tsv"), "needs the time points"),
        ((*POINTS, "--group", "arm"), "needs the table"),
        (("--failures", "-1"), "must be zero or more"),
    ],
)
def test_what_cannot_be_asked_for_is_said(results_once, tmp_path, capsys, arguments, message):
    done = run_here(capsys, "report", results_once, *arguments, "--out", tmp_path / "report")
    assert message in done.problem
    assert not (tmp_path / "report").exists()


def test_a_folder_without_results_is_said(tmp_path, capsys):
    assert "holds no results.tsv" in run_here(capsys, "report", tmp_path).problem


def test_a_time_point_that_is_not_there_stands_in_the_report(results_once, tmp_path, capsys):
    out = tmp_path / "report"
    arguments = ("--baseline", "pre", "--follow-up", "later", "--no-patients", "--out", out)
    assert run_here(capsys, "report", results_once, *arguments).status == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "No response by AB" in page
    assert "no time point &#x27;later&#x27;" in page


def test_three_readers_have_composite_masks_and_no_limit(tmp_path, capsys):
    results = read_by_two(tmp_path, {"AB": 0, "CD": 1, "EF": 2})
    out = tmp_path / "report"
    assert run_here(capsys, "report", results, *POINTS, "--no-patients", "--out", out).status == 0
    rows = rows_of(out / "agreement" / "composite" / "cases.tsv")
    assert {row["a"] for row in rows} == {"AB", "CD", "EF"}
    assert {row["b"] for row in rows} >= {"staple of all", "staple of the others"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Readers against composite masks" in page
    assert "No smallest detectable change was given" in page
