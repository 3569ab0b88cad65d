"""Laws that every builder of hierarchies keeps, whatever the values."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anon_dagster.core.builders import (
    Domain,
    Mask,
    by_frequency,
    by_interval,
    by_mask,
    by_order,
    by_period,
    by_rounding,
    by_suppression,
    from_nodes,
    from_rows,
)
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.errors import HierarchyError
from tests.core.builders.examples import CANARY, PERIODS, domain, level, numbers, path, texts

dates = st.lists(
    st.dates().map(str) | st.datetimes(timezones=st.timezones()).map(str),
    min_size=1,
    max_size=30,
    unique=True,
)


BUILDERS: list[tuple[Callable[[Domain], Hierarchy], st.SearchStrategy[list[str]]]] = [
    (lambda d: by_interval(d, widths=(0.5, 5, 100)), numbers),
    (lambda d: by_interval(d, widths=(7, 21), lower=-3, upper=50, outside="group"), numbers),
    (lambda d: by_interval(d, widths=(7, 21), lower=-3, upper=50, outside="clip"), numbers),
    (lambda d: by_rounding(d, steps=(0.2, 3, 15)), numbers),
    (lambda d: by_period(d, levels=PERIODS), dates),
    (by_mask, texts),
    (lambda d: by_mask(d, mask=Mask(parts="."), levels=2), texts),
    (lambda d: by_mask(d, mask=Mask("left", "x"), levels=2, per_level=2), texts),
    (lambda d: by_order(d, sizes=(2, 3)), texts),
    (lambda d: by_order(d, sizes=(3, 2)), numbers),
    (
        lambda d: by_frequency(d, keep=(5, 2), rest="joined"),
        texts.filter(lambda values: "joined" not in values),
    ),
    (by_suppression, texts),
]


@pytest.mark.parametrize("case", range(len(BUILDERS)))
@given(data=st.data())
def test_generalizing_never_splits_and_values_are_the_leaves(
    case: int, data: st.DataObject
) -> None:
    build, values = BUILDERS[case]
    labels = (*data.draw(values), *data.draw(st.sampled_from([(), (None,)])))
    hierarchy = build(domain(*labels))
    assert set(hierarchy.labels[0]) == set(labels)
    assert hierarchy.labels[-1] == ("*",)
    for below, above in zip(hierarchy.codes, hierarchy.codes[1:], strict=False):
        assert len(set(zip(below, above, strict=True))) == len(set(below))
    if None in labels:
        assert path(hierarchy, None) == [None] * (hierarchy.levels - 1) + ["*"]


STABLE = [0, 1, 2, 3, 4, 6, 7]


@pytest.mark.parametrize("case", STABLE)
@given(data=st.data())
def test_what_a_value_becomes_does_not_depend_on_the_others(case: int, data: st.DataObject) -> None:
    build, values = BUILDERS[case]
    drawn = data.draw(values)
    whole = build(domain(*drawn))
    assert path(build(domain(drawn[0])), drawn[0]) == path(whole, drawn[0])


REFUSALS: list[Callable[[Domain], Hierarchy]] = [
    lambda d: by_interval(d, widths=[5]),
    lambda d: by_rounding(d, steps=[5]),
    lambda d: by_period(d, levels=["year"]),
    lambda d: by_period(d, levels=["year"], written="%d.%m.%Y"),
    lambda d: by_order(d, sizes=[2], order=["a"]),
    lambda d: from_rows(d, [("a", "*")]),
    lambda d: from_nodes(d, {"A": ["a"]}),
]


def chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("build", REFUSALS)
def test_no_value_is_in_an_error_or_what_led_to_it(build: Callable[[Domain], Hierarchy]) -> None:
    with pytest.raises(HierarchyError) as caught:
        build(domain(CANARY))
    assert all(CANARY not in repr(error) for error in chain(caught.value))


@pytest.mark.parametrize("build", REFUSALS)
def test_every_builder_has_an_other_branch(build: Callable[[Domain], Hierarchy]) -> None:
    labels = path(build(domain(CANARY, other="other")), CANARY)
    assert labels in ([CANARY, "*"], [CANARY, "other", "*"])


@pytest.mark.parametrize("build", REFUSALS)
def test_no_values_are_no_problem(build: Callable[[Domain], Hierarchy]) -> None:
    assert build(domain()).labels[-1] == ("*",)


def test_a_domain_with_a_value_twice_is_refused() -> None:
    with pytest.raises(HierarchyError, match="age: 1 values stand in it more than once"):
        domain(CANARY, CANARY)


@given(texts)
def test_the_order_of_the_values_changes_nothing(values: list[str]) -> None:
    assume(len(values) > 1)
    turned = by_order(domain(*reversed(values)), sizes=[2])
    assert level(turned, 1) == level(by_order(domain(*values), sizes=[2]), 1)
