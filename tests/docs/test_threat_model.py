"""The threat model names every attacker, and tests that there are."""

import re
from pathlib import Path

import pytest

TEST = re.compile(r"- `tests/[\w/]+\.py::\w+`")
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


def test_each_claim_is_followed_by_tests(page: str) -> None:
    """A claim is a paragraph that says what somebody can or cannot do."""
    paragraphs = [paragraph.strip() for paragraph in page.split("\n\n")]
    claims = [place for place, text in enumerate(paragraphs) if re.search(r"\*\*Can(not)?\b", text)]
    assert len(claims) > 10
    for place in claims:
        lines = re.split(r"\n(?=- )", paragraphs[place + 1])
        assert all(TEST.fullmatch(line) for line in lines), paragraphs[place]


def test_each_attackers_section_says_what_she_can_and_cannot_do(page: str) -> None:
    sections = page.split("\n## ")[1:-1]
    assert all("**Can** " in section and "**Cannot** " in section for section in sections)


def test_each_promise_that_keeps_an_attacker_out_has_a_test(page: str) -> None:
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    named = [name for *_, by in rows[2:] for name in re.split(r", ", by)]
    assert len(named) == 13
    tested = re.findall(r"^- ([^:\n]+):\s+`tests/", page, flags=re.MULTILINE)
    assert sorted(tested) == sorted(named)


def test_links_of_the_page_exist(page: str, project_folder: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page):
        assert (project_folder / "docs" / target).is_file(), target
