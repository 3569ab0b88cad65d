"""The notebooks of `docs/`: cells that are run one after the other, and what they print.

``python -m tests.notebook docs/regression.ipynb`` runs one, and writes what its cells print.
"""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    """Return the cells that are run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def printed(notebook: Notebook) -> Iterator[str]:
    """Run each cell, and give what it prints; cells share their names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(code_cells(notebook), 1):
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)  # noqa: S102 (our own)
        yield out.getvalue()


def shown(cell: dict[str, Any]) -> str:
    """Return what a cell says that it prints."""
    return "".join(line for output in cell["outputs"] for line in output["text"])


def rewrite(path: Path) -> None:
    """Run a notebook and write what its cells print."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for number, (cell, text) in enumerate(
        zip(code_cells(notebook), printed(notebook), strict=True), 1
    ):
        lines = text.splitlines(keepends=True)
        stream = {"name": "stdout", "output_type": "stream", "text": lines}
        cell["execution_count"], cell["outputs"] = number, [stream] if lines else []
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]))
