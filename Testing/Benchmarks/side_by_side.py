"""Time things side by side in one run, in interleaved rounds, and print them with their ratios.

Wall time is what a user waits for; CPU time is less disturbed by whatever else the machine does. A target is printed as
met or missed and never ends a program: these are measurements, not tests.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

MET, MISSED = "TARGET MET", "TARGET MISSED"
LIBRARIES = ("numpy", "scipy", "SimpleITK", "scikit-image", "pillow", "torch")


@dataclass
class Times:
    """Wall and CPU seconds of the same work, one of each a round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float) -> None:
        """Add a round."""
        self.wall.append(wall)
        self.cpu.append(cpu)

    @property
    def median(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.wall)

    @property
    def median_cpu(self) -> float:
        """Median CPU seconds."""
        return statistics.median(self.cpu)

    def in_ms(self) -> str:
        """Median wall time, its range, and median CPU time, in ms."""
        low, high = min(self.wall) * 1e3, max(self.wall) * 1e3
        return f"{self.median * 1e3:9.2f} ms wall ({low:.2f} to {high:.2f}), {self.median_cpu * 1e3:8.2f} ms CPU"

    def in_s(self) -> str:
        """Median wall time, its range, and median CPU time, in s."""
        low, high = min(self.wall), max(self.wall)
        return f"{self.median:7.3f} s wall ({low:.3f} to {high:.3f}), {self.median_cpu:7.3f} s CPU"


def timed(work: Callable[[], object], times: Times) -> None:
    """Do the work once and add how long it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    times.add(time.perf_counter() - wall, time.process_time() - cpu)


def side_by_side(work: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Do each once to warm up, then all in turn, round after round: A B A B ..."""
    times = {name: Times() for name in work}
    for each in work.values():
        each()
    for _ in range(rounds):
        for name, each in work.items():
            gc.collect()
            timed(each, times[name])
    return times


@dataclass
class InARow:
    """The same work called several times in a row, one row a round.

    ``first`` is the first call, when other work has pushed everything of this one out of the processor's caches;
    ``later`` the median of the calls that follow it.
    """

    first: Times = field(default_factory=Times)
    later: Times = field(default_factory=Times)

    def add(self, row: Times) -> None:
        """Add a round."""
        self.first.add(row.wall[0], row.cpu[0])
        self.later.add(statistics.median(row.wall[1:]), statistics.median(row.cpu[1:]))


def in_a_row(work: Mapping[str, Callable[[], object]], rounds: int, calls: int) -> dict[str, InARow]:
    """Do each some times in a row, 2 at least, then the next, round after round: A A A B B B A A A B B B ..."""
    times = {name: InARow() for name in work}
    for each in work.values():
        each()
    for _ in range(rounds):
        for name, each in work.items():
            gc.collect()
            row = Times()
            for _ in range(calls):
                timed(each, row)
            times[name].add(row)
    return times


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Ratio in each round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def ratio_line(above: Times, below: Times) -> str:
    """Median of the rounds' ratios with its range, by wall and by CPU time."""
    wall, cpu = ratios(above.wall, below.wall), ratios(above.cpu, below.cpu)
    return (
        f"{statistics.median(wall):.1f} times by wall time ({min(wall):.1f} to {max(wall):.1f}), "
        f"{statistics.median(cpu):.1f} times by CPU time ({min(cpu):.1f} to {max(cpu):.1f})"
    )


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def target(name: str, found: float, limit: float, unit: str, *, at_least: bool = False) -> None:
    """Print whether a target of the issue is met."""
    met = found >= limit if at_least else found <= limit
    bound = "at least" if at_least else "at most"
    print(f"{MET if met else MISSED}: {name}: {found:.3g} {unit}, wanted {bound} {limit:g} {unit}", flush=True)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns, the first to the left."""
    cells = [[*header], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for first, *others in cells:
        right = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *right]).rstrip(), flush=True)


def machine_facts() -> str:
    """Processor, cores, load, and the versions that matter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return (
        f"{_processor()}, {cores} cores{load}; {platform.system()} {platform.machine()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def arguments(description: str | None, rounds: int | None = None) -> argparse.Namespace:
    """Parse a script's options (how many rounds, where it has rounds), and print the machine's facts."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if rounds is not None:
        parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds of each comparison (default {rounds})")
    parsed = parser.parse_args()
    if rounds is not None and parsed.rounds < 1:
        parser.error("at least one round is needed")
    print(machine_facts(), flush=True)
    return parsed


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "absent"


def say_loudly(text: str) -> None:
    """Print what nobody must overlook."""
    bar = "!" * (len(text) + 4)
    print(f"{bar}\n! {text} !\n{bar}", file=sys.stdout, flush=True)
