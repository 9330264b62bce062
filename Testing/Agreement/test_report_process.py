"""The report written by a process of its own is the one that is written here, and what is wrong comes back whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from Agreement.two_readers import SUBJECTS, read_by_two
from VHIWorkflowLib.core.sentences import from_json, translated
from VHIWorkflowLib.report.report_process import MODULE, ReportRequest

WITHOUT_SCIPY = f"import sys; sys.modules['scipy'] = None; from {MODULE} import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three subjects, two time points, two readers."""
    return read_by_two(tmp_path_factory.mktemp("two readers"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120)


def told(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_process_writes_what_is_written_here(results: Path, tmp_path: Path) -> None:
    there = ReportRequest(results, tmp_path / "there", ("pre", "post"))
    here = ReportRequest(results, tmp_path / "here", ("pre", "post"))
    done = run("-m", MODULE, *there.arguments)
    assert (done.returncode, done.stderr) == (0, "")
    here.write(lambda _unit: lambda _done, _total: None)
    files = sorted(path.relative_to(here.out) for path in here.out.rglob("*") if path.is_file())
    assert {Path("report.html"), *(Path("patients", f"{subject}.html") for subject in SUBJECTS)} <= set(files)
    for name in files:
        assert (there.out / name).read_bytes() == (here.out / name).read_bytes(), name


def test_each_part_tells_how_far_it_is(results: Path, tmp_path: Path) -> None:
    *progress, last = told(run("-m", MODULE, *ReportRequest(results, tmp_path).arguments))
    assert last == {"event": "done"}
    subjects = [{"event": "progress", "done": done, "total": 3} for done in (1, 2, 3)]
    assert progress[-3:] == subjects
    assert {"event": "progress", "done": 6, "total": 6} in progress[:-3]  # cases of both readers


def test_a_request_comes_through_its_arguments(tmp_path: Path) -> None:
    for points in (None, ("pre", "post")):
        request = ReportRequest(tmp_path / "results", tmp_path / "out", points)
        assert ReportRequest.of(request.arguments) == request


def test_a_folder_without_results_is_said_in_the_readers_language(tmp_path: Path) -> None:
    done = run("-m", MODULE, *ReportRequest(tmp_path, tmp_path / "report").arguments)
    assert done.returncode == 2
    (failed,) = told(done)
    assert failed["event"] == "failed"
    problem = from_json(failed["message"])
    assert problem == f"{tmp_path}: holds no results.tsv; name the folder that 'vhi measure' wrote to"
    assert "[holds no results.tsv; name the folder that 'vhi measure' wrote to]" in translated(
        problem, lambda _context, text: f"[{text}]"
    )
    assert not (tmp_path / "report").exists()


def test_a_missing_package_is_named(results: Path, tmp_path: Path) -> None:
    done = run("-c", WITHOUT_SCIPY, *ReportRequest(results, tmp_path / "report").arguments)
    assert done.returncode == 2
    (failed,) = told(done)
    problem = from_json(failed["message"])
    assert problem == "this needs the Python package scipy, which is not installed"
    assert translated(problem, lambda context, text: f"<{context} {text}>") == f"<study.child_side {problem}>"
