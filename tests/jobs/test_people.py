"""Whether two names are those of two people."""

from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.jobs.people import LONGEST, are_two, person_named

NAMES = st.text(max_size=30)


@given(NAMES, NAMES)
def test_it_does_not_matter_who_comes_first(one: str, other: str) -> None:
    assert are_two(one, other) == are_two(other, one)


@given(NAMES, st.text(" \t\n\u200b\u00a0\ufeff", max_size=5))
def test_nobody_is_two_people_by_case_or_by_what_nobody_sees(name: str, blank: str) -> None:
    for other in (name, blank + name, name + blank, name.lower().upper().casefold()):
        assert not are_two(name.casefold(), other)
    assert not are_two(name, person_named(name))


@given(NAMES)
def test_who_is_unknown_is_nobodys_second_person(name: str) -> None:
    for unknown in ("", " \n", "\u200b", "\x00"):
        assert not are_two(name, unknown)


def test_two_names_are_two_people() -> None:
    assert are_two("ann", "bob")


@given(st.text(max_size=400))
def test_a_name_is_kept_as_one_line_of_a_bounded_length(text: str) -> None:
    kept = person_named(text)
    assert len(kept) <= LONGEST
    assert len(kept.splitlines()) <= 1
    assert person_named(kept) == kept
