"""Dagster's UI as people see it: a run of the launchpad, the lineage, and what assets show."""

from pathlib import Path

import pytest

from tests.chromium import DESK, Chromium
from tests.webserver import LAUNCH, REPOSITORY, STATUS, Webserver, wait_for

pytestmark = pytest.mark.slow
GROUP = "/locations/anon_dagster/asset-groups/patients/lineage"
SHOWN = {
    "risk_metrics": "exact_risk",
    "anonymized": "release_keeps_every_promise",
    "report": "report",
}
"""What is seen on the page of an asset, once it was made."""


def test_the_example_of_the_launchpad_runs_as_it_stands(webserver: Webserver) -> None:
    run_id, tags = run_of(webserver, "anonymize_job")
    assert tags["anon/progress"] == "100%"
    assert tags["dagster/partition"].endswith(run_id[:8]), "nobody named one"


def run_of(webserver: Webserver, job: str) -> tuple[str, dict[str, str]]:
    """Launch a job as it stands, and return the id and the tags of its run, which succeeds."""
    selector = {**REPOSITORY, "pipelineName": job}
    launched = webserver.ask(
        LAUNCH, run={"selector": selector, "runConfigData": {}, "mode": "default"}
    )
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    over = {"SUCCESS", "FAILURE", "CANCELED"}
    wait_for(lambda: webserver.ask(STATUS, id=run_id)["status"] in over, seconds=240)
    state = webserver.ask(STATUS, id=run_id)
    assert state["status"] == "SUCCESS"
    return run_id, {tag["key"]: tag["value"] for tag in state["tags"]}


def test_the_assets_of_a_dataset_show_what_came_out(
    webserver: Webserver, browser: Chromium, pictures: Path
) -> None:
    run_of(webserver, "patients_anonymize_job")
    browser.open(webserver.address + GROUP, width=DESK, height=900)
    seen(browser, "frequency_table")
    seen(browser, "risk_metrics")
    browser.picture(pictures / "lineage.png")
    for asset, text in SHOWN.items():
        view = "checks" if asset == "anonymized" else "overview"
        browser.open(f"{webserver.address}/assets/patients/{asset}?view={view}", width=DESK)
        seen(browser, text)
        assert browser.wider_than_the_screen() == 0, asset
        if view == "checks":
            browser.picture(pictures / "checks.png")


def seen(browser: Chromium, text: str) -> None:
    wait_for(lambda: text in browser.driver.page_source, seconds=90)
