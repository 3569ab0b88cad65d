"""A project of somebody else, as ``dg`` sees it: two commands make a release of a table."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import anon_dagster
from anon_dagster.request import load_request
from tests.pages import PROJECT, blocks

PYPROJECT = """\
[project]
name = "clinic"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "clinic"
"""
DEFINITIONS = """\
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
ENTRY_POINTS = "[dagster_dg_cli.registry_modules]\nanon_dagster = anon_dagster.component\n"
METADATA = "Metadata-Version: 2.1\nName: anon-dagster-of-a-test\nVersion: 0\n"


def make_project(folder: Path) -> None:
    """Write the files that ``create-dagster project`` writes, and a table."""
    package = folder / "src" / "clinic"
    (package / "defs").mkdir(parents=True)
    for name in ("__init__.py", "defs/__init__.py"):
        (package / name).touch()
    (package / "definitions.py").write_text(DEFINITIONS, encoding="utf-8")
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    people = range(300)
    table = pd.DataFrame(
        {
            "name": [f"Person {n}" for n in people],
            "age": [20 + n * 7 % 60 for n in people],
            "sex": ["fm"[n % 2] for n in people],
            "diagnosis": [("flu", "cold", "asthma")[n % 3] for n in people],
        }
    )
    table.to_csv(folder / "patients.csv", index=False)


def install(folder: Path) -> None:
    """Tell of the entry point as an installed package does, whatever is installed here."""
    (folder / "installed" / "anon_dagster_of_a_test-0.dist-info").mkdir(parents=True)
    for name, text in {"entry_points.txt": ENTRY_POINTS, "METADATA": METADATA}.items():
        path = folder / "installed" / "anon_dagster_of_a_test-0.dist-info" / name
        path.write_text(text, encoding="utf-8")


def run(folder: Path, command: str) -> str:
    words = shlex.split(command)
    assert words[0] == "dg"
    program = Path(sys.executable).with_name("dg")
    if not program.exists():
        pytest.skip("dagster-dg-cli is not installed")
    seen = [PROJECT, folder / "src", folder / "installed"]
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("ANON_", "DAGSTER_"))}
    done = subprocess.run(
        [program, *words[1:]],
        cwd=folder,
        env={**environment, "PYTHONPATH": os.pathsep.join(map(str, seen)), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


@pytest.mark.slow
def test_two_commands_of_the_page_make_a_release_that_keeps_its_promises(tmp_path: Path) -> None:
    make_project(tmp_path)
    install(tmp_path)
    (page,) = (b.text for b in blocks("docs/dagster.md", "") if "$ dg scaffold" in b.text)
    scaffold, launch = (line.removeprefix("$ ") for line in page.splitlines())
    run(tmp_path, scaffold)
    run(tmp_path, "dg check defs")
    told = run(tmp_path, launch)
    assert "Person 7" not in told
    request = load_request(tmp_path / "src" / "clinic" / "defs" / "patients" / "request.yaml")
    released = tmp_path / "released.csv"
    assert anon_dagster.verify(request.policy, str(released)).holds
    assert len(released.read_text(encoding="utf-8").splitlines()) > 250
