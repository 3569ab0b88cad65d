"""Vectors of alpha-k-anonymity."""

import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from vectors.exact.tables import Cell, Promise, Vector
from vectors.making.tables import above, around, below, of_classes, of_counts, random_classes


def alpha(bound: float, k: int = 2, **rest: Any) -> Promise:
    """Ask for (α,k)-anonymity."""
    return {"model": "alpha_k_anonymity", "attribute": "value", "alpha": bound, "k": k, **rest}


def of_shares() -> Iterator[Vector]:
    """Make the vectors."""
    cases: list[tuple[str, str, list[list[Cell]], list[Promise]]] = [
        ("half", "A share of exactly one half.", [list("ab")], [alpha(0.5), alpha(below(0.5))]),
        (
            "tenth",
            "One of ten: exactly a tenth, which no float is.",
            [list("abcdefghij")],
            [alpha(0.1), alpha(below(0.1))],
        ),
        (
            "three-tenths",
            "Three of ten: 3 · 0.1 is above 0.3 in floats, but not in numbers.",
            [list("aaabbbcccd")],
            [alpha(0.3), alpha(below(0.3))],
        ),
        (
            "third",
            "A third is no decimal number: 15 digits below it are broken.",
            [list("abc")],
            [alpha(0.333333333333333), alpha(above(0.333333333333333))],
        ),
        (
            "k-breaks",
            "The shares are fine, the class is too small.",
            [list("abc"), list("abcd")],
            [alpha(0.5, 3), alpha(0.5, 4)],
        ),
        (
            "guarded",
            "Only b is guarded; a may be frequent.",
            [list("aaab"), list("aaaa")],
            [alpha(0.25, guarded=["b"]), alpha(0.24, guarded=["b"]), alpha(0.9)],
        ),
        (
            "guarded-absent",
            "One guarded value occurs, the other does not, and breaks nothing.",
            [list("aab")],
            [alpha(0.4, guarded=["b", "zzz"]), alpha(0.3, guarded=["b", "zzz"])],
        ),
        (
            "guarded-two",
            "Each guarded value has its own share; they are not added up.",
            [list("abcc")],
            [alpha(0.25, guarded=["a", "b"]), alpha(0.5)],
        ),
        (
            "missing",
            "A missing value is a value: its share counts.",
            [["a", None, None, "b"]],
            [alpha(0.5), alpha(0.4)],
        ),
        (
            "missing-unguarded",
            "Missing values count in the size of the class, also where they are not guarded.",
            [["a", None, None, None]],
            [alpha(0.25, guarded=["a"]), alpha(0.2, guarded=["a"])],
        ),
        ("ties", "Two values share the largest share.", [list("aabbc")], [alpha(0.4), alpha(0.39)]),
        (
            "small-class",
            "The smallest class has the largest share.",
            [list("ab"), list("abcdef")],
            [alpha(0.4), alpha(0.5)],
        ),
        (
            "large-class",
            "The largest class has the largest share.",
            [list("ab"), list("aaaab")],
            [alpha(0.5), alpha(0.8)],
        ),
        ("single", "A record alone has its value for certain.", [["a"]], [alpha(0.99)]),
        ("empty", "A table without records breaks nothing.", [], [alpha(0.1)]),
        (
            "star",
            "An asterisk is a value, and guarded by its name.",
            [["*", "a", "b"]],
            [alpha(0.3, guarded=["*"]), alpha(0.34, guarded=["*"])],
        ),
    ]
    for name, why, classes, promises in cases:
        yield of_classes(f"alpha-k-anonymity/{name}", why, classes, promises)
    why = "1, 1.0 and 1e0 are one number, with a share of 3/4."
    numbers = {"value": "number"}
    classes = [["1", "1.0", "1e0", "2"]]
    yield of_classes(
        "alpha-k-anonymity/numbers", why, classes, [alpha(0.75), alpha(0.7)], kinds=numbers
    )
    why = "The guarded number 1 is written 1.0 in the table."
    promises = [alpha(0.5, guarded=["1"]), alpha(0.4, guarded=["1"])]
    yield of_classes(
        "alpha-k-anonymity/guarded-number", why, [["1.0", "2", "3", "1.0"]], promises, kinds=numbers
    )
    why = "2^31 of each value: counts that no 32 bits hold; the share is exactly one half."
    yield of_counts(
        "alpha-k-anonymity/many", why, [{"a": 2**31, "b": 2**31}], [alpha(0.5), alpha(below(0.5))]
    )
    why = "2^52 + 1 of 2^53 + 1 records: above one half by less than any float of 64 bits tells."
    yield of_counts(
        "alpha-k-anonymity/many-apart",
        why,
        [{"a": 2**52 + 1, "b": 2**52}],
        [alpha(0.5), alpha(0.500000000000001)],
    )
    yield from _random()


def _random() -> Iterator[Vector]:
    dice = random.Random("shares")
    for i in range(18):
        values = [f"v{v}" for v in range(dice.randint(2, 6))]
        classes = random_classes(dice, values)
        share = max(Fraction(max(Counter(c).values()), len(c)) for c in classes)
        only = dice.choice(sorted({v for c in classes for v in c}))
        of_one = max(Fraction(c.count(only), len(c)) for c in classes)
        least = min(map(len, classes))
        promises = [alpha(b, max(least, 2)) for b in around(share, 1e-9, 0.999999)]
        promises += [
            alpha(b, max(least, 2), guarded=[only]) for b in around(of_one, 1e-9, 0.999999)
        ]
        promises.append(alpha(0.99, least + 1))
        why = f"Random classes of {len(values)} values, with the bounds of 15 digits around theirs."
        yield of_classes(f"alpha-k-anonymity/random-{i:02d}", why, classes, promises)
