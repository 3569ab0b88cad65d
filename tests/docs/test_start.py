"""Ten minutes with a file of one's own, as the page of docs/start.md tells them."""

from pathlib import Path

import pandas as pd
import pytest

from anon_dagster.client import AnonClient
from tests.pages import texts
from tests.scripts import run

PAGE = "docs/start.md"


@pytest.mark.slow
def test_a_newcomer_gets_from_a_file_to_a_safe_release(
    project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ANON_STORE", "DAGSTER_HOME", "ANON_URL"):
        monkeypatch.delenv(name, raising=False)
    people = pd.read_csv(project_folder / "data" / "patients" / "patients.csv", dtype=str)
    people.head(1_000).to_csv("people.csv", index=False)
    script = "\n".join(line[2:] for block in texts(PAGE, "console") for line in block.splitlines())
    try:
        run(script, tmp_path)
    finally:
        AnonClient().close()
    assert "<html" in Path("report.html").read_text(encoding="utf-8")
    release = pd.read_csv("release.csv", dtype=str)
    assert len(release) > 800
    assert "family_name" not in release
    assert not set(people.ssn.dropna()) & set(release.astype(str).to_numpy().ravel())
