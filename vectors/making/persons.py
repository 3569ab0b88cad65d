"""Vectors of persons who have several records."""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from vectors.exact import persons as definitions
from vectors.exact.answers import distances
from vectors.exact.tables import Cell, Promise, Vector, classes_of_persons, leaves_of
from vectors.making.closeness import DISEASES, NUMBERS, t
from vectors.making.diversity import l
from vectors.making.likeness import beta, delta
from vectors.making.shares import alpha
from vectors.making.sizes import k
from vectors.making.tables import around, of_classes, of_persons, random_classes, random_owned

Owned = Sequence[Sequence[tuple[str, Cell]]]


def of_several_records() -> Iterator[Vector]:
    """Make the vectors."""
    yield from _by_hand()
    yield from _random()
    yield from _one_record_each()


def _all_have(value: str, others: str, prefix: str = "p") -> list[tuple[str, Cell]]:
    """Return a class in which everybody has one value, and each another one of her own."""
    return [(f"{prefix}{i}", v) for i, other in enumerate(others) for v in (value, other)]


def _by_hand() -> Iterator[Vector]:
    def risk(bound: float) -> Promise:
        return {"model": "average_risk", "risk": bound}

    def unique(bound: float) -> Promise:
        return {"model": "sample_uniqueness", "share": bound}

    one: Owned = [[("ann", "a")] * 5, [("bob", "a"), ("cid", "b"), ("dan", "c")]]
    hiv = _all_have("HIV", "vwxyz")
    diverse = [l(3), l(3, "entropy"), l(3, "recursive", c=9)]
    cases: list[tuple[str, str, Owned, list[Promise]]] = [
        (
            "five-visits",
            "Five records of one person are no class of five.",
            one,
            [k(2), k(3), k(5)],
        ),
        (
            "risk",
            "Persons count: classes of one and of three, two of four at risk.",
            one,
            [risk(0.5), risk(0.49), unique(0.25), unique(0.24)],
        ),
        (
            "in-two-classes",
            "Who is in two classes counts in each.",
            [[("ann", "a"), ("bob", "b")], [("ann", "a"), ("bob", "c")]],
            [k(2), k(3), risk(0.5), unique(0)],
        ),
        (
            "everybody",
            "Everybody has HIV, and a value of her own: entropy and distinct values hide it.",
            [hiv],
            [*diverse, alpha(0.9), alpha(0.5)],
        ),
        (
            "all-but-one",
            "All but one have HIV: at most all but l - 1 = 1 of them may, for l = 2.",
            [[*_all_have("HIV", "wxyz"), ("p9", "v")]],
            [l(2), l(3), l(2, "entropy"), l(3, "entropy"), alpha(0.8), alpha(0.7)],
        ),
        (
            "padded",
            "Seven of ten have HIV; the entropy of the pairs is padded by private values.",
            [[*_all_have("HIV", "qrstuvw"), *[(f"o{i}", f"x{i}") for i in range(3)]]],
            [l(4, "entropy"), l(5, "entropy"), alpha(0.7), alpha(0.69)],
        ),
        (
            "same-value-twice",
            "The same value in several records of a person is had once.",
            [[("ann", "a")] * 9 + [("bob", "b")]],
            [l(2), l(2, "entropy"), alpha(0.5), alpha(0.4)],
        ),
        (
            "shares-above-1",
            "Shares of persons add up to more than 1: two of two have a, one has b.",
            [[("ann", "a"), ("ann", "b"), ("bob", "a")]],
            [alpha(0.99), alpha(0.5, guarded=["b"]), alpha(0.4, guarded=["b"])],
        ),
        (
            "several-values-each",
            "Each has both values: the pairs are uniform, yet each value is certain.",
            [[(p, v) for p in ("ann", "bob") for v in "ab"]],
            [l(2), l(2, "entropy"), l(2, "recursive", c=2), alpha(0.99), t(0)],
        ),
        (
            "missing",
            "Who has no value neither protects nor is protected, where missing values do not count.",
            [[("ann", None), ("ann", "a"), ("bob", "b"), ("cid", None)]],
            [l(2), l(3), l(2, missing_counts=False), l(3, missing_counts=False)],
        ),
        (
            "nobody-has-a-value",
            "A class in which nobody has a value breaks what does not count missing ones.",
            [[("ann", None), ("bob", None)], [("ann", "a"), ("bob", "b")]],
            [l(2, missing_counts=False), l(2)],
        ),
        (
            "merge-breaks",
            "Two classes keep α = 1/2; a person of both would have both values in their union.",
            [[("ann", "a"), ("bob", "b")], [("ann", "b"), ("bob", "a")]],
            [alpha(0.5), beta(0.1), t(0.5), t(0.49), t(0)],
        ),
        (
            "pairs-near-shares-far",
            "The pairs are spread as in the table; the shares of persons are not.",
            [
                [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b")],
                [("cid", "a"), ("dan", "b")],
            ],
            [t(0), t(0.25), t(0.2)],
        ),
        (
            "likeness",
            "A value of half of the persons of the table is had by all of a class.",
            [[("ann", "a"), ("ann", "b"), ("bob", "a")], [("cid", "b"), ("dan", "b")]],
            [
                beta(1),
                beta(0.99),
                beta(1, "enhanced"),
                delta(1, "present"),
                delta(1.01, "present"),
                delta(9),
            ],
        ),
        (
            "k-of-alpha",
            "The k of (α,k) counts persons, too.",
            [[("ann", "a"), ("ann", "b"), ("bob", "c")]],
            [alpha(0.5), alpha(0.5, 3)],
        ),
        (
            "single",
            "One person with many records and values.",
            [[("ann", v) for v in "abc"]],
            [k(2), l(2), alpha(0.99), t(0)],
        ),
        (
            "empty",
            "A table without records breaks nothing.",
            [],
            [k(2), l(2), alpha(0.5), t(0), beta(1), delta(1)],
        ),
    ]
    for name, why, classes, promises in cases:
        yield of_persons(f"persons/{name}", why, classes, promises)
    why = "12, 12.0 and 0012 are one person where persons are numbered: two, not four."
    numbered: Owned = [[("12", "a"), ("12.0", "b"), ("0012", "c"), ("7", "d")]]
    promises = [k(2), k(3), l(2), l(3)]
    yield of_persons("persons/numbers", why, numbered, promises, kinds={"person": "number"})
    why = "Names that differ by case are of two persons; blanks around a name are none of it."
    named: Owned = [[("Ann", "a"), ("ann", "b"), ("ann ", "c"), (" ann", "d")]]
    yield of_persons("persons/names", why, named, [k(2), k(3), l(2), l(3)])
    why = "Everybody has a value at both ends: the shares up to each cut are 1, as nowhere else."
    ends: Owned = [
        [("ann", "1"), ("ann", "9"), ("bob", "1"), ("bob", "9")],
        [("cid", "5"), ("dan", "5")],
    ]
    bounds = [t(b, "ordered") for b in (0.5, 0.25, 0.2)]
    yield of_persons("persons/both-ends", why, ends, bounds, kinds=NUMBERS)
    why = "The two values of a person weigh one half each along the tree."
    halves: Owned = [
        [("ann", "flu"), ("ann", "colitis"), ("bob", "flu")],
        [("cid", "colitis"), ("dan", "flu")],
    ]
    bounds = [t(b, "hierarchical") for b in (0.125, 0.12, 0.25)]
    yield of_persons("persons/tree-weights", why, halves, bounds, trees={"value": DISEASES})


def _random() -> Iterator[Vector]:
    dice = random.Random("persons")
    for i in range(32):
        distance = ("equal", "ordered", "hierarchical")[i % 3]
        values, rest = _scale(distance, dice)
        owned = random_owned(dice, values, dice.choice([2, 4, 8, 20]))
        vector = of_persons("", "", owned, [], **rest)
        classes = classes_of_persons(vector, "value")
        least = min(map(len, classes))
        share = max(max(definitions.shares(held).values()) for held in classes)
        far = max(distances(vector, t(0, distance)))
        promises = [k(bound) for bound in sorted({max(least, 2), least + 1})]
        promises += [t(b, distance) for b in around(far, 0, 1)]
        promises += [alpha(b, max(least, 2)) for b in around(share, 1e-9, 0.999999)]
        promises += _diverse(classes)
        gain = _largest_gain(classes)
        promises += [beta(b, v) for b in around(gain, 1e-9) for v in ("basic", "enhanced")]
        promises += [delta(b, c) for b, c in product((0.5, 1, 1.5, 2), ("all", "present"))]
        why = (
            f"Random records of {len({who for held in owned for who, _ in held})} persons, "
            "with the bounds of 15 digits around what they reach."
        )
        yield of_persons(f"persons/random-{i:02d}", why, owned, promises, **rest)


def _diverse(classes: list[dict[Any, set[Any]]]) -> Iterator[Promise]:
    spread = min(len(held) - max(definitions.having(held).values()) + 1 for held in classes)
    distinct = min(len(definitions.having(held)) for held in classes)
    for bound in sorted({2, max(min(spread, distinct), 2), distinct + 1}):
        yield l(bound)
        yield l(bound, "entropy")
        yield l(bound, "recursive", c=2)
    yield l(1.5, "entropy")


def _largest_gain(classes: list[dict[Any, set[Any]]]) -> Fraction:
    p = definitions.shares(definitions.together(classes))
    return max(q / p[v] - 1 for held in classes for v, q in definitions.shares(held).items())


def _scale(distance: str, dice: random.Random) -> tuple[list[str], dict[str, Any]]:
    if distance == "hierarchical":
        return [path[-1] for path in leaves_of(DISEASES)][::2], {"trees": {"value": DISEASES}}
    if distance == "ordered":
        numbers = dice.sample(["-3", "0", "0.5", "2", "9", "10", "1e2"], dice.randint(2, 5))
        return numbers, {"kinds": NUMBERS}
    return [f"v{v}" for v in range(dice.randint(2, 5))], {}


def _one_record_each() -> Iterator[Vector]:
    """Make pairs of vectors: of records, and of persons with a record each, with equal answers."""
    dice = random.Random("one each")
    for i in range(6):
        classes = random_classes(dice, [f"v{v}" for v in range(3)])
        numbers = iter(range(1000))
        owned = [[(f"p{next(numbers)}", value) for value in held] for held in classes]
        promises = [k(2), k(3), l(2), l(2, "entropy"), l(2, "recursive", c=2), alpha(0.5), t(0.3)]
        promises += [beta(1), beta(1, "enhanced"), delta(1), delta(1, "present")]
        why = "Each person has one record: the answers are those of the table without persons."
        yield of_persons(f"persons/one-each-{i}", why, owned, promises)
        why = f"The same table as persons/one-each-{i}, of which nobody says whose its records are."
        yield of_classes(f"persons/one-each-{i}-plain", why, classes, promises)
