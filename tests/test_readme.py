"""The README and the page of persons say nothing that was not run."""

import re
import shutil
from pathlib import Path

import pytest

from anon_dagster.request import parse_request
from anon_dagster.request.documents import parse_yaml
from tests.pages import require_examples

PAGES = ["README.md"]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PAGES, "docs/persons.md"])
def test_python_gives_what_the_page_shows(
    name: str, project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(
        project_folder / "data", tmp_path / "data", ignore=shutil.ignore_patterns("out")
    )
    monkeypatch.chdir(tmp_path)
    require_examples("\n".join(blocks(project_folder / name, "python")), name)


@pytest.mark.parametrize("name", PAGES)
def test_the_request_that_the_page_shows_is_valid(name: str, project_folder: Path) -> None:
    for block in blocks(project_folder / name, "yaml"):
        parse_request(parse_yaml(block, name="the example"))


def test_the_map_shows_what_there_is(project_folder: Path) -> None:
    page = (project_folder / "README.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"[\w]+(?:\.py|/)", page.partition("anon_dagster/\n├")[2]))
    package = project_folder / "anon_dagster"
    there = {p.name for p in package.glob("*.py") if p.stem[0] != "_"}
    there |= {f"{p.name}/" for p in package.iterdir() if p.is_dir() and p.name[0] != "_"}
    assert there <= drawn, f"not on the map: {sorted(there - drawn)}"


def test_every_target_that_the_page_names_exists(project_folder: Path) -> None:
    page = (project_folder / "README.md").read_text(encoding="utf-8")
    makefile = (project_folder / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z][a-z0-9-]+)", page))
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)
