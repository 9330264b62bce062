"""Whether our check of a schema agrees with a library, on a document changed at random in thousands of ways."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import fastjsonschema
from VHIWorkflowLib.core.json_schema import SchemaError, check

WRONG = (None, True, False, -1, 0, 1, 2.0, 1.5, "", "text", "SCT", "0" * 64, [], [0, 1], [1.5], {}, {"a": 1}, 10**30)


def disagreements(document: Any, schema: dict[str, Any], seed: int = 0, rounds: int = 8) -> tuple[int, list[str]]:
    """How many changed documents were refused, and those over which library and check disagree."""
    by_library = fastjsonschema.compile(schema, use_default=False)
    refused, different = 0, []
    for changed, how in changes(document, random.Random(seed), rounds):
        library = ours = ""
        try:
            by_library(copy.deepcopy(changed))
        except fastjsonschema.JsonSchemaValueException as error:
            library = error.message
        try:
            check(changed, schema)
        except SchemaError as error:
            ours = str(error)
        refused += bool(ours)
        if bool(ours) != bool(library):
            different.append(f"{how}: {ours!r} here, {library!r} by the library")
    return refused, different


def changes(document: Any, chance: random.Random, rounds: int) -> Iterator[tuple[Any, str]]:
    """The document, and the document with a value replaced, a key taken out or added, or an item doubled."""
    yield document, "as it is"
    for path in places(document):
        for _ in range(rounds):
            changed = copy.deepcopy(document)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            kind = chance.choice(("replace", "replace", "remove", "add"))
            if kind == "replace":
                holder[path[-1]] = chance.choice(WRONG)
            elif kind == "remove":
                del holder[path[-1]]
            elif isinstance(holder, dict):
                holder["surplus"] = 1
            else:
                holder.append(holder[path[-1]])
            yield changed, f"{kind} at {path}"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value below the top."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*path, key)
        yield from places(value[key], (*path, key))
