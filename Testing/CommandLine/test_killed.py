"""200 runs killed at random moments: no accepted step or row is lost, no file is half, no lock in the way."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from CommandLine import killed_programs
from CommandLine.command_lines import ENVIRONMENT, VHI, measure_arguments, run_here, run_process, write_worklist
from Study.study_cases import KEY, study_case
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.files import safe_files
from VHIWorkflowLib.files.results import HISTORY_NAME, RESULTS_NAME, ResultsRow, read_rows
from VHIWorkflowLib.files.safe_files import TEMPORARY_PREFIX, locked
from VHIWorkflowLib.files.segmentation_files import read_labelmap, read_segmentation
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_inputs import CaseFiles, load_case
from VHIWorkflowLib.study.case_record import CaseRecord
from VHIWorkflowLib.study.reading import Reading, Sitting

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are not of this system"),
]

MEASURE_RUNS, FORKED_MEASURE_RUNS, READING_RUNS, BATCH_RUNS = 30, 60, 90, 20


def test_the_runs_are_as_many_as_promised():
    assert MEASURE_RUNS + FORKED_MEASURE_RUNS + READING_RUNS + BATCH_RUNS >= 200
    assert MEASURE_RUNS + BATCH_RUNS >= 40


def assert_whole(out: Path) -> None:
    """Every file below a results folder is complete; temporary files do not count."""
    for path in out.rglob("*"):
        if path.name.startswith(TEMPORARY_PREFIX) or path.suffix == ".lock":
            continue
        if re.fullmatch(r"case(\.\d+)?\.json", path.name):
            read_record(path)
        elif path.name == "labelmap.nii.gz":
            assert read_labelmap(path).array.shape == study_case().stir.grid.shape
        elif path.name == "segmentation.seg.nrrd":
            assert len(read_segmentation(path, study_case().stir.grid)) == 4
        elif path.suffix == ".tsv":
            read_rows(path)
        else:
            assert path.is_dir(), path


def leftovers(out: Path) -> list[Path]:
    """Temporary files of killed writers."""
    return [path for path in out.rglob("*") if path.name.startswith(TEMPORARY_PREFIX)]


def all_rows(out: Path) -> list[ResultsRow]:
    """Rows in the table and those that were replaced."""
    return [row for name in (HISTORY_NAME, RESULTS_NAME) if (out / name).exists() for row in read_rows(out / name)]


def newest(out: Path) -> datetime:
    """When the last measurement in the table was made."""
    return max(datetime.fromisoformat(row.measured_at) for row in read_rows(out / RESULTS_NAME))


def assert_nothing_is_locked(out: Path) -> None:
    """Every lock is free at once."""
    for path in out.rglob("*.lock"):
        with locked(path.with_name(path.name.removeprefix(".").removesuffix(".lock")), timeout=0.5):
            pass


def played(which: str, files: CaseFiles, out: Path, runs: int, seed: int) -> list[list[str]]:
    """Let a program of ``killed_programs`` play; its lines as words."""
    command = [sys.executable, killed_programs.__file__, which, files.stir.path.parent, out, str(runs), str(seed)]
    environment = ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split() for line in done.stdout.splitlines()]


def seconds_of(command: list[str]) -> float:
    """How long a command takes."""
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT, check=True)
    return time.monotonic() - begun


def test_a_killed_measurement_leaves_the_old_files_or_the_new_ones(shared_files, tmp_path, capfd):
    chance = random.Random(7)
    out = tmp_path / "out"
    command = [*VHI, *map(str, measure_arguments(shared_files, out))]
    whole_run = min(seconds_of(command) for _ in range(2))
    accepted = len(all_rows(out))
    killed = 0
    for _ in range(MEASURE_RUNS):
        now = datetime.now(UTC).replace(microsecond=0)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        time.sleep(chance.uniform(0.2, 1.1) * whole_run)
        process.send_signal(signal.SIGKILL)
        printed, problem = process.communicate()
        assert problem == b""
        killed += process.returncode == -signal.SIGKILL
        assert_whole(out)
        assert_nothing_is_locked(out)
        assert len(read_rows(out / RESULTS_NAME)) == 1
        assert len(all_rows(out)) >= accepted
        assert b"vhi_sensitive_voxels" not in printed or newest(out) >= now
        accepted = len(all_rows(out))
    assert killed > MEASURE_RUNS / 2
    assert run_here(capfd, *measure_arguments(shared_files, out)).status == 0
    assert not leftovers(out)
    assert run_here(capfd, "verify", out).status == 0


def test_no_row_is_lost_when_measuring_is_killed_again_and_again(shared_files, tmp_path, capfd):
    out = tmp_path / "out"
    said = played("measure", shared_files, out, FORKED_MEASURE_RUNS, 11)
    ends = Counter(words[0] for words in said)
    assert ends["killed"] == FORKED_MEASURE_RUNS
    assert ends["failed"] == 0
    assert ends["row"] > FORKED_MEASURE_RUNS / 4
    assert_whole(out)
    assert_nothing_is_locked(out)
    found = {(row.case_id, row.measured_at) for row in all_rows(out)}
    promised = {(f"{words[1]} {words[2]}", words[3]) for words in said if words[0] == "row"}
    assert promised <= found
    assert len({row.key for row in read_rows(out / RESULTS_NAME)}) == len(read_rows(out / RESULTS_NAME))
    for name in [f"case {number}" for number in range(4)] + [KEY.case_id]:
        assert run_here(capfd, *measure_arguments(shared_files, out, "--case", name)).status == 0
    assert not leftovers(out)
    assert run_here(capfd, "verify", out).status == 0


def test_no_step_is_lost_when_a_reading_is_killed_again_and_again(shared_files, tmp_path, capfd):
    out = tmp_path / "out"
    said = played("read", shared_files, out, READING_RUNS, 5)
    ends = Counter(words[0] for words in said)
    assert ends["killed"] == READING_RUNS
    assert ends["failed"] == 0
    assert ends["found"] > READING_RUNS / 2
    assert ends["step"] > READING_RUNS
    assert ends["row"] > 5

    acknowledged = None
    for words in said:
        if words[0] in ("found", "step"):
            standing = tuple(map(int, words[1:]))
            if words[0] == "found" and acknowledged is not None:
                assert goes_on_from(acknowledged, standing), (acknowledged, standing)
            acknowledged = standing
    assert acknowledged is not None
    assert_whole(out)
    assert_nothing_is_locked(out)
    last = Reading.resume(KEY, load_case(shared_files), Sitting(out))
    assert goes_on_from(acknowledged, killed_programs.standing(last.session))
    rows = {int(words[1]) for words in said if words[0] == "row"}
    assert rows <= {row.vhi_sensitive_voxels for row in all_rows(out)}
    last.finish()
    assert not leftovers(out)
    assert run_here(capfd, "verify", out).status == 0


def goes_on_from(acknowledged: tuple[int, ...], found: tuple[int, ...]) -> bool:
    """Whether what was found is what was acknowledged, or that and the one step that was not acknowledged yet."""
    steps, undone, effort, _ = acknowledged
    one_more = {
        (steps + 1, 0, effort),
        (steps - 1, undone + 1, effort + 1),
        (steps + 1, undone - 1, effort + 1),
    }
    return found == acknowledged or found[:3] in one_more


def test_a_lost_step_would_be_noticed():
    assert goes_on_from((5, 0, 2, 100), (5, 0, 2, 100))
    assert goes_on_from((5, 0, 2, 100), (6, 0, 2, 90))
    for lost in ((4, 0, 2, 110), (5, 0, 2, 99), (0, 0, 0, 445), (4, 0, 3, 110), (5, 1, 2, 100)):
        assert not goes_on_from((5, 0, 2, 100), lost)


def test_a_killed_batch_goes_on_where_it_ended(shared_files, tmp_path, capfd):
    chance = random.Random(3)
    worklist = write_worklist(tmp_path / "w.tsv", shared_files, [f"case {number}" for number in range(12)])
    whole_run = seconds_of([*VHI, "batch", str(worklist), "--out", str(tmp_path / "whole"), "--jobs", "2"])
    done: dict[str, str] = {}
    killed = 0
    for run in range(BATCH_RUNS):
        out = tmp_path / f"out {run // 5}"  # five kills on the way through a study, then the next study
        done = {} if run % 5 == 0 else done
        process = subprocess.Popen(
            [*VHI, "batch", worklist, "--out", out, "--jobs", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        still_to_do = max(1 - len(done) / 12, 0.3)  # starting takes its time, too
        time.sleep(chance.uniform(0.2, 0.8) * whole_run * still_to_do)
        if run % 2:
            process.send_signal(signal.SIGKILL)  # its workers end by themselves
        else:
            os.killpg(process.pid, signal.SIGKILL)
        _, problem = process.communicate()
        assert problem == b""
        killed += process.returncode == -signal.SIGKILL
        if out.exists():
            assert_whole(out)
            assert_nothing_is_locked(out)
            now = {row.case_id: row.measured_at for row in all_rows(out)}
            assert set(done) <= set(now)
            done = now
        if run % 5 == 4:
            ran = run_here(capfd, "batch", worklist, "--out", out, "--jobs", "2")
            assert (ran.status, ran.err) == (0, "")
            assert len(read_rows(out / RESULTS_NAME)) == 12
            assert not leftovers(out)
            assert run_here(capfd, "verify", out).status == 0
    assert killed > BATCH_RUNS / 2


def test_a_lock_or_a_half_file_of_a_killed_program_is_no_obstacle(shared_files, tmp_path):
    out = tmp_path / "out"
    assert run_process(*measure_arguments(shared_files, out)).status == 0
    folder = out / KEY.case_id / KEY.time_point / KEY.reader
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    for place in (out / "results.tsv", folder / "case.json", folder / "labelmap.nii.gz"):
        prefix = f"{TEMPORARY_PREFIX}{safe_files._machine()}-{int(gone.stdout)}-"
        place.with_name(f"{prefix}00ff00ff-{place.name}").write_bytes(b"half")
        place.with_name(f".{place.name}.lock").write_bytes(b"\0killed on this machine (process 1)")
    begun = time.monotonic()
    assert run_process(*measure_arguments(replace(shared_files, keep=None), out)).status == 0
    assert time.monotonic() - begun < 20  # the lock timeout is 30 s
    assert not leftovers(out)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="known on Linux only")
def test_a_half_file_of_a_process_whose_end_nobody_noticed_is_removed(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    half = tmp_path / f"{TEMPORARY_PREFIX}{safe_files._machine()}-{child.pid}-00ff00ff-results.tsv"
    half.write_bytes(b"half")
    safe_files.write_atomically(tmp_path / "results.tsv", b"whole")
    assert not half.exists()
    child.wait()


def test_a_record_that_cannot_be_read_would_be_noticed(shared_files, tmp_path):
    out = tmp_path / "out"
    assert run_process(*measure_arguments(shared_files, out)).status == 0
    folder = out / KEY.case_id / KEY.time_point / KEY.reader
    for name in ("case.json", "labelmap.nii.gz", "segmentation.seg.nrrd"):
        kept = (folder / name).read_bytes()
        os.truncate(folder / name, len(kept) // 2)
        with pytest.raises(VHIError):
            assert_whole(out)
        (folder / name).write_bytes(kept)
    assert_whole(out)
    assert isinstance(read_record(folder), CaseRecord)
