"""A slip of the hand in the name of a file to write destroys neither a scan nor a table, and no folder is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from CommandLine.command_lines import measure_arguments, run_here
from Study.study_cases import files_below


def test_a_worklist_is_not_written_over_a_scan(files, capfd):
    scan = files.stir.path
    before = files_below(scan.parent)
    ran = run_here(capfd, "scan", scan.parent, "--out", scan)
    assert ran.problem == f"vhi: {scan}: a table ends in .tsv or .csv; choose one of them"
    assert files_below(scan.parent) == before


@pytest.mark.parametrize(
    ("name", "words"), [("t1w.nii.gz", "must end in .png"), ("a.jpg", "must end in .png"), ("d.png", "a folder has")]
)
def test_a_picture_is_neither_a_scan_nor_a_folder(name, words, files, tmp_path, capfd):
    (tmp_path / "d.png").mkdir()
    before = files_below(files.stir.path.parent)
    figure = files.t1w.path if name == "t1w.nii.gz" else tmp_path / name
    ran = run_here(capfd, *measure_arguments(files, tmp_path / "out", "--figure", figure))
    assert ran.problem.startswith(f"vhi: {figure}: ")
    assert words in ran.problem
    assert files_below(files.stir.path.parent) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["results.tsv", "results.history.tsv"])
def test_the_table_of_a_results_folder_is_not_replaced(name, files, tmp_path, capfd):
    out = tmp_path / "out"
    run_here(capfd, *measure_arguments(files, out))
    before = files_below(out)
    ran = run_here(capfd, "table", out, "--out", out / name)
    assert f"{out / name}: a results folder keeps its own rows" in ran.problem
    assert files_below(out) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "", "--out", "w.tsv"),
        ("scan", ".", "--out", ""),
        ("batch", "", "--out", "out"),
        ("batch", "w.tsv", "--out", " "),
        ("verify", ""),
        ("table", "", "--out", "t.csv"),
        ("segment", "--t1", "", "--out", "d.nrrd"),
        ("demo", "--out", ""),
        ("models", "--models", ""),
    ],
    ids=" ".join,
)
def test_an_empty_name_is_not_taken_for_this_folder(arguments, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert "names no file or folder" in run_here(capfd, *arguments).problem
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("seed", ["-1", "1.5", "one"])
def test_a_seed_is_a_whole_number(seed, tmp_path, capfd):
    ran = run_here(capfd, "demo", "--out", tmp_path / "out", f"--seed={seed}")
    assert f"argument --seed: must be a whole number of 0 or more, not '{seed}'" in ran.problem
    assert not (tmp_path / "out").exists()
