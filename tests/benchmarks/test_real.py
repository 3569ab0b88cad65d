"""Real tables come out without a crash, and with everything told that is given back."""

import pytest

from benchmarks._published import published_table
from benchmarks.real.tables import table_names
from benchmarks.real.trial import try_table


def test_a_sample_is_of_the_tables_and_the_same_again() -> None:
    assert table_names(sample=8, seed=1) == table_names(sample=8, seed=1)
    assert set(table_names(sample=8, seed=1)) < set(table_names())
    assert table_names(sample=1_000) == table_names()


def test_no_table_is_tried_that_is_held_out_from_detection(
    labels_of_real_tables: dict[str, dict[str, dict[str, list[str]]]],
) -> None:
    names = table_names()
    assert len(set(names)) == len(names) >= 60
    assert not set(names) & set(labels_of_real_tables["reported"])


@pytest.mark.slow
def test_the_tables_are_those_of_the_rule() -> None:
    for name in table_names():
        records, columns = published_table(name).shape
        assert 100 <= records <= 100_000, name
        assert columns >= 4, name


@pytest.mark.slow
@pytest.mark.parametrize("name", table_names(sample=8))
def test_what_is_given_back_of_a_real_table_is_reported(name: str) -> None:
    assert try_table(name, seconds=2).unreported == ()
