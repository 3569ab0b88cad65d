from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def page(project_folder: Path) -> str:
    return (project_folder / "docs" / "jury.md").read_text(encoding="utf-8")
