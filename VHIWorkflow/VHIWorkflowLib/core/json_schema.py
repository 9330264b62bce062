"""Check JSON documents against a JSON schema (draft-07), without a library: 3D Slicer comes with none.

Understands the keywords in `CHECKED` and no others; tests hold the schemas of this software to them, and compare the
verdicts with those of a library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .sentences import sentence_of, sentences_of

_ = sentences_of(__name__)

CHECKED = frozenset(
    (
        *("$ref", "type", "enum", "const", "oneOf", "properties", "required", "additionalProperties"),
        *("items", "minItems", "maxItems", "minLength", "pattern"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    )
)
EXPLAINING = frozenset(("$schema", "title", "description", "definitions"))

Schema = Mapping[str, Any]


class SchemaError(ValueError):
    """A document breaks its schema; the message names the place and the rule."""


def check(value: object, schema: Schema) -> None:
    """Check a document.

    Parameters
    ----------
    value
        What `json.loads` made of it.
    schema
        The whole schema, with its definitions.

    Raises
    ------
    SchemaError
        Where it breaks a rule; the first place found.

    Examples
    --------
    >>> check({"size": [1, 2.5]}, {"properties": {"size": {"items": {"type": "integer"}}}})
    Traceback (most recent call last):
    VHIWorkflowLib.core.json_schema.SchemaError: data.size[1] must be integer
    """
    _check(value, schema, "data", schema.get("definitions", {}))


def _check(value: object, rule: Schema, place: str, definitions: Schema) -> None:
    if "$ref" in rule:
        _check(value, definitions[rule["$ref"].removeprefix("#/definitions/")], place, definitions)
        return
    _check_kind(value, rule, place)
    if "oneOf" in rule:
        _check_choice(value, rule["oneOf"], place, definitions)
    if isinstance(value, dict):
        _check_object(value, rule, place, definitions)
    elif isinstance(value, list):
        _check_list(value, rule, place, definitions)
    elif isinstance(value, str):
        _check_text(value, rule, place)
    elif _is_number(value):
        _check_number(value, rule, place)


def _check_kind(value: object, rule: Schema, place: str) -> None:
    if "type" in rule:
        kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        if not any(_is_of_type(value, kind) for kind in kinds):
            raise SchemaError(_("{place} must be {kinds}").format(place=place, kinds=" or ".join(kinds)))
    if "enum" in rule and not any(_equal(value, choice) for choice in rule["enum"]):
        raise SchemaError(_("{place} must be one of {choices}").format(place=place, choices=rule["enum"]))
    if "const" in rule and not _equal(value, rule["const"]):
        raise SchemaError(
            _("{place} must be same as const definition: {constant}").format(place=place, constant=rule["const"])
        )


def _check_choice(value: object, choices: list[Schema], place: str, definitions: Schema) -> None:
    problems = []
    for choice in choices:
        try:
            _check(value, choice, place, definitions)
        except SchemaError as error:
            problems.append(error)
    if len(choices) - len(problems) != 1:
        inner = [sentence_of(problem) for problem in problems if not str(problem).startswith(f"{place} must be ")]
        raise SchemaError(
            inner[0] if inner else _("{place} must be valid exactly by one definition").format(place=place)
        )


def _check_object(value: Mapping[str, object], rule: Schema, place: str, definitions: Schema) -> None:
    missing = [key for key in rule.get("required", ()) if key not in value]
    if missing:
        raise SchemaError(_("{place} must contain {missing} properties").format(place=place, missing=missing))
    described = rule.get("properties", {})
    others = rule.get("additionalProperties", True)
    surplus = sorted(key for key in value if key not in described)
    if surplus and others is False:
        raise SchemaError(_("{place} must not contain {surplus} properties").format(place=place, surplus=surplus))
    for key, inner in value.items():
        if key in described or isinstance(others, Mapping):
            _check(inner, described.get(key, others), f"{place}.{key}", definitions)


def _check_list(value: list[object], rule: Schema, place: str, definitions: Schema) -> None:
    if len(value) < rule.get("minItems", 0):
        raise SchemaError(_("{place} must contain at least {least} items").format(place=place, least=rule["minItems"]))
    if "maxItems" in rule and len(value) > rule["maxItems"]:
        raise SchemaError(
            _("{place} must contain less than or equal to {most} items").format(place=place, most=rule["maxItems"])
        )
    if "items" in rule:
        for number, inner in enumerate(value):
            _check(inner, rule["items"], f"{place}[{number}]", definitions)


def _check_text(value: str, rule: Schema, place: str) -> None:
    if len(value) < rule.get("minLength", 0):
        raise SchemaError(
            _("{place} must be longer than or equal to {least} characters").format(place=place, least=rule["minLength"])
        )
    if "pattern" in rule and not re.search(_whole(rule["pattern"]), value):
        raise SchemaError(_("{place} must match pattern {pattern}").format(place=place, pattern=rule["pattern"]))


def _check_number(value: Any, rule: Schema, place: str) -> None:
    if "minimum" in rule and value < rule["minimum"]:
        raise SchemaError(
            _("{place} must be bigger than or equal to {least}").format(place=place, least=rule["minimum"])
        )
    if "maximum" in rule and value > rule["maximum"]:
        raise SchemaError(
            _("{place} must be smaller than or equal to {most}").format(place=place, most=rule["maximum"])
        )
    if "exclusiveMinimum" in rule and value <= rule["exclusiveMinimum"]:
        raise SchemaError(_("{place} must be bigger than {least}").format(place=place, least=rule["exclusiveMinimum"]))
    if "exclusiveMaximum" in rule and value >= rule["exclusiveMaximum"]:
        raise SchemaError(_("{place} must be smaller than {most}").format(place=place, most=rule["exclusiveMaximum"]))


def _is_of_type(value: object, kind: str) -> bool:
    if kind == "integer":
        return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    if kind == "number":
        return _is_number(value)
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(value, types[kind])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(value: object, wanted: object) -> bool:
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _whole(pattern: str) -> str:
    """In Python `$` also matches before a final line break; in JSON schema it does not."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
