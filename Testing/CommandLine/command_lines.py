"""``vhi`` inside this process, and as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from VHIWorkflowLib.command_line.main import main
from VHIWorkflowLib.study.case_inputs import CaseFiles

VHI = (sys.executable, "-m", "VHIWorkflowLib")
ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "error"}
NAMES = ("--case", "S 01", "--time-point", "baseline", "--reader", "AB")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def problem(self) -> str:
        """The one line on standard error; fails when it is not one line, or there is a traceback."""
        assert self.status == 2, self
        assert self.err.count("\n") == 1, self.err
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        assert "VHI_DEBUG" not in self.err
        return self.err[:-1]


def run_here(capture: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run ``vhi`` in this process."""
    capture.readouterr()
    try:
        status = main([str(each) for each in arguments])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    return Ran(status, *capture.readouterr())


def run_process(
    *arguments: object,
    address_space: int | None = None,
    before: Callable[[], None] | None = None,
    environment: dict[str, str] | None = None,
) -> Ran:
    """Run ``vhi`` as a process, perhaps with a limit on its address space in bytes."""
    if sys.platform == "win32" and (address_space or before):
        pytest.skip("Windows has no such limits")

    def prepare() -> None:
        if address_space is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
        if before is not None:
            before()

    done = subprocess.run(
        [*VHI, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT | (environment or {}),
        preexec_fn=prepare if address_space or before else None,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def measure_arguments(files: CaseFiles, out: Path, *more: object) -> list[object]:
    """Arguments of ``vhi measure``."""
    pieces = [part for piece in files.normal_bone for part in ("--normal-bone", piece)]
    keep = [] if files.keep is None else ["--keep", files.keep]
    scans = ["--stir", files.stir, "--t1", files.t1w, *pieces, "--disease-region", files.disease_region, *keep]
    return ["measure", *scans, *NAMES, "--out", out, *more]


def write_worklist(path: Path, files: CaseFiles, cases: Iterable[str]) -> Path:
    """A worklist that measures the same files under several names."""
    lines = ["case_id\ttime_point\tstir\tt1w\tnormal_bone\tdisease_region\tkeep"]
    for case in cases:
        paths = (files.stir, files.t1w, files.normal_bone[0], files.disease_region, files.keep or "")
        lines.append("\t".join(map(str, (case, "baseline", *paths))))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
