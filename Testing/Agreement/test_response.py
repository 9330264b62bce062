"""``vhi response``: changes by subject, who changed beyond a limit, and what is said where a table does not fit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Agreement.test_agree import rows_of
from CommandLine.command_lines import run_here
from VHIWorkflowLib.agreement.limits import given_limit, read_limits
from VHIWorkflowLib.agreement.response import changes, summarise
from VHIWorkflowLib.agreement.response_study import study_response
from VHIWorkflowLib.agreement.response_tables import summary_rows
from VHIWorkflowLib.agreement.scores import read_scores
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
    assert "without VHI at one of them, left out: S9" in done.out
    subjects = {each["case_id"]: each for each in rows_of(out / "cases.tsv")}
    assert {name: each["beyond_limit"] for name, each in subjects.items()} == {
        "S1": "fell",
        "S2": "within",
        "S3": "within",
        "S4": "fell",
        "S5": "rose",
    }
    assert {name for name, each in subjects.items() if each["responder"] == "yes"} == {"S1", "S4"}
    assert (subjects["S1"]["a"], subjects["S1"]["b"]) == ("pre", "post")
    assert float(subjects["S1"]["change_percent"]) == -60
    assert subjects["S3"]["change_percent"] == ""
    assert float(subjects["S3"]["log_ratio"]) == pytest.approx(np.log(60 / 0.6), rel=1e-5)
    figures = {each["statistic"]: each for each in rows_of(out / "summary.tsv") if each["group"] == "all"}
    assert float(figures["change (mm3), median"]["value"]) == 20
    assert figures["change (%), median"]["n"] == "4"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "VHI fell by more in 2 subjects, rose by more in 1, and stayed within it in 2" in page
    assert page.count("<svg") == 6
    assert "4 subjects; 1 subject with a baseline of zero left out" in page


def test_without_a_limit_nobody_is_called_changed(table, tmp_path, capsys):
    run_here(capsys, "response", table, "--baseline", "pre", "--follow-up", "post", "--out", tmp_path / "out")
    assert {each["beyond_limit"] for each in rows_of(tmp_path / "out" / "cases.tsv")} == {""}
    assert "No smallest detectable change was given" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_row_without_vhi_is_left_out_by_name(table, tmp_path, capsys):
    remove_vhi(table, "S1", "post")
    out = tmp_path / "out"
    done = run_here(capsys, "response", table, "--baseline", "pre", "--follow-up", "post", "--out", out)
    assert done.status == 0, done.err
    assert [each["case_id"] for each in rows_of(out / "cases.tsv")] == ["S2", "S3", "S4", "S5"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Left out, without VHI at one of the time points (2): S1, S9." in page


def remove_vhi(table: Path, case_id: str, time_point: str) -> None:
    """Empty the cell of one row."""
    lines = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line[:2] == [case_id, time_point]:
            line[lines[0].index("vhi_sensitive_mm3")] = ""
    table.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


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
        (rows(), ("pre", "later"), "no time point 'later'; there are pre, post"),
        ([*rows(), row("S1", "pre", 1.0, "CD")], ("pre", "post"), "holds the readers AB, CD"),
        ([row("S1", "pre", 1.0), row("S2", "post", 1.0)], ("pre", "post"), "no subject with both"),
    ],
)
def test_a_table_that_does_not_fit_is_said(given, points, message):
    with pytest.raises(InputError, match=message):
        changes(given, *points)


def agreement_of(folder: Path, lines: list[str]) -> Path:
    folder.mkdir()
    (folder / "summary.tsv").write_text("\n".join(["statistic\ta\tb\tvalue\tlow\thigh\tn\tnote", *lines]) + "\n")
    return folder


RAW = "VHI (mm3), smallest detectable change\tAB\tCD\t350\t300\t400\t9\t"
LOG = "log VHI, smallest detectable change\tAB\tCD\t1\t0.8\t1.2\t9\t"


def test_limits_come_from_the_agreement_study(table, tmp_path, capsys):
    agreement = agreement_of(tmp_path / "agreement", [RAW, LOG])
    arguments = ("--baseline", "pre", "--follow-up", "post", "--agreement", agreement, "--out", tmp_path / "out")
    assert run_here(capsys, "response", table, *arguments).status == 0
    subjects = {each["case_id"]: each for each in rows_of(tmp_path / "out" / "cases.tsv")}
    assert subjects["S1"]["beyond_limit"] == "fell"
    assert {name: each["beyond_log_limit"] for name, each in subjects.items()} == {
        "S1": "within",
        "S2": "within",
        "S3": "rose",
        "S4": "within",
        "S5": "rose",
    }
    assert "between AB and CD, 9 cases" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lines", "message"),
    [([LOG], "no smallest detectable change"), ([RAW, RAW], "more than two"), ([RAW.replace("350", "x")], "'x'")],
)
def test_an_agreement_without_a_limit_is_said(tmp_path, lines, message):
    with pytest.raises(InputError, match=message):
        read_limits(agreement_of(tmp_path / "agreement", lines))


def test_groups_and_scores_from_a_table(table, tmp_path, capsys):
    scores = tmp_path / "clinic.csv"
    lines = [f"{name};{'yes' if a > b else 'no'};{(b - a) / 100};" for name, (a, b) in VOLUMES.items()]
    scores.write_text("\n".join(["case_id;responder;SPARCC;empty", *lines]) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    arguments = ("--scores", scores, "--group", "responder", "--out", out)
    assert run_here(capsys, "response", table, "--baseline", "pre", "--follow-up", "post", *arguments).status == 0
    groups = {each["case_id"]: each["group"] for each in rows_of(out / "cases.tsv")}
    assert groups == {"S1": "yes", "S2": "no", "S3": "no", "S4": "yes", "S5": "no"}
    figures = {(each["group"], each["statistic"]): each for each in rows_of(out / "summary.tsv")}
    assert float(figures["yes", "change (mm3), mean"]["value"]) == -850
    assert figures["no", "VHI (mm3), Wilcoxon signed-rank p"]["n"] == "3"
    found = rows_of(out / "scores.tsv")
    assert [(each["score"], float(each["spearman"]), each["n"]) for each in found] == [("SPARCC", 1, "5")]
    assert (out / "report.html").read_text(encoding="utf-8").count("<svg") == 7


def test_texts_from_tables_cannot_become_html(tmp_path, capsys):
    evil = "<img src=x onerror=alert(1)>"
    made = [replace(each, case_id=f"<i>{each.case_id}", reader="A<u>B", software_version="<s>1") for each in rows()]
    write_table(made, tmp_path / "results.tsv")
    scores = tmp_path / "clinic.csv"
    lines = [f"<i>{name},{evil},{n}" for n, name in enumerate(VOLUMES)]
    scores.write_text("\n".join([f"case_id,group<p>,{evil}", *lines]) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    arguments = ("--baseline", "pre", "--follow-up", "post", "--scores", scores, "--group", "group<p>", "--out", out)
    done = run_here(capsys, "response", tmp_path / "results.tsv", *arguments)
    assert done.status == 0, done.err
    page = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search("<(img|i|u|s)[ >]", page)
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_scores_with_time_points_count_by_their_change(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text("case_id\ttime_point\tSPARCC\nS1\tpre\t10\nS1\tpost\t4\nS2\tpre\t3\nS1\tlater\t9\n")
    found = read_scores(path, None, "pre", "post")
    assert found.numbers == {"change of SPARCC": {"S1": -6.0}}


@pytest.mark.parametrize(
    ("text", "group", "message"),
    [
        ("name\tscore\nS1\t3\n", None, "no column case_id"),
        ("case_id\tscore\nS1\t3\nS1\t4\n", None, "'S1' twice"),
        ("case_id\tscore\nS1\t3\n", "arm", "no column 'arm'"),
        ("case_id\tscore\nS1\n", None, "line 2 has 1 cells"),
        ("case_id\tcase_id\nS1\tS1\n", None, "two columns of the same name"),
        ("case_id\tscore\n", None, "no line below"),
    ],
)
def test_a_table_of_scores_that_cannot_be_used_is_said(tmp_path, text, group, message):
    path = tmp_path / "scores.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_scores(path, group, "pre", "post")


def test_a_subject_that_stands_twice_is_said():
    with pytest.raises(InputError, match="holds a subject twice at 'pre'"):
        changes([*rows(), row("S1", "pre", 5.0)], "pre", "post")


def test_groups_by_the_limit_are_not_tested_against_the_change_that_made_them():
    study = study_response(rows(), "pre", "post", given_limit(350))
    assert {name: len(group.subjects) for name, group in study.groups.items()} == {"responders": 2, "non-responders": 3}
    tested = {each[-1] for each in summary_rows(study) if each[0].endswith(" p")}
    assert tested == {"all"}
