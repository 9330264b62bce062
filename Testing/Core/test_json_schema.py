"""Documents are judged as a library judges them, and the message names the place."""

from __future__ import annotations

from typing import Any

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.core.json_schema import CHECKED, SchemaError, check

RULES: list[dict[str, Any]] = [
    {"type": ["integer", "null"], "minimum": 0, "maximum": 3},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2},
    {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 2},
    {"properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False},
    {"properties": {"a": {"const": 1}}, "additionalProperties": {"type": "number"}},
    {"oneOf": [{"type": "null"}, {"type": "integer"}, {"type": "number", "minimum": 1}]},
    {"enum": ["a", 1, None]},
    {"const": "a"},
    {"type": "string", "pattern": "^[a-c]+$"},
    {"definitions": {"x": {"type": "object"}}, "items": {"$ref": "#/definitions/x"}},
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.sampled_from([0.5, 1.0, 2.0]) | st.text("abc\n", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)
LIBRARY = [fastjsonschema.compile(rule, use_default=False) for rule in RULES]


@given(st.sampled_from(range(len(RULES))), VALUES)
def test_the_verdict_is_that_of_a_library(number: int, value: Any) -> None:
    try:
        LIBRARY[number](value)
        fine = True
    except fastjsonschema.JsonSchemaValueException:
        fine = False
    if value is True and RULES[number].get("enum"):
        fine = False  # to the library true is 1
    if (
        isinstance(value, dict)
        and value.get("a") is True
        and RULES[number].get("properties", {}).get("a") == {"const": 1}
    ):
        fine = False
    try:
        check(value, RULES[number])
        found = True
    except SchemaError:
        found = False
    assert found is fine


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, r"data must contain \['size'\] properties"),
        ({"size": [1], "x": 2}, r"data must not contain \['x'\] properties"),
        ({"size": [1, "2"]}, r"data\.size\[1\] must be integer"),
        ({"size": []}, r"data\.size must contain at least 1 items"),
    ],
)
def test_the_message_names_place_and_rule(value: Any, problem: str) -> None:
    size = {"type": "array", "minItems": 1, "items": {"type": "integer"}}
    with pytest.raises(SchemaError, match=f"^{problem}$"):
        check(value, {"properties": {"size": size}, "required": ["size"], "additionalProperties": False})


def test_every_keyword_that_is_checked_is_compared_with_the_library() -> None:
    used = {key for rule in RULES for key in (*rule, *rule.get("items", {}))}
    assert used - {"definitions"} == CHECKED
