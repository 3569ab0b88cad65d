"""Vectors of β-likeness and δ-disclosure privacy."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import log2

from vectors.exact.tables import Cell, Promise, Vector
from vectors.making.tables import above, around, below, of_classes, of_counts, random_classes


def beta(bound: float, variant: str = "basic") -> Promise:
    """Ask for β-likeness."""
    return {"model": "beta_likeness", "variant": variant, "attribute": "value", "beta": bound}


def delta(bound: float, compare: str = "all") -> Promise:
    """Ask for δ-disclosure privacy."""
    return {"model": "delta_disclosure", "attribute": "value", "delta": bound, "compare": compare}


def of_likeness() -> Iterator[Vector]:
    """Make the vectors."""
    yield from _beta()
    yield from _delta()
    yield from _random()


def _beta() -> Iterator[Vector]:
    cases: list[tuple[str, str, Sequence[Sequence[Cell]], list[Promise]]] = [
        (
            "exact",
            "A share grows from 1/2 to 1: by exactly 1.",
            [["a"], ["b"]],
            [beta(1), beta(below(1.0))],
        ),
        (
            "fifth",
            "From 5/12 to 1/2: by exactly a fifth, which no float is.",
            [list("aaabbb"), list("aabbbb")],
            [beta(0.2), beta(below(0.2))],
        ),
        (
            "loss",
            "A value becomes rarer by all of itself; only gains count.",
            [list("abbb"), ["b"] * 4],
            [beta(1), beta(0.2), beta(0.1)],
        ),
        (
            "none",
            "Both classes are as the table is.",
            [list("ab"), list("ab")],
            [beta(0.000001), beta(0.000001, "enhanced")],
        ),
        (
            "one-value",
            "Everybody has the value: p = 1, -ln p = 0, and nothing is gained.",
            [["a"], ["a", "a"]],
            [beta(0.5), beta(0.5, "enhanced")],
        ),
        (
            "certain",
            "A value of share 1/2 becomes certain: the gain 1 is above -ln 1/2 = 0.69.",
            [["a"], ["b"]],
            [beta(1), beta(1, "enhanced")],
        ),
        (
            "rare",
            "A value of 1 in 100 becomes 1 in 4: a gain of 24, above -ln 0.01 = 4.6.",
            [list("abcd"), ["b"] * 96],
            [beta(24), beta(24, "enhanced"), beta(23.9)],
        ),
        (
            "rare-above",
            "From 1/20 to 1/5: a gain of exactly 3, just above -ln 0.05 = 2.9957.",
            [["a", *"bbbb"], ["a"] + ["b"] * 34],
            [beta(3), beta(3, "enhanced"), beta(2.99)],
        ),
        (
            "rare-below",
            "From 1/24 to 1/6: a gain of exactly 3, below -ln 1/24 = 3.178.",
            [["a", *"bbbbb"], ["a"] + ["b"] * 41],
            [beta(3), beta(3, "enhanced")],
        ),
        (
            "missing",
            "A missing value can become likelier, too.",
            [["a", None], ["a", "a"]],
            [beta(1), beta(0.9)],
        ),
        (
            "single",
            "A record alone in the table is the table.",
            [["a"]],
            [beta(0.1), beta(0.1, "enhanced")],
        ),
        (
            "empty",
            "A table without records breaks nothing.",
            [],
            [beta(0.1), beta(0.1, "enhanced")],
        ),
    ]
    for name, why, classes, promises in cases:
        yield of_classes(f"beta-likeness/{name}", why, classes, promises)
    why = "1 and 1.0 are one number: both classes are alike."
    yield of_classes(
        "beta-likeness/numbers",
        why,
        [["1", "2"], ["1.0", "2"]],
        [beta(0.1)],
        kinds={"value": "number"},
    )
    why = "Counts of 2^31 and more: products of counts are beyond 2^63."
    many = [{"a": 2**31, "b": 2**33}, {"a": 2**31, "b": 2**31}]
    yield of_counts(
        "beta-likeness/many", why, many, [beta(0.75), beta(below(0.75)), beta(0.75, "enhanced")]
    )


def _delta() -> Iterator[Vector]:
    cases: list[tuple[str, str, Sequence[Sequence[Cell]], list[Promise]]] = [
        (
            "strict",
            "From 1/4 to 1/2: exactly one bit, and the bound is strict.",
            [list("aabb"), ["b"] * 4],
            [delta(1, "present"), delta(above(1.0), "present"), delta(1)],
        ),
        (
            "absent",
            "A class lacks a value: infinitely many bits, unless only present values count.",
            [list("ab"), list("aab"), list("aa")],
            [delta(100), delta(1, "present")],
        ),
        (
            "loss",
            "A value becomes four times as rare: -2 bits count as 2.",
            [["a", *"bbbbbbb"], ["a"] * 4 + ["b"] * 4, ["a"] * 7 + ["b"]],
            [delta(2), delta(2.1), delta(1.9)],
        ),
        (
            "half-bit",
            "A share grows by 1.4, below 2^0.5; another falls by 5/3, which is 0.737 bits.",
            [list("aaaaaaabbb"), list("aaabbbbbbb")],
            [delta(0.5), delta(0.8), delta(0.7)],
        ),
        (
            "none",
            "Both classes are as the table is: 0 bits.",
            [list("ab"), list("ab")],
            [delta(1e-9)],
        ),
        ("one-value", "Everybody has the value.", [["a"], ["a"]], [delta(0.001)]),
        (
            "missing",
            "A class that lacks the missing value rules it out.",
            [["a", None], ["a"]],
            [delta(9), delta(1.1, "present")],
        ),
        (
            "empty",
            "A table without records breaks nothing.",
            [],
            [delta(0.1), delta(0.1, "present")],
        ),
        ("single", "A record alone in the table is the table.", [["a"]], [delta(0.1)]),
        (
            "merge",
            "Without absent values the promise breaks when classes join; each answers for itself.",
            [["a", "b"], ["b", "c"], ["a", "c"]],
            [delta(0.6, "present"), delta(0.5, "present"), delta(5)],
        ),
    ]
    for name, why, classes, promises in cases:
        yield of_classes(f"delta-disclosure/{name}", why, classes, promises)
    why = (
        "Twice as likely, counted in billions of records: exactly one bit, and the bound is strict."
    )
    many = [{"a": 2**40, "b": 2**40}, {"a": 2**39, "b": 2**40 + 2**39 + 2**41}]
    yield of_counts("delta-disclosure/many", why, many, [delta(1), delta(2), delta(1.01)])


def _random() -> Iterator[Vector]:
    dice = random.Random("likeness")
    for i in range(34):
        values = [f"v{v}" for v in range(dice.randint(2, 5))]
        classes = random_classes(dice, values)
        if dice.random() < 0.5:  # so that each class has each value
            classes = [[*of_class, *values] for of_class in classes]
        whole = Counter(value for of_class in classes for value in of_class)
        ratios = [
            (
                Fraction(n * whole.total(), len(c) * whole[value]),
                Fraction(whole[value], whole.total()),
            )
            for c in classes
            for value, n in Counter(c).items()
        ]
        gain = max(ratio for ratio, _ in ratios) - 1
        promises = [beta(b, v) for b in around(gain, 1e-9) for v in ("basic", "enhanced")]
        promises.append(beta(1000, "enhanced"))
        bits = max(abs(log2(max(ratio, 1 / ratio))) for ratio, _ in ratios)
        near = [round(bits, 12) - 1e-10, round(bits, 12) + 1e-10, round(bits, 1)]
        near = [float(f"{b:.12f}") for b in near if b > 1e-9]
        promises += [delta(b, compare) for b in near for compare in ("all", "present")]
        why = f"Random classes of {len(values)} values, with bounds around what they reach."
        yield of_classes(f"likeness/random-{i:02d}", why, classes, promises)
