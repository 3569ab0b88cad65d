"""What values are is read one by one, as documentation says; nothing is shared with the search."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit.values import plainly, pointed, read_values

numbers = st.one_of(
    st.integers(-(10**6), 10**6).map(Decimal),
    st.decimals(-1000, 1000, places=3),
    st.sampled_from(["0", "0.0", "-0", "1e3", "1000", "1E+3", "2.50", "2.5"]).map(Decimal),
)


def orders(labels: Sequence[str | None], sizes: Sequence[object], *, decimal: str = ".") -> None:
    """Hold what is read of labels against what they are: which are equal, and which come first."""
    once = dict(zip(labels, sizes, strict=True))
    labels, sizes = list(once), list(once.values())
    read = read_values(labels, decimal=decimal)
    assert read.unordered == 0
    assert read.ranks is not None
    firsts = [sizes.index(size) for size in sizes]
    assert read.same.tolist() == [sorted(set(firsts)).index(first) for first in firsts]
    known = sorted({size for size in sizes if size is not None})  # type: ignore[type-var]
    expected = [len(known) if size is None else known.index(size) for size in sizes]
    assert read.ranks.tolist() == expected


@given(st.lists(numbers, min_size=1, max_size=12), st.sampled_from(".,"))
def test_numbers_are_one_if_they_are_equal_and_in_order_of_their_size(
    sizes: list[Decimal], decimal: str
) -> None:
    labels = [f" {str(size).replace('.', decimal)}" for size in sizes]
    orders(labels, [*sizes], decimal=decimal)
    orders([*labels, None], [*sizes, None], decimal=decimal)


@given(st.lists(st.dates(), min_size=1, max_size=12))
def test_days_are_in_their_order(days: list[date]) -> None:
    orders([day.isoformat() for day in days], [*days])


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 (without one)
            st.integers(-14 * 60, 14 * 60),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from("T "),
)
def test_moments_are_one_if_they_are_at_once_wherever_they_are_told(
    told: list[tuple[datetime, int]], between: str
) -> None:
    moments = [m.replace(tzinfo=UTC) for m, _ in told]
    orders([m.replace(tzinfo=None).isoformat(between) for m in moments], [*moments])
    elsewhere = [
        (m + timedelta(minutes=n)).replace(tzinfo=None).isoformat(between) + offset(n)
        for m, (_, n) in zip(moments, told, strict=True)
    ]
    orders(elsewhere, [*moments])


def offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def test_moments_are_exact_to_nine_digits_of_a_second() -> None:
    orders(
        [f"2020-02-02T10:00:00.{digits}" for digits in ("000000001", "000000002", "5", "50")],
        [1, 2, 5 * 10**8, 5 * 10**8],
    )
    orders(["2020-02-02", "2020-02-02T00:00:00", "2020-02-01T23:59:59.9"], [2, 2, 1])
    orders(["2020-02-02T00:00:00", "2020-02-02T00:00:00.0", "2020-02-02T00:00:00.5"], [1, 1, 2])


def test_truths_are_two() -> None:
    orders(["true", "false", None], [1, 0, None])


@pytest.mark.parametrize(
    ("labels", "decimal"),
    [
        (["2020-02-30", "2020-13-01"], "."),  # no days
        (["2020/02/02", "20200202x", "2020-W01-1"], "."),
        (["2020-02-02T25:00:00", "2020-02-02T10:00:61"], "."),  # no hours
        (["2020-02-02T10:00:00.", "2020-02-02T10:00:00.0123456789"], "."),
        (["2020-02-02T10", "2020-02-02x10:00"], "."),
        (["2020-02-02T10:00:00", "2020-02-02T10:00:00+01:00"], "."),  # who can tell
        (["1.5", "2.5"], ","),
        (["007", "010", "7"], "."),  # codes, of which two are one if they are numbers
        (["1e5000", "2e5000"], "."),
        (["1" * 401, "2" * 401], "."),
        (["1-", "--1", "."], "."),
        (["true", "false", "yes"], "."),
        (["a", "b"], "."),
    ],
)
def test_other_values_are_texts_without_an_order(labels: list[str], decimal: str) -> None:
    read = read_values(labels, decimal=decimal)
    assert read.ranks is None
    assert read.unordered == len(labels)
    assert read.same.tolist() == list(range(len(labels)))


@pytest.mark.parametrize(
    ("numbers", "odd", "told"),
    [(3, 3, True), (2, 3, False), (3, 4, False), (35, 4, True), (34, 4, False), (1, 0, True)],
)
def test_a_few_odd_values_among_numbers_are_told_and_the_others_are_numbers(
    numbers: int,
    odd: int,
    told: bool,  # noqa: FBT001
) -> None:
    labels = [*(str(n) for n in range(numbers)), "0.0", *("abcdefg"[:odd])]
    read = read_values(labels[: numbers + 1 + odd])
    if told:
        assert read.unordered == odd
        assert (read.ranks is None) == bool(odd)
        assert read.same[0] == read.same[numbers]  # 0 and 0.0
    else:
        assert read.same[0] != read.same[numbers]
        assert read.ranks is None


def test_odd_values_are_read_among_themselves() -> None:
    labels = [*(str(n) for n in range(9)), "2020-02-02", "2020-02-02T00:00:00"]
    read = read_values(labels)
    assert read.unordered == 2
    assert read.same[9] == read.same[10]


def test_one_number_with_idle_zeros_is_that_number() -> None:
    orders(["7", "007", "8"], [7, 7, 8])
    orders(["-7", "-07", "8"], [-7, -7, 8])
    orders(["0.5", "00.5", "8"], [Decimal("0.5"), Decimal("0.5"), 8])
    orders(["7", "00", "8"], [7, 0, 8])
    orders(["7", "00e5", "8"], [7, 0, 8])


def test_numbers_have_at_most_four_hundred_characters() -> None:
    orders(["1" * 400, "1" * 399 + "2", "3"], [Decimal("1" * 400), Decimal("1" * 399 + "2"), 3])
    assert read_values(["1" * 401, "2" * 401]).unordered == 2


@pytest.mark.parametrize("odd", ["", "x", "e5", "0x", "-", "12a", "+020-02-02", "2020.02.02"])
def test_what_only_begins_as_a_number_is_odd_among_numbers(odd: str) -> None:
    read = read_values(["7", "8", "9", "10", odd])
    assert read.ranks is None
    assert read.unordered == 1


@pytest.mark.parametrize(
    "odd", ["+020-02-02", "2020.02.02", "\uff12\uff10\uff12\uff10-02-02", "2020-02_02", "20200202 "]
)
def test_what_only_looks_like_a_day_is_odd_among_days(odd: str) -> None:
    assert read_values(["2020-02-02", "2020-02-03", odd]).unordered == 1


@pytest.mark.parametrize(
    "odd",
    [
        "2020-02-02x10:00:00",
        "2020-02-02T10",
        "2020-02-02T1000",
        "2020-02-02T10:00:00.",
        "2020-02-02T10:00:00.0123456789",
        "x",
    ],
)
def test_what_only_begins_as_a_moment_is_odd_among_moments(odd: str) -> None:
    assert read_values(["2020-02-02T10:00:00", "2020-02-02T11:00:00", odd]).unordered == 1


def test_several_numbers_with_idle_zeros_are_codes() -> None:
    read = read_values(["7", "8", "9", "07", "08"])
    assert read.ranks is None
    assert read.same.tolist() == [0, 1, 2, 3, 4]


def test_nothing_but_missing_values_is_one() -> None:
    read = read_values([None, None])
    assert read.same.tolist() == [0, 0]
    assert read.ranks is not None
    assert read.unordered == 0
    assert len(read_values([]).same) == 0


def test_numbers_are_written_with_a_point_and_others_stay() -> None:
    assert pointed(["1,5", "a,b", None, "1.5"], ",") == ["1.5", "a,b", None, "1.5"]
    assert pointed(["1,5"], ".") == ["1,5"]


def test_numbers_are_written_plainly_without_idle_signs() -> None:
    labels = ["1,50", "+7", "-0,0", "1e3", "100", "0,10", "a", None, "1e401", "1e-401"]
    plain = ["1.5", "7", "0", "1000", "100", "0.1", "a", None, "1E+401", "1E-401"]
    assert plainly(labels, ",") == plain
    assert plainly(["1e400"], ".") == ["1" + "0" * 400]


@pytest.mark.parametrize(
    ("labels", "are_codes"),
    [
        (["04109", "10115", "80331"], True),
        (["0123456789", "1234567890", "9876543210"], True),
        (["04109", "10115"], True),  # as likely by chance, but nobody can tell
        (["04109", "10115", "8033"], False),
        (["04109", "10115", "+8033"], False),
        (["04109", "10115", "80331", "80.33"], False),
        (["10115", "80331", "99999"], False),
        (["007", "08"], True),
        (["007", "7"], False),
    ],
)
def test_numbers_with_idle_zeros_are_codes_if_there_are_two_or_all_are_of_one_length(
    labels: list[str], *, are_codes: bool
) -> None:
    read = read_values(labels)
    assert (read.ranks is None) == are_codes
    assert read.unordered == (len(labels) if are_codes else 0)
