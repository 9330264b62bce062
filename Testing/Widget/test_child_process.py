"""The child process with real processes: lines put together, one end whatever happens, cancelling, crashes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION
from VHIWorkflowLib.core.sentences import translated
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.demo import write_phantom
from VHIWorkflowLib.study.found_regions import Networks
from VHIWorkflowLib.study.read_ahead import PrepareRequest, take
from VHIWorkflowLib.widget.child_process import ChildProcess, Ended

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = [str(ROOT / "VHIWorkflow"), str(ROOT / "BoneSegModels")]

PIECE = 7
"""Output is handed on in pieces of so many bytes, so that lines and letters are cut."""


class PlainProcess:
    """A real process without Qt; `pump` plays the event loop."""

    def __init__(self, on_output: Callable[[bytes], None], on_end: Callable[[int | None, str], None]) -> None:
        self.on_output = on_output
        self.on_end = on_end
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            self.process = subprocess.Popen(
                [program, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **environment},
            )
        except OSError as error:
            self.on_end(None, str(error))

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def wait(self, seconds: float) -> None:
        assert self.process is not None
        self.process.communicate(timeout=seconds)

    def pump(self) -> None:
        """Hand on all output, then the end."""
        assert self.process is not None
        assert self.process.stdout is not None
        while data := self.process.stdout.read(PIECE):
            self.on_output(data)
        _, errors = self.process.communicate()
        status = self.process.returncode
        self.on_end(status if status >= 0 else None, errors.decode())


class Bench:
    """A child process whose program is written by the test, and what it told."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.processes: list[PlainProcess] = []
        self.child = ChildProcess(self.make, python, [str(folder)], "Looking for bone")
        self.progress: list[tuple[int, int]] = []
        self.ends: list[Ended] = []

    def make(self, on_output: Callable[[bytes], None], on_end: Callable[[int | None, str], None]) -> PlainProcess:
        self.processes.append(PlainProcess(on_output, on_end))
        return self.processes[-1]

    def start(self, program: str, *arguments: str) -> None:
        (self.folder / "program.py").write_text(program, encoding="utf-8")
        self.child.start(
            "program", arguments, on_progress=lambda *done: self.progress.append(done), on_end=self.ends.append
        )

    def run(self, program: str, *arguments: str) -> Ended:
        """Start, let it end, and give its one end."""
        self.start(program, *arguments)
        self.processes[-1].pump()
        assert len(self.ends) == len(self.processes)
        assert not self.child.is_running
        return self.ends[-1]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.child.close()


def test_progress_and_end_arrive(bench: Bench) -> None:
    ended = bench.run(
        "import json\n"
        "for n in range(3): print(json.dumps({'event': 'progress', 'done': n + 1, 'total': 3}))\n"
        "print(json.dumps({'event': 'done'}))"
    )
    assert bench.progress == [(1, 3), (2, 3), (3, 3)]
    assert ended == Ended()
    assert ended.is_done


def test_last_line_counts_without_its_end(bench: Bench) -> None:
    assert bench.run('print(\'{"event": "done"}\', end="")') == Ended()


def test_other_output_is_left_alone(bench: Bench) -> None:
    ended = bench.run(
        "import sys\n"
        'print(\'loading\'); print(\'[1, 2]\'); print(\'{"event": "progress", "done": "soon"}\')\n'
        'print(\'{"event": "progress", "done": 1}\'); print(\'{"event": "else"}\'); print(\'7\')\n'
        "sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()\n"
        "print('{\"event\": \"done\"}'); print('bye'); print('a warning', file=sys.stderr)"
    )
    assert ended == Ended()
    assert bench.progress == []


def test_problem_is_handed_on(bench: Bench) -> None:
    """Letters of more than one byte are cut between pieces of output."""
    failed = '{"event": "failed", "message": "Müller/t1w.nrrd: is empty"}'
    ended = bench.run(f"import sys; print({failed!r}); sys.exit(2)")
    assert ended == Ended(problem="Müller/t1w.nrrd: is empty")
    assert not ended.is_done


def test_problem_can_be_translated_after_its_way_through_the_process(bench: Bench, tmp_path: Path) -> None:
    """The program says in English what is wrong; this one says it in the reader's language, path and all."""
    empty = tmp_path / "stir.nii.gz"
    empty.write_bytes(b"")
    request = PrepareRequest(CaseFiles(Scan(empty), Scan(empty)), tmp_path / "ahead").write()
    bench.child.start("VHIWorkflowLib.study.read_ahead", [str(request)], on_end=bench.ends.append)
    bench.processes[-1].pump()
    (problem,) = (ended.problem for ended in bench.ends)
    assert problem == f"{empty}: is empty (0 bytes); copy or export the file again"
    assert translated(problem, lambda context, text: f"<{context} {text}>") == (
        f"<files.errors {empty}: <files.stored_bytes is empty (0 bytes); copy or export the file again>>"
    )


def test_end_without_a_word_can_be_translated(bench: Bench) -> None:
    problem = bench.run("import sys; sys.exit(3)").problem
    assert problem == "Looking for bone ended unexpectedly (exit status 3); try again"
    assert translated(problem, lambda _context, text: f"[{text}]") == (
        "[Looking for bone ended unexpectedly ([exit status 3]); try again]"
    )


@pytest.mark.parametrize("message", ["3", '{"context": "a"}', '{"context": "a", "template": "{b}", "values": {}}'])
def test_message_that_is_no_sentence_is_left_alone(bench: Bench, message: str) -> None:
    failed = f'{{"event": "failed", "message": {message}}}'
    ended = bench.run(f"import sys; print({failed!r}); sys.exit(2)")
    assert ended == Ended(problem="Looking for bone ended unexpectedly (exit status 2); try again")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit(3)", "exit status 3"),
        ("raise ImportError('no module named numpy')", "ImportError: no module named numpy"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "its process crashed",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="a process that is ended there has a status"),
        ),
        ("import sys; print('{\"result\": {}}'); sys.exit(1)", "exit status 1"),
        ("pass", "exit status 0"),
    ],
)
def test_unexpected_end_is_one_sentence(bench: Bench, program: str, why: str) -> None:
    assert bench.run(program) == Ended(problem=f"Looking for bone ended unexpectedly ({why}); try again")


def test_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path, python=str(tmp_path / "no such python"))
    bench.start("")
    (ended,) = bench.ends
    assert ended.problem is not None
    assert "no such python" in ended.problem
    assert not bench.child.is_running


DONE = 'print(\'{"event": "done"}\')'
SLEEP = 'import time\nprint(\'{"event": "progress", "done": 1, "total": 2}\', flush=True)\ntime.sleep(60)'


def test_cancelling_ends_the_program_and_is_told_once(bench: Bench) -> None:
    bench.start(SLEEP)
    assert bench.child.is_running
    begun = time.monotonic()
    bench.child.cancel()
    bench.child.cancel()
    bench.processes[-1].pump()
    bench.child.cancel()
    assert bench.ends == [Ended(cancelled=True)]
    assert time.monotonic() - begun < 30
    assert bench.run(DONE) == Ended()


def test_nothing_is_told_after_closing(bench: Bench) -> None:
    bench.start(SLEEP)
    process = bench.processes[-1].process
    bench.child.close()
    assert process is not None
    assert process.poll() is not None
    bench.processes[-1].on_end(None, "")
    assert bench.ends == []
    assert not bench.child.is_running


def test_one_at_a_time(bench: Bench) -> None:
    bench.start(SLEEP)
    with pytest.raises(VHIError, match="Looking for bone is still under way"):
        bench.start(SLEEP)


def test_next_may_be_started_from_the_end_of_the_one_before(bench: Bench) -> None:
    ends = []

    def again(ended: Ended) -> None:
        ends.append(ended)
        if len(ends) < 3:
            bench.child.start("program", [], on_end=again)

    (bench.folder / "program.py").write_text(DONE)
    bench.child.start("program", [], on_end=again)
    for n in range(3):
        bench.processes[n].pump()
    assert ends == [Ended()] * 3


def test_a_case_is_read_ahead_and_its_bone_found(bench: Bench, tmp_path: Path) -> None:
    """The very program that Slicer runs, with the libraries found by the folders given."""
    files = write_phantom(make_phantom(shape=(9, 64, 64)), tmp_path / "scans")
    scans = CaseFiles(files.stir, files.t1w)
    bench.child = ChildProcess(bench.make, sys.executable, LIBRARIES, "Reading ahead")
    request = PrepareRequest(scans, tmp_path / "ahead", find_disease_region=True, networks=Networks(backend="numpy"))
    bench.child.start(
        "VHIWorkflowLib.study.read_ahead",
        [str(request.write())],
        on_progress=lambda *done: bench.progress.append(done),
        on_end=bench.ends.append,
    )
    bench.processes[-1].pump()
    assert bench.ends == [Ended()]
    assert bench.progress[-1][0] == bench.progress[-1][1] > 0
    prepared = take(tmp_path / "ahead", scans)
    assert prepared is not None
    assert prepared.problems == ()
    assert prepared.found[DISEASE_REGION].mask.shape == (9, 64, 64)
