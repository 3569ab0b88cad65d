from pathlib import Path

import pytest

from anon_dagster.request.documents import load_yaml

Labels = dict[str, dict[str, dict[str, list[str]]]]


@pytest.fixture
def labels_of_real_tables(project_folder: Path) -> Labels:
    """The columns of each table by their roles, those examined and those held out."""
    folder = project_folder / "benchmarks" / "detection" / "real"
    return {name: load_yaml(folder / f"{name}.yaml") for name in ("examined", "reported")}
