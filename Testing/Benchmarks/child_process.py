"""Run programs as a user does, each as a process of its own, and say what they took: time, CPU and peak memory.

Linux hands a new process the peak memory of the one that started it. A small launcher in between keeps the benchmark's
own memory out of the figures, and waits for all processes that the program started, so that CPU time is that of all.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from Benchmarks.side_by_side import Times

LAUNCHER = """
import ctypes, json, os, resource, sys, time
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # helpers that outlive the program come back here, with their CPU time
start = time.perf_counter()
with open(sys.argv[1], "wb") as out, open(sys.argv[2], "wb") as err:
    actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)]
    child = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ, file_actions=actions)
_, status, _ = os.wait4(child, 0)
wall = time.perf_counter() - start
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit]))
"""


@dataclass
class Runs:
    """What a program took, run after run."""

    times: Times = field(default_factory=Times)
    peak_bytes: list[int] = field(default_factory=list)

    @property
    def peak_mb(self) -> float:
        """Largest peak of memory, MB."""
        return max(self.peak_bytes) / 1e6


def run(command: Sequence[str], runs: Runs | None = None) -> str:
    """Run a program, add what it took, and return what it printed.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        launched = subprocess.run(
            [sys.executable, "-S", "-E", "-c", LAUNCHER, str(out), str(err), *command],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        status, wall, cpu, peak = json.loads(launched.stdout)
        if status != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {status}: {err.read_text()}")
        if runs is not None:
            runs.times.add(wall, cpu)
            runs.peak_bytes.append(peak)
        return out.read_text()


def interleaved(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Runs]:
    """Run each once to warm up (files in memory, byte code compiled), then all in turn, round after round."""
    found = {name: Runs() for name in commands}
    for command in commands.values():
        run(command)
    for _ in range(rounds):
        for name, command in commands.items():
            run(command, found[name])
    return found
