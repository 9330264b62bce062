"""Texts are whole in every language, and a wrong translation never stops a reading."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import VHIWorkflowLib.scene.texts as module
from VHIWorkflowLib.core.partition import UnitReference
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.core.steps import Action, Reason, Step
from VHIWorkflowLib.scene.segments import REMOVED
from VHIWorkflowLib.scene.texts import Texts


def step(action: Action, reason: Reason | None = None, count: int = 1, in_slice: int | None = None) -> Step:
    units = tuple(UnitReference(number, (0, 0, 0), 4, "0" * 16) for number in range(12, 12 + count))
    return Step(action, {"kind": "islands"}, units, in_slice, reason, datetime(2025, 1, 1, tzinfo=UTC), 1)


def test_steps_are_said_as_a_reader_says_them() -> None:
    texts = Texts()
    assert texts.undo(texts.step([step("remove", "vessel")])) == "Undo: remove island 12 (vessel)"
    assert texts.redo(texts.step([step("keep", count=3)])) == "Redo: keep 3 islands"
    assert texts.step([step("restore", in_slice=8)]) == "restore island 12 in slice 8"
    assert texts.step([step("cut")]) == "cut island 12"
    assert texts.step([step("remove"), step("remove", count=2)]) == "remove 3 islands"


def test_every_action_reason_and_segment_has_its_words() -> None:
    texts = Texts()
    assert len({texts.step([step(action)]) for action in get_args(Action)}) == 4
    assert {texts.reason(reason) for reason in get_args(Reason)} == set(get_args(Reason))
    for kind in (SENSITIVE, CONSERVATIVE, NORMAL_BONE, DISEASE_REGION, REMOVED):
        assert texts.segment(kind) == kind.name


def test_how_much_hangs_is_said_in_percent() -> None:
    texts = Texts()
    voxel, voxels, place = texts.without_voxels(1), texts.without_voxels(5), texts.without_slice(7)
    assert texts.vhi_changes(voxel, 1.46) == "Without normal bone's brightest voxel VHI would be 46 % larger."
    assert texts.vhi_changes(voxels, 0.5) == "Without normal bone's 5 brightest voxels VHI would be 50 % smaller."
    assert texts.vhi_changes(place, 1.2) == "Without slice 7 of the normal bone VHI would be 20 % larger."
    assert texts.vhi_changes(place, 0.997) == "Without slice 7 of the normal bone VHI would stay as it is."
    assert texts.no_measurement(place, "why") == "Without slice 7 of the normal bone nothing could be measured: why"


def test_a_translation_with_other_places_is_not_used() -> None:
    for wrong in ("Rückgängig: {schritt}", "Rückgängig", "Rückgängig: {step", "{step} {step} {0}"):
        texts = Texts(lambda _context, text, wrong=wrong: wrong if text == "Undo: {step}" else text)
        assert texts.undo(texts.step([step("cut")])) == "Undo: cut island 12"


def test_every_text_is_a_plain_literal_that_translators_are_shown() -> None:
    """Qt's lupdate finds texts in ``_("...")`` only, and no f-string."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"]
    assert len(calls) > 30
    for call in calls:
        (text,) = call.args
        assert isinstance(text, ast.Constant)
        assert isinstance(text.value, str)
