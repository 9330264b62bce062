"""Thresholds, masks, small groups and islands, against the same steps written plainly with scikit-image.

Both do the same from arrays in memory: the two thresholds, both masks, groups of fewer than 4 px out slice by slice,
and the voxels of every island, in 3D and within each slice. They are first checked to give the same.

Each is called several times in a row, in turn with the other. What is asked for is the ratio of calls in a row. Beside
it stands that of the first calls, each after the other's work, when the processor's caches hold nothing of it any more:
what short work loses by that is a larger share of it.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.benchmark_cases import chosen_cases
from Benchmarks.side_by_side import arguments, in_a_row, ratio_line, ratios, target, title
from Benchmarks.slice_by_slice import PlainResult, slice_by_slice
from VHIWorkflowLib.core.measurement import Preliminary

WANTED = 20.0
CALLS = 11
"""In a row: the first, and ten of which the median counts."""
OURS, PLAIN = "VHIWorkflow", "plain scikit-image"


def differences(ours: Preliminary, theirs: PlainResult) -> list[str]:
    """What is not the same."""
    checks = {
        "sensitive threshold": np.isclose(ours.thresholds.sensitive, theirs.sensitive_threshold, rtol=1e-12),
        "conservative threshold": ours.thresholds.conservative == theirs.conservative_threshold,
        "sensitive mask": np.array_equal(ours.mask(), theirs.sensitive),
        "conservative mask": np.array_equal(ours.conservative_mask(), theirs.conservative),
        "islands": _sets(ours.islands.island_voxels()) == _sets(_flat(theirs.islands, ours)),
        "islands within slices": _sets(ours.islands.part_voxels()) == _sets(_flat(theirs.islands_in_slices, ours)),
    }
    return [name for name, same in checks.items() if not same]


def main() -> None:
    """Compare on the chosen cases."""
    options = arguments(__doc__, rounds=9)
    for name, case in chosen_cases().items():
        title(f"compute: {name}")
        theirs = partial(
            slice_by_slice, case.stir.array, case.normal_bone, case.disease_region, case.settings.tolerance
        )
        wrong = differences(case.measured(), theirs())
        print("same result" if not wrong else "NOT THE SAME: " + ", ".join(wrong))
        work: dict[str, Callable[[], object]] = {OURS: case.measured, PLAIN: theirs}
        times = in_a_row(work, options.rounds, CALLS)
        for which, each in times.items():
            print(f"{which:<20} called in a row {each.later.in_ms()}")
            print(f"{'':<20} the first call  {each.first.in_ms()}")
        ours, plain = times[OURS], times[PLAIN]
        print(f"against {PLAIN}, calls in a row: {ratio_line(plain.later, ours.later)}")
        print(f"against {PLAIN}, first calls, after other work: {ratio_line(plain.first, ours.first)}")
        found = statistics.median(ratios(plain.later.wall, ours.later.wall))
        target(f"computing {case.name} against {PLAIN}, calls in a row", found, WANTED, "times as fast", at_least=True)


def _flat(places: list[np.ndarray], ours: Preliminary) -> list[np.ndarray]:
    return [np.ravel_multi_index(tuple(each.T), ours.grid.shape) for each in places]


def _sets(groups: list[np.ndarray]) -> set[bytes]:
    return {np.sort(group).astype(np.int64).tobytes() for group in groups}


if __name__ == "__main__":
    main()
