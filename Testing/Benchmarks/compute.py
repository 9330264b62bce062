"""Thresholds, masks, small groups and islands, against the same steps written with scikit-image.

All do the same from arrays in memory: the two thresholds, both masks, groups of fewer than 4 px out slice by slice, and
the voxels of every island, in 3D and within each slice. They are first checked to give the same. The target is set
against the published manner (voxel by voxel, group by group); the same with whole-array operations stands beside it.
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
from Benchmarks.published_manner import PublishedResult, in_published_manner, with_whole_arrays
from Benchmarks.side_by_side import arguments, ratio_line, ratios, side_by_side, target, title
from VHIWorkflowLib.core.measurement import Preliminary

WANTED = 20.0
PUBLISHED = "published manner"
OTHERS = {PUBLISHED: in_published_manner, "whole arrays": with_whole_arrays}


def differences(ours: Preliminary, theirs: PublishedResult) -> list[str]:
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
        work: dict[str, Callable[[], object]] = {"VHIWorkflow": case.measured}
        for manner, measure in OTHERS.items():
            theirs = partial(measure, case.stir.array, case.normal_bone, case.disease_region, case.settings.tolerance)
            wrong = differences(case.measured(), theirs())
            print(f"{manner}: {'same result' if not wrong else 'NOT THE SAME: ' + ', '.join(wrong)}")
            work[manner] = theirs
        times = side_by_side(work, options.rounds)
        for which, each in times.items():
            print(f"{which:<20} {each.in_ms()}")
        for manner in OTHERS:
            print(f"against {manner}: {ratio_line(times[manner], times['VHIWorkflow'])}")
        found = statistics.median(ratios(times[PUBLISHED].wall, times["VHIWorkflow"].wall))
        target(f"computing {case.name} against the published manner", found, WANTED, "times as fast", at_least=True)


def _flat(places: list[np.ndarray], ours: Preliminary) -> list[np.ndarray]:
    return [np.ravel_multi_index(tuple(each.T), ours.grid.shape) for each in places]


def _sets(groups: list[np.ndarray]) -> set[bytes]:
    return {np.sort(group).astype(np.int64).tobytes() for group in groups}


if __name__ == "__main__":
    main()
