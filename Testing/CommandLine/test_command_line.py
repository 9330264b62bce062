"""``vhi`` as its users meet it: help, exit status, one line for each failure, and a study from scan to verify."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from CommandLine.command_lines import ENVIRONMENT, VHI, Ran, measure_arguments, run_here, run_process, write_worklist
from Study.study_cases import KEY, edit_json, files_below, study_case
from VHIWorkflowLib import __version__
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.results import COLUMNS, ResultsRow, read_rows
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.demo import write_phantom

COMMANDS = ("measure", "batch", "scan", "table", "verify", "demo", "segment", "models", "completion")

# Help and options


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_explains_every_command(command, capfd):
    ran = run_here(capfd, *([command] if command else []), "--help")
    assert ran.status == 0
    assert ran.err == ""
    assert ran.out.startswith(f"usage: vhi {command}".strip())
    assert len(ran.out) > 200


def test_help_of_vhi_names_every_command(capfd):
    text = run_here(capfd, "--help").out
    assert all(re.search(rf"^    {command}\b", text, re.MULTILINE) for command in COMMANDS)
    assert "Not a medical device" in text


def test_version(capfd):
    assert run_here(capfd, "--version") == Ran(0, f"vhi {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["measur"], "invalid choice: 'measur'"),
        (["measure"], "required: --stir, --t1, --case, --time-point, --reader, --out"),
        (["verify"], "required: folder"),
        (["verify", ".", "--jsn"], "unrecognized arguments: --jsn"),
        (["table", "a", "--out", "b.csv", "--js"], "unrecognized arguments: --js"),
        (["batch", "w.tsv", "--out", "o", "--jobs", "0"], "must be a whole number of 1 or more, not '0'"),
        (["batch", "w.tsv", "--out", "o", "--jobs", "two"], "must be a whole number of 1 or more, not 'two'"),
        (["batch", "w.tsv", "--out", "o", "--min-area", "1", "--min-pixels", "5"], "not allowed with"),
        (["completion", "fish"], "invalid choice: 'fish'"),
        (["--no\nsuch"], "required: COMMAND"),
        (["verify", ".", "--no\nsuch\x1b[2J"], "--no such\\x1b[2J"),
    ],
)
def test_a_wrong_command_line_is_one_line_that_says_where_help_is(arguments, words, capfd):
    problem = run_here(capfd, *arguments).problem
    assert words in problem
    assert problem.endswith("--help')")


def test_keep_and_steps_exclude_each_other(shared_files, tmp_path, capfd):
    ran = run_here(capfd, *measure_arguments(shared_files, tmp_path / "out", "--steps", "case.json"))
    assert "argument --steps: not allowed with argument --keep" in ran.problem
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_the_shell_takes(shell, capfd, tmp_path):
    script = run_here(capfd, "completion", shell).out
    assert "--disease-region" in script
    assert all(command in script for command in COMMANDS)
    if shutil.which(shell):
        path = tmp_path / "script"
        path.write_text(script, encoding="utf-8")
        assert subprocess.run([shell, "-n", path], check=False).returncode == 0


def test_bash_completes_a_command_and_an_option(capfd, tmp_path):
    (tmp_path / "vhi.bash").write_text(run_here(capfd, "completion", "bash").out, encoding="utf-8")
    script = f"""source {tmp_path}/vhi.bash
        complete() {{
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _shtab_vhi; echo "${{COMPREPLY[*]}}"
        }}
        complete vhi mea; complete vhi measure --dis"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["measure", "--disease-region"]


def test_the_module_runs_as_vhi_does():
    assert run_process("--version") == Ran(0, f"vhi {__version__}\n", "")


# Results


def test_measure_prints_the_row_and_where_the_files_lie(shared_files, tmp_path, capfd):
    ran = run_here(capfd, *measure_arguments(shared_files, tmp_path, "--figure"))
    lines = dict(line.split(maxsplit=1) for line in ran.out.splitlines() if len(line.split()) > 1)
    assert ran.status == 0
    assert ran.err == ""
    assert set(COLUMNS) - {"model", "model_sha256"} <= set(lines)
    assert lines["islands"], lines["islands_removed"] == ("24", "16")
    folder = tmp_path / KEY.case_id / KEY.time_point / KEY.reader
    assert lines["records"] == str(folder)
    assert lines["picture"] == str(folder / "overview.png")
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") == [
        "case.json",
        "labelmap.nii.gz",
        "overview.png",
        "segmentation.seg.nrrd",
    ]


def test_json_output_is_the_row(shared_files, tmp_path, capfd):
    ran = run_here(capfd, *measure_arguments(shared_files, tmp_path, "--json", "--figure", tmp_path / "a.png"))
    document = json.loads(ran.out)
    (row,) = read_rows(tmp_path / "results.tsv")
    assert [document[name] for name in COLUMNS[:3]] == list(row.key)
    assert document["vhi_sensitive_voxels"] == row.vhi_sensitive_voxels
    assert document["vhi_sensitive_mm3"] == pytest.approx(row.vhi_sensitive_mm3, abs=1e-3)
    assert document["figure"] == str(tmp_path / "a.png")
    assert document["warnings"] == []
    assert set(document) == {*COLUMNS, "warnings", "folder", "figure"}


def test_warnings_go_to_standard_error_and_into_json(shared_files, tmp_path, capfd):
    uncleaned = replace(shared_files, keep=None)
    ran = run_here(capfd, *measure_arguments(uncleaned, tmp_path))
    assert ran.status == 0
    assert ran.err.startswith("warning: no island was removed by a reader")
    ran = run_here(capfd, *measure_arguments(uncleaned, tmp_path, "--json"))
    assert ran.err == ""
    assert len(json.loads(ran.out)["warnings"]) == 1


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory) -> Path:
    """A folder with the scans of two small phantoms, one of them at two time points."""
    folder = tmp_path_factory.mktemp("phantoms")
    for subject, time_point in ((1, 1), (1, 2), (2, 1)):
        phantom = make_phantom(subject, time_point, shape=(6, 96, 96))
        write_phantom(phantom, folder / f"P{subject}" / f"visit {time_point}")
    (folder / "P3").mkdir()
    shutil.copy(folder / "P1" / "visit 1" / "stir.nii.gz", folder / "P3" / "stir.nii.gz")
    return folder


def test_from_a_folder_of_scans_to_a_verified_table(phantoms, tmp_path, capfd):
    ran = run_here(capfd, "scan", phantoms, "--out", tmp_path / "worklist.tsv")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "3 cases")
    assert ran.err.startswith("left out: P3: one STIR and one T1w scan are needed")
    out = tmp_path / "results"
    ran = run_here(capfd, "batch", tmp_path / "worklist.tsv", "--out", out, "--reader", "AB", "--jobs", "1", "--figure")
    assert (ran.status, ran.out.splitlines()[0], ran.err) == (0, "3 measured", "")
    ran = run_here(capfd, "verify", out)
    assert ran.status == 0
    cases = ("P1/visit 1", "P1/visit 2", "P2/visit 1")
    assert ran.out.splitlines() == [f"same         {case}/AB" for case in cases]
    assert all((out / case / "AB" / "overview.png").is_file() for case in cases)

    ran = run_here(capfd, "table", out, out, "--out", tmp_path / "all.csv")
    assert (ran.status, ran.out.splitlines()[0]) == (0, "6 rows")
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["case_id"], row["time_point"]) for row in rows[:3]] == sorted(
        (row.case_id, row.time_point) for row in read_rows(out / "results.tsv")
    )

    documents = [
        json.loads(run_here(capfd, *arguments, "--json").out)
        for arguments in (
            ["scan", phantoms, "--out", tmp_path / "again.tsv"],
            ["batch", tmp_path / "again.tsv", "--out", out, "--reader", "AB", "--figure"],
            ["table", out, "--out", tmp_path / "all.tsv"],
            ["verify", out],
        )
    ]
    assert documents[0]["cases"] == 3
    assert len(documents[0]["problems"]) == 1
    assert (documents[1]["measured"], documents[1]["done before"], documents[1]["failed"]) == (0, 3, 0)
    assert [case["state"] for case in documents[1]["cases"]] == ["done before"] * 3
    assert documents[2] == {"table": str(tmp_path / "all.tsv"), "rows": 3}
    assert [case["verdict"] for case in documents[3]] == ["same"] * 3


def test_verify_says_which_differs_with_exit_status_2(shared_files, tmp_path, capfd):
    for case in ("1", "2"):
        run_here(capfd, *measure_arguments(shared_files, tmp_path, "--case", case))
    edit_json(tmp_path / "1" / "baseline" / "AB" / "case.json", lambda record: record["result"].update(islands=3))
    ran = run_here(capfd, "verify", tmp_path)
    assert ran.status == 2
    lines = ran.out.splitlines()
    assert lines[0] == "differs      1/baseline/AB"
    assert lines[-1] == "same         2/baseline/AB"
    assert any("islands: recorded 3, recomputed 24" in line for line in lines)
    ran = run_here(capfd, "verify", tmp_path, "--json")
    assert ran.status == 2
    assert [each["verdict"] for each in json.loads(ran.out)] == ["differs", "same"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "nowhere"], "nowhere: is not a folder of results"),
        (["verify", "empty"], "empty: holds no records"),
        (["scan", "nowhere", "--out", "w.tsv"], "nowhere: is not a folder"),
        (["scan", "empty", "--out", "w.tsv"], "empty: holds no examination"),
        (["table", "nowhere", "--out", "t.csv"], "nowhere: there is no such file"),
        (["table", "empty", "--out", "t.csv"], "results.tsv: there is no such file"),
        (["table", "empty", "--out", "t.xlsx"], "a table ends in .tsv or .csv"),
    ],
)
def test_a_folder_that_does_not_fit_is_named(arguments, words, tmp_path, monkeypatch, capfd):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    if words.startswith("a table"):
        (tmp_path / "empty" / "results.tsv").write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
    assert words in run_here(capfd, *arguments).problem
    assert {path.name for path in tmp_path.iterdir()} == {"empty"}


@pytest.mark.slow
def test_demo_measures_a_case_it_makes_itself(tmp_path):
    ran = run_process("demo", "--out", tmp_path / "demo")
    assert (ran.status, ran.err) == (0, "")
    dice = float(ran.out.rsplit("overlap (Dice) ", 1)[1].rstrip(".\n"))
    assert dice > 0.5
    picture = next(line.split(maxsplit=1)[1] for line in ran.out.splitlines() if line.startswith("picture"))
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    assert run_process("verify", tmp_path / "demo" / "results").status == 0
    document = json.loads(run_process("demo", "--out", tmp_path / "again", "--json").out)
    assert round(document["dice"], 2) == dice
    assert f"vhi_sensitive_voxels             {document['vhi_sensitive_voxels']}\n" in ran.out


# Batch


def without_times(rows: list[ResultsRow]) -> list[dict[str, object]]:
    """Rows in the order of their cases, without when they were measured."""
    names = [field.name for field in fields(ResultsRow) if field.name not in ("measured_at", "cleaning_seconds")]
    return [{name: getattr(row, name) for name in names} for row in sorted(rows, key=lambda row: row.key)]


def test_one_bad_case_does_not_stop_the_rest_and_batch_goes_on_where_it_ended(files, tmp_path, capfd):
    worklist = write_worklist(tmp_path / "w.tsv", files, ["1", "2", "3", "4"])
    text = worklist.read_text(encoding="utf-8").splitlines()
    text[2] = text[2].replace("stir.nii.gz", "absent.nii.gz")
    worklist.write_text("\n".join(text) + "\n", encoding="utf-8")
    out = tmp_path / "out"

    ran = run_here(capfd, "batch", worklist, "--out", out, "--jobs", "2")
    assert ran.problem.startswith("vhi: 2 / baseline / batch: ")
    assert "absent.nii.gz: does not exist" in ran.problem
    assert ran.out.startswith("3 measured, 1 failed\n")
    assert sorted(row.case_id for row in read_rows(out / "results.tsv")) == ["1", "3", "4"]
    assert not (out / "2").exists()

    before = files_below(out)
    ran = run_here(capfd, "batch", worklist, "--out", out, "--jobs", "2", "--json")
    assert ran.status == 2
    document = json.loads(ran.out)
    assert (document["measured"], document["done before"], document["failed"]) == (0, 3, 1)
    assert {case["state"]: case["problem"] is None for case in document["cases"]} == {
        "failed": False,
        "done before": True,
    }
    assert files_below(out) == before

    shutil.copy(files.stir.path, files.stir.path.with_name("absent.nii.gz"))
    ran = run_here(capfd, "batch", worklist, "--out", out)
    assert (ran.status, ran.out.splitlines()[0], ran.err) == (0, "1 measured, 3 done before", "")
    assert run_here(capfd, "verify", out).status == 0


@pytest.mark.parametrize("change", ["stir", "keep", "record", "labelmap", "row", "tolerance", "again", "figure"])
def test_batch_measures_again_what_changed_and_only_that(change, files, tmp_path, capfd):
    other = study_case().write(tmp_path / "other")
    lines = [write_worklist(tmp_path / "w", each, [name]).read_text() for name, each in (("1", files), ("2", other))]
    (tmp_path / "w.tsv").write_text(lines[0] + lines[1].splitlines()[1] + "\n", encoding="utf-8")
    out = tmp_path / "out"
    command = ["batch", tmp_path / "w.tsv", "--out", out, "--jobs", "1"]
    assert run_here(capfd, *command).status == 0
    folder = out / "1" / "baseline" / "batch"
    expected = "1 measured, 1 done before"
    if change == "stir":
        array = study_case().stir.array.copy()
        array[0, 0, 0] += 1
        write_volume(files.stir.path, Volume(array, study_case().stir.grid))
    elif change == "keep":
        write_volume(files.keep, Volume(np.zeros_like(study_case().keep), study_case().stir.grid))
    elif change == "record":
        os.truncate(folder / "case.json", 300)
    elif change == "labelmap":
        (folder / "labelmap.nii.gz").unlink()
    elif change == "row":
        lines = (out / "results.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        (out / "results.tsv").write_text("".join(line for line in lines if not line.startswith("1\t")), "utf-8")
    else:
        command += {"tolerance": ["--tolerance", "1e-5"], "again": ["--again"], "figure": ["--figure"]}[change]
        expected = "2 measured"
    ran = run_here(capfd, *command)
    assert (ran.status, ran.out.splitlines()[0]) == (0, expected)
    assert run_here(capfd, "verify", out).status == 0
    ran = run_here(capfd, *[part for part in command if part != "--again"])
    assert ran.out.splitlines()[0] == "0 measured, 2 done before"


def test_several_jobs_give_the_same_table_as_one(shared_files, phantoms, tmp_path, capfd):
    run_here(capfd, "scan", phantoms, "--out", tmp_path / "w.tsv")
    tables = []
    for jobs in ("1", "2"):
        ran = run_here(capfd, "batch", tmp_path / "w.tsv", "--out", tmp_path / jobs, "--jobs", jobs)
        assert ran.status == 0
        tables.append(without_times(read_rows(tmp_path / jobs / "results.tsv")))
    assert tables[0] == tables[1]
    assert len(tables[0]) == 3


def test_a_csv_worklist_with_readers_and_steps_is_followed(shared_files, tmp_path, capfd):
    run_here(capfd, *measure_arguments(shared_files, tmp_path / "first"))
    path = write_worklist(tmp_path / "w.tsv", replace(shared_files, keep=None), ["1"])
    header, line = path.read_text(encoding="utf-8").splitlines()
    record = tmp_path / "first" / KEY.case_id / KEY.time_point / KEY.reader / "case.json"
    text = f"{header}\tsteps\treader\n{line}\t{record}\tCD\n".replace("\t", ";")
    (tmp_path / "w.csv").write_text(text, encoding="utf-8-sig")
    assert run_here(capfd, "batch", tmp_path / "w.csv", "--out", tmp_path / "out").status == 0
    (row,) = read_rows(tmp_path / "out" / "results.tsv")
    (first,) = read_rows(tmp_path / "first" / "results.tsv")
    assert row.reader == "CD"
    assert row.vhi_sensitive_voxels == first.vhi_sensitive_voxels < first.preliminary_sensitive_voxels


KILLING = """
import os, signal, sys
from VHIWorkflowLib.command_line.main import main
from VHIWorkflowLib.study import batch
measure = batch.measure_case
def measure_or_die(request):
    if request.key.case_id == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return measure(request)
batch.measure_case = measure_or_die
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def test_a_worker_that_is_killed_does_not_stop_the_rest(shared_files, tmp_path):
    (tmp_path / "killing.py").write_text(KILLING, encoding="utf-8")
    worklist = write_worklist(tmp_path / "w.tsv", shared_files, ["1", "2", "deadly", "3", "4"])
    done = subprocess.run(
        [sys.executable, tmp_path / "killing.py", "batch", worklist, "--out", tmp_path / "out", "--jobs", "2"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert "stir.nii.gz: measuring it ended its process" in ran.problem
    assert ran.out.splitlines()[0].endswith("1 failed")
    assert sorted(row.case_id for row in read_rows(tmp_path / "out" / "results.tsv")) == ["1", "2", "3", "4"]


def started_batch(shared_files: CaseFiles, folder: Path, cases: int) -> subprocess.Popen[str]:
    """A batch in a session of its own, as soon as its first case is done."""
    worklist = write_worklist(folder / "w.tsv", shared_files, [str(number) for number in range(cases)])
    process = subprocess.Popen(
        [*VHI, "batch", worklist, "--out", folder / "out", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    while not (folder / "out" / "results.tsv").exists():
        assert process.poll() is None
        time.sleep(0.01)
    return process


def members(session: int) -> list[int]:
    """Processes of a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (place / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(place.name))
    return found


def wait_for_end(session: int) -> None:
    for _ in range(500):
        if not members(session):
            return
        time.sleep(0.02)
    assert not members(session)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed on Linux only")
def test_no_worker_outlives_a_batch_that_is_killed(shared_files, tmp_path):
    process = started_batch(shared_files, tmp_path, 200)
    assert len(members(process.pid)) > 2
    process.kill()
    process.communicate()
    wait_for_end(process.pid)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed on Linux only")
def test_an_interrupted_batch_says_so_in_one_line_and_keeps_what_is_finished(shared_files, tmp_path, capfd):
    process = started_batch(shared_files, tmp_path, 200)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "vhi: interrupted; what was finished is kept\n")
    wait_for_end(process.pid)
    assert 0 < len(read_rows(tmp_path / "out" / "results.tsv")) < 200
    assert run_here(capfd, "verify", tmp_path / "out").status == 0


# Disks and names


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only; the file-size limit stands in for it")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_named_and_old_files_stay(shared_files, small_disk, tmp_path, capfd):
    assert run_here(capfd, *measure_arguments(shared_files, small_disk)).status == 0
    filler = os.open(small_disk / "filler", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(filler, b"x" * 1024):
            pass
    os.close(filler)
    before = files_below(small_disk)
    ran = run_here(capfd, *measure_arguments(replace(shared_files, keep=None), small_disk))
    assert str(small_disk) in ran.problem
    assert "disk" in ran.problem
    assert files_below(small_disk) == before
    (small_disk / "filler").unlink()
    assert run_here(capfd, *measure_arguments(shared_files, small_disk)).status == 0
    assert run_here(capfd, "verify", small_disk).status == 0


def test_a_read_only_folder_is_named_and_left_as_it_is(shared_files, small_disk, capfd):
    assert run_here(capfd, *measure_arguments(shared_files, small_disk)).status == 0
    before = files_below(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for case in (KEY.case_id, "new"):
        ran = run_here(capfd, *measure_arguments(shared_files, small_disk, "--case", case))
        assert "the folder is read-only; choose another folder" in ran.problem
        assert str(small_disk) in ran.problem
    assert files_below(small_disk) == before
    assert run_here(capfd, "verify", small_disk).status == 0


@pytest.mark.parametrize("limit", [100, 1000, 3000, 5000])
def test_a_file_that_cannot_grow_is_named_and_old_files_stay(limit, shared_files, tmp_path, capfd):
    assert run_here(capfd, *measure_arguments(shared_files, tmp_path / "out")).status == 0
    before = files_below(tmp_path / "out")
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    ran = run_process(
        *measure_arguments(replace(shared_files, keep=None), tmp_path / "out"),
        before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert str(tmp_path / "out") in ran.problem
    assert "space" in ran.problem
    assert ".vhi-tmp" not in ran.err
    assert files_below(tmp_path / "out") == before
    assert run_here(capfd, "verify", tmp_path / "out").status == 0


def test_a_file_in_the_place_of_the_output_folder_is_named(shared_files, tmp_path, capfd):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    ran = run_here(capfd, *measure_arguments(shared_files, tmp_path / "out"))
    assert str(tmp_path / "out") in ran.problem
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("what", ["stir", "t1w", "normal_bone", "disease_region", "keep", "out"])
def test_a_path_that_is_no_utf8_is_named(what, shared_files, tmp_path):
    odd = tmp_path / b"M\xfcller".decode(errors="surrogateescape")
    odd.mkdir()
    files, out = shared_files, tmp_path / "out"
    if what == "out":
        out = odd / "out"
    elif what in ("stir", "t1w"):
        path = Path(shutil.copy(getattr(files, what).path, odd))
        files = replace(files, **{what: Scan(path)})
    else:
        given = files.normal_bone[0] if what == "normal_bone" else getattr(files, what)
        path = Path(shutil.copy(given, odd))
        files = replace(files, **{what: (path,) if what == "normal_bone" else path})
    ran = run_process(*measure_arguments(files, out))
    assert "M\\udcfcller/" in ran.problem
    assert "not UTF-8" in ran.problem
    assert not out.exists()


def test_names_with_accents_are_the_same_on_every_system(shared_files, tmp_path, capfd):
    for name in ("Mu\u0308ller", "M\u00fcller"):
        assert run_here(capfd, *measure_arguments(shared_files, tmp_path, "--case", name)).status == 0
    (row,) = read_rows(tmp_path / "results.tsv")
    assert row.case_id == "M\u00fcller"
    assert run_here(capfd, "verify", tmp_path).status == 0


def test_a_console_of_another_alphabet_does_not_end_a_measurement(shared_files, tmp_path):
    ran = run_process(
        *measure_arguments(shared_files, tmp_path, "--case", "患者3"),
        environment={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    )
    assert (ran.status, ran.err) == (0, "")
    assert [row.case_id for row in read_rows(tmp_path / "results.tsv")] == ["患者3"]


def test_a_reader_who_leaves_early_is_no_error_message(shared_files, tmp_path):
    command = [*VHI, *map(str, measure_arguments(shared_files, tmp_path))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()
    assert len(read_rows(tmp_path / "results.tsv")) == 1


def test_an_error_nobody_foresaw_is_one_line_and_a_traceback_on_request(shared_files, tmp_path, capfd, monkeypatch):
    from VHIWorkflowLib.study import measure_case

    def fail(*_: object) -> None:
        raise KeyError("gone\nwrong")

    monkeypatch.setattr(measure_case, "load_case", fail)
    ran = run_here(capfd, *measure_arguments(shared_files, tmp_path))
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "unexpected KeyError" in ran.err
    monkeypatch.setenv("VHI_DEBUG", "1")
    with pytest.raises(KeyError):
        run_here(capfd, *measure_arguments(shared_files, tmp_path))
    assert CaseKey("S 01", "baseline", "AB") == KEY
