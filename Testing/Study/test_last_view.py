"""How a case was last looked at is kept with it; a file that says nonsense is as good as none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from VHIWorkflowLib.study.last_view import VIEW_NAME, Brightness, Frame, LastView, read_last_view, write_last_view

VIEW = LastView(7, Frame((1.5, -20.25, 3.0), 120.0, 80.5), Brightness(12.0, 433.5), Brightness(0.0, 900.0))


def test_a_view_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_last_view(VIEW, tmp_path)
    assert read_last_view(tmp_path) == VIEW


def test_a_case_that_was_never_looked_at_has_none(tmp_path: Path) -> None:
    assert read_last_view(tmp_path) is None
    assert read_last_view(tmp_path / "not there") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "another"},
        {"format_version": 99},
        {"slice": -1},
        {"slice": None},
        {"centre_ras": [0, 0]},
        {"centre_ras": [0, 0, 1e999]},
        {"size_mm": [0, 10]},
        {"stir": [5, 5]},
        {"t1w": "bright"},
        {"t1w": None},
    ],
)
def test_nonsense_is_as_good_as_none(tmp_path: Path, wrong: dict[str, Any]) -> None:
    write_last_view(VIEW, tmp_path)
    document = json.loads((tmp_path / VIEW_NAME).read_text())
    (tmp_path / VIEW_NAME).write_text(json.dumps(document | wrong))
    assert read_last_view(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\udcff", "[" * 100_000])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / VIEW_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_last_view(tmp_path) is None
