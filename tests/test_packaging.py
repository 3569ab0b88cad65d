import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


@pytest.fixture(scope="module")
def pyproject(project_folder: Path) -> dict[str, Any]:
    return tomllib.loads((project_folder / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock(project_folder: Path) -> str:
    return (project_folder / "requirements.lock").read_text(encoding="utf-8")


def direct_requirements(pyproject: dict[str, Any]) -> list[Requirement]:
    project = pyproject["project"]
    groups = [
        project["dependencies"],
        *project.get("optional-dependencies", {}).values(),
        *pyproject["dependency-groups"].values(),
        pyproject["build-system"]["requires"],
    ]
    return [Requirement(line) for group in groups for line in group]


def locked_versions(lock: str) -> dict[str, set[Version]]:
    pins: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, flags=re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(Version(version))
    return pins


def test_the_lock_satisfies_every_requirement_of_the_project(
    pyproject: dict[str, Any], lock: str
) -> None:
    pins = locked_versions(lock)
    unmet = [
        str(required)
        for required in direct_requirements(pyproject)
        if not pins.get(canonicalize_name(required.name))
        or not all(v in required.specifier for v in pins[canonicalize_name(required.name)])
    ]
    assert unmet == [], "run `make lock`"


def test_the_lock_pins_every_package_by_hash(lock: str) -> None:
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_installs_from_whatever_index_the_machine_uses(lock: str) -> None:
    assert "://" not in lock
    assert "index-url" not in lock


def test_the_wheel_has_the_data_of_the_package(project_folder: Path, tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(project_folder)).build(directory=str(tmp_path))
    packed = set(zipfile.ZipFile(wheel).namelist())
    package = project_folder / "anon_dagster"
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert any(path.name == "report.html" for path in files)
    assert {path.relative_to(project_folder).as_posix() for path in files} <= packed
