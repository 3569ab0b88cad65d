"""Record linkage on the bundled releases, by a reading of labels that is not the library's."""

from pathlib import Path

import pandas as pd
import pytest

from tests.jury.bundled import TABLES, Release, Table, release, release_linked
from tests.jury.linkage import Linkage, link
from tests.jury.reading import (
    Column,
    Way,
    days,
    intervals,
    itself,
    masked,
    neighbours,
    nested,
)

K = 5  # of all bundled requests
RECODINGS = ("global", "local")

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@pytest.mark.parametrize(
    ("way", "value", "path"),
    [
        (itself, "Male", ("Male",)),
        (intervals(0, 5, 20), "39", ("39", "[35, 40)", "[20, 40)")),
        (intervals(1930, 20), "1950", ("1950", "[1950, 1970)")),
        (masked(2), "02139", ("02139", "0213*", "021**")),
        (nested({"Owner": ["Owns", "Mortgage"]}), "Owns", ("Owns", "Owner")),
        (neighbours("1234567", 2, 2), "6", ("6", "5 .. 6", "5 .. 7")),
        (neighbours("1234567", 2, 2), "7", ("7", "7", "5 .. 7")),
        (days("%d.%m.%Y", "year", "5_years", "decade"), "31.07.2022",
         ("31.07.2022", "2022", "2020/2024", "2020/2029")),
        (days("%Y-%m-%d", "quarter"), "2023-03-31", ("2023-03-31", "2023-Q1")),
    ],
)  # fmt: skip
def test_an_outsider_reads_labels_as_a_person_does(
    way: Way, value: str, path: tuple[str, ...]
) -> None:
    assert way(value) == path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jury")


def test_who_is_nearest_is_found_by_hand() -> None:
    """Ann and Bea share a class; Cleo stands alone in hers; Dora was held back."""
    table = Table("", "", {"age": intervals(0, 10), "town": itself}, serial="who")
    columns = ["who", "age", "town"]
    inside = pd.DataFrame(
        [["Ann", "31", "Rome"], ["Bea", "39", "Rome"], ["Cleo", "52", "Oslo"]], columns=columns
    )
    outside = pd.DataFrame([["Dora", "31", "Oslo"]], columns=columns)
    released = pd.DataFrame(
        [["Ann", "[30, 40)", "Rome"], ["Bea", "[30, 40)", "Rome"], ["Cleo", "[50, 60)", "*"]],
        columns=columns,
    )
    found = link(Release.of(table, inside, outside, released))
    assert (found.victims, found.classes) == (3, 2)
    assert found.success == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert found.guessing == pytest.approx(1 / 3)
    assert (found.claimed, found.claimed_outside) == (1, 0)


def test_a_label_that_the_outsider_misreads_stops_the_jury() -> None:
    with pytest.raises(AssertionError, match="1 labels stand for no value"):
        Column.of(intervals(0, 10), pd.Series(["31"]), pd.Series(["[31, 41)"]))


def line(name: str, found: Linkage) -> str:
    """Return a line of the page's table."""
    shares = (found.promised, found.success, found.guessing, found.claimed, found.claimed_outside)
    return f"| {name} | {found.victims} | " + " | ".join(f"{100 * s:.2f} %" for s in shares) + " |"


@pytest.mark.slow
@pytest.mark.parametrize("recoding", RECODINGS)
@each_table
def test_no_bundled_release_lets_more_be_found_than_one_in_k(
    table: Table, recoding: str, folder: Path, page: str
) -> None:
    found = link(release(table, folder, recoding))
    assert found.guessing < found.success <= found.promised + 1e-12
    assert found.promised <= 1 / K
    assert line(f"{table.folder}, {recoding}", found) in page


@pytest.mark.slow
def test_neither_of_the_linked_releases_lets_more_be_found_than_one_in_k(
    folder: Path, page: str
) -> None:
    for name, told in release_linked(folder).items():
        found = link(told)
        assert found.guessing < found.success <= found.promised + 1e-12
        assert found.promised <= 1 / K
        assert line(f"linked {name}", found) in page


@pytest.mark.slow
@each_table
def test_the_jury_finds_the_table_itself_guilty_and_a_release_with_less_than_k(
    table: Table, folder: Path, page: str
) -> None:
    of_pairs = release(table, folder, "local", k=2)
    for name, told in (("itself", Release.raw(of_pairs)), ("k = 2", of_pairs)):
        found = link(told)
        assert found.success > 1 / K
        assert line(f"{table.folder}, {name}", found) in page
    for name, column in of_pairs.columns.items():
        assert column.fits.any(axis=1).all(), name


@pytest.mark.slow
def test_a_quasi_identifier_that_was_forgotten_is_found(folder: Path, page: str) -> None:
    told = release(TABLES["patients"], folder, "global", forgotten="zip_code")
    found = link(told)
    assert found.success > 1 / K
    assert line("patients, ZIP code forgotten", found) in page
