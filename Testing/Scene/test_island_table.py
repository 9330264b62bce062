"""The island table says of each island what it is, what was decided and why, and which to look at next."""

from __future__ import annotations

import numpy as np
import pytest
from Study.study_cases import study_case
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.facts import island_facts
from VHIWorkflowLib.core.measurement import Preliminary, measure
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.ranking import RankScores, RankSource
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.scene.island_table import IslandTable


def measured() -> Preliminary:
    case = study_case()
    return measure(case.stir, case.normal_bone, case.disease_region)


CASE = measured()
NUMBERS = list(range(1, CASE.islands.number + 1))


def table(ranked: bool = True, start: StartMode = "remove") -> tuple[IslandTable, CleaningSession]:
    """With probabilities that fall and rise again with the size."""
    session = CleaningSession.of(CASE, start=start)
    if ranked:
        scores = np.abs(np.linspace(-1, 0.9, CASE.islands.number))
        session.rank(RankScores(scores, RankSource("test", "1", "0" * 64)))
    return IslandTable(CASE, session), session


def test_rows_say_what_the_core_says_of_each_island() -> None:
    rows, _ = table()
    facts = island_facts(CASE, CASE.islands.island_voxels())
    for row in rows.rows("size"):
        fact = facts[row.number - 1]
        assert (row.voxels, row.slices, row.peak) == (fact.voxels, fact.slices, fact.peak_stir)
        assert row.volume_mm3 == pytest.approx(fact.volume_mm3)
        place = np.rint(CASE.grid.from_ras(row.centre_ras)[0]).astype(int)
        assert np.ravel_multi_index(tuple(place), CASE.grid.shape) in CASE.islands.island_voxels()[row.number - 1]


def test_the_largest_come_first_by_size() -> None:
    rows, _ = table()
    sizes = [row.voxels for row in rows.rows("size")]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == CASE.islands.number


@pytest.mark.parametrize("start", ["remove", "keep"])
def test_by_rank_those_come_first_that_are_likely_to_change(start: StartMode) -> None:
    rows, _ = table(start=start)
    scores = [row.score or 0 for row in rows.rows("rank")]
    assert scores == sorted(scores, reverse=start == "keep")
    assert {row.rank for row in rows.rows()} == set(NUMBERS)
    best = max(rows.rows(), key=lambda row: row.score or 0)
    assert best.rank == 1


def test_without_ranks_all_goes_by_size() -> None:
    rows, _ = table(ranked=False)
    assert [row.number for row in rows.rows("rank")] == [row.number for row in rows.rows("size")]
    assert {row.rank for row in rows.rows()} == {None}


def test_decisions_and_reasons_are_the_latest() -> None:
    rows, session = table()
    session.remove(TheseIslands((1, 2)), reason="vessel")
    session.restore(TheseIslands((2,)))
    session.keep(TheseIslands((3,)))
    found = {row.number: (row.decision, row.counts, row.reason) for row in rows.rows()}
    assert found[1] == ("removed", False, "vessel")
    assert found[2] == ("undecided", True, None)
    assert found[3] == ("kept", True, None)
    session.undo()
    session.undo()
    assert rows.row(2).reason == "vessel"


def test_an_island_that_counts_in_part_says_so() -> None:
    rows, session = table()
    large = next(row for row in rows.rows("size") if row.slices[0] < row.slices[1])
    session.remove(TheseIslands((large.number,)), in_slice=large.slices[0])
    assert rows.row(large.number).decision == rows.row(large.number).counts == "partly"


def test_in_keep_mode_undecided_islands_do_not_count() -> None:
    rows, session = table(start="keep")
    session.keep(TheseIslands((4,)))
    assert [row.number for row in rows.rows() if row.counts] == [4]


def test_a_cut_island_leaves_the_table_and_its_pieces_come() -> None:
    rows, session = table()
    before = rows.row(1)
    session.cut(1, session.partition.voxels_of(Unit(1))[:4])
    pieces = [row for row in rows.rows() if row.number not in NUMBERS]
    assert sum(row.voxels for row in pieces) == before.voxels
    assert {row.score for row in pieces} == {before.score}
    with pytest.raises(KeyError):
        rows.row(1)
    session.undo()
    assert rows.row(1) == before


def test_the_next_suspicious_island_is_the_undecided_one_with_most_at_stake() -> None:
    rows, session = table()
    order = []
    while (row := rows.next_suspicious()) is not None:
        order.append(row.number)
        session.remove(TheseIslands((row.number,)))
    stakes = {row.number: row.voxels * (1 - (row.score or 0)) for row in rows.rows()}
    assert sorted(order) == NUMBERS
    assert [stakes[number] for number in order] == sorted(stakes.values(), reverse=True)


def test_one_key_goes_round_all_undecided_islands() -> None:
    rows, session = table()
    seen: list[int] = []
    after = None
    for _ in range(CASE.islands.number + 1):
        row = rows.next_suspicious(after)
        assert row is not None
        seen.append(row.number)
        after = row.number
    assert sorted(seen[:-1]) == NUMBERS
    assert seen[-1] == seen[0]
    session.remove(TheseIslands((seen[1],)))
    following = rows.next_suspicious(seen[0])
    assert following is not None
    assert following.number == seen[2]
    again = rows.next_suspicious(seen[1])
    assert again is not None
    assert again.number == seen[2]
