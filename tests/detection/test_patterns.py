"""Regular expressions of callers take time in proportion to the text, whatever they are."""

import re
import string

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster import RequestError
from anon_dagster.detection.domains import built_in
from anon_dagster.detection.patterns import LinearPattern, is_linear

PIECES = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "[ab]",
        "(a|b)",
        "(ab)",
        "a*",
        "b+",
        "a?",
        "(?:ab)*",
        "a{1,3}",
        "[^a]",
        "|",
        r"\d",
    ]
)
TEXTS = st.text("ab1\n", max_size=8)
HOSTILE = ("(a+)+", "(a|a)*", "(a|aa)+$", "(.*a){12}")


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), TEXTS)
def test_a_pattern_matches_what_it_matches_in_python(pattern: str, text: str) -> None:
    assert is_linear(pattern)
    assert LinearPattern(pattern).fullmatch(text) == bool(re.fullmatch(pattern, text))


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_pattern_that_keeps_python_busy_for_ages_is_matched_at_once(pattern: str) -> None:
    frame = pd.DataFrame({"a" * 60 + "!": ["a" * 40 + f"!{place}" for place in range(50)]})
    domain = {"description": "x", "role": "quasi_identifier"}
    for field in ("pattern", "name_pattern"):
        anon_dagster.detect(frame, domains={"mine": {**domain, field: pattern}})


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)", "(?<!a)b", "a{2000}", "(", "a)(b", r"\Qa", "[z-a]", "\ud800"]
)
def test_what_cannot_be_matched_so_is_refused_by_its_place(pattern: str) -> None:
    domains = {"mine": {"description": "x", "pattern": pattern}}
    with pytest.raises(RequestError, match=r"^mine\.pattern: no regular expression") as caught:
        anon_dagster.data_domains(domains)
    assert "Invalid" not in str(caught.value)


def test_case_is_told_apart_or_not() -> None:
    assert LinearPattern("st[0-9]", ignore_case=True).fullmatch("ST1")
    assert not LinearPattern("st[0-9]").fullmatch("ST1")
    assert not LinearPattern("a|b").fullmatch("ab")
    assert not LinearPattern("a").fullmatch("a\n")


def test_the_projects_own_patterns_are_regular_expressions_of_python() -> None:
    own = [p for d in built_in().values() for p in (d.pattern, d.name_pattern) if p is not None]
    assert own
    for pattern in own:
        re.compile(pattern)
    assert set(string.digits) == {d for d in string.digits if LinearPattern(r"\d").fullmatch(d)}
