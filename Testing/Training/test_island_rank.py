"""The ranking learns from cases that are not the one it judges, and what is exported answers as scikit-learn does."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from BoneSegModelsLib.island_features import IslandFeatures, feature_names
from BoneSegModelsLib.island_rank import load_rank_model
from RealCases import REAL_CASES
from Training import island_rank
from Training.rank_data import RankCase, island_labels, read_cases
from Training.rank_figures import figures, reliability
from Training.rank_forest import (
    RankConfiguration,
    exported,
    final_ranker,
    fit_forests,
    hold_each_out,
    raw_held_out,
    read_rank_configuration,
)
from VHIWorkflowLib.core.islands import find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs

FEW = RankConfiguration(trees=6)
LEAST_AUC, LEAST_PRECISION, LEAST_AUC_BY_VOLUME = 0.92, 0.70, 0.88
"""Of the held-out cases; the shipped recipe reaches a little more, and the fits vary."""


def made_case(seed: int) -> RankCase:
    """A case whose islands are kept, mostly, where the first feature is high."""
    rng = np.random.default_rng(seed)
    names = feature_names(with_t1w=True)
    values = rng.normal(size=(60, len(names)))
    share = np.clip(np.round((values[:, 0] + rng.normal(scale=0.3, size=60)) * 2) / 4 + 0.25, 0, 1)
    voxels = rng.integers(4, 500, 60)
    return RankCase(f"made {seed}", IslandFeatures(names, values), voxels, share >= 0.5, share)


@cache
def made_cases() -> tuple[RankCase, ...]:
    return tuple(made_case(seed) for seed in range(4))


@pytest.mark.parametrize("with_t1w", [True, False])
def test_the_exported_trees_answer_as_scikit_learn_does(with_t1w: bool) -> None:
    forests = fit_forests(made_cases()[1:], FEW, with_t1w)
    values = made_cases()[0].values(with_t1w)
    wanted = np.mean([forest.predict(values) for forest in forests], axis=0)
    np.testing.assert_allclose(exported(forests)(values), wanted, rtol=1e-12, atol=1e-12)


def test_labels_of_the_held_out_case_do_not_reach_its_ranking() -> None:
    cases = list(made_cases())
    before = hold_each_out(cases, FEW, with_t1w=False).probabilities
    cases[2] = replace(cases[2], kept=~cases[2].kept, share=1 - cases[2].share)
    after = hold_each_out(cases, FEW, with_t1w=False).probabilities
    np.testing.assert_array_equal(before[2], after[2])
    assert not np.array_equal(before[0], after[0])


def test_labels_that_are_chance_cannot_be_learnt() -> None:
    rng = np.random.default_rng(5)
    cases = [
        replace(case, kept=(kept := rng.permutation(case.kept)), share=kept.astype(float)) for case in made_cases()
    ]
    raw = np.concatenate(raw_held_out(cases, FEW, with_t1w=True))
    kept = np.concatenate([case.kept for case in cases])
    assert figures(kept, raw, np.ones(kept.size, dtype=np.int64))["auc"] < 0.65


def test_the_same_seed_gives_the_same_ranking() -> None:
    first, again, other = (final_ranker(made_cases(), replace(FEW, seed=seed), False) for seed in (1, 1, 2))
    values = made_cases()[0].values(False)
    np.testing.assert_array_equal(first(values), again(values))
    assert not np.array_equal(first(values), other(values))


def test_islands_are_labelled_by_the_trials_that_touch_them() -> None:
    lattice = Lattice((1, 3, 9), 0)
    mask = np.zeros(lattice.shape, dtype=bool)
    mask[0, 0, :3] = mask[0, 2, 5:7] = True
    trials = np.zeros((4, *lattice.shape), dtype=bool)
    trials[0, 0, 0, 0] = trials[1, 0, 0, 2] = True  # two trials, no voxel in common
    trials[2:, 0, 2, 5] = True
    kept, share = island_labels(find_islands(Runs.of(lattice.codes_of(mask)), lattice), trials.reshape(4, -1))
    assert kept.tolist() == [False, True]
    assert share.tolist() == [0.5, 0.5]


def test_the_reliability_table_counts_every_island_once() -> None:
    probability = np.linspace(0, 1, 41)
    rows = reliability(probability > 0.5, probability)
    assert sum(row["islands"] for row in rows) == 41


def test_an_impossible_configuration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "configuration.json"
    for text in ('{"trees": 0}', '{"leaves": 3}', "{", '{"extra_share": 2}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"tree|configuration|shares"):
            read_rank_configuration(path)


def test_the_command_writes_figures_configuration_and_a_model_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(island_rank, "read_cases", lambda folder: list(made_cases()))
    recipe = tmp_path / "few.json"
    recipe.write_text(FEW.to_json())
    out, model = tmp_path / "out", tmp_path / "model"
    common = ["--data", str(tmp_path), "--configuration", str(recipe), "--seed", "3"]
    island_rank.main([*common, "--out", str(out), "--model", str(model)])
    assert json.loads((out / "configuration.json").read_text())["seed"] == 3
    with (out / "held_out.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == sum(case.kept.size for case in made_cases())
    assert set(json.loads((out / "figures.json").read_text())) == {"with_t1w", "without_t1w"}
    values = made_cases()[0].values(True)
    expected = final_ranker(made_cases(), replace(FEW, seed=3), with_t1w=True)(values)
    np.testing.assert_allclose(load_rank_model(model).with_t1w(values), expected, rtol=1e-12)


def test_too_few_cases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds 0 cases with manual trials"):
        read_cases(tmp_path)


@pytest.mark.real_cases
def test_ranking_of_real_cases_held_out() -> None:
    cases = read_cases(REAL_CASES)
    assert [case.name for case in cases] == ["1007", "1012", "1013", "1016", "1234", "3002", "4386"]
    raw = np.concatenate(raw_held_out(cases, RankConfiguration(trees=40), with_t1w=True))
    kept, voxels = (np.concatenate([getattr(case, name) for case in cases]) for name in ("kept", "voxels"))
    found = figures(kept, raw, voxels)
    assert found["auc"] >= LEAST_AUC
    assert found["average_precision"] >= LEAST_PRECISION
    assert found["auc_by_volume"] >= LEAST_AUC_BY_VOLUME
    bundled = load_rank_model()
    assert np.isfinite(np.concatenate([bundled.with_t1w(case.values(True)) for case in cases])).all()
