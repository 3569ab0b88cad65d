"""From a table that nobody described to a release."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.detection import (
    classify_columns,
    data_domains,
    detect,
    propose_hierarchies,
)
from anon_dagster.errors import RequestError, SchemaMismatchError, SourceError
from anon_dagster.request import DateRule, load_request, parse_request
from anon_dagster.request.yaml_writing import document as written


def people(records: int = 400) -> pd.DataFrame:
    dice = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "c1": [f"person{n}@example.org" for n in range(records)],
            "c2": dice.choice(["male", "female"], records),
            "c3": dice.integers(18, 90, records),
            "c4": dice.choice(["Lyon", "Paris", "Berlin", "Madrid", "Boston"], records),
            "c5": dice.choice(["J45.9", "E11.9", "I10", "C50.1", "F32.0"], records),
            "c6": dice.integers(0, 6, records),
        }
    )


def test_a_detected_request_runs_as_it_is() -> None:
    result = anon_dagster.anonymize(detect(people()).request(), frame=people())
    assert result.df is not None
    assert "c1" not in result.df
    assert result.df.groupby(["c2", "c3", "c4"], dropna=False).size().min() >= 3


def test_values_alone_tell_what_columns_are() -> None:
    found = detect(people()).table
    assert found["domain"].to_dict() == {
        "c1": "email",
        "c2": "sex",
        "c3": "age",
        "c4": "city",
        "c5": "icd10",
        "c6": "number",
    }
    assert found["role"].tolist() == [
        "direct_identifier",
        *["quasi_identifier"] * 3,
        "sensitive",
        "non_sensitive",
    ]


def test_the_yaml_is_a_request_with_reasons(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "people.csv", index=False)
    detection = detect(tmp_path / "people.csv")
    text = detection.yaml(target=str(tmp_path / "out.parquet"))
    (tmp_path / "request.yaml").write_text(text)
    request = load_request(tmp_path / "request.yaml")
    assert request.policy == parse_request(detection.request()).policy
    assert "# email (99%)" in text
    assert anon_dagster.anonymize(request).release.paths == (str(tmp_path / "out.parquet"),)


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding"),
    [(";", ",", "utf-8"), ("\t", ".", "utf-8"), ("|", ".", "cp1252"), (",", ".", "utf-8-sig")],
)
def test_the_dialect_of_a_file_is_found(
    tmp_path: Path, separator: str, decimal: str, encoding: str
) -> None:
    frame = people().assign(sum=np.arange(400) / 4, ort="Köln, Süd")
    path = tmp_path / "people.csv"
    frame.to_csv(path, index=False, sep=separator, decimal=decimal, encoding=encoding)
    found = detect(path)
    assert [c.column for c in found.columns] == list(frame)
    assert found.source is not None
    assert found.source.csv.separator == separator
    assert found["sum"].domain in {"number", "amount"}


def test_nothing_that_is_shown_holds_a_value_of_the_table() -> None:
    frame = people().assign(name=[f"Zeisig{n} Amsel" for n in range(400)], word="Kiebitz")
    detection = detect(frame)
    shown = detection.table.to_csv() + detection.yaml() + repr(detection)
    for value in ("Zeisig", "Amsel", "Kiebitz", "J45", "Lyon", "example.org", "person1"):
        assert value not in shown


def test_the_sample_is_drawn_over_the_whole_and_its_size_told(tmp_path: Path) -> None:
    for part in range(4):
        frame = pd.DataFrame({"part": np.full(5_000, part), "n": np.arange(5_000)})
        frame.to_parquet(tmp_path / f"{part}.parquet")
    detection = detect(str(tmp_path / "*.parquet"), sample=400)
    assert (detection.records, detection.sampled) == (20_000, 400)
    assert detection["part"].distinct == 4


def test_the_same_seed_detects_the_same() -> None:
    frame = people(2_000)
    first, second = (detect(frame, sample=100, seed=7) for _ in range(2))
    assert first.table.equals(second.table)
    assert first.columns == second.columns


def test_custom_domains_are_found_first(tmp_path: Path) -> None:
    path = tmp_path / "domains.yaml"
    path.write_text(
        written(
            {
                "badge": {
                    "description": "Badge of the plant",
                    "role": "direct_identifier",
                    "pattern": "[A-Z]{2}/\\d{3}",
                    "names": ["badge", "ausweis werk"],
                }
            }
        )
    )
    frame = pd.DataFrame({"x": [f"AB/{n:03}" for n in range(200)]})
    assert detect(frame)["x"].domain != "badge"
    assert detect(frame, domains=path)["x"].domain == "badge"
    assert "badge" in data_domains(path).index


def test_a_custom_domain_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match=r"badge\.pattern"):
        data_domains({"badge": {"description": "a", "pattern": "("}})
    with pytest.raises(RequestError, match=r"badge\.colour"):
        data_domains({"badge": {"description": "a", "colour": "red"}})


def test_the_domains_are_listed_with_invented_examples() -> None:
    listed = data_domains()
    assert list(listed.columns) == ["description", "examples", "kind", "role"]
    assert len(listed) > 60
    assert listed["description"].notna().all()


def test_each_operation_exists_by_itself() -> None:
    frame = people()
    assert list(classify_columns(frame)) == ["domain", "role", "confidence", "reasons"]
    rules = propose_hierarchies(frame, columns=("c3", "c4"))
    assert {name: rule.type for name, rule in rules.items()} == {"c3": "interval", "c4": "known"}


def test_a_column_without_a_name_that_singles_people_out_is_found() -> None:
    dice = np.random.default_rng(2)
    frame = people().assign(c9=dice.normal(0, 1, 400).round(4))
    found = detect(frame)
    assert found["c9"].role == "quasi_identifier"
    assert "fewer than 5 share" in " ".join(found["c9"].reasons)
    assert ("c9",) in [key.columns for key in found.keys]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": pd.Series([], dtype="str")}),
        pd.DataFrame({"a": [None, None]}),
        pd.DataFrame({"a": ["", " "], "b": [1, 2]}),
        pd.DataFrame({"a": [float("nan"), 1.0], "b": [True, False]}),
        pd.DataFrame({"a": ["x"]}),
    ],
)
def test_a_table_with_hardly_anything_in_it_has_a_detection(frame: pd.DataFrame) -> None:
    assert len(detect(frame).table) == len(frame.columns)


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SourceError):
        detect("nowhere.csv")


@pytest.mark.parametrize("wrong", [{"sample": 0}, {"seed": -1}, {"domains": ["ward"]}])
def test_what_cannot_be_asked_for_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        detect(people(), **wrong)


def test_a_hierarchy_of_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(SchemaMismatchError, match="no column c12"):
        propose_hierarchies(people(), columns=("c3", "c12"))


@pytest.mark.parametrize(
    "cell",
    ["a" * 1_000, "1 " * 500, "a." * 500, "A-" * 500, "$1" * 500, "van de " * 150, ":" * 999],
)
def test_long_cells_are_looked_at_in_no_time_and_never_shown(cell: str) -> None:
    frame = pd.DataFrame({"c1": [f"{cell}{n}!" for n in range(60)]})
    found = detect(frame)
    assert found["c1"].role == "direct_identifier"
    assert cell[:20] not in found.table.to_string()


@pytest.mark.parametrize("stray", [None, "n/a"])
def test_only_what_is_numbers_throughout_is_kept_close_in_its_order(stray: str | None) -> None:
    salaries = [*(str(30_000 + 137 * n) for n in range(200)), *[stray] * 5]
    sexes = ["female", "male"] * 102 + ["female"]
    found = detect(pd.DataFrame({"sex": sexes, "salary": salaries}))
    privacy = found.promises.document
    assert found["salary"].role == "sensitive"
    assert ("t_closeness" in privacy, "l_diversity" in privacy) == (stray is None, stray == "n/a")


@pytest.mark.parametrize(
    ("name", "years", "last"),
    [
        ("born", (-90, -20), 0),
        ("born", (-95, 0), 0),
        ("card_expires", (-3, 4), 4),
        ("contract_end", (-60, 3), 3),
    ],
)
def test_two_digits_mean_a_year_that_has_dates(
    name: str, years: tuple[int, int], last: int
) -> None:
    now = pd.Timestamp.now().year
    dice = np.random.default_rng(3)
    of_years = dice.integers(now + years[0], now + years[1] + 1, 600)
    born = [f"{n % 28 + 1:02}/{n % 12 + 1:02}/{year % 100:02}" for n, year in enumerate(of_years)]
    rule = propose_hierarchies(people(600).assign(**{name: born}))[name]
    assert isinstance(rule, DateRule)
    assert rule.two_digit_years_until == now + last
