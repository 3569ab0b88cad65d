"""What a table is about decides what nothing else tells; without such a topic doubt protects."""

import numpy as np
import pandas as pd
import pytest

from anon_dagster.detection import detect

RECORDS = 300


def numbers(least: int, most: int) -> list[object]:
    return list(np.random.default_rng(least + most).integers(least, most + 1, RECORDS).tolist())


TABLES = {
    "medical": {"cholesterol": numbers(120, 300), "sbp": numbers(90, 180), "asthma": numbers(0, 1)},
    "politics": {"voted": numbers(0, 1), "ideology": numbers(1, 7)},
    "credit": {
        "loan": numbers(900, 9_000),
        "debt": numbers(0, 5_000),
        "mortgage": numbers(0, 9_000),
        "delinquent": numbers(0, 1),
    },
    "offence": {"arrests": numbers(0, 9), "parole": numbers(0, 1)},
    "ability": {"gpa": numbers(0, 40), "vocabulary": numbers(0, 60)},
}
"""Tables that are about something."""


@pytest.mark.parametrize("topic", TABLES)
def test_what_nothing_else_tells_belongs_to_the_rest_of_the_table(topic: str) -> None:
    least, most = (1, 6) if topic == "politics" else (10, 90)
    asked = {"brelz": numbers(least, most)}
    assert detect(pd.DataFrame(asked))["brelz"].role == "quasi_identifier"
    assert detect(pd.DataFrame(TABLES[topic] | asked))["brelz"].role == "sensitive"


@pytest.mark.parametrize("topic", TABLES)
def test_no_topic_takes_what_others_know_for_a_secret(topic: str) -> None:
    sexes: list[object] = ["f", "m", "m"] * (RECORDS // 3)
    known = {"sex": sexes, "household_size": numbers(1, 7)}
    found = detect(pd.DataFrame(TABLES[topic] | known))
    assert {found[name].role for name in known} == {"quasi_identifier"}


@pytest.mark.parametrize("topic", ["medical", "politics"])
def test_answers_on_a_scale_are_harmless_but_in_tables_about_health_or_politics(topic: str) -> None:
    answers = {"rating": numbers(1, 5)}
    assert detect(pd.DataFrame(answers))["rating"].role == "non_sensitive"
    assert detect(pd.DataFrame(TABLES[topic] | answers))["rating"].role == "sensitive"


def test_a_price_and_a_key_make_no_table_about_a_choice() -> None:
    ids: list[object] = list(range(RECORDS))
    frame = {"id": ids, "price_a": numbers(1, 9), "price_b": numbers(2, 9)}
    frame |= {"flen_a": numbers(3, 40), "flen_b": numbers(3, 50), "sex": ["f", "m"] * 150}
    found = detect(pd.DataFrame(frame))
    assert found["flen_a"].role == "quasi_identifier"
    frame["chosen"] = ["a", "b"] * 150
    assert detect(pd.DataFrame(frame))["flen_a"].role == "non_sensitive"
