"""The site of the documentation, built as `make docs` builds it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from anon_dagster.request.documents import parse_yaml
from documentation.notebooks import notebooks
from documentation.outside import PLACES
from documentation.reference import PAGES
from tests.pages import PROJECT


def build(folder: Path) -> Path:
    """Build the site into a folder, and return where its first page is.

    Raises
    ------
    AssertionError
        With what was said, if a link leads nowhere or a page is in no menu.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder / "site")]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        command, cwd=PROJECT, env=quiet, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "site" / "index.html"


def in_the_menu(entry: Any) -> set[str]:
    """Return the pages that a part of the menu names."""
    if isinstance(entry, str):
        return {entry}
    below = entry.values() if isinstance(entry, dict) else entry
    return {page for each in below for page in in_the_menu(each)}


def menu() -> set[str]:
    """Return the pages of the menu."""
    text = (PROJECT / "mkdocs.yml").read_text(encoding="utf-8")
    return in_the_menu(
        parse_yaml("nav:\n" + text.partition("\nnav:\n")[2], name="mkdocs.yml")["nav"]
    )


def written() -> set[str]:
    """Return the places of all pages that there are."""
    docs = PROJECT / "docs"
    pages = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    pages |= {place for place in PLACES.values() if place.endswith(".md")}
    return pages | set(PAGES) | set(notebooks(PROJECT).values())
