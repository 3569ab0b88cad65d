"""What Dagster does not promise to keep is there, in the versions that may be installed."""

import ast
import re
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from packaging.requirements import Requirement

from anon_dagster.defs import private_dagster
from anon_dagster.defs.private_dagster import PRIVATE_NAMES, UNDOCUMENTED_NAMES
from anon_dagster.request.documents import load_yaml


def test_the_installed_dagster_is_one_that_the_project_allows(project_folder: Path) -> None:
    text = (project_folder / "pyproject.toml").read_text(encoding="utf-8")
    required = map(Requirement, tomllib.loads(text)["project"]["dependencies"])
    bounds = {each.name: each.specifier for each in required if each.name.startswith("dagster")}
    assert set(bounds) == {"dagster", "dagster-webserver"}
    for name, bound in bounds.items():
        assert any(each.operator == "<" for each in bound), f"{name} has no upper bound"
        assert version(name) in bound


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_a_private_name_is_there(name: str) -> None:
    path = re.fullmatch(r"((?:[a-z_]+\.)+[a-z_]+?)\.([A-Z]\w*(?:\.\w+)?|execute_run)", name)
    assert path is not None
    found: Any = import_module(path[1])
    for part in path[2].split("."):
        found = getattr(found, part)
    assert callable(found)


@pytest.mark.parametrize("name", UNDOCUMENTED_NAMES)
def test_an_undocumented_name_is_there(name: str) -> None:
    kind, attribute = name.split(".")
    assert hasattr(getattr(dg, kind), attribute)


def test_private_modules_are_imported_in_one_place(project_folder: Path) -> None:
    places = {
        file.relative_to(project_folder).as_posix()
        for file in (project_folder / "anon_dagster").rglob("*.py")
        if private_imports(file)
    }
    assert places == {"anon_dagster/defs/private_dagster.py"}
    imported = private_imports(Path(private_dagster.__file__))
    assert all(any(name.startswith(each) for name in PRIVATE_NAMES) for each in imported)


def private_imports(file: Path) -> set[str]:
    """Return the private names of Dagster that a module imports."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{each.name}" for node in froms for each in node.names}
    names |= {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    return {name for name in names if re.match(r"dagster\w*\._|dagster\w*\..*\._", name)}


@pytest.mark.parametrize("name", ["dagster.yaml", "anon_dagster/host/dagster.yaml"])
def test_the_classes_of_the_settings_are_listed(project_folder: Path, name: str) -> None:
    settings = load_yaml(project_folder / name)
    parts = [part for part in settings.values() if isinstance(part, dict) and "module" in part]
    theirs = [part for part in parts if not part["module"].startswith("anon_dagster.")]
    assert len(theirs) == 2
    assert {f"{part['module']}.{part['class']}" for part in theirs} <= set(PRIVATE_NAMES)
