"""One browser, one site, one report and one webserver for all tests of this folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import anon_dagster
from anon_dagster.request.documents import load_yaml
from tests.chromium import Chromium, chromium
from tests.site import build
from tests.webserver import Webserver, serving


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Chromium) -> Path:
    """Build the site; only where a browser can look at it."""
    del browser
    return build(tmp_path_factory.mktemp("site")).parent


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory, project_folder: Path) -> Path:
    """Write the report of the bundled patients, which says nothing of this machine."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    document = load_yaml(project_folder / "data" / "patients" / "request.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project_folder / "data" / "patients")
        patch.setenv("LOGNAME", "ada")
        text = anon_dagster.anonymize(document | {"target": None}).report()
    page.write_text(text.replace(f"{project_folder}/", ""), encoding="utf-8")
    return page


@pytest.fixture(scope="session")
def webserver(
    tmp_path_factory: pytest.TempPathFactory, project_folder: Path
) -> Iterator[Webserver]:
    with serving(project_folder, tmp_path_factory.mktemp("project")) as started:
        yield started


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where pictures go: `make pictures` says docs, tests throw them away."""
    folder = os.environ.get("ANON_PICTURES")
    return Path(folder) if folder else tmp_path_factory.mktemp("pictures")
