"""What OpenLineage is told of a release: names and types of columns, and no value."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.storage.event_log import InMemoryEventLogStorage
from openlineage.client import OpenLineageClient
from openlineage.client.transport.file import FileConfig, FileTransport

from anon_dagster.component.assets import build_anonymized_assets

CANARY = "canary-51d2"
RELEASE = ("request", "source", "frequency_table", "solution", "anonymized")
PEOPLE = {"age": [30, 30, 41, 41] * 3, "ill": [CANARY, f"{CANARY}-2"] * 6, "id": list(range(12))}


def request(folder: Path) -> dict[str, Any]:
    attributes = {
        "age": {"role": "quasi_identifier"},
        "ill": {"role": "sensitive"},
        "id": {"role": "direct_identifier"},
    }
    return {
        "source": {"path": str(folder / "in.csv")},
        "target": {"path": str(folder / "out.csv")},
        "policy": {"attributes": attributes, "privacy": {"k_anonymity": {"k": 3}}},
    }


def told_of(events: list[dg.EventLogEntry], file: Path) -> str:
    """Return what OpenLineage writes of the events of a run, as JSON lines."""
    storage = pytest.importorskip("dagster_openlineage.storage")
    adapter = pytest.importorskip("dagster_openlineage.adapter")
    emitter = pytest.importorskip("dagster_openlineage.emitter")
    transport = FileTransport(FileConfig(log_file_path=str(file), append=True))
    emitting = emitter.OpenLineageEmitter(client=OpenLineageClient(transport=transport))
    telling = storage.OpenLineageEventLogStorage(
        InMemoryEventLogStorage(), adapter=adapter.OpenLineageAdapter(emitter=emitting)
    )
    for event in events:
        telling.store_event(event)
    return file.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of OpenLineage's client
def test_columns_and_where_they_come_from_are_told_without_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(PEOPLE).to_csv(tmp_path / "in.csv", index=False)
    defined = build_anonymized_assets("one", request(tmp_path), deps=["raw/people"])
    with dg.DagsterInstance.ephemeral() as instance:
        result = defined.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["one", step]) for step in RELEASE]
        )
        text = told_of(list(instance.all_logs(result.run_id)), tmp_path / "lineage.jsonl")
    outputs = [each for line in text.splitlines() for each in json.loads(line).get("outputs", [])]
    (release,) = (o["facets"] for o in outputs if o["name"] == "one/anonymized" and o.get("facets"))
    assert {field["name"] for field in release["schema"]["fields"]} == {"age", "ill"}
    came = release["columnLineage"]["fields"]
    assert {
        name: [(field["name"], field["field"]) for field in each["inputFields"]]
        for name, each in came.items()
    } == {"age": [("one/source", "age")], "ill": [("one/source", "ill")]}
    assert CANARY not in text
