"""The notebooks of examples show what they show, and hold no more."""

import shutil
from pathlib import Path

import pytest

from tests.notebooks import notebooks, read, run, shown

each_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


@each_notebook
def test_a_notebook_is_stored_with_what_it_shows_and_without_a_machine(path: Path) -> None:
    notebook = read(path)
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    cells = notebook["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert cells[0]["source"].startswith("# ")
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    assert not any(output["output_type"] == "error" for cell in code for output in cell["outputs"])


@pytest.mark.slow
@each_notebook
def test_a_notebook_shows_what_it_shows_when_it_is_run_again(
    path: Path, project_folder: Path, tmp_path: Path
) -> None:
    """If figures changed for a reason: ``make notebooks``."""
    data = shutil.ignore_patterns("out")
    shutil.copytree(project_folder / "data", tmp_path / "data", ignore=data)
    notebook = read(path)
    assert [*shown(run(notebook, tmp_path))] == [*shown(notebook)]
