"""Records are drawn at random, the same in every reading and in whatever parts they come."""

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster import RequestError, anonymize, apply, measure
from anon_dagster.core.sampling import Sampling, draws, seeded
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.operations.preparation import count_records
from anon_dagster.reading.sampled import drawn_again
from anon_dagster.request import parse_request
from anon_dagster.storage.sources import open_frame

RECORDS = 1_000
PEOPLE = pd.DataFrame({"number": range(RECORDS), "sex": ["f", "m"] * (RECORDS // 2)})
ROLES = {"number": {"role": "non_sensitive"}, "sex": {"role": "quasi_identifier"}}


def asked(sampling: dict[str, Any], **source: Any) -> dict[str, Any]:
    privacy = {"k_anonymity": {"k": 2}}
    return {"policy": {"attributes": ROLES, "privacy": privacy, "sampling": sampling}, **source}


def numbers(request: dict[str, Any], frame: pd.DataFrame | None = None) -> list[int]:
    df = anonymize(request, frame=frame).df
    assert df is not None
    return sorted(df["number"].tolist())


@given(st.integers(0, 20_000), st.integers(0, 5_000), st.lists(st.integers(0, 5_000), max_size=4))
def test_draws_do_not_depend_on_where_a_reading_begins(
    first: int, records: int, cuts: list[int]
) -> None:
    whole = draws(b"key", first, records)
    edges = [0, *sorted(min(cut, records) for cut in cuts), records]
    pieces = [draws(b"key", first + a, b - a) for a, b in itertools.pairwise(edges)]
    assert (np.concatenate(pieces) == whole).all()


def test_draws_are_even_and_keys_draw_apart() -> None:
    one, other = (draws(seeded(seed), 0, 100_000) / 2.0**64 for seed in (1, 2))
    counts, _ = np.histogram(one, bins=20, range=(0, 1))
    assert np.abs(counts - 5_000).max() < 5 * 5_000**0.5
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02


@given(st.fractions(0, 1, max_denominator=50), st.integers(0, 300))
def test_a_fraction_draws_what_falls_below_it(fraction: Fraction, records: int) -> None:
    chosen = Sampling.of_fraction(b"key", fraction).chosen(0, records)
    expected = [Fraction(int(d), 2**64) < fraction for d in draws(b"key", 0, records)]
    assert chosen[: len(expected)].tolist() == expected


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_number_of_records_is_drawn_exactly(wanted: int, records: int) -> None:
    sampling = Sampling.of_records(b"key", wanted, records)
    assert sampling.chosen(0, records).sum() == min(wanted, records)


@pytest.mark.parametrize("sampling", [{"fraction": 0.3, "seed": 5}, {"records": 321, "seed": 5}])
def test_the_sample_is_the_same_in_whatever_parts_the_source_comes(
    sampling: dict[str, Any], tmp_path: Path
) -> None:
    whole = numbers(asked(sampling), PEOPLE)
    assert len(whole) == 321 or 250 < len(whole) < 350
    for cuts in ([0, 400, RECORDS], [0, 1, 2, 999, RECORDS]):
        folder = tmp_path / str(len(cuts))
        folder.mkdir()
        for place, (a, b) in enumerate(itertools.pairwise(cuts)):
            PEOPLE[a:b].to_csv(folder / f"part{place}.csv", index=False)
        assert numbers(asked(sampling, source={"path": str(folder), "format": "csv"})) == whole
    path = tmp_path / "people.parquet"
    PEOPLE.to_parquet(path, row_group_size=77)
    assert numbers(asked(sampling, source={"path": str(path)})) == whole


def test_another_seed_draws_others() -> None:
    one, other = (numbers(asked({"records": 100, "seed": s}), PEOPLE) for s in (1, 2))
    assert one != other


def test_parts_may_be_read_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    PEOPLE.to_csv(path, index=False)
    request = parse_request(asked({"fraction": 0.5}, source={"path": [str(path)]}))
    source = open_frame(PEOPLE)
    counted = count_records(request.model_copy(update={"source": None}), source)
    again = drawn_again(source, counted.sampling, request.policy)
    assert sum(b.num_rows for part in again.parts for b in again.batches(part)) == counted.records


def test_statistics_and_promises_are_those_of_the_sample_and_say_so(tmp_path: Path) -> None:
    result = anonymize(asked({"records": 100}), frame=PEOPLE)
    assert result.risk["source"]["records"] == 100
    assert result.risk["note"]["records"] == "a sample of 1000 records of the source"
    assert result.release.verification.holds
    assert result.decision.suppressed == 0
    table = measure(asked({"records": 100}), frame=PEOPLE)
    assert table["released"].tolist() == [100]
    job = JobFolder(tmp_path, "job")
    job.save_count(result.decision.counted, result.decision.request)
    assert job.load_count().sampling == result.decision.counted.sampling


def test_more_records_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(RequestError, match="1,000 records only"):
        anonymize(asked({"records": 1_001}), frame=PEOPLE)
    with pytest.raises(RequestError, match="either a fraction or a number"):
        parse_request(asked({"seed": 3}))


def test_later_records_are_not_sampled() -> None:
    first = anonymize(asked({"records": 100}), frame=PEOPLE)
    later = apply(first, frame=PEOPLE)
    assert later.df is not None
    assert len(later.df) == RECORDS


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(Sampling(b"secret", 1))
