"""Numbers beside labels: however these are released, they are what a reader makes of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import anon_dagster
from anon_dagster import labels
from anon_dagster.continuous import audit
from anon_dagster.errors import PromiseBrokenError, RequestError
from anon_dagster.releasing import treatments
from anon_dagster.verification import NUMBERS
from tests.continuous.streams import Days, append_frame, stream_at
from tests.linked import request as linked_request
from tests.linked import tables

DATED = {"type": "date", "levels": ["month", "year", "decade"], "format": "%d.%m.%Y"}


def people(records: int = 120, seed: int = 1) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    days = pd.to_datetime(dice.integers(0, 4_000, records), unit="D")
    return pd.DataFrame(
        {
            "age": dice.integers(18, 70, records),
            "born": days.strftime("%d.%m.%Y"),
            "pay": dice.integers(20, 60, records) / 4,
            "ill": dice.choice(list("abc"), records),
        }
    )


def policy(**more: Any) -> dict[str, Any]:
    quasi = {"role": "quasi_identifier"}
    return {
        "attributes": {
            "age": quasi | {"hierarchy": {"type": "interval", "widths": [5, 10, 20]}},
            "born": quasi | {"hierarchy": DATED},
            "pay": quasi | {"hierarchy": {"type": "rounding", "steps": [1, 5]}},
            "ill": {"role": "non_sensitive"},
        },
        "privacy": {"k_anonymity": {"k": 4}},
        "suppression_limit": 0.1,
        "release": {"numbers": "bounds"},
        **more,
    }


def require_read_alike(frame: pd.DataFrame, asked: dict[str, Any], **options: Any) -> None:
    """Hold the columns of numbers against those that a reader makes of the labels."""
    numbers = [c.name for c in anon_dagster.parse_request({"policy": asked}).policy.number_columns]
    assert set(numbers) <= set(frame.columns)
    write = labels.bounds if asked["release"]["numbers"] == "bounds" else labels.midpoints
    expected = write(frame.drop(columns=numbers), request={"policy": asked}, **options)
    for name in numbers:
        released, own = frame[name], expected[name]
        if name.startswith("born"):
            released = pd.to_datetime(released).astype("datetime64[s]")
        pd.testing.assert_series_equal(
            released, own, check_names=False, check_dtype=False, check_index_type=False
        )
    assert frame[numbers].notna().any().all(), "some of each are told"


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("numbers", ["bounds", "midpoints"])
@pytest.mark.parametrize("suppressed", ["drop", "keep"])
def test_a_released_frame_has_what_a_reader_makes_of_its_labels(
    recoding: str, numbers: str, suppressed: str
) -> None:
    release = {"numbers": numbers, "columns": {"age": "whole", "born": "date", "pay": "number"}}
    asked = policy(recoding=recoding, release=release, suppressed_records=suppressed)
    result = anon_dagster.anonymize({"policy": asked}, frame=people())
    assert result.df is not None
    assert list(result.df.columns[:4]) == ["age", "born", "pay", "ill"]
    if recoding == "local":
        require_read_alike(result.df, asked)
    kept = [p.holds for p in result.release.verification.promises if p.name == NUMBERS]
    assert kept == [True] * (6 if numbers == "bounds" else 3)
    assert anon_dagster.verify(asked, result.df).holds


@pytest.mark.parametrize("local", ["ranges", "sets"])
def test_ranges_and_sets_have_numbers(local: str) -> None:
    release = {"numbers": "bounds", "columns": {"age": "whole", "pay": "number"}}
    asked = policy(recoding="local", release=release)
    for name in ("age", "pay"):
        asked["attributes"][name] = {**asked["attributes"][name], "local_labels": local}
    result = anon_dagster.anonymize({"policy": asked}, frame=people())
    assert result.df is not None
    require_read_alike(result.df, asked)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_have_numbers_of_their_own_type(tmp_path: Path, decimal: str, kind: str) -> None:
    options = {"separator": ";", "decimal": ","}
    source: dict[str, Any] = {"path": str(tmp_path / "people.csv"), "csv": options}
    people().to_csv(str(source["path"]), index=False, sep=";", decimal=",")
    target: dict[str, Any] = {"path": str(tmp_path / f"out.{kind}")}
    if kind == "csv":
        target["csv"] = {"separator": ";", "decimal": decimal}
    else:
        target |= {"single_file": False, "rows_per_file": 40}
    asked = policy(recoding="local")
    anon_dagster.anonymize({"source": source, "target": target, "policy": asked})
    if kind == "parquet":
        schema = pq.read_table(target["path"]).schema
        assert [str(schema.field(n).type) for n in ("age_lower", "born_upper")] == [
            "double",
            "date32[day]",
        ]
        return
    texts = pd.read_csv(target["path"], sep=";", dtype="string")
    numbers = pd.read_csv(target["path"], sep=";", decimal=decimal)
    for name in map(str, numbers):
        if name.endswith(("lower", "upper")):
            texts[name] = numbers[name]
    require_read_alike(texts, asked, decimal=decimal)


def test_later_records_and_deltas_have_numbers(tmp_path: Path) -> None:
    asked = policy(recoding="local")
    first = anon_dagster.anonymize({"policy": asked}, frame=people())
    later = anon_dagster.apply(first.document(), frame=people(80, seed=2))
    assert later.df is not None
    require_read_alike(later.df, asked)
    stream = stream_at(tmp_path, policy={"release": {"numbers": "midpoints"}})
    for day, frame in enumerate(Days(1, sizes=(150, 60))):
        append_frame(stream, tmp_path, f"day{day}", frame)
    deltas = [pd.read_parquet(delta.target) for delta in stream.ledger.deltas() if delta.target]
    whole = pd.concat(deltas)
    read = labels.midpoints(whole[["age"]], {"age": "number"})["age_midpoint"]
    pd.testing.assert_series_equal(whole["age_midpoint"], read)
    assert audit(stream).holds


def test_linked_tables_have_numbers_each() -> None:
    asked = linked_request()
    for name, numbers in (("patients", "midpoints"), ("visits", "bounds")):
        asked["tables"][name]["policy"]["release"] = {"numbers": numbers}
    result = anon_dagster.anonymize(asked, frame=tables())
    released = {name: table.df for name, table in result.tables.items()}
    assert released["patients"] is not None
    assert released["visits"] is not None
    assert "age_midpoint" in released["patients"]
    assert list(released["visits"])[-3:] == ["visit_row", "day_lower", "day_upper"]
    assert result.linked is not None
    assert result.linked.holds


def private(columns: dict[str, str] | None = None) -> dict[str, Any]:
    interval = {"type": "interval", "widths": [10, 50], "other": "other"}
    age = {"role": "quasi_identifier", "hierarchy": interval, "lowest_level": 1, "highest_level": 1}
    return {
        "attributes": {"age": age},
        "privacy": {"differential_privacy": {"epsilon": 2, "delta": 1e-3}},
        "suppression_limit": 1.0,
        "release": {"numbers": "bounds", "columns": columns},
    }


def test_a_private_release_has_numbers_of_its_labels() -> None:
    result = anon_dagster.anonymize({"policy": private()}, frame=people(2_000)[["age"]])
    assert result.df is not None
    require_read_alike(result.df, private())
    with pytest.raises(RequestError, match="must be number: that a value has a fraction"):
        anon_dagster.parse_request({"policy": private({"age": "whole"})})


# -- what is refused ---------------------------------------------------------------------------


def test_numbers_that_tell_more_than_their_labels_are_not_published(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write = treatments.numbers

    def leaking(*told: Any, **options: Any) -> treatments.Labels:
        found = write(*told, **options)
        values = [23.4, *found.labels.to_pylist()[1:]]
        return treatments.Labels(found.of, pa.array(values, found.labels.type))

    monkeypatch.setattr(treatments, "numbers", leaking)
    asked = policy(release={"numbers": "bounds", "columns": {"age": "number"}}, recoding="local")
    target = {"path": str(tmp_path / "out.csv")}
    with pytest.raises(PromiseBrokenError, match="numbers follow from labels of age_lower"):
        anon_dagster.anonymize({"policy": asked, "target": target}, frame=people())
    assert not list(tmp_path.iterdir())


def test_values_that_are_said_to_be_whole_are() -> None:
    release = {"numbers": "bounds", "columns": {"pay": "whole"}}
    with pytest.raises(RequestError, match=r"pay is said to have whole numbers .* have a fraction"):
        anon_dagster.anonymize({"policy": policy(release=release)}, frame=people())
