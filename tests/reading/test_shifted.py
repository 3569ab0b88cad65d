"""All dates of a person move together, by whole weeks, always the same; whatever carries them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import (
    AnonError,
    RequestError,
    SourceError,
    anonymize,
    apply,
    examine_residual,
    measure,
    risk_per_record,
    verify,
)
from anon_dagster.errors import SourceChangedError
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.operations.preparation import open_again, open_table
from anon_dagster.reading.shift_effect import ShiftEffect, effect_of_shift
from anon_dagster.reading.shifted import with_shifted
from anon_dagster.request import Source, parse_policy, parse_request
from anon_dagster.storage.opened import Part
from anon_dagster.storage.sources import open_frame, open_source
from anon_dagster.storage.wrapped import WrappedSource

KEY = "a key of more than sixteen characters"
WEEKS = 13


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_KEY", KEY)
    monkeypatch.setenv("ANON_KEY_OTHER", KEY + "!")


def policy(**more: Any) -> dict[str, Any]:
    attributes = {
        "who": {"role": "direct_identifier"},
        "begin": {"role": "sensitive", "shift": {"weeks": WEEKS}},
        "end": {"role": "sensitive", "shift": {"weeks": WEEKS}},
        "row": {"role": "non_sensitive"},
    }
    attributes |= more.pop("attributes", {})
    return {
        "person": "who",
        "attributes": attributes,
        "privacy": {"k_anonymity": {"k": 2}},
        "residual": {"alone": "ignore"},
        **more,
    }


def visits(records: int = 2_000, people: int = 300, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    begin = pd.Timestamp("2019-01-01") + pd.to_timedelta(random.integers(0, 1500, records), "D")
    return pd.DataFrame(
        {
            "who": random.integers(0, people, records),
            "begin": begin.strftime("%Y-%m-%d"),
            "end": (begin + pd.to_timedelta(random.integers(0, 30, records), "D")).strftime(
                "%Y-%m-%d"
            ),
            "row": np.arange(records),
        }
    )


def shifted(frame: pd.DataFrame, **more: Any) -> pd.DataFrame:
    """Return the records that are left, with their dates as they are released."""
    source = with_shifted(open_frame(frame), parse_policy(policy(**more)))
    batches = [batch.to_pandas() for part in source.parts for batch in source.batches(part)]
    whole: pd.DataFrame = pd.concat(batches, ignore_index=True)
    return whole


def offsets(before: pd.DataFrame, after: pd.DataFrame, name: str = "begin") -> pd.Series:
    """Return by how many days each record that is left was moved, by its row."""
    old = pd.to_datetime(before.set_index("row")[name])
    new = pd.to_datetime(after.set_index("row")[name])
    return (new - old.loc[new.index]).dt.days


def of_persons(before: pd.DataFrame, after: pd.DataFrame, name: str = "begin") -> dict[Any, int]:
    """Return by how many weeks each person was moved; all records of one agree."""
    days = offsets(before, after, name)
    found: dict[Any, set[int]] = defaultdict(set)
    for who, moved in zip(before.set_index("row")["who"].loc[days.index], days, strict=True):
        found[who].add(moved)
    assert all(len(each) == 1 for each in found.values())
    (remainder,) = {days % 7 for each in found.values() for days in each}
    assert remainder == 0, "the weekday stays"
    return {who: min(each) // 7 for who, each in found.items()}


# -- laws ----------------------------------------------------------------------------------


def test_all_dates_of_a_person_move_by_the_same_whole_weeks() -> None:
    frame = visits()
    after = shifted(frame)
    begin, end = of_persons(frame, after), of_persons(frame, after, "end")
    assert begin == end
    assert set(begin.values()) == set(range(-WEEKS, WEEKS + 1)), "300 people leave out none of 27"


def test_intervals_are_those_of_the_source() -> None:
    frame = visits()
    after = shifted(frame).set_index("row")
    before = frame.set_index("row").loc[after.index]
    for stay in (before, after):
        stay["days"] = pd.to_datetime(stay["end"]) - pd.to_datetime(stay["begin"])
    assert (before["days"] == after["days"]).all()


def test_every_number_of_weeks_is_as_likely() -> None:
    people = 20_000
    frame = pd.DataFrame(
        {"who": np.arange(people), "begin": "2020-06-01", "row": np.arange(people)}
    )
    edges = pd.DataFrame(
        {"who": [people, people + 1], "begin": ["2010-01-01", "2030-01-01"], "row": [-1, -2]}
    )
    frame = pd.concat([frame, edges], ignore_index=True).assign(end=None)
    weeks = Counter(of_persons(frame, shifted(frame)).values())
    expected = people / (2 * WEEKS + 1)
    chi_squared = sum((weeks[w] - expected) ** 2 / expected for w in range(-WEEKS, WEEKS + 1))
    assert chi_squared < 60, "26 degrees of freedom exceed it once in 6,000 keys"


def test_later_files_and_other_orders_move_a_person_alike() -> None:
    frame, later = visits(seed=1), visits(seed=2).assign(row=lambda f: f["row"] + 10_000)
    first = of_persons(frame, shifted(frame))
    second = of_persons(later, shifted(later))
    assert len(first.keys() & second.keys()) > 250
    assert all(first[who] == second[who] for who in first.keys() & second.keys())
    turned = frame.sample(frac=1, random_state=3)
    assert of_persons(turned, shifted(turned)) == first


def test_a_person_is_one_however_the_name_is_written() -> None:
    frame = visits(400, 20)
    written = frame.assign(who=[f"{'0' * (n % 3)}{who}" for n, who in enumerate(frame["who"])])
    number = frame.assign(who=frame["who"].astype(float))
    plain = shifted(frame).drop(columns="who")
    assert shifted(written).drop(columns="who").equals(plain)
    assert shifted(number).drop(columns="who").equals(plain)


def test_other_scopes_and_keys_draw_anew() -> None:
    frame = visits()
    base = of_persons(frame, shifted(frame))
    rules = {
        "begin": {"role": "sensitive", "shift": {"weeks": WEEKS, "scope": "study 7"}},
        "end": {
            "role": "sensitive",
            "shift": {"weeks": WEEKS, "key_variable": "ANON_KEY_OTHER"},
        },
    }
    after = shifted(frame, attributes=rules)
    scoped, keyed = of_persons(frame, after), of_persons(frame, after, "end")
    for one, other in ((base, scoped), (base, keyed), (scoped, keyed)):
        alike = sum(one[who] == other[who] for who in one.keys() & other.keys())
        assert alike < len(base) / 5, "one in 27 agree by chance"


def test_several_columns_may_name_a_person() -> None:
    frame = visits(500, 40).assign(house=lambda f: f["row"] % 2)
    house = {"house": {"role": "direct_identifier"}}
    after = shifted(frame, person=["who", "house"], attributes=house)
    both = frame.assign(who=frame["who"] * 2 + frame["house"])
    weeks = of_persons(both, after)
    assert any(weeks.get(2 * who) != weeks.get(2 * who + 1) for who in range(40))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2020, 12, 31)))
        ),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=50)
def test_who_is_left_is_who_stays_within_the_days_of_the_source(
    records: list[tuple[int, date | None]],
) -> None:
    frame = pd.DataFrame(records, columns=["who", "begin"]).assign(end=None)
    frame["row"] = np.arange(len(frame))
    edges = pd.DataFrame(  # who tells the weeks of each person, far from any edge
        {"who": range(4), "begin": date(2020, 6, 1), "row": range(-4, 0)}
    )
    wide = pd.concat(
        [edges, pd.DataFrame({"who": [9, 9], "begin": [date(2000, 1, 1), date(2040, 1, 1)]})]
    ).assign(end=None)
    wide["row"] = np.arange(-len(wide), 0)
    weeks = of_persons(wide, shifted(wide))
    dates = [day for day in frame["begin"] if day is not None]
    expected = {}
    for row, (who, day) in enumerate(records):
        later = None if day is None else day + timedelta(weeks=weeks[who])
        if later is None or min(dates) <= later <= max(dates):
            expected[row] = later
    if not dates:
        frame["begin"] = pd.Series([None] * len(frame), dtype="datetime64[ns]")
    frame["end"] = frame["begin"]
    left = shifted(frame)
    found = {
        row: None if pd.isna(day) else pd.Timestamp(day).date()
        for row, day in zip(left["row"], left["begin"], strict=True)
    }
    assert found == expected


# -- who has no name -----------------------------------------------------------------------


def test_records_without_a_person_move_together_or_each_by_itself() -> None:
    frame = visits(600, 50).astype({"who": "Int64"})
    frame.loc[frame["row"] % 3 == 0, "who"] = pd.NA
    nobody = frame["who"].isna().to_numpy()
    named = of_persons(frame[~nobody], shifted(frame[~nobody]))
    for handling, fewest, most in (("together", 1, 1), ("own", 20, 27)):
        after = shifted(frame, without_person=handling)
        days = offsets(frame, after)
        lonely = days[days.index % 3 == 0]
        assert fewest <= lonely.nunique() <= most
        rest = after[after["row"] % 3 != 0]
        weeks = of_persons(frame[~nobody], rest)
        assert all(named.get(who, weeks[who]) == weeks[who] for who in weeks)
    with pytest.raises(SourceError, match="200 records of 600"):
        anonymize({"policy": policy()}, frame=frame)


def test_a_stranger_moves_alike_in_whatever_parts_the_source_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "visits.csv"
    visits(1_000).assign(who=None).to_csv(path, index=False)
    asked = parse_request({"source": {"path": str(path)}, "policy": policy(without_person="own")})
    found = []
    for size in (2**26, 3_000):
        monkeypatch.setattr("anon_dagster.storage.csv_source._RANGE", size, raising=False)
        source = open_table(asked)
        batches = [b.to_pandas() for part in source.parts for b in source.batches(part)]
        last = [b.to_pandas() for b in source.batches(source.parts[-1])]
        found.append(pd.concat(batches, ignore_index=True))
        assert (
            found[-1]
            .tail(len(pd.concat(last)))
            .reset_index(drop=True)
            .equals(pd.concat(last, ignore_index=True))
        )
    assert found[0].equals(found[1])


# -- whole jobs ----------------------------------------------------------------------------


GENERALIZED = {
    "begin": {
        "role": "quasi_identifier",
        "hierarchy": {"type": "date", "levels": ["month", "year"]},
        "shift": {"weeks": WEEKS},
    }
}


def test_a_shifted_date_is_generalized_and_what_fell_outside_is_told() -> None:
    frame = visits()
    result = anonymize({"policy": policy(attributes=GENERALIZED)}, frame=frame)
    left = shifted(frame)
    assert result.df is not None
    assert result.shift is not None
    assert result.shift.read == len(frame)
    assert result.shift.dropped == len(frame) - len(left) > 0
    assert result.shift.persons == left["who"].nunique()
    assert result.levels == {"begin": 1}
    months = dict(zip(left["row"], left["begin"].str[:7], strict=True))
    assert dict(zip(result.df["row"], result.df["begin"], strict=True)) == months
    whole = result.df.assign(who=result.df["row"].map(frame["who"]))
    promises = verify(policy(attributes=GENERALIZED), whole).promises
    assert {p.name: p.holds for p in promises}["2-anonymity"], "of persons, on what is released"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_keep_the_types_of_their_dates(tmp_path: Path, kind: str) -> None:
    frame, zone = visits(), "+01:00" if kind == "csv" else "Europe/Berlin"
    typed = frame.assign(
        begin=(pd.to_datetime(frame["begin"]) + pd.Timedelta("9h")).dt.tz_localize(zone),
        end=pd.to_datetime(frame["end"]).dt.date,
    )
    source, target = tmp_path / f"source.{kind}", tmp_path / f"target.{kind}"
    typed.to_csv(source, index=False) if kind == "csv" else typed.to_parquet(source)
    asked = {"source": {"path": str(source)}, "target": {"path": str(target)}, "policy": policy()}
    anonymize(asked)
    before, after = (open_source(Source(path=str(path))) for path in (source, target))
    for name in ("begin", "end"):
        assert after.schema.field(name).type == before.schema.field(name).type
    released = pd.read_csv(target) if kind == "csv" else pd.read_parquet(target)
    expected = shifted(frame).set_index("row")
    assert sorted(released["row"]) == sorted(expected.index)
    found = released.set_index("row").loc[expected.index]
    assert (found["end"].astype(str) == expected["end"]).all()
    if kind == "csv":
        assert (found["begin"].str[:19] == expected["begin"] + " 09:00:00").all()
    else:
        assert (found["begin"].dt.strftime("%Y-%m-%d %H") == expected["begin"] + " 09").all()


def test_a_stored_solution_moves_later_records_of_a_person_alike() -> None:
    frame, later = visits(seed=1), visits(500, seed=2)
    first = anonymize({"policy": policy(attributes=GENERALIZED)}, frame=frame)
    second = apply(json.loads(json.dumps(first.document())), frame=later)
    assert first.df is not None
    assert second.df is not None
    one, other = of_persons(frame, first.df, "end"), of_persons(later, second.df, "end")
    assert len(one.keys() & other.keys()) > 100
    assert all(one[who] == other[who] for who in one.keys() & other.keys())


def test_configurations_are_compared_on_shifted_dates() -> None:
    asked = {"policy": policy(attributes=GENERALIZED)}
    compared = measure(asked, frame=visits(300), measurement={"k": [2, 3]})
    assert len(compared) == 2


def test_a_sample_of_persons_is_shifted_as_all_of_them_are() -> None:
    frame = visits()
    whole = of_persons(frame, shifted(frame))
    drawn = anonymize({"policy": policy(sampling={"fraction": 0.3, "seed": 2})}, frame=frame)
    assert drawn.df is not None
    some = of_persons(frame, drawn.df)
    assert 40 < len(some) < 160
    assert all(whole[who] == weeks for who, weeks in some.items())


def test_threads_change_nothing() -> None:
    asked = {"policy": policy(attributes=GENERALIZED, recoding="local")}
    one, several = (
        anonymize(asked, frame=visits(), engine={"threads": threads}) for threads in (1, 4)
    )
    assert one.df is not None
    assert several.df is not None
    assert one.df.equals(several.df)
    assert one.shift == several.shift
    assert one.residual == several.residual


def test_the_risk_of_every_record_is_that_of_the_records_that_are_left() -> None:
    frame = visits(500, 60)
    result = anonymize({"policy": policy(attributes=GENERALIZED)}, frame=frame)
    risks = risk_per_record(result, frame=frame)
    assert result.shift is not None
    assert len(risks.source) == len(frame) - result.shift.dropped
    again = examine_residual(result, frame=frame)
    assert again.findings == result.residual.findings


def test_categories_of_dates_are_written_out() -> None:
    frame = visits(300, 20)
    frame["begin"] = frame["begin"].astype("category")
    result = anonymize({"policy": policy()}, frame=frame)
    assert result.df is not None
    assert result.df["begin"].notna().all()
    assert of_persons(frame, result.df) == of_persons(frame, result.df, "end")


def test_an_age_is_derived_of_the_days_that_were_not_shifted() -> None:
    frame = visits().assign(born="1980-02-29")
    asked = policy(
        attributes={"born": {"role": "direct_identifier"}, "age": {"role": "sensitive"}},
        derive={"age": {"from": "born", "at": "begin", "unit": "days"}},
    )
    df = anonymize({"policy": asked}, frame=frame).df
    assert df is not None
    begins = pd.to_datetime(frame.set_index("row")["begin"].loc[df["row"]])
    assert ((begins - pd.Timestamp("1980-02-29")).dt.days.to_numpy() == df["age"]).all()


# -- what the edges tell -------------------------------------------------------------------


def possible_by_trying(dates: list[int], first: int, last: int, weeks: int) -> int:
    """Count the shifts that an intruder cannot exclude who knows the days of the source."""
    tried = range(-weeks, weeks + 1)
    return sum(all(first <= day - 7 * shift <= last for day in dates) for shift in tried)


@pytest.mark.parametrize("span", [30, 120, 400])
def test_the_edges_narrow_a_shift_as_far_as_an_intruder_finds_by_trying(span: int) -> None:
    random = np.random.default_rng(span)
    days = random.integers(0, span, 600)
    frame = pd.DataFrame({"who": np.arange(600) // 4, "row": np.arange(600)})
    frame["begin"] = frame["end"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(days, "D")
    asked = policy(privacy={"k_anonymity": {"k": 3}})
    source = with_shifted(open_frame(frame), parse_policy(asked))
    effect = effect_of_shift(source, parse_policy(asked))
    left = shifted(frame)
    released = (left["begin"] - pd.Timestamp("2020-01-01")).dt.days
    possible = {
        who: possible_by_trying(days.tolist(), frame_days.min(), frame_days.max(), WEEKS)
        for frame_days in [(frame["begin"] - pd.Timestamp("2020-01-01")).dt.days]
        for who, days in released.groupby(left["who"])
    }
    sizes = left["who"].value_counts()
    certain = [who for who, number in possible.items() if number == 1]
    few = [who for who, number in possible.items() if number < 3]
    assert effect == ShiftEffect(
        600,
        600 - len(left),
        len(possible),
        len(certain),
        int(sizes[certain].sum()),
        len(few),
        int(sizes[few].sum()),
    )
    assert min(possible.values()) >= 1, "the true shift is never excluded"


def test_a_shift_that_the_edges_undo_is_found_and_may_be_refused() -> None:
    frame = visits(2_000, 20)
    frame["begin"] = frame["end"] = frame["row"].map(
        lambda row: date(2020, 1, 1) + timedelta(days=row * row % 60)
    )
    result = anonymize({"policy": policy()}, frame=frame)
    assert result.shift is not None
    assert result.shift.certain > 0
    told = [f for f in result.residual.findings if f.relation.startswith("a shift that the days")]
    assert [f.columns for f in told] == [("begin", "end")]
    refused = policy(residual={"given_back": "refuse", "alone": "ignore"})
    with pytest.raises(AnonError, match="a shift that the days of the source leave no doubt"):
        anonymize({"policy": refused}, frame=frame)


# -- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["2020-02-30", "Canary4711", "1.1.2020"])
def test_what_is_no_date_is_counted_and_not_shown(odd: str) -> None:
    frame = visits(100)
    frame.loc[[3, 5], "begin"] = odd
    with pytest.raises(
        SourceError, match="2 values of begin are no dates of ISO 8601, in 100 records"
    ) as told:
        anonymize({"policy": policy()}, frame=frame)
    assert odd not in str(told.value)
    attributes = {"begin": {**policy()["attributes"]["begin"], "missing": [odd]}}
    assert anonymize({"policy": policy(attributes=attributes)}, frame=frame).df is not None


def test_offsets_of_summer_and_winter_would_tell_a_shift_and_are_refused() -> None:
    frame = visits(100)
    summer = frame["begin"].str[5:7].between("04", "09")
    zoned = frame["begin"] + "T10:00" + summer.map({True: "+02:00", False: "+01:00"})
    with pytest.raises(SourceError, match=r"several offsets from UTC: begin \(2\)"):
        anonymize({"policy": policy()}, frame=frame.assign(begin=zoned))
    one = frame.assign(begin=frame["begin"] + "T10:00+01:00")
    assert set(shifted(one)["begin"].str[10:]) == {"T10:00+01:00"}


def test_numbers_are_not_shifted() -> None:
    with pytest.raises(SourceError, match=r"only dates are shifted, and begin \(int64\)"):
        anonymize({"policy": policy()}, frame=visits(10).assign(begin=20_200_101))


def test_without_a_key_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in (None, "too short"):
        monkeypatch.delenv("ANON_KEY")
        if key:
            monkeypatch.setenv("ANON_KEY", key)
        with pytest.raises(RequestError, match=r"begin\.shift\.key_variable: shifted") as told:
            anonymize({"policy": policy()}, frame=visits(10))
        assert "too short" not in str(told.value)
        monkeypatch.setenv("ANON_KEY", KEY)


@dataclass(frozen=True, eq=False)
class Counting(WrappedSource):
    """A source that counts how often a part is read."""

    read: list[str] = field(default_factory=list)

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        self.read.append(part.path)
        return self.source.batches(part)


def test_a_job_reads_its_source_once_for_the_days_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    visits(500).to_csv(path, index=False)
    asked = parse_request({"source": {"path": str(path)}, "policy": policy()})
    assert asked.source is not None
    plain = Counting(open_source(asked.source))
    first = with_shifted(plain, asked.policy)
    assert len(plain.read) == len(plain.parts)
    job = JobFolder(tmp_path, "one")
    assert job.load_days() is None
    job.save_source(first)
    again = with_shifted(plain, asked.policy, job.load_days())
    assert len(plain.read) == len(plain.parts)
    of_both = [[b for part in each.parts for b in each.batches(part)] for each in (first, again)]
    assert of_both[0] == of_both[1]
    job.require_source(again)
    visits(501, seed=1).to_csv(path, index=False)
    with pytest.raises(SourceChangedError):
        job.require_source(open_again(asked, days=job.load_days()))


def test_neither_the_key_nor_a_day_is_in_what_a_source_says_of_itself() -> None:
    source = with_shifted(open_frame(visits(10)), parse_policy(policy()))
    assert KEY not in repr(source)
    assert "spans" not in repr(source)


DATE = {"role": "sensitive", "shift": {"weeks": 4}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"person": None}, r"begin\.shift: needs policy\.person"),
        (
            {"attributes": {"row": {"role": "non_sensitive", "shift": {"weeks": 4}}}},
            r"row\.shift: .*a shifted date still tells of its person",
        ),
        ({"attributes": {"begin": DATE}}, r"end\.shift\.weeks: must be that of begin"),
        (
            {"attributes": {"begin": {"role": "sensitive", "shift": {"weeks": 0}}}},
            r"begin\.shift\.weeks: must be at least 1",
        ),
        (
            {
                "attributes": {
                    "begin": {"role": "sensitive", "shift": {"weeks": 13, "format": "%y"}}
                }
            },
            r"begin\.shift\.format: .*holds no",
        ),
        (
            {
                "attributes": {
                    "begin": {"role": "sensitive", "shift": {"weeks": 13, "format": "%d.%m.%y"}}
                }
            },
            r"begin\.shift\.format: %d\.%m\.%y has %y",
        ),
        ({"population": {"path": "people.csv"}}, r"policy\.population: a table"),
        (
            {"privacy": {"differential_privacy": {"epsilon": 1, "delta": 0.1}}},
            r"begin\.shift: does not go with differential_privacy",
        ),
        (
            {"derive": {"stay": {"from": "begin", "at": "end", "unit": "days"}}},
            r"derive\.stay: give stay a role",
        ),
        (
            {"derive": {"row": {"from": "begn", "at": "row", "unit": "days"}}},
            r"row\.from: begn is not among policy\.attributes.*row\.at: row is derived itself",
        ),
        (
            {"derive": {"end": {"from": "begin", "at": "row", "unit": "days"}}},
            r"end\.shift: goes with a column of dates",
        ),
        (
            {"derive": {"row": {"from": "begin", "at": "end", "unit": "hours"}}},
            r"derive\.row\.unit: must be 'years', 'months', 'weeks' or 'days'",
        ),
        (
            {
                "attributes": {"row": {"role": "sensitive", "missing": ["1"]}},
                "derive": {"row": {"from": "begin", "at": "end", "unit": "days"}},
            },
            r"row\.missing: goes with a column of the source",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_before_the_work(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError, match=f"(?s){said}"):
        parse_request({"policy": policy(**change)})


def test_intervals_are_unlike_for_different_persons_only() -> None:
    """The order of the dates of one person is never turned."""
    frame = visits(400, 10)
    after = shifted(frame).set_index("row")
    before = frame.set_index("row")
    for rows in after.groupby("who").groups.values():
        ordered = before["begin"].loc[rows].sort_values().index
        assert all(a <= b for a, b in pairwise(after["begin"].loc[ordered]))
