"""The page of pictures shows what is so."""

import re
from pathlib import Path

import pytest

from tests.pages import require_examples

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "pictures.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_python_gives_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(PROJECT / "data")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    require_examples("\n".join(blocks), "docs/pictures.md")
    assert (tmp_path / "out" / "risk.svg").read_text(encoding="utf-8").startswith("<svg")
