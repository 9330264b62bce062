"""Names of time points, put into the order that a reader of the study would put them into."""

from __future__ import annotations

from itertools import permutations

import pytest
from VHIWorkflowLib.files.time_points import in_time, place_in_time


@pytest.mark.parametrize(
    "names",
    [
        ("pre", "post"),
        ("Pre-treatment", "Post-treatment"),
        ("baseline", "week 16"),
        ("baseline", "follow-up"),
        ("BL", "FU1", "FU2", "FU10"),
        ("screening", "baseline", "week 4"),
        ("week 0", "wk2", "W16", "month 6", "1 year"),
        ("ses-pre", "ses-post"),
        ("ses-01", "ses-02", "ses-10"),
        ("visit 1", "visit 2", "visit 10"),
        ("T0", "T1"),
        ("1", "2", "10"),
        ("20231115", "20240301"),
        ("2023-11-15", "2024-03-01"),
        ("15 baseline", "2 wk16"),
        ("bl", "6mo", "post"),
    ],
)
def test_names_are_put_in_the_order_of_time(names: tuple[str, ...]) -> None:
    for shuffled in list(permutations(names))[:24]:
        assert sorted(shuffled, key=in_time) == list(names)
        assert sorted(shuffled, key=place_in_time) == list(names)


def test_names_that_do_not_tell_stay_as_they_were_listed() -> None:
    assert sorted(["left", "arm B", "arm A"], key=place_in_time) == ["left", "arm B", "arm A"]
    assert sorted(["left", "arm B", "arm A"], key=in_time) == ["arm A", "arm B", "left"]


def test_eight_figures_that_are_no_date_are_a_number() -> None:
    assert sorted(["20249901", "3"], key=place_in_time) == ["3", "20249901"]
