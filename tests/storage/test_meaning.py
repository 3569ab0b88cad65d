"""What a column means does not depend on how its values are written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit.values import read_values
from anon_dagster.core.ordering import Meaning, Ordering
from anon_dagster.storage.meaning import canonical_texts, ordering_of
from anon_dagster.storage.plain_numbers import plain_numbers

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**25), max_value=10**25)
ODD = ("unknown", "", "n/a", "12a", "0x1F", "1_000", "1,000.0", "--1", "٣", "1.2.3")


def meaning(values: list[str | None], decimal: str = ".") -> Ordering:
    return ordering_of(pa.array(values, pa.string()), decimal=decimal)


def canonical(values: list[str | None], decimal: str = ".") -> list[str | None]:
    column = pa.array(values, pa.string())
    texts: list[str | None] = canonical_texts(
        column, ordering_of(column, decimal=decimal), decimal=decimal
    ).to_pylist()
    return texts


def spellings(number: Decimal) -> st.SearchStrategy[str]:
    plain = format(number, "f")
    more = [plain, f"{number:e}".replace("e", "E")]
    if "." in plain:
        more += [f"{plain}0", f"{plain}000"]
    else:
        more += [f"{plain}.", f"{plain}.0"]
    if plain[0] != "-":
        more += [f"+{each}" for each in more]
    return st.sampled_from(more)


@given(st.data())
def test_numbers_are_ordered_exactly_however_they_are_written(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(NUMBERS, min_size=1, max_size=30))
    texts = list(dict.fromkeys(data.draw(spellings(number)) for number in numbers))
    ordering = meaning([*texts, None])
    exact = [Decimal(text) for text in texts]
    places = {size: rank for rank, size in enumerate(sorted(set(exact)))}
    assert ordering.meaning is Meaning.number
    assert ordering.ranks.tolist() == [*(places[size] for size in exact), -1]
    assert ordering.numbers[:-1].tolist() == [float(size) for size in exact]


@given(st.data())
def test_equal_numbers_have_one_text_and_others_have_none_in_common(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(NUMBERS, min_size=1, max_size=30))
    texts = list(dict.fromkeys(data.draw(spellings(number)) for number in numbers))
    written = canonical(list(texts))
    for text, plain in zip(texts, written, strict=True):
        assert plain is not None
        assert Decimal(plain) == Decimal(text)
    assert len(set(written)) == len({Decimal(text) for text in texts})
    assert canonical(list(dict.fromkeys(written))) == list(dict.fromkeys(written))


@given(st.lists(st.integers(0, 500), min_size=5, max_size=40, unique=True), st.sampled_from(ODD))
def test_an_odd_value_changes_nothing_for_the_others(ages: list[int], odd: str) -> None:
    texts: list[str | None] = [str(age) for age in ages]
    alone, beside = meaning(texts), meaning([*texts, odd])
    assert beside.meaning is Meaning.number
    assert beside.ranks.tolist() == [*alone.ranks.tolist(), -1]
    assert beside.odd.tolist() == [False] * len(texts) + [True]


@pytest.mark.parametrize("odd", ODD)
def test_half_of_odd_values_make_texts(odd: str) -> None:
    assert meaning(["1", odd]).meaning is Meaning.text


def test_codes_that_begin_with_zeros_are_texts_in_the_order_of_their_numbers() -> None:
    ordering = meaning(["010", "07", "100", "9"])
    assert ordering.meaning is Meaning.text
    assert ordering.ranks.tolist() == [2, 0, 3, 1]
    assert canonical(["010", "07", "10"]) == ["010", "07", "10"]


@pytest.mark.parametrize(
    ("values", "are_codes"),
    [
        (["04109", "10115", "20095"], True),
        ([None, "04109", "10115", "20095", "99999", "none"], True),
        ([" 04109", "10115", "20095 "], True),
        (["04109", "10115", "20095", "999"], False),
        (["07", "+8", "10"], False),
        (["0.50", "1.50", "01.5", "2.25"], False),
    ],
)
def test_one_zero_before_digits_makes_codes_of_digits_of_one_length(
    values: list[str | None], *, are_codes: bool
) -> None:
    assert (meaning(values).meaning is Meaning.text) == are_codes
    assert (read_values(values).ranks is None) == are_codes
    assert (canonical(values) == values) == are_codes


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 (zones follow)
            st.integers(-23 * 60, 23 * 60),
            st.integers(0, 999),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_moments_with_offsets_are_ordered_as_instants(
    drawn: list[tuple[datetime, int, int]],
) -> None:
    texts, instants = [], []
    for moment, minutes, nanoseconds in drawn:
        zone = timezone(timedelta(minutes=minutes))
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        head, offset = local.isoformat()[:19], local.isoformat()[-6:]
        texts.append(f"{head}.{moment.microsecond:06d}{nanoseconds:03d}{offset}")
        instants.append((moment, nanoseconds))
    distinct = dict(zip(texts, instants, strict=True))
    ordering = meaning(list(distinct))
    places = {instant: rank for rank, instant in enumerate(sorted(set(instants)))}
    assert ordering.meaning is Meaning.moment
    assert ordering.ranks.tolist() == [places[instant] for instant in distinct.values()]


CLOCKS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.")
OFFSETS = {"Z": 0, "+0000": 0, "+02:00": 120, "-0330": -210, "-11:45": -705, "+23:59": 1439}
written = st.tuples(
    st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 (zones follow)
    st.sampled_from(CLOCKS),
    st.sampled_from([*OFFSETS]),
    st.text("0123456789", min_size=1, max_size=9),
)


@pytest.mark.parametrize("zoned", [True, False])
@given(drawn=st.lists(written, min_size=1, max_size=20))
def test_moments_are_read_exactly_however_they_are_written(
    drawn: list[tuple[datetime, str, str, str]], *, zoned: bool
) -> None:
    instants: dict[str | None, tuple[datetime, int]] = {}
    for moment, clock, offset, digits in drawn:
        text = moment.strftime(clock) + (digits if clock[-1] == "." else "")
        whole = moment.replace(microsecond=0, second=moment.second if "S" in clock else 0)
        part = int(digits.ljust(9, "0")) if clock[-1] == "." else 0
        if zoned:
            text, whole = text + offset, whole - timedelta(minutes=OFFSETS[offset])
        instants[text] = whole, part
    ordering = meaning(list(instants))
    places = {instant: rank for rank, instant in enumerate(sorted(set(instants.values())))}
    assert ordering.meaning is Meaning.moment
    assert ordering.ranks.tolist() == [places[instant] for instant in instants.values()]
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 (so are the others)
    assert ordering.numbers.tolist() == [
        (whole - epoch).total_seconds() + part / 1e9 for whole, part in instants.values()
    ]


def test_days_that_no_calendar_has_are_odd() -> None:
    ordering = meaning(["2023-02-28", "2024-02-29", "2023-02-29", "2023-13-01", "2023-01-02"])
    assert ordering.meaning is Meaning.date
    assert ordering.odd.tolist() == [False, False, True, True, False]


@given(st.data())
def test_the_verification_reads_alike_by_code_of_its_own(data: st.DataObject) -> None:
    kinds = [
        st.sampled_from(["true", "false", "True"]),
        NUMBERS.flatmap(spellings),
        st.dates().map(str),
        st.datetimes().map(lambda moment: moment.isoformat(" ")),
        st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        st.text(max_size=4),
        st.sampled_from(
            [*ODD, "007", "00", "01,5", "00.5", "-01", "-0", "0.0", "1e5", "100000", ".5", "0.50"]
        ),
    ]
    kind = data.draw(st.sampled_from(kinds))
    texts = data.draw(st.lists(st.one_of(kind, kind, kind, kinds[-1]), max_size=25, unique=True))
    values = [*texts, None]
    ordering, own = meaning(list(values)), read_values(values)
    same = canonical(list(values))
    for a in range(len(values)):
        for b in range(a):
            assert (own.same[a] == own.same[b]) == (same[a] == same[b]), (values[a], values[b])
    assert (own.ranks is not None) == (ordering.is_ordered or not texts)
    if own.ranks is not None:
        assert np.array_equal(own.ranks, ordering.ranks_with_missing_last())


PLAIN = st.one_of(
    st.integers(-(2**64), 2**64).map(str),
    st.floats(allow_nan=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(lambda each: f"{each:f}"),
    st.sampled_from(("0", "-0", "0.0", "-0.0", "1e5", "inf", "nan", "007", "0x1F", " 1", "1,5")),
)


@given(
    st.lists(PLAIN, min_size=1, max_size=12, unique=True),
    st.sampled_from(".,"),
    st.sampled_from((None, Meaning.number)),
)
def test_numbers_that_are_read_at_once_mean_what_they_mean_read_sign_by_sign(
    texts: list[str], decimal: str, known: Meaning | None
) -> None:
    values = pa.array([*texts, None], pa.string())
    found = ordering_of(values, decimal=decimal, meaning=known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anon_dagster.storage.meaning.plain_numbers", lambda *_, **__: None)
        slowly = ordering_of(values, decimal=decimal, meaning=known)
    assert found.meaning is slowly.meaning
    assert found.ranks.tolist() == slowly.ranks.tolist()
    assert found.numbers.tobytes() == slowly.numbers.tobytes()
    assert found.odd.tolist() == slowly.odd.tolist()


def test_only_numbers_written_plainly_are_read_at_once() -> None:
    for plain in (["-3", "0", "12"], ["0.5", "-1", "100", "-0"], ["123456789012.5"]):
        assert plain_numbers(pa.array(plain)) is not None
    for other in (["1.50"], ["1e20"], ["inf"], ["007"], ["1", "x"], []):
        assert plain_numbers(pa.array(other, pa.string())) is None
