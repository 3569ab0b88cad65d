"""The page about the report says nothing that was not run."""

from pathlib import Path

import pytest

from anon_dagster.report import advice
from tests.pages import require_examples


@pytest.fixture
def source(project_folder: Path) -> str:
    return (project_folder / "docs" / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_python_gives_what_the_page_shows(
    source: str, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project_folder)
    require_examples(source, "report.md")


def test_every_verdict_is_told(source: str) -> None:
    written = Path(advice.__file__).read_text(encoding="utf-8")
    for headline in ("Nothing was found that speaks against signing.", "Do not sign this."):
        assert headline in source
        assert headline in written
