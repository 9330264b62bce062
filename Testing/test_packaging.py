"""What the extensions index, GitHub and readers are told of the extension agrees with itself and with the files."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from VHIWorkflowLib import __version__

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE_KEYS = {
    "$schema": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "category": str,
    "dicom_support_rule": str,
    "enabled": bool,
    "scm_revision": str,
    "scm_type": str,
    "scm_url": str,
    "tier": int,
}
"""Keys that an entry of the extensions index may have (schema 1.0.2); no others are allowed."""


def setting(name: str) -> str:
    """Value of a variable of the extension's CMakeLists.txt, others in it replaced."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    values = dict(re.findall(r'set\((EXTENSION_\w+) "?([^")]*)"?\)', text))
    return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found.group(1), ""), values[name])


def project() -> str:
    found = re.search(r"project\((\w+)\)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert found is not None
    return found.group(1)


@pytest.fixture
def entry() -> dict[str, Any]:
    """The entry for the extensions index; its file is named as the extension."""
    document: dict[str, Any] = json.loads((ROOT / ".extension-index" / f"{project()}.json").read_text(encoding="utf-8"))
    return document


def test_catalogue_entry_is_valid(entry: dict[str, Any]) -> None:
    assert {"$schema", "category", "scm_url"} <= set(entry) <= set(CATALOGUE_KEYS)
    for key, value in entry.items():
        assert type(value) is CATALOGUE_KEYS[key], key
    assert entry["$schema"].endswith("/slicer-extension-catalog-entry-schema-v1.0.2.json#")
    assert entry["scm_type"] in ("git", "local")
    assert 1 <= entry["tier"] <= 5


def test_catalogue_entry_names_the_repository(entry: dict[str, Any]) -> None:
    assert entry["scm_url"] == setting("EXTENSION_HOMEPAGE") + ".git"
    assert setting("EXTENSION_HOMEPAGE").endswith(f"/Slicer{project()}")


def test_needed_extensions_are_the_same_in_both_places(entry: dict[str, Any]) -> None:
    depends = setting("EXTENSION_DEPENDS")
    assert entry["build_dependencies"] == ([] if depends == "NA" else depends.split())


def test_pictures_that_the_index_shows_are_in_the_repository() -> None:
    front = setting("EXTENSION_HOMEPAGE") + "/raw/main/"
    pictures = [setting("EXTENSION_ICONURL"), *setting("EXTENSION_SCREENSHOTURLS").split()]
    assert len(pictures) >= 2
    for url in pictures:
        assert url.startswith(front)
        with Image.open(ROOT / url.removeprefix(front)) as image:
            image.verify()


def test_description_says_what_it_is_for() -> None:
    assert 40 < len(setting("EXTENSION_DESCRIPTION")) < 300
    assert "VHI" in setting("EXTENSION_DESCRIPTION")


def test_readme_and_licence_are_packaged() -> None:
    for name, file in (("EXTENSION_README_FILE", "README.md"), ("EXTENSION_LICENSE_FILE", "LICENSE")):
        assert setting(name).endswith("/" + file)
        assert (ROOT / file).is_file()


def test_clone_stays_small() -> None:
    """The index takes no more than 100 MB, history included; files alone are far below."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.splitlines()]
    assert sum(path.stat().st_size for path in paths if path.is_file()) < 50e6


def test_versions_agree() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == __version__
    citation = (ROOT / ".github" / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE).group(1) == __version__  # type: ignore[union-attr]


def test_slicer_in_ci_is_pinned_and_recent_enough() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    versions = re.findall(r'slicer: \["([\d.]+)"\]', workflow)
    assert versions
    assert all(tuple(map(int, version.split("."))) >= (5, 12, 0) for version in versions)


@pytest.mark.parametrize(
    ("module", "files"),
    [
        ("BoneSegModels", ["BoneSegModels/BoneSegModels.py"]),
        ("VHIWorkflow", sorted((ROOT / "VHIWorkflow/VHIWorkflowLib/self_tests").glob("*.py"))),
    ],
)
def test_ci_expects_as_many_self_tests_as_there_are(module: str, files: list[str | Path]) -> None:
    """A Slicer that runs no test says that all passed; the least number in CI keeps up with the files."""
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    least = int(re.search(rf'\("{module}", (\d+)\)', workflow).group(1))  # type: ignore[union-attr]
    sources = [(ROOT / file).read_text(encoding="utf-8") for file in files]
    assert least == sum(len(re.findall(r"^    def test_", source, re.MULTILINE)) for source in sources)
