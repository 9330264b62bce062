"""What a Slicer module names is there: widgets of its .ui file, slots, resources, icons of the right size."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("BoneSegModels", "VHIWorkflow")
UI_FILES = sorted(path for module in MODULES for path in (ROOT / module / "Resources" / "UI").glob("*.ui"))


def sources(module: str) -> list[Path]:
    """Python files of a module that may hold widgets."""
    return [ROOT / module / f"{module}.py", *sorted((ROOT / module / f"{module}Lib").rglob("*.py"))]


def named_in(path: Path) -> set[str]:
    """Object names in a .ui file."""
    return {
        node.get("name", "") for tag in ("widget", "layout", "action", "spacer") for node in ET.parse(path).iter(tag)
    }


def used_of_ui(tree: ast.AST) -> set[str]:
    """Every name of `....ui.<name>`."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "ui"
    }


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Calls of a method by its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


@pytest.mark.parametrize("module", MODULES)
def test_every_widget_that_is_used_is_in_the_ui_file(module: str) -> None:
    named = {name for path in UI_FILES if path.parts[-4] == module for name in named_in(path)}
    for path in sources(module):
        assert used_of_ui(ast.parse(path.read_text(encoding="utf-8"))) <= named, path.name


@pytest.mark.parametrize("path", UI_FILES, ids=lambda path: path.name)
def test_no_name_is_given_twice(path: Path) -> None:
    names = [node.get("name", "") for tag in ("widget", "action") for node in ET.parse(path).iter(tag)]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("path", UI_FILES, ids=lambda path: path.name)
def test_room_that_is_left_goes_where_it_was_meant_to_go(path: Path) -> None:
    """A part that was put in between shifts all that come after it against the list of who grows."""
    for layout in ET.parse(path).iter("layout"):
        items = layout.findall("item")
        shares = layout.get("stretch", "")
        assert not shares or len(shares.split(",")) == len(items), layout.get("name")
        grows = {"panelLayout": "cleanSection", "cleanSectionLayout": "islandTableRow"}.get(layout.get("name", ""))
        if grows is not None:
            shared = zip(items, shares.split(","), strict=True)
            assert [item[0].get("name") for item, share in shared if share != "0"] == [grows]


@pytest.mark.parametrize("path", UI_FILES, ids=lambda path: path.name)
def test_every_button_and_list_explains_itself(path: Path) -> None:
    """Tooltips in plain words, in the file or, where its text changes, set by the code."""
    code = "".join(source.read_text(encoding="utf-8") for source in sources(path.parts[-4]))
    for node in ET.parse(path).iter("widget"):
        if node.get("class") in {
            "QPushButton",
            "QToolButton",
            "QTableWidget",
            "QTextBrowser",
            "QComboBox",
            "QCheckBox",
        }:
            has_own = any(each.get("name") == "toolTip" for each in node.findall("property"))
            assert has_own or f"{node.get('name')}.setToolTip(" in code or f"{node.get('name')}.toolTip" in code, (
                node.get("name")
            )


@pytest.mark.parametrize("module", MODULES)
def test_every_slot_is_a_method(module: str) -> None:
    for path in sources(module):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            methods = {node.name for node in owner.body if isinstance(node, ast.FunctionDef)}
            if owner.bases and not methods & {"setup"}:
                continue  # may inherit the slot
            for call in calls(owner, "connect"):
                for slot in call.args[1:]:
                    if isinstance(slot, ast.Attribute) and isinstance(slot.value, ast.Name) and slot.value.id == "self":
                        assert slot.attr in methods, (path.name, slot.attr)


@pytest.mark.parametrize("module", MODULES)
def test_every_resource_that_is_named_is_there(module: str) -> None:
    for path in sources(module):
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), "resourcePath"):
            if call.args and isinstance(call.args[0], ast.Constant):
                assert (ROOT / module / "Resources" / str(call.args[0].value)).is_file(), call.args[0].value


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Resources/VHIWorkflow.png", 128),
        ("VHIWorkflow/Resources/Icons/VHIWorkflow.png", 64),
        ("BoneSegModels/Resources/Icons/BoneSegModels.png", 64),
        ("VHIWorkflow/Resources/Icons/RemoveIsland.png", 32),
    ],
)
def test_icons_have_the_size_that_slicer_wants(name: str, size: int) -> None:
    with Image.open(ROOT / name) as image:
        assert image.format == "PNG"
        assert image.size == (size, size)
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0  # a tile with round corners, or an open shape


@pytest.mark.parametrize("module", MODULES)
def test_visible_texts_are_translatable(module: str) -> None:
    """No f-string inside the translating function: the text to look up must be constant."""
    for path in sources(module):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                assert isinstance(node.args[0], ast.Constant), (path.name, node.lineno)
                assert not re.search(r"%[sd]", str(node.args[0].value)), (path.name, node.lineno)
