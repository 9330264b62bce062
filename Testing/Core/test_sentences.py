"""Sentences are plain English text, and are said in another language with all that is in them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from Core.cleaning_sessions import session_on, three_islands
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.core.errors import CleaningError, MeasurementError
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.resampling import check_overlap
from VHIWorkflowLib.core.sentences import (
    Sentence,
    as_json,
    fitting,
    from_json,
    listed,
    sentence_of,
    sentences_of,
    translated,
    untranslated,
)
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.core.thresholds import check_tolerance

_ = sentences_of(__name__)

names = st.sampled_from(("a", "b", "name", "number_2"))
words = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=8)
forms = st.sampled_from(("", ":>9", ":<7", "!r", "!s:^8"))
places = st.tuples(names, forms).map(lambda place: f"{{{place[0]}{place[1]}}}")
templates = st.lists(st.one_of(words, places, st.sampled_from(("{{", "}}"))), max_size=6).map("".join)
values = st.fixed_dictionaries(
    dict.fromkeys(("a", "b", "name", "number_2"), st.one_of(words, st.integers(), st.floats()))
)


def in_brackets(_context: str, text: str) -> str:
    """A language in which every text stands in brackets."""
    return f"[{text}]"


@given(templates, values)
def test_a_sentence_is_the_text_that_format_makes(template: str, given_values: dict[str, object]) -> None:
    sentence = _(template).format(**given_values)
    expected = template.format(**given_values)
    assert sentence == expected
    assert json.dumps({"warning": sentence}) == json.dumps({"warning": expected})
    assert f"{sentence}" == str(sentence) == expected
    assert translated(sentence, untranslated) == expected
    assert translated(sentence, in_brackets) == f"[{expected}]"


@given(templates, values)
def test_a_sentence_comes_whole_through_json_and_between_processes(
    template: str, given_values: dict[str, object]
) -> None:
    inner = _("inner {a}").format(a=1)
    sentence = _(template + "{inner}").format(**given_values, inner=inner)
    for again in (from_json(json.loads(json.dumps(as_json(sentence)))), pickle.loads(pickle.dumps(sentence))):
        assert isinstance(again, Sentence)
        assert again == sentence
        assert translated(again, in_brackets) == translated(sentence, in_brackets) == f"[{sentence[:-7]}[inner 1]]"


@given(templates, templates)
def test_a_translation_is_used_only_if_it_can_be_filled_in(text: str, translation: str) -> None:
    values_of_all = dict.fromkeys(("a", "b", "name", "number_2"), "x")
    sentence = _(text).format(**values_of_all)
    said = translated(sentence, lambda _context, _text: translation)
    used = fitting(text, translation) == translation
    assert said == (translation if used else text).format(**values_of_all)


@pytest.mark.parametrize(
    "wrong",
    ["{count}", "none", "{number", "{number} {0}", "{number:.1f}", "{number!r}", "{number.real}", "{number[0]}"],
)
def test_places_that_differ_in_any_way_are_not_filled_in(wrong: str) -> None:
    assert fitting("there is no island {number}", wrong) == "there is no island {number}"
    assert translated(_("no island {number}").format(number=3), lambda *_: wrong) == "no island 3"


def test_places_may_move() -> None:
    sentence = _("{a} lies above {b:g}").format(a="x", b=2.50)
    assert translated(sentence, lambda *_: "über {b:g} liegt {a}") == "über 2.5 liegt x"


def test_values_of_any_kind_are_shown_as_format_shows_them() -> None:
    shown = _("{path}, {shape}, {nothing}, {small}, {kind!r}").format(
        path=Path("a/b"), shape=(np.int64(2), 3), nothing=None, small=np.float32(0.1), kind=KeyError("x")
    )
    assert shown == f"{Path('a/b')}, {(np.int64(2), 3)}, None, {np.float32(0.1)}, KeyError('x')"


def test_values_need_names_and_none_may_be_missing() -> None:
    with pytest.raises(TypeError, match="names"):
        _("there is no island {number}").format(3)
    with pytest.raises(KeyError, match="number"):
        _("there is no island {number}").format(count=3)


def test_any_other_text_is_told_as_it_is() -> None:
    assert translated("Müller/t1w.nrrd", in_brackets) == "Müller/t1w.nrrd"
    assert translated(OSError("disk"), in_brackets) == "disk"
    assert as_json("plain") == from_json("plain") == "plain"
    assert sentence_of(KeyError("x")) == "'x'"


def test_texts_in_a_row_stay_translatable() -> None:
    row = listed([_("one"), "two {3}", _("four {n}").format(n=5)], "; ")
    assert row == "one; two {3}; four 5"
    assert translated(row, in_brackets) == "[one]; two {3}; [four 5]"
    assert listed([]) == ""


@pytest.mark.parametrize("document", [None, 3, [], {}, {"context": "a", "template": "{x}", "values": {}}])
def test_what_is_no_sentence_is_not_read(document: object) -> None:
    with pytest.raises(ValueError, match=r"no sentence|no value"):
        from_json(document)


# Errors and warnings of the core


def test_an_error_is_translated() -> None:
    with pytest.raises(MeasurementError) as raised:
        check_tolerance(0.5)
    assert str(raised.value) == "the tolerance must lie between 0 and 0.01, not 0.5"
    asked = []
    said = translated(raised.value, lambda context, text: asked.append((context, text)) or "Toleranz {tolerance:g}!")
    assert said == "Toleranz 0.5!"
    assert asked == [("core.thresholds", "the tolerance must lie between 0 and 0.01, not {tolerance:g}")]


def test_an_error_within_another_is_translated_too() -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)), reason="vessel")
    mask = three_islands()
    mask[mask] = np.arange(mask.sum()) > 0
    with pytest.raises(CleaningError) as raised:
        session_on(mask).replay(session.steps)
    english = str(raised.value)
    assert english.startswith("step 1 (remove island 1 of ")
    said = translated(raised.value, lambda _context, text: f"[{text}]")
    assert said.startswith("[step 1 ([remove [island 1 of ")
    assert "[: [vessel]]]) does not fit this case: [there is no [island 1 of " in said
    assert said.replace("[", "").replace("]", "") == english


def test_a_warning_is_translated() -> None:
    stir = Grid((4, 10, 10), np.eye(4))
    moved = np.eye(4)
    moved[0, 3] = 5
    (warning,) = check_overlap(stir, Grid((4, 10, 10), moved))
    assert warning == "T1w covers only 50 % of the STIR field"
    assert translated(warning, in_brackets) == f"[{warning}]"
