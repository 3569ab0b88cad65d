"""What the verification finds is what definitions say, class by class, of records and of persons.

A record is a person with one value; so the definitions of persons are those of records, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import exp, inf, log2
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    BetaLikeness,
    DeltaDisclosure,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    HierarchicalTCloseness,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
)
from anon_dagster.request import Policy
from anon_dagster.storage.sources import open_frame
from anon_dagster.verification import Promise, verify
from anon_dagster.verification.verify import counted_release
from tests.core.persons import (
    Described,
    entropy_of,
    farthest,
    holds_by_definition,
    moved_along,
    of_cuts,
    shares_of,
)

Rows = list[tuple[int, int, int]]  # a person, a class, a value
MISSING = 3
TREE = Hierarchy.from_labels([list("0123"), list("xxyy"), ["*"] * 4])
NODES = {"type": "tree", "nodes": {"x": ["0", "1"], "y": ["2", "3"]}}


def fraction(number: float) -> Fraction:
    return Fraction(str(number))


@dataclass(frozen=True)
class Case:
    """A rule of a request, the model of its definition, and how far a class is from it."""

    kind: str
    rule: dict[str, Any]
    model: PrivacyModel
    amount: Callable[[Described, Described], float | Fraction]
    worst: Callable[..., float] = max

    def keeps(self, of: Described, table: Described) -> bool:
        """Tell whether a class keeps the promise."""
        if self.rule.get("missing_counts") is False:
            of = of.without(MISSING)
        enough = of.persons >= self.rule.get("k", 1)
        return enough and holds_by_definition(self.model, of, table)


def spread(of: Described) -> int:
    """How many persons surely lack any value, and one more."""
    return of.persons - max(of.having(v) for v in set(of.pairs())) + 1


def distinct(of: Described, _: Described) -> float:
    return min(len(set(of.pairs())), spread(of))


def distinct_of_present(of: Described, table: Described) -> float:
    present = of.without(MISSING)
    return distinct(present, table) if present.persons else 0


def diversity(of: Described, _: Described) -> float:
    return exp(entropy_of(of))


def ratio(l: int) -> Callable[[Described, Described], float]:  # noqa: E741
    def of_class(of: Described, _: Described) -> float:
        counts = sorted((of.having(v) for v in set(of.pairs())), reverse=True)
        tail = sum(counts[l - 1 :])
        return counts[0] / tail if tail and spread(of) >= l else inf

    return of_class


def largest_share(*values: int) -> Callable[[Described, Described], float]:
    return lambda of, _: float(max(of.share(lambda has, v=v: v in has) for v in values))  # type: ignore[misc]


def bits(*, present_only: bool) -> Callable[[Described, Described], float]:
    def of_class(of: Described, table: Described) -> float:
        told = [abs(log2(q / p)) if q else inf for q, p in shares_of(of, table)]
        return max(b for b in told if b < inf or not present_only)

    return of_class


def gain(of: Described, table: Described) -> float:
    return float(max(q / p for q, p in shares_of(of, table)) - 1)


def cases(number: int) -> list[Case]:
    """Return every rule, with bounds that are met exactly by some small classes."""
    t = [0.5, 0.25, 0.2, 1 / 3][number]
    ordered = OrderedTCloseness(0, fraction(t), np.arange(4))
    tree = HierarchicalTCloseness(0, fraction(t), TREE, np.arange(4, dtype=np.int32))
    l, least = number + 2, [1.5, 2, 2.5, 3][number]  # noqa: E741
    c, alpha, delta, beta = [1, 1.5, 2, 3][number], [0.5, 0.25, 0.6, 0.75][number], least / 2, t * 3
    rules: list[tuple[str, dict[str, Any], PrivacyModel, Callable[..., float | Fraction]]] = [
        ("l_diversity", {"l": l}, DistinctLDiversity(0, l), distinct),
        (
            "l_diversity",
            {"l": l, "missing_counts": False},
            DistinctLDiversity(0, l),
            distinct_of_present,
        ),
        (
            "l_diversity",
            {"l": least, "variant": "entropy"},
            EntropyLDiversity(0, fraction(least)),
            diversity,
        ),
        (
            "l_diversity",
            {"l": l, "c": c, "variant": "recursive"},
            RecursiveLDiversity(0, fraction(c), l),
            ratio(l),
        ),
        (
            "alpha_k_anonymity",
            {"alpha": alpha, "k": l + 1},
            AlphaDeassociation(0, fraction(alpha)),
            largest_share(0, 1, 2, 3),
        ),
        (
            "alpha_k_anonymity",
            {"alpha": alpha, "k": 2, "guarded": ["0", "2"]},
            AlphaDeassociation(0, fraction(alpha), (0, 2)),
            largest_share(0, 2),
        ),
        ("t_closeness", {"t": t}, EqualTCloseness(0, fraction(t)), farthest),
        (
            "t_closeness",
            {"t": t, "distance": "ordered"},
            ordered,
            lambda of, table: of_cuts(ordered, of, table),
        ),
        (
            "t_closeness",
            {"t": t, "distance": "hierarchical"},
            tree,
            lambda of, table: moved_along(of, table, TREE.codes, tree.leaves),
        ),
        (
            "delta_disclosure",
            {"delta": delta},
            DeltaDisclosure(0, fraction(delta)),
            bits(present_only=False),
        ),
        (
            "delta_disclosure",
            {"delta": delta, "compare": "present"},
            DeltaDisclosure(0, fraction(delta), present_only=True),
            bits(present_only=True),
        ),
        ("beta_likeness", {"beta": beta}, BetaLikeness(0, fraction(beta)), gain),
        (
            "beta_likeness",
            {"beta": beta, "variant": "enhanced"},
            EnhancedBetaLikeness(0, fraction(beta)),
            gain,
        ),
    ]
    worst = {"l_diversity": min}
    return [
        Case(kind, rule, model, amount, max if "c" in rule else worst.get(kind, max))
        for kind, rule, model, amount in rules
    ]


def asked(told: list[Case], *, persons: bool) -> Policy:
    """Return a policy with a sensitive attribute for each rule."""
    privacy: dict[str, Any] = {"k_anonymity": {"k": 2}}
    attributes: dict[str, Any] = {"class": {"role": "quasi_identifier"}}
    for place, case in enumerate(told):
        name = f"v{place:02}"
        attributes[name] = {"role": "sensitive", "hierarchy": NODES}
        privacy.setdefault(case.kind, []).append({"attribute": name, **case.rule})
    person = {"person": "who"} if persons else {}
    if persons:
        attributes["who"] = {"role": "direct_identifier"}
    return Policy.model_validate({"attributes": attributes, "privacy": privacy, **person})


def frame_of(rows: Rows, told: list[Case], *, persons: bool) -> pd.DataFrame:
    frame = pd.DataFrame({"class": [f"c{of}" for _, of, _ in rows]})
    for place, case in enumerate(told):
        aside = case.rule.get("missing_counts") is False
        frame[f"v{place:02}"] = pd.array(
            [None if aside and v == MISSING else str(v) for *_, v in rows], dtype="string"
        )
    return frame.assign(who=[f"p{who}" for who, *_ in rows]) if persons else frame


def described(rows: Rows, of: int | None = None) -> Described:
    return Described.of([(who, v) for who, c, v in rows if of in {None, c}])


rows_of_persons = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=20
)


@pytest.mark.parametrize("persons", [False, True])
@settings(max_examples=settings().max_examples // 2)
@given(release=rows_of_persons, others=rows_of_persons, number=st.integers(0, 3))
def test_every_promise_is_what_its_definition_says(
    release: Rows, others: Rows, number: int, *, persons: bool
) -> None:
    source = release + others
    if not persons:  # each record is another one's
        source = [(place, of, v) for place, (_, of, v) in enumerate(source)]
        release = source[: len(release)]
    told = cases(number)
    policy = asked(told, persons=persons)
    counts = [
        counted_release(open_frame(frame_of(rows, told, persons=persons)), policy, decimal=".")
        for rows in (release, source)
    ]
    found = verify(counts[0], policy, source_count=counts[1]).promises
    present = sorted({of for _, of, _ in release})
    classes = {of: described(release, of) for of in present}
    records = {of: sum(c == of for _, c, _ in release) for of in present}
    (k,) = (promise for promise in found if promise.name == "2-anonymity")
    sizes = {of: classes[of].persons for of in present}
    assert k.reached == min(sizes.values())
    assert k.records_failing == sum(records[of] for of in present if sizes[of] < 2)
    for place, case in enumerate(told):
        promises = [promise for promise in found if promise.attribute == f"v{place:02}"]
        tables = (
            [described(release), described(source)] if case.model.relative else [described(release)]
        )
        assert len(promises) == len(tables)
        for promise, table in zip(promises, tables, strict=True):
            occur = {str(v) for *_, v in source}
            if occur.isdisjoint(case.rule.get("guarded", occur)):
                assert not promise.holds
                assert promise.untold is not None
            else:
                check(promise, case, classes, records, table)


def check(
    promise: Promise,
    case: Case,
    classes: dict[int, Described],
    records: dict[int, int],
    table: Described,
) -> None:
    """Hold a promise against its definition."""
    failing = [of for of, held in classes.items() if not case.keeps(held, table)]
    assert promise.untold is None
    assert promise.holds is (not failing), case
    assert promise.classes_failing == len(failing)
    assert promise.records_failing == sum(records[of] for of in failing)
    assert promise.asked == case.rule.get("c", next(iter(case.rule.values())))
    reached = case.worst(float(case.amount(held, table)) for held in classes.values())
    if case.rule.get("variant") == "entropy":
        reached = min(reached, *map(spread, classes.values()))
    assert promise.reached == pytest.approx(reached, abs=1e-9), case
