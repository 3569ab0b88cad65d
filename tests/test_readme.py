"""The README, and the map of the architecture, name what there is."""

import re
from pathlib import Path

from tests.pages import blocks


def test_the_readme_is_short() -> None:
    """It says what this is; what goes on from there is on pages."""
    page = Path(__file__).parents[1] / "README.md"
    assert len(page.read_text(encoding="utf-8").splitlines()) < 70
    (console,) = blocks("README.md", "console")
    assert len(console.text.splitlines()) == 2
    (python,) = blocks("README.md", "python")
    assert len(python.text.splitlines()) <= 8


def test_the_map_shows_what_there_is(project_folder: Path) -> None:
    page = (project_folder / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"[\w]+(?:\.py|/)", page.partition("anon_dagster/\n├")[2]))
    package = project_folder / "anon_dagster"
    there = {p.name for p in package.glob("*.py") if p.stem[0] != "_"}
    there |= {f"{p.name}/" for p in package.iterdir() if p.is_dir() and p.name[0] != "_"}
    assert there <= drawn, f"not on the map: {sorted(there - drawn)}"
