"""Many cases: several at a time give what one at a time gives, with a bar that counts them all; the benchmark runs."""

from __future__ import annotations

import pytest
from Benchmarks.agreement_scale import READERS, link_under_more_names, measure_phantoms
from VHIWorkflowLib.agreement.comparison import FEWEST_FOR_WORKERS, compare
from VHIWorkflowLib.agreement.failures import failures
from VHIWorkflowLib.agreement.reference import make_references
from VHIWorkflowLib.agreement.sources import Source, read_sources
from VHIWorkflowLib.report.thumbnails import thumbnail

CASES = FEWEST_FOR_WORKERS + 5


@pytest.fixture(scope="module")
def two_readers(tmp_path_factory) -> list[Source]:
    """Two small phantoms, read by two, under many names."""
    results = measure_phantoms(tmp_path_factory.mktemp("many"), 2, shape=(9, 96, 96))
    table = link_under_more_names(results, CASES)
    return read_sources([f"{table}#{reader}" for reader in READERS])


def test_several_at_a_time_find_what_one_at_a_time_finds(two_readers):
    told: list[tuple[int, int]] = []
    alone = compare(*two_readers)
    together = compare(*two_readers, lambda done, total: told.append((done, total)), jobs=2)
    assert together == alone
    assert len(alone.cases) == CASES
    assert told == [(n, CASES) for n in range(1, CASES + 1)]
    assert any(case.disputed_mm3 > 0 for case in alone.cases)


def test_failures_are_the_same_too(two_readers):
    found = compare(*two_readers)
    one, other = (failures(*two_readers, found, 4, draw=thumbnail, jobs=jobs) for jobs in (1, 2))
    assert [each.pictures for each in one] == [each.pictures for each in other]
    assert [each.share for each in one] == [each.share for each in other]
    assert all(each.share is not None and each.pictures for each in one)


def test_composite_masks_are_the_same_too(two_readers):
    one, other = (make_references(two_readers, ["majority"], jobs=jobs) for jobs in (1, 2))
    assert one == other
    assert len(one.cases) == CASES
