"""The job that says which promises a released table keeps."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import RequestError, parse_request
from anon_dagster.defs.housekeeping import clear_away
from anon_dagster.defs.resources import JobStore
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


def test_runs_that_name_no_partition_have_each_their_own_until_they_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    KEPT.to_csv(tmp_path / "kept.csv", index=False)
    asked = {"request": {"policy": POLICY}, "released": str(tmp_path / "kept.csv")}
    config = {"ops": {"adhoc__verified": {"config": asked}}}
    with deployed(tmp_path) as deployment:
        instance, store = deployment.instance, JobStore(tmp_path / ".anon")
        runs = [deployment.run("verify_job", config) for _ in range(2)]
        assert all(run.success for run in runs)
        made = [run.asset_materializations_for_node("adhoc__verified")[0] for run in runs]
        names = [str(each.partition) for each in made]
        assert [name[9:] for name in names] == [run.run_id[:8] for run in runs]
        assert len({name[:8] for name in names}) == 1, "they ask for the same"
        assert set(instance.get_dynamic_partitions("request")) == set(names)
        instance.delete_run(runs[0].run_id)
        assert clear_away(instance, store) == 1
        assert instance.get_dynamic_partitions("request") == names[1:]


def test_a_table_can_be_named_as_the_source_of_a_request_is() -> None:
    request = parse_request({"policy": POLICY})
    named = released_of(request, {"path": "a.csv", "csv": {"separator": ";"}})
    assert named.csv.separator == ";"
    with pytest.raises(RequestError, match=r"released\.nothing"):
        released_of(request, {"path": "a.csv", "nothing": 1})
