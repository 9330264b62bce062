"""Choices and keys of the panel: what the .ui file names is there, and what is there is named."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from VHIWorkflowLib.core.steps import REASONS
from VHIWorkflowLib.widget.shortcut_list import SHORTCUTS

MODULE = Path(__file__).resolve().parents[2] / "VHIWorkflow"
LIBRARY = MODULE / "VHIWorkflowLib"
UI = MODULE / "Resources" / "UI" / "VHIWorkflow.ui"
KEYS_OF_SLICERS_MAIN_WINDOW = {
    *(f"Ctrl+{key}" for key in "OSWZYXCVHQFMG0123456789"),
    "F1",
    "F3",
}


def fields() -> set[str]:
    """Fields of the parameter node."""
    tree = ast.parse((LIBRARY / "widget" / "parameters.py").read_text(encoding="utf-8"))
    (node,) = (each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == "VHIWorkflowParameterNode")
    return {
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }


def widgets() -> dict[str, str]:
    """Class of each widget in the .ui file."""
    return {node.get("name", ""): node.get("class", "") for node in ET.parse(UI).iter("widget")}


def parameters() -> dict[str, str]:
    """Parameter of each widget that has one; properties of another name are not connected by Slicer."""
    found = {}
    for widget in ET.parse(UI).iter("widget"):
        for each in widget.findall("property"):
            assert not re.fullmatch(r"(?i)slicer.*parameter.*|parameterName", each.get("name", "")) or (
                each.get("name") == "SlicerParameterName" and each.get("stdset") == "0"
            )
            if each.get("name") == "SlicerParameterName":
                found[widget.get("name", "")] = each.findtext("string", "")
    return found


def test_every_parameter_of_the_ui_is_a_field() -> None:
    assert set(parameters().values()) <= fields()


def test_no_parameter_has_two_widgets() -> None:
    names = list(parameters().values())
    assert sorted(set(names)) == sorted(names)


def test_every_field_is_on_the_panel_or_used_by_it() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (LIBRARY / "widget").glob("*.py"))
    for name in fields():
        assert name in parameters().values() or re.search(rf"node\.{name}\b", code), name


def test_push_buttons_with_a_parameter_can_be_checked() -> None:
    """Slicer logs a warning for others."""
    for widget in ET.parse(UI).iter("widget"):
        if widget.get("class") == "QPushButton" and widget.get("name") in parameters():
            assert any(
                each.get("name") == "checkable" and each.findtext("bool") == "true"
                for each in widget.findall("property")
            ), widget.get("name")


def test_every_key_has_its_button() -> None:
    for shortcut in SHORTCUTS:
        assert shortcut.held or widgets().get(shortcut.button or "") in {"QPushButton", "QToolButton"}, shortcut


def test_no_key_does_two_things() -> None:
    keys = [shortcut.keys for shortcut in SHORTCUTS]
    assert len(set(keys)) == len(keys)
    assert not KEYS_OF_SLICERS_MAIN_WINDOW & set(keys)


def test_each_reason_has_its_number() -> None:
    assert [shortcut.keys for shortcut in SHORTCUTS if (shortcut.button or "").startswith("reasonButton")] == [
        str(number) for number in range(1, len(REASONS) + 1)
    ]


@pytest.mark.parametrize("path", sorted((LIBRARY / "widget").glob("*_panel.py")), ids=lambda path: path.stem)
def test_panels_hold_no_computation(path: Path) -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {"numpy", "scipy", "vtk"}
