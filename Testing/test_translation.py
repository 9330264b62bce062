"""Whatever may go wrong is said in a sentence that Slicer's translators are shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence, Set
from importlib import import_module
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = (ROOT / "VHIWorkflow" / "VHIWorkflowLib", ROOT / "BoneSegModels" / "BoneSegModelsLib")
NOT_IN_SLICER = {"command_line", "self_tests", "verification.py", "batch.py"}
FILES = [path for library in LIBRARIES for path in sorted(library.rglob("*.py")) if not {*path.parts} & NOT_IN_SLICER]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
TOLD = {"warnings", "problems", "notices", "notes", "reasons"}
"""Lists of sentences for the reader; reports have lists of these names too, and are pages in English."""


def kinds_of_errors() -> set[str]:
    """Names of VHIError and of all classes that derive from it."""
    found, before = {"VHIError"}, set[str]()
    while found != before:
        before = set(found)
        for tree in TREES.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and found & {getattr(base, "id", "") for base in node.bases}:
                    found.add(node.name)
    return found


KINDS = kinds_of_errors()


def marked(node: ast.AST) -> bool:
    """Whether it is ``_(...)``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"


def is_plain_text(node: ast.AST, values: dict[str, list[ast.expr]]) -> bool:
    """Whether an expression is text that was put together without being marked."""
    parts: Sequence[ast.expr] = ()
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp() | ast.Call(func=ast.Name(id="str" | "repr")):
            return True
        case ast.IfExp(body=body, orelse=other):
            parts = (body, other)
        case ast.BoolOp(values=joined):
            parts = joined
        case ast.Name(id=name):
            parts = values.get(name, ())
        case ast.Call(func=ast.Attribute(value=owner, attr="format" | "join" | "removeprefix")):
            parts = (owner,)
    return any(is_plain_text(part, values) for part in parts)


def assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What each name is set to in a function or module; functions within count in."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr) and not isinstance(node, ast.AugAssign):
                found.setdefault(target.id, []).append(value)
    return found


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """All functions and methods."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def wrong_in(tree: ast.AST, told: Set[str] = frozenset(TOLD)) -> list[int]:
    """Lines where a reader would be told what cannot be translated."""
    found = []
    for function in functions(tree):
        values = assigned(function)
        for node in ast.walk(function):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[*_, said]) if name in KINDS and is_plain_text(said, values):
                    found.append(node.lineno)
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr="append"),
                    args=[said],
                ) if name in told and is_plain_text(said, values):
                    found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_errors_and_warnings_can_be_translated(path: Path) -> None:
    assert wrong_in(TREES[path], told=set() if path.parent.name == "report" else TOLD) == []


def test_what_cannot_be_translated_is_found() -> None:
    wrong = (
        'raise MeasurementError("plain")',
        'raise InputError(path, f"of {path}")',
        'raise InputError(path, "one " + "two")',
        "raise InputError(path, str(error))",
        'raise RecordError(path, _("one") if path else "two")',
        'problem = f"has {n}"\n    raise RecordError(path, problem)',
        'raise RecordError(path, "has {} rows".format(3))',
        'return InputError(path, "plain")',
        'self.open.warnings.append(f"has {n}")',
        'raise CancelledError(", ".join(names))',
    )
    for line in wrong:
        assert wrong_in(ast.parse(f"def check(path):\n    {line}")), line
    right = (
        'raise MeasurementError(_("one {n}").format(n=n))',
        'raise InputError(f"folder {path}", _("one") if path else _("two"))',
        "raise InputError(path, error.sentence)",
        'problem = _("has {n}")\n    raise RecordError(path, problem.format(n=n))',
        'warnings.append(_("one"))',
        'lines.append("one")',
    )
    for line in right:
        assert not wrong_in(ast.parse(f"def check(path):\n    {line}")), line


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_slicer_finds_every_text(path: Path) -> None:
    """Its update_translations.py takes what stands between ``_("`` and the first ``")``; lupdate looks into no text."""
    source = path.read_text(encoding="utf-8")
    for call in filter(marked, ast.walk(TREES[path])):
        assert isinstance(call, ast.Call)
        (text,) = call.args
        assert isinstance(text, ast.Constant), call.lineno
        assert isinstance(text.value, str), call.lineno
        written = ast.get_source_segment(source, call) or ""
        begun = re.match(r"""_\(\s*(["'])""", written)
        assert begun is not None, call.lineno
        ended = re.search(rf"{begun[1]}\s*\)", written)
        assert ended is not None, call.lineno
        assert ended.end() == len(written), call.lineno
    for text in (node for node in ast.walk(TREES[path]) if isinstance(node, ast.JoinedStr)):
        assert not any(map(marked, ast.walk(text))), text.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_place_has_its_value(path: Path) -> None:
    for node in ast.walk(TREES[path]):
        match node:
            case ast.Call(func=ast.Attribute(value=call, attr="format"), args=unnamed, keywords=values) if marked(call):
                template = call.args[0].value
                places = {name for _text, name, _form, _how in Formatter().parse(template) if name is not None}
                assert not unnamed, node.lineno
                assert {each.arg for each in values} == places, node.lineno
            case ast.Call(func=ast.Name(id=name), args=[*_, said]) if name in KINDS and marked(said):
                assert "{" not in said.args[0].value, node.lineno


def module_of(path: Path) -> ModuleType:
    """The module in a file."""
    library = next(library for library in LIBRARIES if library in path.parents)
    return import_module(".".join(path.relative_to(library.parent).with_suffix("").parts))


def test_contexts_are_what_slicer_calls_them() -> None:
    """Folder, which is a package, and file; two files of one context would share their translations."""
    using = [path for path in FILES if "\n_ = sentences_of(__name__)\n" in path.read_text(encoding="utf-8")]
    contexts = [module_of(path)._("text").context for path in using]
    assert contexts == [f"{path.parent.name}.{path.stem}" for path in using]
    assert all((path.parent / "__init__.py").is_file() for path in using)
    assert len(set(contexts)) == len(contexts) > 50


def test_what_the_panel_shows_goes_through_the_translator() -> None:
    """In the rooms with Qt no error is made a text on the way."""
    made_texts = []
    for room in ("widget", "interaction", "remove_island"):
        for path in (LIBRARIES[0] / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id="error" | "problem" | "warning")]):
                        made_texts.append(f"{path.name}:{node.lineno}")
    assert not made_texts
