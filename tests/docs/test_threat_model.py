"""The threat model names every attacker, and tests that there are."""

import re
from pathlib import Path

import pytest

ATTACKERS = ("prosecutor", "journalist", "marketer", "older releases", "Dagster's UI", "local user")


@pytest.fixture
def page(project_folder: Path) -> str:
    return (project_folder / "docs" / "threat-model.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists(page: str, project_folder: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 20
    for path, test in named:
        source = (project_folder / path).read_text(encoding="utf-8")
        assert f"def {test}(" in source, (path, test)


def test_the_page_knows_every_attacker_and_is_found(page: str, project_folder: Path) -> None:
    assert all(attacker in page for attacker in (*ATTACKERS, "launch a run"))
    security = (project_folder / "SECURITY.md").read_text(encoding="utf-8")
    assert "(docs/threat-model.md)" in security


def test_what_one_can_and_cannot_do_is_shown_by_a_test(page: str) -> None:
    for section in page.split("\n## ")[1:-1]:
        assert "**Can" in section
        assert "**Cannot**" in section
        assert "`tests/" in section


def test_links_of_the_page_exist(page: str, project_folder: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page):
        assert (project_folder / "docs" / target).is_file(), target
