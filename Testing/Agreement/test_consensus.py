"""One mask of several readers, by votes and by STAPLE, with the performance that the made readers have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.agreement.consensus import consensus, others_consensus
from VHIWorkflowLib.agreement.rules import RULES
from VHIWorkflowLib.core.errors import MeasurementError

SHAPE = (8, 40, 40)
SENSITIVITIES = {"A": 0.95, "B": 0.85, "C": 0.7, "D": 0.9}
SPECIFICITIES = {"A": 0.97, "B": 0.9, "C": 0.99, "D": 0.8}


def made_readers(seed: int = 1) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A truth, and readers who miss and add voxels at random at the rates above."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(SHAPE, dtype=bool)
    truth[2:6, 10:30, 8:28] = True
    return truth, {
        reader: np.where(truth, rng.random(SHAPE) < SENSITIVITIES[reader], rng.random(SHAPE) >= SPECIFICITIES[reader])
        for reader in SENSITIVITIES
    }


def test_staple_finds_truth_and_performance_of_made_readers():
    truth, masks = made_readers()
    found = consensus(masks, "staple")
    assert (found.mask == truth).mean() > 0.985
    for reader, performance in found.performance.items():
        assert performance.sensitivity == pytest.approx(SENSITIVITIES[reader], abs=0.04)
        assert performance.specificity == pytest.approx(SPECIFICITIES[reader], abs=0.02)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_intersection_lies_in_majority_lies_in_union(seed):
    rng = np.random.default_rng(seed)
    masks = {reader: rng.random((4, 9, 9)) < 0.4 for reader in "ABC"}
    all_, most, any_ = (consensus(masks, rule).mask for rule in ("intersection", "majority", "union"))
    assert not (all_ & ~most).any()
    assert not (most & ~any_).any()
    assert np.array_equal(most, sum(mask.astype(int) for mask in masks.values()) >= 2)


@pytest.mark.parametrize("rule", RULES)
def test_readers_of_one_mind_are_the_consensus(rule):
    truth, _ = made_readers()
    found = consensus({"A": truth, "B": truth, "C": truth}, rule)
    assert np.array_equal(found.mask, truth)
    assert all(each.sensitivity == pytest.approx(1) for each in found.performance.values())


@pytest.mark.parametrize("rule", RULES)
def test_readers_who_see_nothing_agree_on_nothing(rule):
    nothing = np.zeros((3, 5, 5), dtype=bool)
    assert not consensus({"A": nothing, "B": nothing}, rule).mask.any()


@pytest.mark.parametrize("rule", RULES)
def test_readers_who_mark_everything_agree_on_everything(rule):
    everything = np.ones((3, 5, 5), dtype=bool)
    found = consensus({"A": everything, "B": everything}, rule)
    assert found.mask.all()
    assert {(each.sensitivity, each.specificity) for each in found.performance.values()} == {(1.0, 1.0)}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.sampled_from(RULES))
def test_performance_is_a_share_whatever_is_marked(seed, share, rule):
    rng = np.random.default_rng(seed)
    masks = {reader: rng.random((3, 6, 6)) < share for reader in "ABC"}
    for each in consensus(masks, rule).performance.values():
        assert 0 <= each.sensitivity <= 1
        assert 0 <= each.specificity <= 1


def test_each_reader_meets_the_others_consensus():
    _, masks = made_readers()
    found = others_consensus(masks, "majority")
    assert np.array_equal(found["A"], consensus({r: masks[r] for r in "BCD"}, "majority").mask)


@pytest.mark.parametrize("masks", [{"A": (3, 3, 3)}, {"A": (3, 3, 3), "B": (3, 3, 4)}])
def test_a_consensus_needs_two_masks_of_one_shape(masks):
    with pytest.raises(MeasurementError, match=r"at least two|different shapes"):
        consensus({reader: np.zeros(shape, dtype=bool) for reader, shape in masks.items()}, "union")
