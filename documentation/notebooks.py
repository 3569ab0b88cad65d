"""Notebooks as pages: what is stored of them is shown, nothing is run."""

import posixpath
import re
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import MarkdownExporter

_TABLE = re.compile(r"<table[^>]*>")
"""A DataFrame brings a look of its own, with which it would not be scrolled by itself."""
FOLDER = "examples"
"""Where notebooks lie in the project, and on the site."""


def notebooks(project: Path) -> dict[str, str]:
    """Return the place of each notebook's page on the site, by the path of the notebook."""
    paths = sorted((project / FOLDER).glob("*.ipynb"))
    return {f"{FOLDER}/{path.name}": f"{FOLDER}/{path.stem}.md" for path in paths}


def notebook_pages(project: Path) -> dict[str, str | bytes]:
    """Return the page of each notebook, and its pictures, by their places on the site."""
    pages: dict[str, str | bytes] = {}
    for name in notebooks(project):
        pages |= _page(project / name)
    return pages


def _page(path: Path) -> dict[str, str | bytes]:
    notebook: Any = nbformat.read(path, as_version=4)
    kept = {"unique_key": path.stem, "output_files_dir": path.stem}
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources=kept)
    pictures = {posixpath.join(FOLDER, name): data for name, data in resources["outputs"].items()}
    download = f'<a href="{path.name}" download>The notebook</a> of this page is run by the tests.'
    head, _, rest = _TABLE.sub("<table>", text.lstrip()).partition("\n")
    return {f"{FOLDER}/{path.stem}.md": f"{head}\n\n{download}\n\n{rest}"} | pictures
