"""Schemas find what does not belong, and say so without a cell."""

import itertools
import re
import subprocess
import sys
import traceback
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandera.pandas import DataFrameSchema

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.solution import Generalized, Proof, Solution
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.reading import part
from anon_dagster.reading.counting import count
from anon_dagster.releasing.schemas import (
    Claim,
    release_problems,
    release_schema,
    schema_problems,
    source_problems,
    source_schema,
)
from anon_dagster.request import Policy
from anon_dagster.request.attributes import PSEUDONYM_PATTERN
from anon_dagster.storage.sources import open_frame
from tests.counted import counted, policy_of

ROLES = {
    "name": "direct_identifier",
    "age": "quasi_identifier",
    "illness": "sensitive",
    "note": "non_sensitive",
}
POLICY = policy_of(ROLES)
SOURCE = pd.DataFrame(
    {
        "name": ["Ann", "Bob", "Cid"],
        "age": ["41", "42", "51"],
        "illness": ["flu", "cold", "cold"],
        "note": ["x", None, "y"],
    }
)
AGES = Hierarchy.from_labels([["41", "42", "51"], ["[40, 50)", "[40, 50)", "[50, 60)"]])
GENERALIZED = Generalized(
    np.array([0, 1], dtype=np.int32), AGES.labels[1], AGES.covered[1], np.full(2, 0.5), 3
)
PROOF = Proof(optimal=True, loss=0, lower_bound=0, candidates=1, evaluated=1, method="exact")
SOLUTION = Solution(np.array([0, 0, 1]), (GENERALIZED,), PROOF, (1,))
RELEASE = SOURCE.drop(columns="name").assign(age=["[40, 50)", "[40, 50)", "[50, 60)"])
KEPT = ("illness", "note")


def problems_of(release: pd.DataFrame, *, policy: Policy = POLICY, **rest: Any) -> list[str]:
    source = counted(SOURCE, ["age", "illness"])
    solution = replace(SOLUTION, **rest)
    return release_problems(
        counted(release, ["age", "illness"]), policy, solution, KEPT, source=source
    )


def differences(table: pd.DataFrame, schema: DataFrameSchema) -> list[str]:
    return schema_problems(counted(table, ()), schema)


def check_schema(table: pd.DataFrame, schema: DataFrameSchema) -> None:
    if problems := differences(table, schema):
        raise SchemaMismatchError("; ".join(problems))


def test_a_source_may_have_its_columns_in_any_order() -> None:
    check_schema(SOURCE[["note", "age", "name", "illness"]], source_schema(POLICY))


def test_a_column_too_many_and_one_too_few_are_named() -> None:
    table = SOURCE.drop(columns="note").assign(index=[1, 2, 3])
    expected = ["index is not among the columns", "note is missing"]
    assert sorted(differences(table, source_schema(POLICY))) == expected
    assert sorted(source_problems(table.columns, POLICY)) == expected


def test_values_that_a_hierarchy_lacks_are_counted_in_records() -> None:
    table = pd.concat([SOURCE, SOURCE.assign(age="99"), SOURCE.assign(age=None)])
    problems = differences(table, source_schema(POLICY, {"age": AGES}))
    assert sorted(problems) == [
        "age: 3 records have no value",
        "age: of 3 records it is not true that the value is in the hierarchy",
    ]


def test_a_missing_value_that_the_hierarchy_knows_is_fine() -> None:
    ages = Hierarchy.from_labels([["41", "42", "51", None]])
    check_schema(SOURCE.assign(age=None), source_schema(POLICY, {"age": ages}))


def test_the_release_that_was_decided_fits() -> None:
    assert problems_of(RELEASE) == []


@pytest.mark.parametrize("label", ["41", "*", None])
def test_a_label_of_another_level_does_not_fit(label: str | None) -> None:
    ages = ["[40, 50)", "[40, 50)", label]
    found = problems_of(RELEASE.assign(age=pd.array(ages, dtype="string")))
    assert len(found) == 1
    assert found[0].startswith("age: ")


def test_a_suppressed_record_may_stay_only_where_the_policy_says_so() -> None:
    release = RELEASE.assign(age=["[40, 50)", "[40, 50)", "*"])
    classes = np.array([0, 0, -1])
    keep = policy_of(ROLES, suppressed_records="keep")
    assert problems_of(release, policy=keep, classes=classes) == []
    assert problems_of(release, policy=keep)
    assert problems_of(release, policy=keep, classes=np.array([0, 1, 1]))
    assert problems_of(release, classes=classes)


def test_columns_keep_their_order() -> None:
    found = problems_of(RELEASE[["note", "age", "illness"]])
    assert all("is not where it was" in problem for problem in found)
    assert found


def test_a_direct_identifier_is_gone_or_the_constant() -> None:
    found = problems_of(RELEASE.assign(name="*"))
    assert found == ["name is not among the columns"]
    document = POLICY.model_dump()
    document["attributes"]["name"] |= {"redaction": "constant", "constant": "X"}
    constant = Policy.model_validate(document)
    with_name = RELEASE.copy()
    with_name.insert(0, "name", "X")
    assert problems_of(with_name, policy=constant) == []
    assert problems_of(with_name.assign(name=["X", "X", "Bob"]), policy=constant) == [
        "name: of 1 record it is not true that the value is the constant"
    ]


def test_a_column_without_gaps_gets_none() -> None:
    found = problems_of(RELEASE.assign(illness=pd.array(["flu", None, None], dtype="string")))
    assert found == ["illness: 2 records have no value"]
    found = problems_of(RELEASE.assign(illness=pd.array(["flu", "cold", None], dtype="string")))
    assert found == ["illness: 1 record has no value"]


def test_without_the_source_the_order_and_the_gaps_of_kept_columns_play_no_part() -> None:
    schema = release_schema(POLICY, SOLUTION, kept=KEPT)
    check_schema(RELEASE[["note", "illness", "age"]].assign(illness=None), schema)
    for columns, told in (
        (RELEASE.columns[::-1], []),
        (RELEASE.columns[:-1], ["note is missing"]),
        ([*RELEASE.columns, "odd"], ["odd is not among the columns"]),
    ):
        stored = counted(RELEASE.reindex(columns=columns, fill_value="x"), ["age", "illness"])
        assert release_problems(stored, POLICY, SOLUTION, KEPT) == told


def test_weights_and_numbers_are_not_where_columns_of_the_source_are() -> None:
    roles = {"name": "direct_identifier", "pweight": "weight"} | ROLES
    policy = policy_of(roles, release={"numbers": "bounds", "columns": {"age": "number"}})
    numbers = RELEASE.assign(age_lower="40", age_upper="50")
    source = counted(SOURCE.assign(pweight="1")[list(roles)], ["age", "illness"])
    for release, told in (
        (numbers, []),
        (RELEASE, ["age_lower is missing", "age_upper is missing"]),
        (numbers.assign(pweight="1"), ["pweight is not among the columns"]),
    ):
        stored = counted(release, ["age", "illness"])
        assert release_problems(stored, policy, SOLUTION, KEPT, source=source) == told


def test_no_cell_is_in_the_error_or_in_what_it_came_from() -> None:
    table = SOURCE.assign(age="canary")
    with pytest.raises(SchemaMismatchError) as error:
        check_schema(table, source_schema(POLICY, {"age": AGES}))
    assert "canary" not in "".join(traceback.format_exception(error.value))
    assert error.value.__context__ is None


def test_columns_of_any_type_can_be_checked() -> None:
    table = SOURCE.assign(
        age=pd.array([41, 42, 51], dtype="Int64"),
        illness=pd.Categorical(["a", "b", "a"]),
        note=pd.to_datetime(["2024-01-01", "NaT", "2024-01-02"]),
    )
    check_schema(table, source_schema(POLICY, {"age": AGES}))


def test_an_empty_table_fits() -> None:
    check_schema(SOURCE.iloc[:0], source_schema(POLICY, {"age": AGES}))


CLAIMS = [
    Claim(),
    Claim(nullable=False),
    Claim(among=("a", "b"), words="is one of two"),
    Claim(nullable=False, among=(), words="is nothing"),
    Claim(pattern=PSEUDONYM_PATTERN, words="is a pseudonym"),
]
VALUES = [None, "a", "b", "aa", "a\n", "0" * 32, "0" * 33]


def test_a_claim_is_true_of_a_column_if_it_is_of_every_value() -> None:
    def is_true(claim: Claim, value: str | None) -> bool:
        if value is None:
            return claim.nullable
        fits = claim.pattern is None or re.match(claim.pattern, value) is not None
        return fits and (claim.among is None or value in claim.among)

    for claim, number in itertools.product(CLAIMS, range(3)):
        for values in itertools.combinations_with_replacement(VALUES, number):
            table = pd.DataFrame({"x": pd.array(values, dtype="string")})
            expected = all(is_true(claim, value) for value in values)
            assert claim.fits(counted(table, ()).columns["x"]) == expected


@given(st.lists(st.sampled_from(VALUES), max_size=4))
@pytest.mark.parametrize("claim", CLAIMS)
def test_what_fits_has_no_problem_by_pandera(claim: Claim, values: list[str | None]) -> None:
    table = pd.DataFrame({"x": pd.array(values, dtype="string")})
    found = differences(table, DataFrameSchema({"x": claim.column()}, strict=True))
    assert claim.fits(counted(table, ()).columns["x"]) == (not found)


@pytest.mark.slow
def test_a_release_as_decided_is_checked_without_pandera() -> None:
    code = (
        "import sys; from tests.releasing import test_schemas as tests; "
        "loaded = [n for n in sys.modules if n.startswith('pandera.backends')]; "
        "tests.test_the_release_that_was_decided_fits(); "
        "sys.exit(loaded != [n for n in sys.modules if n.startswith('pandera.backends')])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_who_checks_a_schema_imports_pandera() -> None:
    code = "import sys, anon_dagster.releasing.schemas; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_values_too_many_to_be_kept_are_in_doubt_no_constant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 2)
    policy = policy_of(ROLES)
    constant = {"role": "direct_identifier", "redaction": "constant"}
    attributes = policy.model_dump(by_alias=True)["attributes"] | {"name": constant}
    policy = Policy.model_validate({**policy.model_dump(by_alias=True), "attributes": attributes})
    for names, told in ((["Ann", "Bob", "Cid"], True), (["*"] * 3, False)):
        release = SOURCE[["name"]].assign(name=names).join(RELEASE)
        assert bool(problems_of(release, policy=policy)) == told


@pytest.mark.parametrize("odd", [0, 1, 3])
def test_pseudonyms_too_many_to_be_kept_were_held_against_their_pattern(
    odd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "MOST_VALUES", 2)
    document = POLICY.model_dump(by_alias=True)
    rule = {"redaction": "pseudonym", "key_variable": "ANON_KEY"}
    document["attributes"]["name"] = {"role": "direct_identifier", **rule}
    policy = Policy.model_validate(document)
    names = [f"n{n}" if n < odd else f"{n:032x}" for n in range(3)]
    release = SOURCE[["name"]].assign(name=names).join(RELEASE)
    patterns = {"name": PSEUDONYM_PATTERN}
    source = counted(SOURCE, ["age", "illness"])
    for shown in (release, release.assign(age="41")):  # by itself, and beside what does not fit
        stored = count(open_frame(shown), ["age", "illness"], patterns=patterns)
        problems = release_problems(stored, policy, SOLUTION, KEPT, source=source)
        told = [problem for problem in problems if problem.startswith("name")]
        assert len(told) == bool(odd)
        number = "1 record" if odd == 1 else f"{odd} records"
        assert all(f"name: of {number} it is not true" in problem for problem in told)
        name = stored.columns["name"]
        forgotten = replace(name, values=pa.array([], pa.string()), counts=name.counts[:0])
        columns = {**stored.columns, "name": forgotten}
        assert problems == release_problems(
            replace(stored, columns=columns), policy, SOLUTION, KEPT, source=source
        )
        assert Claim(pattern=PSEUDONYM_PATTERN).fits(name) == (odd == 0)
        assert Claim().fits(name)
        assert len(problems) - len(told) == (shown is not release)
