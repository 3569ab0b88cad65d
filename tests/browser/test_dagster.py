"""Dagster's UI as people see it: a run of the launchpad, the lineage, and what assets show."""

from pathlib import Path

import pytest

from tests.chromium import DESK, Chromium
from tests.webserver import ADD, LAUNCH, REPOSITORY, STATUS, Webserver, wait_for

pytestmark = pytest.mark.slow
GROUP = "/locations/anon_dagster/asset-groups/patients/lineage"
SHOWN = {
    "risk_metrics": "exact_risk",
    "anonymized": "release_keeps_every_promise",
    "report": "report",
}
"""What is seen on the page of an asset, once it was made."""


def test_the_example_of_the_launchpad_runs_as_it_stands(webserver: Webserver) -> None:
    assert webserver.ask(ADD, selector=REPOSITORY)["__typename"] == "AddDynamicPartitionSuccess"
    assert state_of(webserver, "anonymize_job", partition="one")["status"] == "SUCCESS"


def state_of(webserver: Webserver, job: str, *, partition: str = "") -> dict[str, object]:
    """Launch a job as it stands, and return how its run ended."""
    tags = [{"key": "dagster/partition", "value": partition}] if partition else []
    run = {
        "selector": {**REPOSITORY, "pipelineName": job},
        "runConfigData": {},
        "executionMetadata": {"tags": tags},
        "mode": "default",
    }
    launched = webserver.ask(LAUNCH, run=run)
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    over = {"SUCCESS", "FAILURE", "CANCELED"}
    wait_for(lambda: webserver.ask(STATUS, id=run_id)["status"] in over, seconds=240)
    state: dict[str, object] = webserver.ask(STATUS, id=run_id)
    return state


def test_the_assets_of_a_dataset_show_what_came_out(
    webserver: Webserver, browser: Chromium, pictures: Path
) -> None:
    state = state_of(webserver, "patients_anonymize_job")
    assert state["status"] == "SUCCESS"
    assert {"key": "anon/progress", "value": "100%"} in state["tags"]  # type: ignore[operator]
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
