"""How much hangs on the normal bone: what it costs, and the figures themselves, for every case.

Decisions are those of the simulated reader, who keeps the islands that touch a voxel marked in at least two of the four
manual trials; a case without manual masks is not cleaned.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.benchmark_cases import all_cases
from Benchmarks.side_by_side import Times, arguments, side_by_side, table, target, title
from VHIWorkflowLib.core.stability import LeftOut, Stability, how_much_hangs_on_normal_bone

WANTED_SECONDS = 0.3


def main() -> None:
    """Time and figures for all cases."""
    options = arguments(__doc__, rounds=5)
    sessions = {case.name: (each := case.measured(), case.cleaned(each)) for case in all_cases()}
    work = {
        name: partial(how_much_hangs_on_normal_bone, case, session.kept_voxels())
        for name, (case, session) in sessions.items()
    }
    times = side_by_side(work, options.rounds)
    found = {name: each() for name, each in work.items()}
    title("stability: time")
    table(["case", "variants", "median s", "range s", "CPU s"], (_time_row(n, found[n], times[n]) for n in found))
    slowest = max(times, key=lambda name: times[name].median)
    target(f"stability of the slowest case, {slowest}", times[slowest].median, WANTED_SECONDS, "s median")
    target(f"the same, {slowest}", times[slowest].median_cpu, WANTED_SECONDS, "s CPU median")
    title("stability: voxels above the sensitive threshold, before small groups go, as a share of what they were")
    _show(found, "above_threshold_voxels")
    title("stability: preliminary mask, small groups gone, as a share of what it was")
    _show(found, "preliminary_voxels")
    title("stability: VHI of the simulated reader as a share of what it was")
    _show(found, "vhi_voxels")
    title("stability: the brightest voxel of each normal bone")
    for name, stability in found.items():
        top = stability.brightest[0]
        print(f"{name}: {top.intensity:.1f} at voxel (i, j, k) {top.index[::-1]}, RAS {top.ras_mm} mm")


def _time_row(name: str, found: Stability, times: Times) -> list[object]:
    spread = f"{min(times.wall):.3f} to {max(times.wall):.3f}"
    return [name, len(found.left_out), f"{times.median:.3f}", spread, f"{times.median_cpu:.3f}"]


def _show(found: dict[str, Stability], count: str) -> None:
    header = ["case", "voxels", "without brightest 1", "brightest 5", "brightest 0.5 %", "one slice left out"]
    table(header, (_share_row(name, each, count) for name, each in found.items()))


def _share_row(name: str, stability: Stability, count: str) -> list[object]:
    whole = getattr(stability, count)

    def shares(parts: Iterable[LeftOut]) -> list[float]:
        voxels = [getattr(part, count) for part in parts]
        return [number / whole for number in voxels if number is not None and whole]

    slices = shares(part for part in stability.left_out if part.part == "slice")
    bright = [shares([part]) for part in stability.left_out if part.part == "brightest"]
    spread = f"{min(slices):.2f} to {max(slices):.2f}" if slices else "none"
    return [name, whole, *(f"{share[0]:.2f}" if share else "none" for share in bright), spread]


if __name__ == "__main__":
    main()
