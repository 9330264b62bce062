"""What one cleaning step, one undo and one redo cost; how that grows with the island and the volume; and autosave.

A step is a click on an island that removes it: the island is found, decided on, and named for the record. Islands are
taken in random order; the first three steps of each session warm up and are not counted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.benchmark_cases import (
    BenchmarkCase,
    chosen_cases,
    in_eight_times_the_volume,
    of_many_islands,
    usual_case,
)
from Benchmarks.side_by_side import Times, arguments, table, target, timed, title
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.targets import AtVoxel
from VHIWorkflowLib.files.safe_files import write_atomically
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.reading import Reading, Sitting

WANTED_MS = 1.0
MOST_STEPS = 1000
WARM_UP = 3
SIZES = (1, 10, 100, 1000, 10_000, 1_000_000)
KINDS = ("remove", "undo", "redo")


class Clicks:
    """Removes, takes back and removes again the islands of one case, one by one."""

    def __init__(self, case: BenchmarkCase) -> None:
        self.session = CleaningSession.of(case.measured())
        self.times = {kind: Times() for kind in KINDS}
        self.sizes: list[int] = []
        partition = self.session.partition
        islands = np.random.default_rng(1).permutation(list(partition))[: MOST_STEPS + WARM_UP]
        self._clicks = [self._place(partition.voxels_of(Unit(int(island)))) for island in islands]
        self._sizes = [partition.size_of(Unit(int(island))) for island in islands]

    def __len__(self) -> int:
        return len(self._clicks)

    def take(self, number: int) -> None:
        """Remove, undo, redo one island, and time it."""
        click, session = AtVoxel(self._clicks[number]), self.session
        times = self.times if number >= WARM_UP else {kind: Times() for kind in KINDS}
        timed(lambda: session.remove(click), times["remove"])
        timed(session.undo, times["undo"])
        timed(session.redo, times["redo"])
        if number >= WARM_UP:
            self.sizes.append(self._sizes[number])

    def _place(self, voxels: np.ndarray) -> tuple[int, int, int]:
        k, j, i = np.unravel_index(int(voxels[voxels.size // 2]), self.session.grid.shape)
        return int(k), int(j), int(i)


def report_steps(name: str, case: BenchmarkCase) -> None:
    """Median and worst of each kind of step."""
    title(f"cleaning: {name}")
    clicks = Clicks(case)
    for number in range(len(clicks)):
        clicks.take(number)
    table(
        ["", "median ms", "95 % below ms", "worst ms", "median CPU ms", "steps"],
        [[kind, *_milliseconds(times), len(times.wall)] for kind, times in clicks.times.items()],
    )
    for kind, times in clicks.times.items():
        target(f"{kind}, {case.name}", times.median * 1e3, WANTED_MS, "ms median")
    title(f"cleaning: growth with the island, {case.name}")
    rows = []
    for low, high in pairwise(SIZES):
        inside = [n for n, size in enumerate(clicks.sizes) if low <= size < high]
        if inside:
            medians = [np.median([clicks.times[kind].wall[n] for n in inside]) * 1e3 for kind in KINDS]
            typical = int(np.median([clicks.sizes[n] for n in inside]))
            rows.append([f"{low} to {high - 1} voxels", typical, *(f"{ms:.3f}" for ms in medians), len(inside)])
    table(["size of the island", "median voxels", *(f"{kind} ms" for kind in KINDS), "islands"], rows)


def report_volume(case: BenchmarkCase) -> None:
    """The same islands in a volume of 8 times the voxels, step by step in turn."""
    title(f"cleaning: growth with the volume, {case.name} and the same islands in 8 times the volume")
    small, large = Clicks(case), Clicks(in_eight_times_the_volume(case))
    for number in range(len(small)):
        small.take(number)
        large.take(number)
    print("same islands:", "yes" if small.sizes == large.sizes else "NO")
    for kind in KINDS:
        here, there = small.times[kind], large.times[kind]
        print(
            f"{kind:<7} median {here.median * 1e3:.3f} ms, in the larger volume {there.median * 1e3:.3f} ms: "
            f"{there.median / here.median:.2f} times by wall time, {there.median_cpu / here.median_cpu:.2f} by CPU time"
        )


def report_autosave(case: BenchmarkCase) -> None:
    """What a saved step costs on the disk of the folder for temporary files, against writing the same bytes only."""
    title(f"cleaning: autosave after each step, {case.name}")
    with tempfile.TemporaryDirectory() as folder:
        reading = Reading(CaseKey(case.name, "baseline", "benchmark"), case.loaded(), Sitting(Path(folder)))
        session = reading.session
        step, bare = Times(), Times()
        for island in list(session.partition):
            place = np.unravel_index(int(session.partition.voxels_of(Unit(island))[0]), session.grid.shape)
            click = AtVoxel((int(place[0]), int(place[1]), int(place[2])))
            timed(partial(session.remove, click), step)
            record = (reading.folder / "case.json").read_bytes()
            timed(partial(write_atomically, Path(folder) / "bare.json", record), bare)
        size = len(record)
    part = max(len(step.wall) // 10, 1)
    rows = [
        [which, f"{np.median(times.wall[where]) * 1e3:.2f}", f"{np.median(times.cpu[where]) * 1e3:.2f}"]
        for name, times in (("step, saved", step), ("the same bytes written and flushed", bare))
        for which, where in ((f"{name}, first tenth", slice(part)), (f"{name}, last tenth", slice(-part, None)))
    ]
    table(["", "median ms", "median CPU ms"], rows)
    print(
        f"worst saved step {max(step.wall) * 1e3:.2f} ms; {len(step.wall)} steps make a record of {size / 1e3:.0f} kB"
    )


def _milliseconds(times: Times) -> list[str]:
    worst_first = sorted(times.wall, reverse=True)
    chosen = (times.median, worst_first[len(worst_first) // 20], worst_first[0], times.median_cpu)
    return [f"{seconds * 1e3:.3f}" for seconds in chosen]


def main() -> None:
    """Steps on the chosen cases and on 10,000 islands."""
    arguments(__doc__)
    started = time.perf_counter()
    for name, case in chosen_cases().items():
        report_steps(name, case)
    many = of_many_islands()
    report_steps(f"{many.name}, made up", many)
    report_volume(usual_case())
    report_autosave(usual_case())
    print(f"\n{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()
