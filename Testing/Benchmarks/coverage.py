"""How often each 95 % confidence interval holds the true value, by simulation with fixed seeds.

Readings of two readers are drawn from a model whose bias, limits of agreement, correlations and line are known: cases
are normal, readers differ by a bias that is drawn for each pair of readers, and each reading has a normal error. With
1,000 runs, an interval that covers 95 % is found within 93.6 to 96.4 % in 19 of 20 simulations.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np
from scipy import stats
from VHIWorkflowLib.statistics.bland_altman import bland_altman, repeatability_coefficient, smallest_detectable_change
from VHIWorkflowLib.statistics.correlation import concordance, correlation
from VHIWorkflowLib.statistics.estimates import Estimate, FloatArray
from VHIWorkflowLib.statistics.intraclass import intraclass_correlations
from VHIWorkflowLib.statistics.regression import ordinary_regression, passing_bablok
from VHIWorkflowLib.statistics.resampling import bootstrapped, median_of

BIAS = 3.0
ERROR = 4.0
SPREAD = 12.0
READERS_SPREAD = 3.0
TRUE_DIFFERENCES = math.sqrt(2) * ERROR
Z = float(stats.norm.ppf(0.975))


def fixed_readers(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Two given readers, b higher by the bias."""
    truth = rng.normal(100, SPREAD, n)
    return truth + rng.normal(0, ERROR, n), truth + BIAS + rng.normal(0, ERROR, n)


def truths() -> dict[str, float]:
    """What the figures of two given readers estimate."""
    reliability = SPREAD**2 / (SPREAD**2 + ERROR**2)
    spread = SPREAD**2 + ERROR**2
    return {
        "bias": BIAS,
        "lower limit of agreement": BIAS - Z * TRUE_DIFFERENCES,
        "upper limit of agreement": BIAS + Z * TRUE_DIFFERENCES,
        "smallest detectable change": Z * TRUE_DIFFERENCES,
        "ICC(3,1)": reliability,
        "Pearson's r": reliability,
        "Spearman's rho": 6 / math.pi * math.asin(reliability / 2),
        "Lin's concordance": 2 * SPREAD**2 / (2 * spread + BIAS**2),
        "least squares slope": reliability,
        "Passing-Bablok slope": 1.0,
        "median, by ranks": 100.0,
        "median, by bootstrap": 100.0,
    }


def estimates(a: FloatArray, b: FloatArray) -> dict[str, Estimate]:
    """All figures of one simulated study."""
    found = bland_altman(a, b)
    return {
        "bias": found.bias,
        "lower limit of agreement": found.lower,
        "upper limit of agreement": found.upper,
        "smallest detectable change": smallest_detectable_change(a, b),
        "ICC(3,1)": intraclass_correlations(np.stack([a, b], axis=1))["3,1"],
        "Pearson's r": correlation(a, b).coefficient,
        "Spearman's rho": correlation(a, b, "spearman").coefficient,
        "Lin's concordance": concordance(a, b),
        "least squares slope": ordinary_regression(a, b).slope,
        "Passing-Bablok slope": passing_bablok(a, b).slope,
        "median, by ranks": median_of(a),
        "median, by bootstrap": bootstrapped(a, lambda x: np.median(x, axis=-1), draws=1000),
    }


def random_readers(rng: np.random.Generator, n: int, k: int = 4) -> dict[str, Estimate]:
    """Figures that see readers as a sample of all readers, or repeats of one reader."""
    truth = rng.normal(100, SPREAD, (n, 1))
    table = truth + rng.normal(0, READERS_SPREAD, (1, k)) + rng.normal(0, ERROR, (n, k))
    repeats = truth[:, 0] + rng.normal(0, ERROR, (2, n))
    one_way = truth + rng.normal(0, ERROR, (n, k))
    return {
        "ICC(2,1)": intraclass_correlations(table)["2,1"],
        "ICC(1,1)": intraclass_correlations(one_way)["1,1"],
        "repeatability coefficient": repeatability_coefficient(*repeats),
    }


def random_truths() -> dict[str, float]:
    """What these estimate."""
    return {
        "ICC(2,1)": SPREAD**2 / (SPREAD**2 + READERS_SPREAD**2 + ERROR**2),
        "ICC(1,1)": SPREAD**2 / (SPREAD**2 + ERROR**2),
        "repeatability coefficient": Z * TRUE_DIFFERENCES,
    }


def coverage(
    n: int, runs: int, draw: Callable[[np.random.Generator], dict[str, Estimate]], true: dict[str, float]
) -> None:
    """Print how often the intervals of each figure held, and the mean error of the figure itself."""
    held: dict[str, list[bool]] = defaultdict(list)
    error: dict[str, list[float]] = defaultdict(list)
    for seed in range(runs):
        for name, estimate in draw(np.random.default_rng([seed, n])).items():
            error[name].append(estimate.value - true[name])
            if estimate.low is not None and estimate.high is not None:
                held[name].append(estimate.low <= true[name] <= estimate.high)
    for name, value in true.items():
        found = f"{100 * np.mean(held[name]):5.1f} %" if held[name] else "no interval"
        print(f"n = {n:3}  {name:<28} {found:<12} mean error {np.mean(error[name]):+8.3f} of {value:.3f}")


def main() -> None:
    """Simulate studies of several sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 20, 60])
    options = parser.parse_args()
    for n in options.sizes:
        coverage(n, options.runs, lambda rng, n=n: estimates(*fixed_readers(rng, n)), truths())
        coverage(n, options.runs, lambda rng, n=n: random_readers(rng, n), random_truths())
        print()


if __name__ == "__main__":
    main()
