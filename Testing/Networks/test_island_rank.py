"""The ranking of islands: independent of storage and scanner, its files are checked, its records replay."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from BoneSegModelsLib.errors import ModelError
from BoneSegModelsLib.island_features import feature_names, island_features
from BoneSegModelsLib.model_folders import models_folder
from BoneSegModelsLib.island_rank import DESCRIPTION_NAME, MODEL_NAME, Forest, RankModel, calibrated, load_rank_model
from Core.small_cases import ALL_STORAGES, Storage
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.measurement import Preliminary, measure
from VHIWorkflowLib.core.steps import Step
from VHIWorkflowLib.core.targets import RankBelow, TheseIslands
from VHIWorkflowLib.core.thresholds import Thresholds
from VHIWorkflowLib.phantom import Phantom, make_phantom

STORAGES = (ALL_STORAGES[0], ALL_STORAGES[13], ALL_STORAGES[22], ALL_STORAGES[35], ALL_STORAGES[47])


@cache
def model() -> RankModel:
    return load_rank_model()


@cache
def phantom() -> Phantom:
    return make_phantom(2, shape=(11, 96, 96))


def stored(storage: Storage, scale: float = 1.0, t1w_scale: float = 1.0) -> tuple[Preliminary, Volume]:
    """The phantom stored in another way, its grey levels multiplied."""
    made = phantom()
    grid = storage.grid(made.stir.grid)
    regions = (storage.array(region.array) for region in (made.normal_bone, made.disease_region))
    case = measure(Volume(storage.array(made.stir.array) * np.float32(scale), grid), *regions)
    return case, Volume(storage.array(made.t1w.array) * np.float32(t1w_scale), grid)


@cache
def as_made() -> tuple[Preliminary, Volume]:
    return stored(ALL_STORAGES[0])


def by_place(case: Preliminary, values: np.ndarray) -> dict[tuple[float, ...], tuple[float, ...]]:
    """Values of each island by the place of its middle in the patient, rounded."""
    found = {}
    for voxels, row in zip(case.islands.island_voxels(), values, strict=True):
        kji = np.stack(np.unravel_index(voxels, case.grid.shape), axis=1)
        found[tuple(np.round(case.grid.to_ras(kji).mean(axis=0), 3).tolist())] = tuple(np.atleast_1d(row).tolist())
    return found


@pytest.mark.parametrize("with_t1w", [True, False])
def test_every_island_gets_a_probability(with_t1w: bool) -> None:
    case, t1w = as_made()
    found = model().probabilities(case, t1w if with_t1w else None)
    assert found.shape == (case.islands.number,)
    assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("storage", STORAGES[1:])
def test_the_way_a_scan_is_stored_changes_nothing(storage: Storage) -> None:
    here, there = as_made(), stored(storage)
    for each in (here, there):
        assert each[0].islands.number > 20
    first, second = (by_place(case, island_features(case, t1w).values) for case, t1w in (here, there))
    assert first == second
    probabilities = (by_place(case, model().probabilities(case, t1w)) for case, t1w in (here, there))
    assert next(probabilities) == next(probabilities)


@pytest.mark.parametrize(("scale", "t1w_scale"), [(0.25, 8.0), (1.7, 0.31)])
def test_the_grey_levels_of_the_scanner_do_not_matter(scale: float, t1w_scale: float) -> None:
    here, there = as_made(), stored(ALL_STORAGES[0], scale, t1w_scale)
    np.testing.assert_allclose(
        island_features(*there).values, island_features(*here).values, rtol=1e-3, atol=1e-3, equal_nan=False
    )


def test_without_t1w_the_features_that_need_it_are_left_out() -> None:
    case, t1w = as_made()
    alone, both = island_features(case), island_features(case, t1w)
    assert alone.names == feature_names(with_t1w=False) == both.names[: len(alone.names)]
    assert both.names == feature_names(with_t1w=True)
    np.testing.assert_array_equal(alone.values, both.values[:, : len(alone.names)])


def test_t1w_on_another_grid_is_brought_to_that_of_stir() -> None:
    case, t1w = as_made()
    step = np.diag([0.5, 0.5, 1.0, 1.0])
    step[:2, 3] = -0.25
    finer = Volume(np.repeat(np.repeat(t1w.array, 2, axis=1), 2, axis=2), Grid((11, 192, 192), t1w.grid.affine @ step))
    found = island_features(case, finer)
    assert np.corrcoef(found.column("t1w"), island_features(case, t1w).column("t1w"))[0, 1] > 0.9


def raised(case: Preliminary, sensitive: float) -> Preliminary:
    """The case with its sensitive threshold set by hand."""
    limits = Thresholds(sensitive, sensitive, None, case.thresholds.margin)
    return measure(case.stir, case.normal_bone, case.disease_region, thresholds=limits)


@pytest.mark.parametrize("with_t1w", [True, False])
@pytest.mark.parametrize("islands", [0, 1])
def test_few_islands(with_t1w: bool, islands: int) -> None:
    case, t1w = as_made()
    stir = case.stir.array.copy()
    outside = np.flatnonzero((case.disease_region & ~case.normal_bone).ravel())
    stir.ravel()[outside] = case.statistics.q1
    if islands:
        k, j, i = np.unravel_index(outside[outside.size // 2], stir.shape)
        stir[k, j : j + 3, i : i + 3] = 2 * case.statistics.maximum
        stir[case.normal_bone] = case.stir.array[case.normal_bone]
    few = measure(Volume(stir, case.grid), case.normal_bone, case.disease_region)
    assert few.islands.number == islands
    found = model().probabilities(few, t1w if with_t1w else None)
    assert found.shape == (islands,)
    assert np.isfinite(found).all()
    CleaningSession.of(few, scores=model().scores(few)).remove(RankBelow(0.5))


def test_a_scan_without_signal_is_refused_in_one_sentence() -> None:
    case, t1w = as_made()
    with pytest.raises(ModelError, match="T1w scan has no signal in the bone"):
        island_features(case, Volume(np.zeros_like(t1w.array), t1w.grid))


def test_lesions_of_the_phantom_rank_above_what_is_no_inflammation() -> None:
    case, t1w = as_made()
    lesions = phantom().lesions.array.ravel()
    right = np.array([lesions[voxels].any() for voxels in case.islands.island_voxels()])
    large = np.array([voxels.size >= 10 for voxels in case.islands.island_voxels()])
    found = model().probabilities(case, t1w)
    assert found[right & large].mean() > found[~right].mean()


def forests(draw: st.DrawFn) -> tuple[Forest, np.ndarray]:
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    inner = int(rng.integers(0, 6))
    nodes = 2 * inner + 1
    left = np.zeros(nodes, dtype=np.int32)
    feature = np.full(nodes, -1, dtype=np.int32)
    free = [0]
    for number in range(inner):
        here = free.pop(0)
        left[here], feature[here] = 2 * number + 1, rng.integers(0, 3)
        free += [2 * number + 1, 2 * number + 2]
    right = np.where(feature >= 0, left + 1, 0).astype(np.int32)
    roots = np.array([0, 0], dtype=np.int32)
    return Forest(roots, feature, rng.normal(size=nodes), left, right, rng.random(nodes)), rng.normal(size=(9, 3))


@given(st.data())
@settings(deadline=None, max_examples=50, derandomize=True)
def test_a_forest_answers_as_its_trees_walked_one_by_one(data: st.DataObject) -> None:
    forest, values = forests(data.draw)
    forest.check(3)

    def walked(row: np.ndarray) -> float:
        node = 0
        while forest.feature[node] >= 0:
            goes_left = np.float32(row[forest.feature[node]]) <= forest.threshold[node]
            node = forest.left[node] if goes_left else forest.right[node]
        return float(forest.value[node])

    np.testing.assert_allclose(forest(values), [walked(row) for row in values])


def test_calibration_never_changes_the_order() -> None:
    raw = np.linspace(0, 1, 50)
    for ranker in (model().with_t1w, model().without_t1w):
        assert (np.diff(calibrated(raw, ranker.slope, ranker.offset)) >= 0).all()
        assert ranker.slope > 0


def test_a_bright_large_island_at_the_joint_ranks_above_a_faint_speck_far_from_it() -> None:
    ranker = model().with_t1w
    case, t1w = as_made()
    rows = np.repeat(np.median(island_features(case, t1w).values, axis=0)[None], 2, axis=0)
    better = {"peak": 3, "mean": 2, "conservative_share": 1, "volume": 6, "thickness": 3, "volume_rank": 0.7}
    worse = {"peak": 0.1, "mean": 0.05, "conservative_share": 0, "volume": 1.6, "thickness": 0.6, "volume_rank": 5}
    for name in ("stir", "t1w"):
        better |= {f"{name}_joint_distance": 0, f"{name}_joint_distance_mean": 2, f"{name}_joint_near": 0.2}
        worse |= {f"{name}_joint_distance": 25, f"{name}_joint_distance_mean": 26, f"{name}_joint_near": 0}
    for row, wanted in zip(rows, (better, worse), strict=True):
        for name, value in wanted.items():
            row[ranker.names.index(name)] = value
    high, low = ranker(rows)
    assert high > low + 0.2


def copied(folder: Path) -> Path:
    shutil.copytree(models_folder() / MODEL_NAME, folder)
    return folder


def test_parameters_that_differ_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "rank")
    parameters = folder / "parameters.npz"
    data = bytearray(parameters.read_bytes())
    data[len(data) // 2] ^= 1
    parameters.write_bytes(data)
    with pytest.raises(ModelError, match=r"parameters\.npz: differs from the file that belongs to the model; install"):
        load_rank_model(folder)


@pytest.mark.parametrize("missing", [DESCRIPTION_NAME, "parameters.npz"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = copied(tmp_path / "rank")
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=f"{missing}: this file of the model is missing"):
        load_rank_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "something else"}, "is not a VHIWorkflow island ranking file"),
        ({"format_version": 2}, "format version 2, and this software reads 1; update"),
        ({"variants": {}}, "does not describe a ranking"),
        ({"parameters": {"file": "parameters.npz"}}, "does not describe a ranking"),
        ({"suggested_limit": "high"}, "does not describe a ranking"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = copied(tmp_path / "rank")
    path = folder / DESCRIPTION_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=message):
        load_rank_model(folder)


def test_half_a_description_is_refused(tmp_path: Path) -> None:
    path = copied(tmp_path / "rank") / DESCRIPTION_NAME
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="not a whole JSON file"):
        load_rank_model(path.parent)


@pytest.mark.parametrize(
    ("part", "value"), [("left", 0), ("right", 10_000_000), ("feature", 500), ("roots", -2), ("value", np.nan)]
)
def test_trees_that_lead_nowhere_are_refused(part: str, value: float) -> None:
    forest = model().with_t1w.forest
    names = ("roots", "feature", "threshold", "left", "right", "value")
    arrays = {name: getattr(forest, name).copy() for name in names}
    arrays[part][0] = value
    with pytest.raises(ValueError, match="a tree"):
        Forest(**arrays).check(len(model().with_t1w.names))


def test_steps_by_rank_name_the_model_and_replay_without_it() -> None:
    case, t1w = as_made()
    scores = model().scores(case, t1w)
    session = CleaningSession.of(case, scores=scores, clock=lambda: datetime(2024, 5, 1, tzinfo=UTC))
    session.remove(RankBelow(float(np.median(scores.values))))
    session.keep(TheseIslands(tuple(session.partition)))
    by_rank, by_number = (step.to_json() for step in session.steps)
    source = {"name": "island_rank", "version": model().version, "sha256": model().sha256}
    assert by_rank["target"] == {"kind": "rank_below", "score": float(np.median(scores.values)), "model": source}
    assert "model" not in by_number["target"]
    again = CleaningSession.of(case)
    again.replay([Step.from_json(json.loads(json.dumps(step))) for step in (by_rank, by_number)])
    np.testing.assert_array_equal(again.mask(), session.mask())


def test_scores_without_a_model_leave_records_as_they_were() -> None:
    case, _ = as_made()
    session = CleaningSession.of(case, scores=np.linspace(0, 1, case.islands.number))
    session.remove(RankBelow(0.5))
    assert session.steps[0].target == {"kind": "rank_below", "score": 0.5}
