"""How often each 95 % confidence interval holds the true value, by simulation with fixed seeds.

Rule: of 1,000 simulated studies, an interval that holds in 95 % does so in 93.6 to 96.4 % in 19 of 20 simulations. One
that was found outside is looked at again in 10,000 other studies, and what these say counts. Intervals that cannot hold
in just 95 %, because they lie between ranks or are made wide on purpose, must hold in at least so many: for them the
lower end counts.

Figures that should be right on average must be so within three standard errors; of others, which no usual estimator
gets right for few cases (standard deviations, correlations, limits), the mean error is printed.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.simulated_studies import Figure, Study, figures, set_aside
from VHIWorkflowLib.statistics.errors import StatisticsError

RUNS = 1000
AGAIN = 10_000
Z = 1.96
SEED_AGAIN = 1_000_000
"""Studies that are looked at again are others."""


@dataclass(frozen=True)
class Found:
    """What simulated studies of one size say of a figure.

    Attributes
    ----------
    held
        Share of intervals that held the true value; None when there was none.
    without
        How many studies gave no interval.
    mean_error, deviation
        Of the figure over all studies.
    runs
        How many studies.
    """

    held: float | None
    without: int
    mean_error: float
    deviation: float
    runs: int

    @property
    def is_right_on_average(self) -> bool:
        """Whether the mean error is within three standard errors."""
        return abs(self.mean_error) <= 3 * self.deviation / math.sqrt(self.runs)


def band(runs: int) -> tuple[float, float]:
    """Shares that an interval of 95 % is found within in 19 of 20 simulations of so many studies."""
    half = Z * math.sqrt(0.95 * 0.05 / runs)
    return 0.95 - half, 0.95 + half


def simulated(wanted: Sequence[Figure], n: int, runs: int, first_seed: int = 0) -> dict[str, Found | str]:
    """Each figure in simulated studies of n cases; the sentence where it cannot be worked out from so few."""
    values: dict[str, list[float]] = {figure.name: [] for figure in wanted}
    held: dict[str, list[bool]] = {figure.name: [] for figure in wanted}
    refused: dict[str, str] = {}
    for seed in range(first_seed, first_seed + runs):
        study = Study.drawn(np.random.default_rng([seed, n]), n)
        for figure in wanted:
            try:
                estimate = figure.of(study)
            except StatisticsError as error:
                refused[figure.name] = str(error)
                continue
            values[figure.name].append(estimate.value)
            if estimate.low is not None and estimate.high is not None:
                held[figure.name].append(estimate.low <= figure.truth <= estimate.high)
    return {
        figure.name: _found(figure, values[figure.name], held[figure.name], runs)
        if len(values[figure.name]) > 1
        else refused[figure.name]
        for figure in wanted
    }


def holds(figure: Figure, found: Found, runs: int = RUNS) -> bool:
    """Whether the share lies in the band of so many studies; of intervals of at least 95 %, not below it."""
    low, high = band(runs)
    return found.held is None or (low <= found.held and (figure.at_least or found.held <= high))


def judged(figure: Figure, n: int, found: Found) -> tuple[Found, bool]:
    """Whether an interval keeps its word, looked at again where 1,000 studies do not say so."""
    if not holds(figure, found):
        again = simulated([figure], n, AGAIN, SEED_AGAIN)[figure.name]
        if isinstance(again, Found):
            return again, holds(figure, again)
    return found, True


def _found(figure: Figure, values: Sequence[float], held: Sequence[bool], runs: int) -> Found:
    return Found(
        float(np.mean(held)) if held else None,
        runs - len(held),
        float(np.mean(values)) - figure.truth,
        float(np.std(values, ddof=1)),
        runs,
    )


def _report(figure: Figure, n: int, first: Found | str) -> bool:
    """Print what was found of a figure, and say whether it keeps its word."""
    start = f"n = {n:3}  {figure.name:<29}"
    if isinstance(first, str):
        print(f"{start}refused: {first}")
        return True
    found, keeps = judged(figure, n, first)
    word = "at least 95 %" if figure.at_least else "95 %"
    right = found.is_right_on_average or not figure.unbiased
    share = "no interval" if found.held is None else f"{100 * found.held:5.1f} % of {found.runs - found.without}"
    verdict = "" if found.held is None else f"{word}: {'yes' if keeps else 'NO'}"
    error = f"mean error {found.mean_error:+9.3f} of {figure.truth:8.3f} ({found.mean_error / found.deviation:+.2f} SD)"
    claim = f"  right on average: {'yes' if right else 'NO'}" if figure.unbiased else ""
    print(f"{start}{share:<20} {verdict:<20} {error}{claim}", flush=True)
    return keeps and right


def _compare(n: int) -> None:
    """Print how often the intervals hold that were set aside."""
    for figure, found in ((figure, simulated([figure], n, RUNS)[figure.name]) for figure in set_aside()):
        if isinstance(found, Found) and found.held is not None:
            print(f"n = {n:3}  {figure.name:<29}{100 * found.held:5.1f} % of {found.runs - found.without}  not used")


def main() -> int:
    """Simulate studies of several sizes; the exit status is 1 when an interval does not keep its word."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 8, 20, 60])
    options = parser.parse_args()
    low, high = band(RUNS)
    print(f"{RUNS} studies of each size; 95 % is found within {100 * low:.1f} to {100 * high:.1f} %\n")
    failed = []
    for n in options.sizes:
        found = simulated(figures(), n, RUNS)
        failed += [f"{figure.name} (n = {n})" for figure in figures() if not _report(figure, n, found[figure.name])]
        _compare(n)
        print()
    print("all intervals keep their word" if not failed else f"not as stated: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
