"""Decisions survive a corrected region: on the same islands exactly, on changed ones by the voxels kept before."""

from __future__ import annotations

from random import Random

import numpy as np
from Core.cleaning_sessions import randoms, seeds, starts
from Core.naive_cleaning import Both
from Core.small_cases import small_case
from hypothesis import given, settings
from scipy import ndimage
from VHIWorkflowLib.core.carry_over import carry_over
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.stability import how_much_hangs_on_normal_bone
from VHIWorkflowLib.core.targets import TheseIslands


@settings(max_examples=40)
@given(seed=seeds, start=starts, random=randoms)
def test_on_the_same_islands_the_same_mask_comes_out_as_one_undo_step(
    seed: int, start: StartMode, random: Random
) -> None:
    both = Both.on(seed, start)
    for _ in range(12):
        both.take_any_step(random)
    after = both.fresh(start=start)
    nothing_done = after.mask()
    carry_over(both.session, after)
    assert np.array_equal(after.mask(), both.session.mask())
    after.undo()
    assert np.array_equal(after.mask(), nothing_done)
    assert not after.steps


@settings(max_examples=25)
@given(seed=seeds, start=starts, random=randoms)
def test_without_the_brightest_voxel_vhi_is_what_the_stability_figures_foretold(
    seed: int, start: StartMode, random: Random
) -> None:
    case = small_case(seed).measured()
    before = CleaningSession.of(case, start=start)
    for number in list(before.partition):
        if random.random() < 0.5:
            before.remove(TheseIslands((number,))) if start == "remove" else before.keep(TheseIslands((number,)))
    stability = how_much_hangs_on_normal_bone(case, before.kept_voxels())
    foretold = next(each for each in stability.left_out if each.part == "brightest")
    smaller = case.normal_bone.copy()
    smaller[stability.brightest[0].index] = False
    changed = small_case(seed)
    again = type(changed)(changed.stir, smaller, changed.disease_region).measured()
    after = CleaningSession.of(again, start=start)
    carry_over(before, after)
    kept = np.zeros(smaller.shape, dtype=bool)
    kept.ravel()[before.kept_voxels()] = True
    labels, _ = ndimage.label(after.mask(), structure=np.ones((3, 3, 3)))
    touched = np.isin(labels, np.setdiff1d(np.unique(labels[kept]), [0]))
    assert int(touched.sum()) == foretold.vhi_voxels
    if start == "keep":
        assert np.array_equal(touched, after.mask())
