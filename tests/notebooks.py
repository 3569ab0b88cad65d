"""The notebooks of `examples/`, each run in a kernel of its own.

``python -m tests.notebooks`` runs all of them, and keeps what their cells show.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "examples"
_DRAWN = ("image/", "text/html")
"""Kinds of output whose text need not be the same on every machine."""


def notebooks() -> list[Path]:
    """Return the notebooks, by name."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    """Return a notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def run(notebook: Any, folder: Path) -> Any:
    """Return a notebook with what its cells show when they are run in a folder."""
    again = nbformat.from_dict(notebook)
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(again, timeout=300, resources=place).execute()
    for cell in again["cells"]:
        cell["metadata"] = {}  # when each was run is nobody's matter
    again["metadata"] = notebook["metadata"]
    return again


def shown(notebook: Any) -> Iterator[tuple[str, ...]]:
    """Give what each cell of code shows: its text, and the kinds of what is drawn."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield tuple(_shown(output) for output in cell["outputs"])


def _shown(output: Any) -> str:
    if output["output_type"] == "stream":
        return f"{output['name']}: {output['text']}"
    data = output.get("data", {})
    kinds = sorted(kind for kind in data if kind.startswith(_DRAWN))
    return "\n".join([re.sub(r" at 0x[0-9a-f]+", "", data.get("text/plain", "")), *kinds])


def main() -> int:
    """Run every notebook in the folder of the project."""
    for path in notebooks():
        nbformat.write(run(read(path), FOLDER.parent), path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
