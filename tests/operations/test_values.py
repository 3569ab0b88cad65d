"""A table means the same however its values are written, and what is proven holds of the text.

What a reader finds is measured by plain pandas on the text of the released file: neither the
search, nor the verification, nor anything that reads values here has a part in it.
"""

import csv
import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anon_dagster import AnonError, AnonResult, anonymize, apply, verify
from tests.parameters import slow_but

TABLES = max(2_000, 10 * settings().max_examples)
"""Hostile tables: 20,000 by make fuzz."""
QI, SENSITIVE = {"role": "quasi_identifier"}, {"role": "sensitive"}
HOSTILE = [
    *("", " ", "0", "-0", "0.0", "00", "1", "1.0", "01", "1e0", "+1", "100", "1e2", "100.0"),
    *("*", "other", "NA", "nan", "None", "null", "inf", "-inf", "[1, 2]", "[1, 2)", "{1, 2}"),
    *("2020-01-01", "2020-01-01T00:00:00", "2020-01-01 00:00", "2020-02-30", "2020"),
    *("2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00Z", "true", "True", "a", "A", "ä", "a,b"),
    *("1,5", "1.5", "1;5", '"', "a .. b", "12345678901234567", "12345678901234568"),
]


def policy(**privacy: Any) -> dict[str, Any]:
    return {
        "attributes": {"age": QI, "ill": SENSITIVE},
        "privacy": privacy or {"k_anonymity": {"k": 2}},
        "suppression_limit": 1.0,
    }


def of(result: AnonResult) -> pd.DataFrame:
    assert result.df is not None
    return result.df


# -- what is proven holds of the text ------------------------------------------------------

CELLS = st.one_of(st.none(), st.sampled_from(HOSTILE), st.text(max_size=3))
FOLDERS = count()
IDLE_ZEROS = re.compile(r"\s*[+-]?0[0-9]")
"""What two values begin with that make a column one of codes."""


def as_number(text: str) -> Any:
    """Return the number that a reader may take a text for, else the text."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() and "_" not in text else text


@pytest.mark.slow
@settings(max_examples=TABLES)
@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30),
    st.sampled_from([{"k": 2}, {"k": 3}, {"l": 2}, {"k": 2, "l": 2}]),
    st.sampled_from(["global", "local"]),
    st.sampled_from(["drop", "keep"]),
    st.sampled_from(["nodes", "ranges", "sets"]),
)
@example([(None, "0"), (None, "00")], {"l": 2}, "global", "drop", "nodes")
def test_what_verify_calls_holding_plain_pandas_calls_holding_of_the_text(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[str | None, str | None]],
    asked: dict[str, int],
    recoding: str,
    suppressed: str,
    labels: str,
) -> None:
    frame = pd.DataFrame(cells, columns=["age", "ill"], dtype=object)
    privacy: dict[str, Any] = {}
    if "k" in asked:
        privacy["k_anonymity"] = {"k": asked["k"]}
    if "l" in asked:
        privacy["l_diversity"] = {"attribute": "ill", "l": asked["l"]}
    path = tmp_path_factory.getbasetemp() / f"{next(FOLDERS)}.csv"
    request = {
        "target": {"path": str(path)},
        "policy": {
            **policy(**privacy),
            "attributes": {"age": {**QI, "local_labels": labels}, "ill": SENSITIVE},
            "recoding": recoding,
            "suppressed_records": suppressed,
        },
    }
    try:
        result = anonymize(request, frame=frame)
    except AnonError:
        return
    assert result.release.verification.holds
    text = path.read_text(encoding="utf-8")
    path.unlink()
    read = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    classes = read.groupby("age", dropna=False)["ill"]
    if "k" in asked and len(read):
        assert classes.size().min() >= asked["k"]
    if "l" in asked and len(read):
        assert classes.nunique().min() >= asked["l"]
        numbers = read["ill"].map(lambda ill: not isinstance(as_number(ill), str)).all()
        codes = {ill for _, ill in cells if ill and IDLE_ZEROS.match(ill)}
        if numbers and len(codes) < 2:  # one who reads numbers finds no fewer values
            read_so = read.assign(ill=read["ill"].map(as_number)).groupby("age")["ill"]
            assert read_so.nunique().min() >= asked["l"]


# -- however it is written -----------------------------------------------------------------

NUMBERS = st.lists(st.decimals(-1000, 1000, places=2, allow_nan=False), min_size=12, max_size=30)


def release(texts: list[str], folder: Path, decimal: str = ".", **attribute: Any) -> pd.DataFrame:
    """Release numbers that a CSV file holds; in the order of the records."""
    path = folder / f"{next(FOLDERS)}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows(
            [["pay", "row"], *zip(texts, map(str, range(len(texts))), strict=True)]
        )
    source = {"path": str(path), "csv": {"separator": ";", "decimal": decimal}}
    attributes = {"pay": {**QI, **attribute}, "row": {"role": "non_sensitive"}}
    request = {
        "source": source,
        "policy": {
            "attributes": attributes,
            "privacy": {"k_anonymity": {"k": 3}},
            "recoding": "local" if "local_labels" in attribute else "global",
        },
    }
    df = of(anonymize(request))
    return df.sort_values("row", ignore_index=True).astype(str)


WAYS: dict[str, dict[str, Any]] = {
    "by default": {},
    "intervals": {"hierarchy": {"type": "interval", "widths": [10, 100, 1000]}},
    "order": {"hierarchy": {"type": "order", "sizes": [3, 2]}},
    "ranges": {"local_labels": "ranges"},
    "mean": {"transformation": "microaggregation", "aggregate": "mean"},
    "median": {"transformation": "microaggregation", "aggregate": "median"},
}
SPELLINGS: dict[str, Callable[[Decimal], str]] = {
    "with idle zeros": lambda number: f"{number:.5f}",
    "with an exponent": lambda number: f"{number:e}",
    "with a sign": lambda number: f"{number:+.2f}",
    "without idle zeros": lambda number: f"{number.normalize():f}",
}


@settings(max_examples=10)
@given(NUMBERS)
@pytest.mark.parametrize("way", slow_but({"by default"}, WAYS))
def test_a_release_does_not_depend_on_how_numbers_are_written(
    tmp_path_factory: pytest.TempPathFactory, way: str, numbers: list[Decimal]
) -> None:
    folder, attribute = tmp_path_factory.getbasetemp(), WAYS[way]
    plain = release([f"{number:.2f}" for number in numbers], folder, **attribute)
    with_comma = [f"{number:.2f}".replace(".", ",") for number in numbers]
    pd.testing.assert_frame_equal(release(with_comma, folder, ",", **attribute), plain)
    for write in SPELLINGS.values():
        again = release([write(number) for number in numbers], folder, **attribute)
        if "pay" in again and set(plain["pay"]) - {"*"}:
            same = plain["pay"].map(as_number).tolist() == again["pay"].map(as_number).tolist()
            assert same


@settings(max_examples=10)
@given(st.lists(st.integers(0, 99), min_size=12, max_size=30, unique=True))
@pytest.mark.parametrize("odd", ["unknown", "12a", "n/a"])
def test_one_odd_cell_changes_nothing_for_the_others(
    tmp_path_factory: pytest.TempPathFactory, odd: str, numbers: list[int]
) -> None:
    rule = {"type": "interval", "widths": [20, 100], "other": "no number"}
    attribute: dict[str, Any] = {"hierarchy": rule, "lowest_level": 1, "highest_level": 2}
    folder = tmp_path_factory.getbasetemp()
    texts = [str(number) for number in numbers]
    alone = release(texts, folder, **attribute)
    beside = release([*texts, *[odd] * 3], folder, **attribute)
    assert beside["pay"].tolist()[len(texts) :] in (["no number"] * 3, ["*"] * 3)
    assert beside["pay"].tolist()[: len(texts)] == alone["pay"].tolist()


@settings(max_examples=10)
@given(st.permutations(range(12)))
def test_the_order_of_the_records_changes_nothing(order: list[int]) -> None:
    frame = pd.DataFrame({"age": [1.0, -0.0, 0.0, np.nan, None, 1] * 2, "ill": list("ab") * 6})
    first, again = (
        of(anonymize({"policy": policy()}, frame=f)) for f in (frame, frame.iloc[order])
    )
    pd.testing.assert_frame_equal(first, again)
    assert first["age"].astype(str).value_counts().min() >= 2


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_mean_the_same_in_every_zone_and_unit(zone: str, unit: str) -> None:
    moments = pd.date_range("2023-01-01 12:00", periods=60, freq="7D", tz="UTC")
    averaged = {"transformation": "microaggregation", "aggregate": "mean"}
    asked = {
        "attributes": {"seen": {**QI, **averaged}, "sex": QI},
        "privacy": {"k_anonymity": {"k": 5}},
    }

    def means(values: pd.DatetimeIndex) -> list[pd.Timestamp]:
        frame = pd.DataFrame({"seen": values, "sex": ["f", "m"] * 30})
        return sorted(
            pd.to_datetime(of(anonymize({"policy": asked}, frame=frame))["seen"], utc=True)
        )

    assert means(moments.tz_convert(zone).as_unit(unit)) == means(moments)  # type: ignore[arg-type] # it is one


# -- together ------------------------------------------------------------------------------


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([0.5, 1.5, 10.5])), min_size=4, max_size=20
    ),
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([0.5, 1.5, 99.5])), min_size=1, max_size=20
    ),
    st.sampled_from([".", ","]),
)
def test_together_is_what_the_files_say_one_below_the_other(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[str, float]],
    later: list[tuple[str, float]],
    mark: str,
) -> None:
    closeness = {"attribute": "fee", "t": 1.0, "distance": "ordered"}
    asked = {
        "attributes": {"group": {**QI, "highest_level": 0}, "fee": SENSITIVE},
        "privacy": {"t_closeness": closeness, "l_diversity": {"attribute": "fee", "l": 2}},
        "suppression_limit": 1.0,
    }
    paths = [tmp_path_factory.getbasetemp() / f"{next(FOLDERS)}.csv" for _ in range(2)]
    options = {"separator": ";", "decimal": mark}
    targets = [{"path": str(path), "csv": options} for path in paths]
    names = ["group", "fee"]
    try:
        result = anonymize(
            {"policy": asked, "target": targets[0]}, frame=pd.DataFrame(first, columns=names)
        )
        applied = apply(result, frame=pd.DataFrame(later, columns=names), target=targets[1])
    except AnonError:
        return
    assert applied.together is not None
    both = [pd.read_csv(path, sep=";", decimal=mark) for path in paths]
    whole = verify(asked, pd.concat(both, ignore_index=True))
    told = {promise.name: promise for promise in applied.together.promises}
    for promise in whole.promises:
        assert told[promise.name].holds == promise.holds
        assert told[promise.name].reached == pytest.approx(promise.reached)
    json.dumps(result.document())


# -- one value, two spellings --------------------------------------------------------------


@pytest.mark.parametrize(
    "ills",
    [
        ["2024-02-29", "2024-02-29T00:00", "2024-03-01", "2024-03-02", "2024-03-03"],
        ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", *(f"2020-01-0{n}" for n in "2345")],
        ["7", "007", "1", "2", "3"],
        ["5", "5.0", *(f"2020-01-0{n}" for n in "12345")],
    ],
)
def test_two_spellings_of_one_value_are_one(ills: list[str]) -> None:
    frame = pd.DataFrame({"age": list("aabbbbbbb")[: len(ills)], "ill": ills})
    asked = {
        "attributes": {"age": {**QI, "highest_level": 0}, "ill": SENSITIVE},
        "privacy": {"l_diversity": {"attribute": "ill", "l": 2}},
        "suppression_limit": 1.0,
    }
    assert set(of(anonymize({"policy": asked}, frame=frame))["age"]) == {"b"}
    assert not verify(asked, frame).holds


def test_later_whole_numbers_of_a_file_with_a_comma_are_placed_by_size(tmp_path: Path) -> None:
    first = pd.DataFrame({"d": [0.5, 1, 1.5, 3, 10.5, 11, 12, 13.5]})
    asked = {
        "attributes": {"d": {**QI, "local_labels": "ranges"}, "n": {"role": "non_sensitive"}},
        "privacy": {"k_anonymity": {"k": 3}},
        "recoding": "local",
    }
    result = anonymize({"policy": asked}, frame=first.assign(n=list("abcdefgh")))
    path = tmp_path / "later.csv"
    path.write_text("d;n\n1;low\n11;high\n0;out\n-5;out\n;out\nfoo;out\n", encoding="utf-8")
    source = {"path": str(path), "csv": {"separator": ";", "decimal": ","}}
    df = of(apply(json.loads(json.dumps(result.document())), source=source))
    assert dict(zip(df["n"], df["d"], strict=True)) == {"low": "[0.5, 3]", "high": "[10.5, 13.5]"}


@pytest.mark.parametrize("aggregate", ["mean", "median"])
@pytest.mark.parametrize(
    "text",
    ["12345678901", "9007199254740993", "1e-400", "9999-12-31T23:59:59.9", "0001-01-01T00:00:00Z"],
)
def test_an_average_never_leaves_the_values_of_its_group(aggregate: str, text: str) -> None:
    averaged = {"transformation": "microaggregation", "aggregate": aggregate}
    asked = {"attributes": {"x": {**QI, **averaged}}, "privacy": {"k_anonymity": {"k": 2}}}
    df = of(anonymize({"policy": asked}, frame=pd.DataFrame({"x": [text] * 2})))
    plain = str(df["x"].iloc[0]).replace(" ", "T").replace("+00:00", "Z")
    assert as_number(plain.rstrip("0") if "." in plain and "T" in plain else plain) == as_number(
        text
    )


def test_a_solution_of_one_level_each_is_applied_though_local_recoding_was_asked() -> None:
    frame = pd.DataFrame({"q": [1, 1, 2, 2, 11, 11, 12, 12]})
    asked = {
        "attributes": {"q": QI},
        "privacy": {"average_risk": {"risk": 0.4}},
        "recoding": "local",
        "suppression_limit": 1.0,
    }
    result = anonymize({"policy": asked}, frame=frame)
    assert len(of(apply(result, frame=frame))) == len(of(result))
