"""The job that says which promises a released table keeps."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import RequestError, parse_request
from anon_dagster.defs.verifying import released_of
from tests.deployment import deployed, failure

POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}, "ill": {"role": "sensitive"}},
    "privacy": {"k_anonymity": {"k": 3}, "l_diversity": {"attribute": "ill", "l": 2}},
}
KEPT = pd.DataFrame({"age": ["CANARY"] * 3 + ["[30, 40)"] * 3, "ill": list("abcabb")})


def test_a_release_that_keeps_its_promises_is_told_from_one_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    KEPT.to_csv(tmp_path / "kept.csv", index=False)
    KEPT[1:].to_parquet(tmp_path / "broken.parquet")
    with deployed(tmp_path) as deployment:
        deployment.instance.add_dynamic_partitions("request", ["verify"])

        def run(config: dict[str, Any]) -> Any:
            ops = {"ops": {"adhoc__verified": {"config": config}}}
            return deployment.run("verify_job", ops, partition_key="verify")

        target = {"path": str(tmp_path / "kept.csv")}
        kept = run({"request": {"policy": POLICY, "target": target}})
        broken = run({"request": {"policy": POLICY}, "released": str(tmp_path / "broken.parquet")})
        absent = run({"request": {"policy": POLICY}})
        [[good], [bad]] = [result.get_asset_check_evaluations() for result in (kept, broken)]
        assert kept.success
        assert good.passed
        assert not bad.passed
        assert "3-anonymity is broken by 1 class with 2 records" in str(bad.description)
        assert not broken.success
        assert "the request has no target" in failure(absent)
        frame = pd.read_parquet(deployment.job(broken).path / "verification.parquet")
        assert not frame["holds"].all()
        for result in (kept, broken):
            assert "CANARY" not in "".join(str(event) for event in result.all_events)


def test_a_table_can_be_named_as_the_source_of_a_request_is() -> None:
    request = parse_request({"policy": POLICY})
    named = released_of(request, {"path": "a.csv", "csv": {"separator": ";"}})
    assert named.csv.separator == ";"
    with pytest.raises(RequestError, match=r"released\.nothing"):
        released_of(request, {"path": "a.csv", "nothing": 1})
