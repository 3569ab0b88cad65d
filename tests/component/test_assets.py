"""A dataset among the assets of somebody else's project."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

import anon_dagster
from anon_dagster.component.assets import build_anonymized_assets
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.upstream import never_materialized
from anon_dagster.errors import RequestError
from tests.deployment import failure

CANARY = "canary-7f3a"
PEOPLE = pd.DataFrame(
    {
        "age": [30, 30, 41, 41] * 3,
        "ill": ["flu", "cold"] * 6,
        "name": [f"{CANARY}{n}" for n in range(12)],
    }
)
RELEASE = ("request", "source", "frequency_table", "solution", "anonymized")


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def request(folder: Path, *, source: str = "", target: str = "out.csv") -> dict[str, Any]:
    attributes = {
        "age": {"role": "quasi_identifier"},
        "ill": {"role": "sensitive"},
        "name": {"role": "direct_identifier"},
    }
    document: dict[str, Any] = {
        "target": {"path": str(folder / target)},
        "policy": {"attributes": attributes, "privacy": {"k_anonymity": {"k": 3}}},
    }
    return {**document, "source": {"path": str(folder / source)}} if source else document


def keys(name: str, *steps: str) -> list[dg.AssetKey]:
    return [dg.AssetKey([name, step]) for step in steps]


@dg.asset(key=["raw", "people"])
def raw() -> pd.DataFrame:
    return PEOPLE


@dg.asset(key=["raw", "people"])
def raw_arrow() -> pa.Table:
    return pa.Table.from_pandas(PEOPLE)


def run(
    defined: dg.Definitions, selection: list[dg.AssetKey], instance: dg.DagsterInstance, **more: Any
) -> dg.ExecuteInProcessResult:
    job = defined.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance, asset_selection=selection, raise_on_error=False, **more
    )


# -- how it merges -------------------------------------------------------------------------------


def test_a_project_keeps_its_executor_its_resources_and_its_names(tmp_path: Path) -> None:
    @dg.job
    def retention_job() -> None: ...

    @dg.sensor(name="housekeeping", job=retention_job)
    def housekeeping() -> None: ...

    own = dg.Definitions(
        assets=[raw],
        jobs=[retention_job],
        sensors=[housekeeping],
        schedules=[dg.ScheduleDefinition("retention", job=retention_job, cron_schedule="@daily")],
        executor=dg.multiprocess_executor,
        resources={"store": "theirs", "engine": "theirs"},
    )
    one = build_anonymized_assets("one", request(tmp_path), source_asset="raw/people")
    two = build_anonymized_assets("two", request(tmp_path, source="in.csv"), deps=["raw/people"])
    merged = dg.Definitions.merge(one, own, two)
    dg.Definitions.validate_loadable(merged)
    assert merged.executor is dg.multiprocess_executor
    assert {"store", "engine"} < set(merged.resources or {})
    assert one.executor is None


def test_it_merges_with_a_deployment_of_this_project(tmp_path: Path) -> None:
    from anon_dagster.definitions import definitions

    one = build_anonymized_assets("one", request(tmp_path, source="in.csv"))
    whole = definitions(tmp_path / "data", JobStore.of_environment())
    dg.Definitions.validate_loadable(dg.Definitions.merge(one, whole))


def test_nothing_is_made_when_it_is_defined(tmp_path: Path) -> None:
    build_anonymized_assets("one", request(tmp_path, source="in.csv"))
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_waits_can_be_decided_on(tmp_path: Path) -> None:
    asked = request(tmp_path, source="in.csv")
    merged = dg.Definitions.merge(*(build_anonymized_assets(n, asked) for n in ("one", "two")))
    dg.Definitions.validate_loadable(merged)
    assert {"approve_job", "reject_job"} <= set(merged.get_repository_def().job_names)


def test_what_looks_after_runs_may_be_left_to_another(tmp_path: Path) -> None:
    asked = request(tmp_path, source="in.csv")
    defined = build_anonymized_assets("one", asked, upkeep=False)
    dg.Definitions.validate_loadable(defined)
    assert list(defined.get_repository_def().sensor_defs) == []


# -- what Dagster is told ------------------------------------------------------------------------


def test_what_is_said_of_all_assets_is_said_of_each(tmp_path: Path) -> None:
    eager = dg.AutomationCondition.eager()
    policy = dg.FreshnessPolicy.cron(
        "0 9 * * *", lower_bound_delta=pd.Timedelta(hours=1).to_pytimedelta()
    )
    defined = build_anonymized_assets(
        "one",
        request(tmp_path, source="in.csv"),
        key_prefix=["clinic"],
        group_name="releases",
        owners=["team:data"],
        tags={"domain": "health"},
        kinds=["parquet"],
        automation_condition=eager,
        freshness_policy=policy,
    )
    known = defined.resolve_all_asset_specs()
    specs = {spec.key.path[-1]: spec for spec in known if spec.key.path[0] != "adhoc"}
    for spec in specs.values():
        assert spec.key.path[:2] == ["clinic", "one"]
        assert (spec.group_name, list(spec.owners)) == ("releases", ["team:data"])
        assert spec.tags["domain"] == "health"
        assert "parquet" in spec.kinds
    automatic = {step for step, spec in specs.items() if spec.automation_condition == eager}
    assert set(specs) - automatic == {"detection", "measurement"}
    assert [s for s, spec in specs.items() if spec.freshness_policy == policy] == ["anonymized"]


def test_every_spec_can_be_changed(tmp_path: Path) -> None:
    defined = build_anonymized_assets(
        "one",
        request(tmp_path, source="in.csv"),
        get_asset_spec=lambda spec: spec.replace_attributes(description="ours", code_version="7"),
    )
    known = [s for s in defined.resolve_all_asset_specs() if s.key.path[0] == "one"]
    told = {(spec.description, spec.code_version) for spec in known}
    assert told == {("ours", "7")}


def test_a_key_is_changed_for_all_or_for_none(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"one/\w+ may change in all but its key"):
        build_anonymized_assets(
            "one",
            request(tmp_path, source="in.csv"),
            get_asset_spec=lambda spec: spec.replace_attributes(key="other"),
        )


def test_source_and_request_rest_on_what_is_upstream(tmp_path: Path) -> None:
    defined = build_anonymized_assets("one", request(tmp_path, source="in.csv"), deps=[raw.key])
    graph = defined.resolve_asset_graph()
    resting = {
        k.path[-1] for k in graph.get_all_asset_keys() if raw.key in graph.get(k).parent_keys
    }
    assert resting == {"request", "source"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "source: is missing: name a file, or give source_asset"),
        ({"source": "in.csv"}, "source: is the table of raw/people: leave it out"),
    ],
)
def test_records_come_from_one_place(tmp_path: Path, more: dict[str, str], told: str) -> None:
    table = "raw/people" if more else None
    with pytest.raises(RequestError, match=told):
        build_anonymized_assets("one", request(tmp_path, **more), source_asset=table)


@pytest.mark.parametrize("name", ["", "a-b", "adhoc", "a/b"])
def test_a_name_is_one_that_dagster_takes(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match="letters, digits and _ only"):
        build_anonymized_assets(name, request(tmp_path, source="in.csv"))


# -- what runs -----------------------------------------------------------------------------------


def shown(columns: Iterable[object], age: object, records: int) -> dict[str, str | int]:
    return {"columns": ",".join(map(str, columns)), "age": str(age), "records": records}


@dg.asset(ins={"release": dg.AssetIn(["one", "anonymized"])})
def counted(release: pd.DataFrame) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata=shown(release.columns, release["age"].dtype, len(release)))


@dg.asset(ins={"release": dg.AssetIn(["one", "anonymized"])})
def counted_arrow(release: pa.Table) -> dg.MaterializeResult[None]:
    told = shown(release.column_names, release["age"].type, len(release))
    return dg.MaterializeResult(metadata=told)


@pytest.mark.parametrize("upstream", [raw, raw_arrow])
def test_the_table_of_an_asset_is_anonymized_and_its_release_is_loaded(
    tmp_path: Path, upstream: dg.AssetsDefinition
) -> None:
    defined = dg.Definitions.merge(
        build_anonymized_assets("one", request(tmp_path), source_asset="raw/people"),
        dg.Definitions(assets=[upstream, counted, counted_arrow]),
    )
    chain = [raw.key, *keys("one", *RELEASE), counted.key, counted_arrow.key]
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(defined, chain, instance)
        assert result.success, failure(result)
        job = JobStore(tmp_path / ".anon").job(result.run_id)
        kept = str(instance.all_logs(result.run_id))
    for step in ("counted", "counted_arrow"):
        (made,) = result.asset_materializations_for_node(step)
        told = {name: value.value for name, value in made.metadata.items()}
        assert told == {"columns": "age,ill", "age": "int64", "records": 12}
    given = job.path / "given.parquet"
    assert given.stat().st_mode & 0o777 == 0o600
    assert anon_dagster.verify(request(tmp_path)["policy"], str(tmp_path / "out.csv")).holds
    assert CANARY not in kept
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and given.parent not in p.parents]
    assert not any(CANARY.encode() in p.read_bytes() for p in outside)


def test_what_is_no_table_is_told_by_its_type_alone(tmp_path: Path) -> None:
    @dg.asset(key=["raw", "people"])
    def listed() -> list[str]:
        return [CANARY]

    defined = dg.Definitions.merge(
        build_anonymized_assets("one", request(tmp_path), source_asset="raw/people"),
        dg.Definitions(assets=[listed]),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(defined, [raw.key, *keys("one", *RELEASE)], instance)
        kept = str(instance.all_logs(result.run_id))
    assert "gives a list, which is no table" in failure(result)
    assert CANARY not in kept


@pytest.mark.parametrize("home", ["", "/somewhere"])
def test_who_has_no_folder_of_dagster_is_told_why_it_remembers_nothing(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", home)
    told = str(never_materialized("one/anonymized"))
    assert told.startswith("one/anonymized was never materialized")
    assert ("DAGSTER_HOME is not set" in told) == (home == "")


def test_a_release_that_somebody_wrote_to_is_not_loaded(tmp_path: Path) -> None:
    PEOPLE.to_csv(tmp_path / "in.csv", index=False)
    defined = dg.Definitions.merge(
        build_anonymized_assets("one", request(tmp_path, source="in.csv")),
        dg.Definitions(assets=[counted]),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        before = run(defined, [counted.key], instance)
        assert "one/anonymized was never materialized" in failure(before)
        assert run(defined, keys("one", *RELEASE), instance).success
        assert run(defined, [counted.key], instance).success
        (tmp_path / "out.csv").write_text(f"age,ill\n1,{CANARY}\n", encoding="utf-8")
        result = run(defined, [counted.key], instance)
        kept = str(instance.all_logs(result.run_id))
    assert "is not what the job released" in failure(result)
    assert CANARY not in kept


# -- partitions ----------------------------------------------------------------------------------

DAYS = dg.StaticPartitionsDefinition(["monday", "tuesday", "..", "a/b"])


def partitioned(folder: Path) -> dg.Definitions:
    asked = request(folder, source="{partition_key}.csv", target="out/{partition_key}.csv")
    return build_anonymized_assets("one", asked, partitions_def=DAYS)


def test_each_partition_has_its_source_and_its_release(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for day, records in {"monday": 12, "tuesday": 8}.items():
        PEOPLE.head(records).to_csv(tmp_path / f"{day}.csv", index=False)
    loading = dg.asset(
        key="counted", ins={"release": dg.AssetIn(["one", "anonymized"])}, partitions_def=DAYS
    )(lambda release: dg.MaterializeResult(metadata={"records": len(release)}))
    defined = dg.Definitions.merge(partitioned(tmp_path), dg.Definitions(assets=[loading]))
    with dg.DagsterInstance.ephemeral() as instance:
        for day in ("monday", "tuesday"):
            result = run(defined, keys("one", *RELEASE), instance, partition_key=day)
            assert result.success, failure(result)
        loaded = run(defined, [dg.AssetKey("counted")], instance, partition_key="monday")
        (made,) = loaded.asset_materializations_for_node("counted")
    assert made.metadata["records"].value == 12
    assert len((tmp_path / "out" / "tuesday.csv").read_text().splitlines()) == 9


@pytest.mark.parametrize("key", ["..", "a/b"])
def test_a_key_leads_nowhere_else(tmp_path: Path, key: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(partitioned(tmp_path), keys("one", "request"), instance, partition_key=key)
    assert "the key of the partition cannot be part of a path" in failure(result)


def test_partitions_that_would_replace_each_other_are_refused(tmp_path: Path) -> None:
    asked = {**request(tmp_path, source="in.csv"), "schedule": "@daily"}
    with pytest.raises(RequestError) as caught:
        build_anonymized_assets("one", asked, partitions_def=DAYS)
    for told in ("target.path: each partition would replace", "source.path: each", "schedule: a"):
        assert told in str(caught.value)
