"""What is examined is what is stored, in whatever format; and the same again when asked again."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.core.solution import Generalized
from anon_dagster.errors import PromiseBrokenError
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.persons import with_persons
from anon_dagster.reading.scanning import Scan
from anon_dagster.releasing import examination
from anon_dagster.releasing.examination import (
    classes_of,
    disclosure_of,
    examiner_of,
    own_records,
    unstored,
    watch,
)
from anon_dagster.releasing.recipe import recipe
from anon_dagster.releasing.recoder import blocks
from anon_dagster.request import Policy
from anon_dagster.residual import Pairs, Subject
from anon_dagster.storage.sources import open_frame
from anon_dagster.storage.values import text_array
from tests.parameters import slow_but
from tests.reading.test_shifted import KEY, visits
from tests.reading.test_shifted import policy as shift_policy

RECORDS = 600
QI: dict[str, Any] = {"role": "quasi_identifier"}
HARMLESS = {"role": "non_sensitive"}
INTERVAL = {"type": "interval", "widths": [10, 20, 40]}
PERIOD = {"type": "date", "levels": ["year", "decade"]}


def people() -> pd.DataFrame:
    dice = np.random.default_rng(5)
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(dice.integers(0, 15_000, RECORDS), unit="D")
    age = dice.integers(18, 80, RECORDS).astype(float)
    number = dice.permutation(RECORDS) + 1_000
    return pd.DataFrame(
        {
            "age": np.where(dice.random(RECORDS) < 0.1, np.nan, age),
            "born": born.strftime("%Y-%m-%d"),
            "town": pd.Series(dice.choice(list("ABCD"), RECORDS)).replace("D", None),
            "illness": dice.choice(list("xyz"), RECORDS),
            "agesq": age**2 / 10,
            "month": born.month,
            "number": number,
            "account": number * 2 + 7,
        }
    )


def policy(**given: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "age": QI | {"hierarchy": INTERVAL},
        "born": QI | {"hierarchy": PERIOD, "lowest_level": 1},
        "town": QI,
        "illness": {"role": "sensitive"},
        "number": {"role": "direct_identifier"},
        **dict.fromkeys(("agesq", "month", "account"), HARMLESS),
    }
    attributes.update(given.pop("attributes", {}))
    return {
        "attributes": attributes,
        "privacy": {"k_anonymity": {"k": 4}},
        "suppression_limit": 0.1,
        **given,
    }


MEAN = {"transformation": "microaggregation", "aggregate": "mean"}
POLICIES = {
    "global": policy(),
    "suppressed records stay": policy(suppressed_records="keep"),
    "local": policy(recoding="local", attributes={"born": QI | {"hierarchy": PERIOD}}),
    "ranges and sets": policy(
        recoding="local",
        attributes={
            "age": QI | {"local_labels": "ranges"},
            "born": QI | {"local_labels": "ranges"},
            "town": QI | {"local_labels": "sets"},
        },
    ),
    "averages": policy(attributes={"age": QI | MEAN}),
    "clusters": policy(attributes={"age": QI | MEAN | {"groups": "mdav"}}),
    "a sample": policy(sampling={"fraction": 0.8}),
    "a constant": policy(
        attributes={"number": {"role": "direct_identifier", "redaction": "constant"}}
    ),
}
PLACES = ("frame", "csv", "csv with commas", "parquet")


def location(folder: Path, name: str, place: str) -> dict[str, Any]:
    if place == "parquet":
        return {"path": str(folder / f"{name}.parquet")}
    csv = {"separator": ";", "decimal": "," if place == "csv with commas" else "."}
    return {"path": str(folder / f"{name}.csv"), "csv": csv}


def request(folder: Path, asked: dict[str, Any], place: str) -> tuple[dict[str, Any], Any]:
    frame = people()
    if place == "frame":
        return {"policy": asked}, frame
    if place == "parquet":
        frame.to_parquet(folder / "people.parquet")
    else:
        decimal = "," if place == "csv with commas" else "."
        frame.to_csv(folder / "people.csv", index=False, sep=";", decimal=decimal)
    source, target = (location(folder, name, place) for name in ("people", "release"))
    return {"policy": asked, "source": source, "target": target}, None


@pytest.mark.parametrize("name", slow_but({"global", "averages"}, POLICIES))
def test_the_same_is_found_in_every_format_and_again(name: str, tmp_path: Path) -> None:
    found = {}
    for place in PLACES:
        (tmp_path / place).mkdir()
        document, frame = request(tmp_path / place, POLICIES[name], place)
        result = anon_dagster.anonymize(document, frame=frame)
        found[place] = result.residual
        assert anon_dagster.examine_residual(result, frame=frame) == result.residual
    for one, other in itertools.pairwise(PLACES):
        assert found[one] == found[other], (one, other)
    given_back = {(f.columns, f.protected): f for f in found["csv"].of("given_back")}
    assert given_back[("agesq",), ("age",)].relation == "square"
    assert given_back[("account",), ("number",)].relation == "linear"
    assert given_back[("month",), ("born",)].tells == "range"
    assert len(given_back) == 3


def parts(frame: pd.DataFrame, asked: dict[str, Any]) -> tuple[Decision, Count, Pairs]:
    result = anon_dagster.anonymize({"policy": asked}, frame=frame)
    source = open_frame(frame)
    writer = recipe(result.decision, source)
    examiner = examiner_of(result.decision, source, writer)
    watch(source, examiner.of_source)
    return result.decision, result.release.count, examiner.pairs(writer.paired)


@pytest.mark.parametrize("name", ["global", "local", "averages"])
def test_a_record_stands_beside_what_became_of_it(name: str) -> None:
    frame, asked = people(), POLICIES[name]
    decision, _, pairs = parts(frame, asked)
    assert pairs.records == RECORDS - decision.suppressed
    kept = pairs.released["account"].to_pylist()
    assert pairs.source["number"].to_pylist() == [(account - 7) // 2 for account in kept]
    towns = zip(pairs.source["town"].to_pylist(), pairs.labels("town").to_pylist(), strict=True)
    assert all(label in {town, "*"} for town, label in towns) or name == "local"


def test_records_that_are_not_stored_are_no_examination() -> None:
    frame = people()
    decision, stored, pairs = parts(frame, POLICIES["global"])
    names = decision.request.policy
    assert unstored(pairs, stored, names, whole=True) == 0
    fewer = replace(
        stored, table=replace(stored.table, counts=np.maximum(stored.table.counts - 1, 0))
    )
    assert unstored(pairs, fewer, names, whole=True) > 0
    assert unstored(pairs, fewer, names, whole=False) > 0
    more = replace(stored, table=replace(stored.table, counts=stored.table.counts + 1))
    assert unstored(pairs, more, names, whole=True) > 0
    assert unstored(pairs, more, names, whole=False) == 0, "a sample is in it"
    stranger = {**pairs.released, "town": pa.array(["Z"] * pairs.records)}
    foreign = Pairs(pairs.source, stranger, pairs.records)
    assert unstored(foreign, stored, names, whole=False) == pairs.records


LABEL = st.sampled_from(["a", "b", "c", None])
ROWS = st.lists(st.tuples(LABEL, LABEL), max_size=8)


def read_alike(rows: list[tuple[str | None, ...]]) -> Counter[tuple[str, ...]]:
    """Count how often rows of labels stand there; an empty label is none."""
    return Counter(tuple(label or "" for label in row) for row in rows)


@settings(max_examples=25)
@given(examined=ROWS, stored=ROWS, whole=st.booleans())
@example(examined=[("a", "b"), ("a", "b")], stored=[("a", "b")], whole=True)
def test_what_is_not_stored_is_the_difference_of_how_often_rows_of_labels_stand_there(
    *, examined: list[tuple[str | None, ...]], stored: list[tuple[str | None, ...]], whole: bool
) -> None:
    names = ("one", "two")
    asked = Policy.model_validate(
        {"attributes": dict.fromkeys(names, QI), "privacy": {"k_anonymity": {"k": 2}}}
    )
    release = pd.DataFrame(stored, columns=names, dtype="string")
    columns = {
        name: pa.array([row[place] for row in examined], pa.string())
        for place, name in enumerate(names)
    }
    of_examined, of_stored = read_alike(examined), read_alike(stored)
    missing = (of_examined - of_stored).total()
    expected = missing + ((of_stored - of_examined).total() if whole and examined else 0)
    pairs = Pairs(columns, columns, len(examined))
    assert unstored(pairs, count(open_frame(release), names), asked, whole=whole) == expected


def rows_of(table: pa.Table, names: Sequence[str]) -> Counter[tuple[str, ...]]:
    """Count how often the values of columns stand in the rows of a table."""
    columns = [text_array(table[name].combine_chunks()).to_pylist() for name in names]
    return Counter(tuple(map(str, row)) for row in zip(*columns, strict=True))


def of_four_columns(recoding: str) -> tuple[pd.DataFrame, Decision]:
    others = ["agesq", "month", "account", "number"]
    asked = policy(recoding=recoding)
    asked["attributes"] = {n: r for n, r in asked["attributes"].items() if n not in others}
    frame = people().drop(columns=others)
    return frame, anon_dagster.anonymize({"policy": asked}, frame=frame).decision


@pytest.mark.parametrize("rule", ["drop", "keep"])
def test_who_examines_knows_how_many_records_are_released_and_of_which_columns(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Subject, int, int]] = []

    def told(subject: Subject, _: object, *, records: int, released: int) -> None:
        asked.append((subject, records, released))

    frame, decision = of_four_columns("global")
    solution = replace(decision.solution, classes=decision.solution.classes.copy())
    solution.classes[::7] = -1
    changed = decision.request.policy.model_copy(update={"suppressed_records": rule})
    request = decision.request.model_copy(update={"policy": changed})
    decided = replace(decision, request=request, solution=solution)
    source = with_persons(
        open_frame(frame), changed.model_copy(update={"person": ("town",)}), "key"
    )
    monkeypatch.setattr(examination, "Examiner", told)
    examiner_of(decided, source, recipe(decided, open_frame(frame)))
    ((subject, records, released),) = asked
    assert records == RECORDS
    assert released == RECORDS - (0 if rule == "keep" else decided.suppressed)
    assert decided.suppressed > 0
    assert subject.readable == tuple(frame.columns)
    assert set(subject.quasi_identifiers) == {"age", "born", "town"}


@pytest.mark.parametrize("rule", ["ignore", "warn", "refuse"])
def test_attacks_that_are_asked_for_are_made_where_the_policy_makes_none(rule: str) -> None:
    frame, decision = of_four_columns("global")
    residual = decision.request.policy.residual.model_copy(update={"intruder": rule})
    changed = decision.request.policy.model_copy(update={"residual": residual})
    request = decision.request.model_copy(update={"policy": changed})
    decided, source = replace(decision, request=request), open_frame(frame)
    for attacks in (False, True):
        made = examiner_of(decided, source, recipe(decided, source), attacks=attacks)
        expected = "warn" if attacks and rule == "ignore" else rule
        assert made.subject.policy.residual.intruder == expected


def test_a_class_that_follows_from_its_values_tells_nothing_else() -> None:
    assert classes_of(of_four_columns("global")[1]) is None


def test_classes_read_as_they_are_released_and_as_their_records_are() -> None:
    frame, decision = of_four_columns("local")
    names, asked = ["age", "born", "town"], decision.request
    solution = replace(decision.solution, classes=decision.solution.classes.copy(), levels=None)
    solution.classes[::7] = -1
    source = rows_of(
        pa.Table.from_pandas(frame.assign(age=frame["age"].astype("Int64"))), [*names, "illness"]
    )
    for rule in ("drop", "keep"):
        changed = asked.policy.model_copy(update={"suppressed_records": rule})
        decided = replace(
            decision, solution=solution, request=asked.model_copy(update={"policy": changed})
        )
        opened = open_frame(frame)
        written = pa.concat_tables(blocks(opened, recipe(decided, opened), Scan("write")))
        released = rows_of(written, [*names, "illness"])
        assert (released.total() == RECORDS) == (rule == "keep")
        classes = classes_of(decided)
        assert classes is not None
        assert list(classes.attributes) == names
        told, labelled = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        for place, records in enumerate(classes.counts.tolist()):
            ill = str(
                decision.counted.columns["illness"].labels[classes.sensitive["illness"][0][place]]
            )
            labels = []
            for name, generalized in zip(names, decision.solution.generalized, strict=True):
                texts, own = [*generalized.labels, "*"], classes.attributes[name]
                labels.append(str(texts[own.labels[place]]))
                assert own.heights.tolist() == [*generalized.heights.tolist(), 1.0]
            read = [
                str(classes.texts[name][attribute.take(np.array([place])).values[0]])  # noqa: PD011
                for name, attribute in classes.attributes.items()
            ]
            told[*read, ill] += records
            labelled[*labels, ill] += records
        assert labelled == released
        assert told == source if rule == "keep" else told < source


def with_readings(generalized: Generalized, *, everything: bool) -> Generalized:
    """Let two classes read as the third does, the last and the second; the first as any or not."""
    labels = tuple(label for label in generalized.labels if label != "*")
    codes = np.minimum(generalized.codes, len(labels) - 1)
    codes[1] = codes[-1] = codes[2]
    if everything:
        codes[0] = len(labels)
        labels += ("*",)
    return replace(generalized, codes=codes, labels=labels)


def test_classes_that_read_alike_are_one_to_who_looks_for_persons() -> None:
    asked = policy(person="number", recoding="local")
    frame = people().assign(number=np.arange(RECORDS) % 150)
    decision = anon_dagster.anonymize({"policy": asked}, frame=frame).decision
    solution, request = decision.solution, decision.request
    classes = solution.classes.copy()
    classes[::7] = -1
    classes[classes == classes.max()] = -1  # a class that none of the records is in
    for stay, everything in itertools.product((False, True), repeat=2):
        generalized = tuple(with_readings(g, everything=everything) for g in solution.generalized)
        rule = {"suppressed_records": "keep" if stay else "drop"}
        changed = request.policy.model_copy(update=rule)
        own = own_records(
            replace(
                decision,
                request=request.model_copy(update={"policy": changed}),
                solution=replace(solution, classes=classes, generalized=generalized),
            )
        )
        assert own is not None
        gone = ("*",) * len(generalized) if stay else None
        readings = [
            tuple(str(g.labels[g.codes[number]]) for g in generalized) if number >= 0 else gone
            for number in classes.tolist()
        ]
        pairs = set(zip(readings, own.classes.tolist(), strict=True))
        assert len(pairs) == len(dict(pairs)) == len({number for _, number in pairs})
        assert all((number == -1) == (reading is None) for reading, number in pairs)


def test_suppressed_records_beside_averages_are_in_no_class_of_others() -> None:
    asked = policy(person="number", attributes={"age": QI | MEAN})
    frame = people().assign(number=np.arange(RECORDS) % 150)
    decision = anon_dagster.anonymize({"policy": asked}, frame=frame).decision
    classes = decision.solution.classes.copy()
    classes[::7] = -1
    for rule in ("drop", "keep"):
        own_policy = decision.request.policy.model_copy(update={"suppressed_records": rule})
        request = decision.request.model_copy(update={"policy": own_policy})
        solution = replace(decision.solution, classes=classes)
        own = own_records(replace(decision, request=request, solution=solution))
        assert own is not None
        gone = {*own.classes[classes < 0].tolist()}
        assert len(gone) == 1
        assert (gone == {-1}) == (rule == "drop")
        assert not gone & {*own.classes[classes >= 0].tolist()}


@pytest.mark.parametrize("level", [None, 0, 1, "local"])
def test_a_shift_may_be_undone_where_dates_are_released_to_the_day(
    level: int | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANON_KEY", KEY)
    frame = visits(800, 20).assign(begin=pd.Timestamp("2020-01-01"))
    frame["begin"] += pd.to_timedelta(frame["row"] ** 2 % 60, unit="D")
    frame["end"] = frame["begin"]
    asked = shift_policy(suppression_limit=1.0)
    if level is not None:
        asked["attributes"]["begin"] |= QI | {"hierarchy": PERIOD}
        if level == "local":
            asked["recoding"] = "local"
        else:
            asked["attributes"]["begin"] |= {"lowest_level": level, "highest_level": level}
    told = anon_dagster.anonymize({"policy": asked}, frame=frame).residual.of("given_back")
    expected = ("end",) if level == 1 else ("begin", "end")
    assert {f.columns for f in told if "a shift that the days" in f.relation} == {expected}


def test_an_examination_of_other_records_ends_the_job() -> None:
    frame = people()
    decision, stored, _ = parts(frame, POLICIES["global"])
    source = open_frame(frame)
    writer = recipe(decision, source)
    examiner = examiner_of(decision, source, writer)
    watch(open_frame(frame.head(50)), examiner.of_source)
    with pytest.raises(PromiseBrokenError, match="records of those that were examined"):
        disclosure_of(decision, examiner, stored, writer)


@pytest.mark.parametrize("enforce", [False, True])
def test_later_records_are_examined_as_well(*, enforce: bool) -> None:
    frame = people()
    first = anon_dagster.anonymize({"policy": POLICIES["global"]}, frame=frame)
    later = anon_dagster.apply(first, frame=frame.head(300), enforce=enforce)
    told = {(f.columns, f.protected) for f in later.residual.of("given_back")}
    assert (("agesq",), ("age",)) in told
    assert later.residual.records == later.release.count.records
    refusing = POLICIES["global"] | {"residual": {"given_back": "refuse"}}
    document = first.document()
    document["policy"]["residual"]["given_back"] = "refuse"
    with pytest.raises(anon_dagster.RequestError, match="altered"):
        anon_dagster.apply(document, frame=frame.head(300))
    with pytest.raises(anon_dagster.DisclosureError, match="agesq"):
        anon_dagster.anonymize({"policy": refusing}, frame=frame)
