"""What the layout promises: files are listed for packaging, and dependencies point one way."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "VHIWorkflow" / "VHIWorkflowLib"
NETWORKS = ROOT / "BoneSegModels" / "BoneSegModelsLib"
MODULES = ("VHIWorkflow", "BoneSegModels")
TOP_LEVEL = {
    "BoneSegModels",
    "CMakeLists.txt",
    "LICENSE",
    "Makefile",
    "README.md",
    "Resources",
    "Testing",
    "VHIWorkflow",
    "pyproject.toml",
}


def listed(module: str, name: str) -> set[str]:
    """Files in one list of a module's CMakeLists.txt."""
    text = (ROOT / module / "CMakeLists.txt").read_text()
    found = re.search(rf"set\({name}\s(.*?)\)", text, re.DOTALL)
    assert found is not None
    return set(found.group(1).replace("${MODULE_NAME}", module).split())


def on_disk(module: str) -> set[str]:
    """Files of a module that git knows, from its folder, but for those that are not installed."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."],
        cwd=ROOT / module,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return {name for name in tracked if not name.startswith("Training/") and (ROOT / module / name).is_file()}


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports anywhere, with their full names."""
    library = NETWORKS if path.is_relative_to(NETWORKS) else LIBRARY
    package = [library.name, *path.relative_to(library).parent.parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_every_script_is_packaged(module: str) -> None:
    assert listed(module, "MODULE_PYTHON_SCRIPTS") == {name for name in on_disk(module) if name.endswith(".py")}


@pytest.mark.parametrize("module", MODULES)
def test_every_resource_is_packaged(module: str) -> None:
    resources = {name for name in on_disk(module) if not name.endswith(".py")}
    assert listed(module, "MODULE_PYTHON_RESOURCES") == resources - {"CMakeLists.txt", "README.md"}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_part_of_the_extension(module: str) -> None:
    assert f"add_subdirectory({module})" in (ROOT / "CMakeLists.txt").read_text()


def test_models_stay_small() -> None:
    size = sum(path.stat().st_size for path in (ROOT / "BoneSegModels/Resources/Models").rglob("*") if path.is_file())
    assert size <= 20 * 2**20


@pytest.mark.slow
def test_a_wheel_holds_every_file(tmp_path: Path) -> None:
    """What pip installs has all scripts, and the models where `model_folders` looks for them; no panels, no icons."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    copy = tmp_path / "copy"
    for name in tracked.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", build, tmp_path], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        name.replace("Resources/Models", "BoneSegModelsLib/Models") for module in MODULES for name in on_disk(module)
    }
    assert packed == {name for name in wanted if "/" in name and not name.startswith("Resources/")}


def test_top_level_holds_what_the_design_names() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {line.split("/")[0] for line in tracked.splitlines()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


@pytest.mark.parametrize("path", sorted((LIBRARY / "core").glob("*.py")), ids=lambda path: path.stem)
def test_the_core_imports_nothing_but_numpy_and_scipy(path: Path) -> None:
    allowed = {"numpy", "scipy", "VHIWorkflowLib", *sys.stdlib_module_names}
    assert {name.split(".")[0] for name in imports(path)} <= allowed


@pytest.mark.parametrize(
    ("room", "may_use"),
    [
        ("core", {"core"}),
        ("phantom", {"core", "phantom"}),
        ("files", {"core", "files"}),
        ("study", {"core", "files", "figure", "phantom", "study"}),
        ("statistics", {"core", "statistics"}),
        ("agreement", {"agreement", "core", "files", "statistics", "study"}),
        ("report", {"agreement", "core", "figure", "figure_view", "files", "report", "statistics", "study"}),
        ("scene", {"agreement", "core", "files", "phantom", "report", "scene", "statistics", "study"}),
    ],
)
def test_dependencies_point_one_way(room: str, may_use: set[str]) -> None:
    for path in (LIBRARY / room).glob("*.py"):
        used = {name.split(".")[1] for name in imports(path) if name.startswith("VHIWorkflowLib.")}
        assert used <= may_use | {"__version__"}, path.name


OF_SLICER = {"slicer", "vtk", "qt", "ctk"}
ROOMS_IN_SLICER = {
    "scene": {"slicer", "vtk"},
    **dict.fromkeys(("widget", "interaction", "remove_island", "self_tests"), OF_SLICER),
}
"""Rooms that need Slicer, and what of it they may import; the scene knows no Qt."""


def test_only_the_rooms_in_slicer_import_it() -> None:
    for path in (*LIBRARY.rglob("*.py"), *NETWORKS.rglob("*.py")):
        used = OF_SLICER & {name.split(".")[0] for name in imports(path)}
        assert used <= ROOMS_IN_SLICER.get(path.parent.name, set()), path.name


def test_what_runs_networks_knows_only_the_core() -> None:
    allowed = {"numpy", "scipy", "torch", "VHIWorkflowLib", "BoneSegModelsLib", *sys.stdlib_module_names}
    for path in NETWORKS.rglob("*.py"):
        used = set(imports(path))
        assert {name.split(".")[0] for name in used} <= allowed, path.name
        assert {name.split(".")[1] for name in used if name.startswith("VHIWorkflowLib.")} <= {"core"}, path.name


def test_torch_is_imported_only_by_what_runs_or_writes_networks_with_it() -> None:
    using = {path.name for path in NETWORKS.rglob("*.py") if "torch" in {name.split(".")[0] for name in imports(path)}}
    assert using == {"unet_torch.py", "torch_backend.py", "export.py"}


def test_starting_vhi_loads_no_heavy_library() -> None:
    code = (
        "import sys; from VHIWorkflowLib.command_line.main import build_parser; build_parser(); "
        "print(sorted({'numpy', 'scipy', 'SimpleITK', 'pydicom', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_marks_sentences_is_no_variable_where_it_is_used() -> None:
    """An underscore for a value nobody wants would hide it: instead of its sentence, the reader gets a NameError."""
    for path in (*LIBRARY.rglob("*.py"), *NETWORKS.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "_ = sentences_of(__name__)" not in text:
            continue
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        hidden = [each.name for each in functions if {ast.Store, ast.Load} <= set(uses_of("_", each))]
        assert hidden == [], path.name


def uses_of(name: str, node: ast.AST) -> Iterator[type[ast.expr_context]]:
    """How a name is used in a function; the variables of comprehensions are their own."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and child.id == name:
            yield type(child.ctx)
        elif isinstance(child, ast.comprehension):
            yield from (use for part in (child.iter, *child.ifs) for use in uses_of(name, ast.Expr(part)))
        else:
            yield from uses_of(name, child)
