"""Fit the forest that ranks islands, hold cases out, and calibrate without looking at what is held out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from BoneSegModelsLib.island_rank import Forest, Ranker, calibrated, logit
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from VHIWorkflowLib.core.grids import FloatArray

from .rank_data import RankCase


@dataclass(frozen=True)
class RankConfiguration:
    """Everything that decides the ranking, apart from the scans.

    Attributes
    ----------
    trees
        Of the random forest and of the extremely randomised one, each; their mean is the ranking.
    smallest_leaf
        Islands.
    random_share, extra_share
        Share of features tried at a split by the two forests.
    soft_share
        What a tree learns is this share of the trials that touch an island, the rest being whether it is kept.
    """

    seed: int = 1
    trees: int = 80
    smallest_leaf: int = 3
    random_share: float = 0.3
    extra_share: float = 0.4
    soft_share: float = 0.5

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be trained."""
        if min(self.trees, self.smallest_leaf) < 1:
            raise ValueError("there must be at least one tree, and one island in a leaf")
        if not (0 < self.random_share <= 1 and 0 < self.extra_share <= 1 and 0 <= self.soft_share <= 1):
            raise ValueError("shares must lie between 0 and 1")

    def to_json(self) -> str:
        """The configuration as a JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_rank_configuration(path: Path) -> RankConfiguration:
    """Read a configuration file; what is not given keeps its default.

    Raises
    ------
    ValueError
        If it is not one.
    """
    try:
        return RankConfiguration(**json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(f"{path} is not a configuration of the ranking: {error}") from error


Forests = tuple[RandomForestRegressor, ExtraTreesRegressor]


def fit_forests(cases: Sequence[RankCase], configuration: RankConfiguration, with_t1w: bool) -> Forests:
    """Fit both forests with scikit-learn; every case weighs the same, however many islands it has."""
    values = np.concatenate([case.values(with_t1w) for case in cases])
    soft = configuration.soft_share
    wanted = np.concatenate([(1 - soft) * case.kept + soft * case.share for case in cases])
    weights = np.concatenate([np.full(case.kept.size, 100 / max(case.kept.size, 1)) for case in cases])
    common = {
        "n_estimators": configuration.trees,
        "min_samples_leaf": configuration.smallest_leaf,
        "random_state": configuration.seed,
        "n_jobs": 1,
    }
    both = (
        RandomForestRegressor(max_features=configuration.random_share, **common),
        ExtraTreesRegressor(max_features=configuration.extra_share, **common),
    )
    for forest in both:
        forest.fit(values, wanted, sample_weight=weights)
    return both


def exported(forests: Forests) -> Forest:
    """The trees of both as plain arrays."""
    trees = [tree.tree_ for forest in forests for tree in forest.estimators_]
    counts = np.array([tree.node_count for tree in trees])
    roots = np.cumsum(counts) - counts
    moved = [np.where(tree.children_left < 0, 0, start) for tree, start in zip(trees, roots, strict=True)]
    leaf = np.concatenate([tree.children_left < 0 for tree in trees])

    def following(name: str) -> np.ndarray:
        nodes = np.concatenate([getattr(tree, name) + start for tree, start in zip(trees, moved, strict=True)])
        return np.where(leaf, 0, nodes).astype(np.int32)

    return Forest(
        roots=roots.astype(np.int32),
        feature=np.where(leaf, -1, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        threshold=np.where(leaf, 0, np.concatenate([tree.threshold for tree in trees])),
        left=following("children_left"),
        right=following("children_right"),
        value=np.concatenate([tree.value[:, 0, 0] for tree in trees]),
    )


def fit(cases: Sequence[RankCase], configuration: RankConfiguration, with_t1w: bool) -> Forest:
    """Fit both forests and export them."""
    return exported(fit_forests(cases, configuration, with_t1w))


def calibration(raw: Sequence[FloatArray], cases: Sequence[RankCase]) -> tuple[float, float]:
    """Slope and offset that turn what forests said of cases they had not seen into probabilities; cases weigh alike."""
    kept = np.concatenate([case.kept for case in cases])
    weights = np.concatenate([np.full(case.kept.size, 1 / max(case.kept.size, 1)) for case in cases])
    odds = logit(np.concatenate(list(raw)))[:, None]
    found = LogisticRegression(C=1e4).fit(odds, kept, sample_weight=weights * kept.size / weights.sum())
    return float(found.coef_[0, 0]), float(found.intercept_[0])


def raw_held_out(
    cases: Sequence[RankCase],
    configuration: RankConfiguration,
    with_t1w: bool,
    judged: Sequence[RankCase] | None = None,
) -> list[FloatArray]:
    """What forests say of each case that was not among those they were fitted to, before calibration.

    `judged` are the same cases otherwise measured, where those are to be judged.
    """
    found = []
    for out in range(len(cases)):
        forest = fit([case for n, case in enumerate(cases) if n != out], configuration, with_t1w)
        found.append(forest((judged or cases)[out].values(with_t1w)))
    return found


@dataclass(frozen=True)
class HeldOut:
    """What rankings say of each case that they never saw: raw, as the forest says it, and calibrated."""

    raw: list[FloatArray]
    probabilities: list[FloatArray]


def hold_each_out(cases: Sequence[RankCase], configuration: RankConfiguration, with_t1w: bool) -> HeldOut:
    """Let each case be judged by a ranking that never saw it, calibration included.

    The calibration of the ranking that judges a case comes from the other cases, each judged by a forest that saw
    neither.
    """
    inner: dict[tuple[int, int], FloatArray] = {}
    for first, second in combinations(range(len(cases)), 2):
        forest = fit([case for n, case in enumerate(cases) if n not in (first, second)], configuration, with_t1w)
        inner[first, second] = forest(cases[second].values(with_t1w))
        inner[second, first] = forest(cases[first].values(with_t1w))
    all_raw, found = raw_held_out(cases, configuration, with_t1w), []
    for out, raw in enumerate(all_raw):
        others = [n for n in range(len(cases)) if n != out]
        slope, offset = calibration([inner[out, n] for n in others], [cases[n] for n in others])
        found.append(calibrated(raw, slope, offset))
    return HeldOut(all_raw, found)


def final_ranker(cases: Sequence[RankCase], configuration: RankConfiguration, with_t1w: bool) -> Ranker:
    """The ranking that ships: fitted to all cases, calibrated on what each case got while it was held out."""
    slope, offset = calibration(raw_held_out(cases, configuration, with_t1w), cases)
    names = cases[0].features.names[: cases[0].values(with_t1w).shape[1]]
    return Ranker(names, fit(cases, configuration, with_t1w), slope, offset)
