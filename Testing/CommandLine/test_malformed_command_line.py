"""Whatever is wrong with what is given to ``vhi``: exit status 2, one line that names it, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from CommandLine.command_lines import ENVIRONMENT, Ran, measure_arguments, run_here, run_process, write_worklist
from Files import synthetic
from Files.dicom_files import write_series
from Files.malformed import CATALOGUE
from Files.malformed_entries import Malformed
from Study.study_cases import edit_json, request_for
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.measure_case import measure_case

MEMORY = 3 * 2**30
MEMORY_LEFT = 900 * 2**20
LIMITED_MEMORY = Path(__file__).with_name("limited_memory.py")
OPTIONS = {"stir": "--stir", "t1": "--t1", "normal_bone": "--normal-bone", "disease_region": "--disease-region"}
NAMES = {"--case": "1", "--time-point": "t", "--reader": "r"}


def arguments_with(folder: Path, out: Path, changed: dict[str, object]) -> list[object]:
    """``vhi measure`` on a good case, with some options changed."""
    good = synthetic.write_good_case(folder)
    options = {option: good[argument] for argument, option in OPTIONS.items()} | NAMES | {"--out": out} | changed
    return ["measure", *(part for option in options.items() for part in option)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the good files of a case lie."""
    (tmp_path / "good").mkdir()
    return tmp_path / "good"


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """Where the malformed one lies."""
    (tmp_path / "spoilt").mkdir()
    return tmp_path / "spoilt"


def assert_refused(ran: Ran, named: object, words: str, out: Path) -> None:
    """One line that names something, and nothing written."""
    assert ran.problem.startswith(("vhi: ", "vhi measure: "))
    assert str(named) in ran.problem
    assert words in ran.problem
    assert ran.problem.isprintable()
    assert ran.out == ""
    assert not out.exists()


def test_the_good_case_is_measured(folder, tmp_path, capfd):
    ran = run_here(capfd, *arguments_with(folder, tmp_path / "out", {}))
    assert (ran.status, (tmp_path / "out" / "1" / "t" / "r" / "case.json").is_file()) == (0, True)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_a_malformed_input_is_refused(entry: Malformed, folder, spoilt, tmp_path, capfd):
    path = entry.write(spoilt)
    ran = run_here(capfd, *arguments_with(folder, tmp_path / "out", {OPTIONS[entry.argument]: path}))
    assert_refused(ran, path, entry.expected, tmp_path / "out")


HUNGRY = [
    entry for entry in CATALOGUE if any(word in entry.name for word in ("huge", "terabytes", "nested", "more_data"))
]
SAMPLE = [*HUNGRY, *CATALOGUE[:: len(CATALOGUE) // 5]]


@pytest.mark.slow
@pytest.mark.parametrize("entry", SAMPLE, ids=lambda entry: entry.name)
def test_a_malformed_input_takes_no_gigabytes(entry: Malformed, folder, spoilt, tmp_path):
    path = entry.write(spoilt)
    arguments = arguments_with(folder, tmp_path / "out", {OPTIONS[entry.argument]: path})
    ran = run_process(*arguments, address_space=MEMORY, environment={"OPENBLAS_NUM_THREADS": "1"})
    assert_refused(ran, path, entry.expected, tmp_path / "out")


def test_the_good_case_fits_the_memory_that_malformed_ones_are_given(folder, tmp_path):
    ran = run_process(
        *arguments_with(folder, tmp_path / "out", {}),
        address_space=MEMORY,
        environment={"OPENBLAS_NUM_THREADS": "1"},
    )
    assert (ran.status, ran.err.count("\n")) == (0, 1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="known on Linux only")
def test_no_malformed_input_takes_a_gigabyte(tmp_path):
    """The whole catalogue in one process that may allocate 900 MB more than a good case takes."""
    command = [sys.executable, str(LIMITED_MEMORY), str(tmp_path), str(MEMORY_LEFT)]
    environment = ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ends = {end["name"]: end for end in map(json.loads, done.stdout.splitlines())}
    assert list(ends) == [entry.name for entry in CATALOGUE]
    for entry in CATALOGUE:
        refused = Ran(ends[entry.name]["status"], "", ends[entry.name]["err"])
        assert entry.expected in refused.problem


def test_the_catalogue_is_as_long_as_promised():
    own = len(NAMES_REFUSED) + len(WORKLISTS) + len(RECORDS) + len(ARGUMENTS)
    assert len(CATALOGUE) >= 60
    assert len(HUNGRY) >= 5
    assert own >= 40


# Names

NAMES_REFUSED = {
    "formula": "=1+1",
    "formula_with_plus": "+cmd|' /C calc'!A0",
    "formula_with_at": "@SUM(1)",
    "formula_with_minus": "-2+3",
    "formula_after_a_tab": "\t=1",
    "path_traversal": "../../etc",
    "path_traversal_on_windows": "..\\..\\x",
    "absolute_path": "/etc/passwd",
    "drive": "C:x",
    "empty": "",
    "blank": " ",
    "dots": "..",
    "hidden": ".git",
    "line_break": "a\nb",
    "escape_sequence": "\x1b[31mred",
    "right_to_left_mark": "a\u202eb",
    "reserved_by_windows": "con",
    "reserved_with_an_ending": "Aux.txt",
    "too_long": "x" * 65,
    "star": "a*",
    "quote": 'a"b',
    "ends_with_a_dot": "a.",
}


@pytest.mark.parametrize("option", NAMES)
@pytest.mark.parametrize("name", NAMES_REFUSED)
def test_a_dangerous_name_is_refused(name, option, folder, tmp_path, capfd):
    arguments = arguments_with(folder, tmp_path / "out", {option: NAMES_REFUSED[name]})
    glued = [f"{option}={NAMES_REFUSED[name]}" if part == option else part for part in arguments]
    del glued[glued.index(f"{option}={NAMES_REFUSED[name]}") + 1]  # a value may start with a minus only like this
    ran = run_here(capfd, *glued)
    named = {"--case": "case_id", "--time-point": "time_point", "--reader": "reader"}[option]
    assert_refused(ran, named, "rename it", tmp_path / "out")


def test_a_link_out_of_the_output_folder_is_refused(folder, tmp_path, capfd):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1").symlink_to(tmp_path / "elsewhere")
    ran = run_here(capfd, *arguments_with(folder, tmp_path / "out", {}))
    assert f"{tmp_path / 'out' / '1'}: is a symbolic link that leads out" in ran.problem
    assert os.listdir(tmp_path / "elsewhere") == []
    assert os.listdir(tmp_path / "out") == ["1"]


# Worklists

HEADER = b"case_id\ttime_point\tstir\tt1w\n"
WORKLISTS: dict[str, tuple[bytes, str]] = {
    "not_utf8": (HEADER + b"M\xfcller\tb\ts.nii\tt.nii\n", "line 2 is not UTF-8 text"),
    "utf16": ((HEADER + b"1\tb\ts.nii\tt.nii\n").decode().encode("utf-16"), "not UTF-8 text"),
    "workbook": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "save the worklist as"),
    "binary": (HEADER + b"1\tb\0\ts\tt\n", "is not a text table"),
    "empty": (b"", "lacks the column"),
    "only_a_header": (HEADER, "lists no case"),
    "no_header": (b"1\tb\ts.nii\tt.nii\n", "lacks the column 'case_id'"),
    "no_t1w": (b"case_id\ttime_point\tstir\n1\tb\ts\n", "lacks the column 't1w'"),
    "column_twice": (b"case_id\ttime_point\tstir\tt1w\tstir\n", "has the column 'stir' twice"),
    "misspelt_column": (b"case_id\ttime_point\tstir\tt1w\tnormal-bone\n", "did you mean 'normal_bone'"),
    "empty_cell": (HEADER + b"1\t\ts.nii\tt.nii\n", "line 2 has nothing in column 'time_point'"),
    "case_twice": (HEADER + b"1\tb\ts\tt\n1\tb\ts\tt\n", "line 3 has case '1', 'b' already in line 2"),
    "case_twice_in_other_letters": (HEADER + b"a\tb\ts\tt\nA\tb\ts\tt\n", "already in line 2"),
    "formula": (HEADER + b"=1+1\tb\ts\tt\n", "line 2 has an unusable name"),
    "traversal": (HEADER + b"../1\tb\ts\tt\n", "line 2 has an unusable name"),
    "open_quote": (HEADER + b'"1\tb\ts\tt\n', "is damaged"),
}


@pytest.mark.parametrize("name", WORKLISTS)
def test_a_malformed_worklist_is_refused(name, tmp_path, capfd):
    data, words = WORKLISTS[name]
    (tmp_path / "worklist.tsv").write_bytes(data)
    ran = run_here(capfd, "batch", tmp_path / "worklist.tsv", "--out", tmp_path / "out")
    assert_refused(ran, tmp_path / "worklist.tsv", words, tmp_path / "out")


def test_a_worklist_that_is_not_there_is_named(tmp_path, capfd):
    ran = run_here(capfd, "batch", tmp_path / "none.tsv", "--out", tmp_path / "out")
    assert_refused(ran, tmp_path / "none.tsv", "cannot be read", tmp_path / "out")


def test_a_case_listed_twice_through_the_reader_option_is_refused(shared_files, tmp_path, capfd):
    path = write_worklist(tmp_path / "worklist.csv", shared_files, ["1", "1"])
    header, first, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header}\treader\n{first}\t\n{second}\tCD\n", encoding="utf-8")
    ran = run_here(capfd, "batch", path, "--out", tmp_path / "out", "--reader", "CD")
    assert_refused(ran, path, "twice", tmp_path / "out")


# Records given as steps


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 30)


def edited(**changes: object) -> Callable[[Path], None]:
    return lambda path: edit_json(path, lambda record: record.update(changes))


RECORDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut_off": (cut_off, "is not a whole JSON file"),
    "empty": (lambda path: os.truncate(path, 0), "is not a whole JSON file"),
    "gone": (lambda path: path.unlink(), "there is no such record"),
    "not_json": (lambda path: path.write_bytes(b"\x1f\x8b\x08"), "is not a whole JSON file"),
    "nested_without_end": (lambda path: path.write_text("[" * 10**6, encoding="ascii"), "is not a whole JSON file"),
    "other_document": (lambda path: path.write_text('{"a": 1}', encoding="ascii"), "is not a VHIWorkflow case file"),
    "newer_version": (edited(format_version=99), "update VHIWorkflow"),
    "wrong_type": (edited(cleaning=[]), "cleaning must be object"),
    "unknown_key": (edited(surplus=1), "surplus"),
    "no_scan": (edited(inputs=[]), "inputs must contain at least 1 item"),
    "impossible_cut": (
        lambda path: edit_json(
            path,
            lambda record: record["cleaning"]["steps"][0].update(action="cut", drawn_runs=[[0, 10**13]]),
        ),
        "a cut reaches out of the volume",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_malformed_steps_are_refused(name, shared_files, tmp_path, capfd):
    spoil, words = RECORDS[name]
    record = measure_case(request_for(shared_files, tmp_path / "first")).folder / "case.json"
    spoil(record)
    files = replace(shared_files, keep=None)
    ran = run_here(capfd, *measure_arguments(files, tmp_path / "out", "--steps", record))
    assert_refused(ran, record, words, tmp_path / "out")


# Series


def two_series(folder: Path) -> Path:
    write_series(folder / "dicom")
    return write_series(folder / "dicom", uid="1.2.3.101", description="T1 cor")


@pytest.mark.parametrize("series", ["T9 nothing", "1.2.3.999"])
def test_a_series_that_is_not_there_is_named_with_those_that_are(series, folder, spoilt, tmp_path, capfd):
    path = two_series(spoilt)
    ran = run_here(capfd, *arguments_with(folder, tmp_path / "out", {"--stir": f"{path}#{series}"}))
    assert_refused(ran, path, "T2 STIR cor", tmp_path / "out")
    assert series in ran.err


# Arguments


def kept_on_another_grid(folder: Path) -> dict[str, object]:
    return {"--keep": synthetic.write(folder / "keep.nii.gz", synthetic.normal_bone()[:, 1:])}


def region_beside_the_scan(folder: Path) -> dict[str, object]:
    mask = np.zeros(synthetic.SHAPE, np.uint8)
    mask[2:4, 10:20, 10:20] = 1
    return {"--disease-region": synthetic.write(folder / "bone.nii.gz", mask)}  # nothing but the normal bone


def regions_swapped(folder: Path) -> dict[str, object]:
    files = synthetic.write_good_case(folder)
    return {"--normal-bone": files["disease_region"], "--disease-region": files["normal_bone"]}


ARGUMENTS: dict[str, tuple[dict[str, object] | Callable[[Path], dict[str, object]], str]] = {
    "tolerance_negative": ({"--tolerance": "-1"}, "tolerance"),
    "tolerance_not_a_number": ({"--tolerance": "nan"}, "tolerance"),
    "tolerance_huge": ({"--tolerance": "1"}, "tolerance"),
    "tolerance_a_word": ({"--tolerance": "much"}, "--tolerance"),
    "no_pixels": ({"--min-pixels": "0"}, "1 pixel"),
    "pixels_not_whole": ({"--min-pixels": "1.5"}, "--min-pixels"),
    "area_negative": ({"--min-area": "-2"}, "area"),
    "area_not_a_number": ({"--min-area": "nan"}, "area"),
    "area_infinite": ({"--min-area": "inf"}, "vhi: the smallest group's area"),
    "scan_of_an_unset_variable": ({"--t1": ""}, "argument --t1: names no file or folder"),
    "out_of_an_unset_variable": ({"--out": " "}, "argument --out: names no file or folder"),
    "regions_swapped": (regions_swapped, "normal_bone.nii.gz: nothing is left of the disease region"),
    "keep_on_another_grid": (kept_on_another_grid, "does not lie on the STIR grid"),
    "keep_that_is_not_there": ({"--keep": "/nowhere/keep.nii.gz"}, "/nowhere/keep.nii.gz: does not exist"),
    "nothing_but_normal_bone": (region_beside_the_scan, "nothing is left of the disease region"),
    "steps_that_are_not_there": ({"--steps": "/nowhere/case.json"}, "/nowhere/case.json: there is no such record"),
    "nul_in_a_path": ({"--stir": "a\0b.nii.gz"}, "cannot"),
    "path_too_long": ({"--t1": "x" * 5000 + ".nii.gz"}, "cannot"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_impossible_argument_is_refused(name, folder, spoilt, tmp_path, capfd):
    changed, words = ARGUMENTS[name]
    changed = changed(spoilt) if callable(changed) else changed
    glued = [f"{option}={value}" for option, value in changed.items() if str(value).startswith("-")]
    changed = {option: value for option, value in changed.items() if not str(value).startswith("-")}
    ran = run_here(capfd, *arguments_with(folder, tmp_path / "out", changed), *glued)
    assert_refused(ran, "", words, tmp_path / "out")


@pytest.mark.parametrize("name", ["results.tsv", "results.history.tsv"])
def test_a_damaged_table_is_named_and_left_alone(name, shared_files: CaseFiles, tmp_path, capfd):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("not a table\n", encoding="utf-8")
    ran = run_here(capfd, *measure_arguments(shared_files, out))
    assert f"{out / name}: line 1 is not the header of a results table" in ran.problem
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text(encoding="utf-8") == "not a table\n"


def test_a_record_in_the_way_that_is_damaged_is_measured_anew(shared_files, tmp_path, capfd):
    folder = measure_case(request_for(shared_files, tmp_path / "out")).folder
    cut_off(folder / "case.json")
    assert run_here(capfd, *measure_arguments(shared_files, tmp_path / "out")).status == 0
    assert json.loads((folder / "case.json").read_text(encoding="utf-8"))["state"] == "done"
