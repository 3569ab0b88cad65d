"""Every promise and transformation goes through the steps of a job, each from what was kept."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster.defs.stages import ANONYMIZE, STAGES, Work
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.names import REQUEST
from anon_dagster.request import parse_request

AGE = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10], "other": "o"}}
PEOPLE = pd.DataFrame(
    {"ssn": [f"{n:04}" for n in range(120)], "age": [20 + n % 40 for n in range(120)]}
)
ASKED: dict[str, dict[str, Any]] = {
    "k_map": {"privacy": {"k_map": {"k": 7}}, "population": {"path": "all.csv"}},
    "delta_presence": {
        "privacy": {"delta_presence": {"delta_min": 0.2, "delta_max": 0.6}},
        "population": {"path": "all.csv"},
    },
    "population_uniqueness": {
        "privacy": {"population_uniqueness": {"share": 0.01, "estimator": "zayatz"}},
        "population": 5_000,
    },
    "sampling": {"privacy": {"k_anonymity": {"k": 3}}, "sampling": {"records": 60}},
    "mask": {
        "privacy": {"k_anonymity": {"k": 3}},
        "attributes": {"ssn": {"role": "direct_identifier", "redaction": "mask", "keep": 1}},
    },
    "differential_privacy": {
        "privacy": {"differential_privacy": {"epsilon": 2, "delta": 0.2}},
        "attributes": {"age": {**AGE, "lowest_level": 1, "highest_level": 1}},
        "suppression_limit": 1,
    },
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_job_keeps_what_its_later_steps_need(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    PEOPLE.to_csv("people.csv", index=False)
    pd.concat([PEOPLE, PEOPLE]).to_csv("all.csv", index=False)
    attributes = {"ssn": {"role": "direct_identifier"}, "age": AGE}
    attributes |= ASKED[asked].get("attributes", {})
    policy = {**ASKED[asked], "attributes": attributes}
    request = {"source": {"path": "people.csv"}, "target": {"path": "out.parquet"}}
    job = JobFolder(tmp_path / "store", "job")
    job.save_request(parse_request({**request, "policy": policy}, folder=tmp_path))
    work = Work(job, lambda _: None, dg.AssetKey(["people", "source"]))
    for step in ANONYMIZE:
        if step != REQUEST:
            STAGES[step].make(work)
    (tmp_path / "people.csv").unlink()
    if asked in {"k_map", "delta_presence"}:
        (tmp_path / "all.csv").unlink()
        population = job.load_count().population
        assert population is not None
        assert list(population.columns) == ["age"], "of nobody more than must be"
    decision = job.load_decision()
    released = pd.read_parquet("out.parquet")
    assert len(released) == decision.counted.records - decision.suppressed
    assert 0 < len(released) <= len(PEOPLE)
