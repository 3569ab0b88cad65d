"""Columns that are as good as a person's number are refused where persons are counted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, anonymize

PEOPLE = 20
ROWS = 3 * PEOPLE
WHO = np.repeat(np.arange(PEOPLE), 3)


def policy(role: dict[str, Any], **others: Any) -> dict[str, Any]:
    attributes = {
        "who": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier"},
        "other": role,
    }
    return {
        "policy": {
            "attributes": attributes,
            "privacy": {"k_anonymity": {"k": 2}},
            "person": "who",
            "residual": {"given_back": "ignore", "alone": "ignore"},
            **others,
        }
    }


def table(other: Any) -> pd.DataFrame:
    return pd.DataFrame({"who": WHO, "age": WHO % 2, "other": other})


@pytest.mark.parametrize(
    ("role", "other"),
    [
        ({"role": "non_sensitive"}, WHO + 1000),
        ({"role": "sensitive"}, [f"card {w}" for w in WHO]),
        ({"role": "non_sensitive"}, np.where(np.arange(ROWS) % 3, WHO + 100.5, np.nan)),
    ],
    ids=["a number", "a text", "in two of three records"],
)
def test_a_column_that_links_the_records_of_a_person_is_refused(
    role: dict[str, Any], other: Any
) -> None:
    with pytest.raises(RequestError, match="other: links the records of 20 of the 20 persons"):
        anonymize(policy(role), frame=table(other))


def test_a_pseudonym_of_another_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_KEY", "0123456789abcdef" * 4)
    role = {"role": "direct_identifier", "redaction": "pseudonym"}
    with pytest.raises(RequestError, match="other: links the records of 20"):
        anonymize(policy(role), frame=table(WHO * 7))


@pytest.mark.parametrize(
    "other",
    [np.arange(ROWS), WHO // 2, WHO % 3, np.where(WHO < 9, WHO, np.arange(ROWS) + 100)],
    ids=["of each record", "of two persons", "of many", "of nine of twenty"],
)
def test_a_column_that_links_few_persons_is_released(other: Any) -> None:
    assert anonymize(policy({"role": "non_sensitive"}), frame=table(other)).df is not None


def test_where_trajectories_hold_a_column_may_link_records() -> None:
    promised = policy({"role": "non_sensitive"}, trajectory={"k": 10})
    assert anonymize(promised, frame=table(WHO + 1000)).df is not None
