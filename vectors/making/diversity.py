"""Vectors of l-diversity: distinct, entropy, recursive; and of missing values."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from vectors.exact.tables import Cell, Promise, Vector
from vectors.making.tables import above, around, below, of_classes, of_counts, random_classes


def l(bound: float, variant: str = "distinct", **rest: float | bool) -> Promise:  # noqa: E743
    """Ask for l-diversity."""
    return {"model": "l_diversity", "variant": variant, "attribute": "value", "l": bound, **rest}


def of_diversity() -> Iterator[Vector]:
    """Make the vectors."""
    yield from _distinct()
    yield from _entropy()
    yield from _recursive()
    yield from _missing()
    yield from _random()


def _distinct() -> Iterator[Vector]:
    cases: list[tuple[str, str, Sequence[Sequence[Cell]], list[Promise]]] = [
        ("exact", "Exactly three values in each class.", [list("abc"), list("abcc")], [l(3), l(4)]),
        (
            "homogeneous",
            "One class of two has a single value: the homogeneity attack.",
            [list("aaaa"), list("abcd")],
            [l(2)],
        ),
        ("by-class", "Many values in the table, one in each class.", [["a"], ["b"], ["c"]], [l(2)]),
        ("single", "One record has one value.", [["a"]], [l(2)]),
        ("empty", "A table without records breaks nothing.", [], [l(2), l(1.5, "entropy")]),
        ("case", "Texts differ by case, so there are two.", [["Flu", "flu"]], [l(2), l(3)]),
        ("blank", "Texts differ by a trailing blank.", [["flu", "flu "]], [l(2)]),
        ("star", "An asterisk is a value like any other.", [["*", "flu"]], [l(2)]),
        ("na", "The text NA is a value, none is missing.", [["NA", "null", "nan"]], [l(3)]),
        (
            "accent",
            "One sign or two for an accent: two texts.",
            [["caf\u00e9", "cafe\u0301"]],
            [l(2)],
        ),
    ]
    for name, why, classes, promises in cases:
        yield of_classes(f"l-diversity/distinct-{name}", why, classes, promises)
    why = "1, 1.0 and 1e0 are one number, so that the class has a single value."
    numbers = {"value": "number"}
    yield of_classes(
        "l-diversity/distinct-numbers", why, [["1", "1.0", "1e0"]], [l(2)], kinds=numbers
    )
    why = "01 among numbers is the number 1; the class has 1 and 2."
    yield of_classes(
        "l-diversity/distinct-idle-zero", why, [["1", "01", "2"]], [l(2), l(3)], kinds=numbers
    )
    why = "Codes with idle zeros are text: 007, 07 and 7 are three."
    yield of_classes("l-diversity/distinct-codes", why, [["007", "07", "7"]], [l(3), l(4)])
    why = "0.0 and -0.0 are one number."
    yield of_classes("l-diversity/distinct-zeros", why, [["0.0", "-0.0"]], [l(2)], kinds=numbers)
    why = "Numbers that are one float of 64 bits, but two numbers."
    yield of_classes(
        "l-diversity/distinct-digits",
        why,
        [["9007199254740993", "9007199254740992"]],
        [l(2)],
        kinds=numbers,
    )
    why = "0.1 and 0.10 are one number, 0.1000000000000000001 is another one."
    yield of_classes(
        "l-diversity/distinct-decimals",
        why,
        [["0.1", "0.10", "0.1000000000000000001"]],
        [l(2), l(3)],
        kinds=numbers,
    )


def _entropy() -> Iterator[Vector]:
    for m in (2, 3, 5, 6, 7, 10, 49):
        classes = [[f"v{i}" for i in range(m)] * 2]
        promises = [l(m, "entropy"), l(above(m), "entropy"), l(below(m), "entropy")]
        why = f"{m} values that are equally frequent: the entropy is exactly ln {m}."
        yield of_classes(f"l-diversity/entropy-uniform-{m:02d}", why, classes, promises)
    why = "Shares 1/2, 1/4, 1/4: the entropy is 1.5 ln 2, so that l is 2^1.5 = 2.828…"
    promises = [l(2.82842712474619, "entropy"), l(2.8284271247462, "entropy")]
    yield of_classes("l-diversity/entropy-root", why, [list("aabc")], promises)
    why = "Counts 4, 1, 1, 1, 1: the entropy is ½ ln 2 + ½ ln 8, exactly ln 4, and not uniform."
    promises = [l(4, "entropy"), l(above(4), "entropy")]
    yield of_classes("l-diversity/entropy-four", why, [list("aaaabcde")], promises)
    why = "Shares 1/2 and eight of 1/16: the entropy is 2.5 ln 2, so that l is 2^2.5 = 5.656…."
    classes = [["a"] * 8 + [f"v{i}" for i in range(8)]]
    yield of_classes(
        "l-diversity/entropy-eight", why, classes, [l(5.65, "entropy"), l(5.66, "entropy")]
    )
    why = "Counts 1001 and 999: almost uniform, but below ln 2."
    classes = [["a"] * 1001 + ["b"] * 999]
    yield of_classes(
        "l-diversity/entropy-hair", why, classes, [l(2, "entropy"), l(1.999999, "entropy")]
    )
    why = "2^32 of each value: counters of 32 bits see none; the entropy is exactly ln 2."
    promises = [l(2, "entropy"), l(2), l(2, "recursive", c=1.5), l(2, "recursive", c=1)]
    yield of_counts("l-diversity/many", why, [{"a": 2**32, "b": 2**32}], promises)
    why = "2^32 + 1 and 2^32: a hair below ln 2, closer than any float of 64 bits can tell."
    promises = [l(2, "entropy"), l(2), l(2, "recursive", c=1), l(2, "recursive", c=1.0000000003)]
    yield of_counts("l-diversity/many-apart", why, [{"a": 2**32 + 1, "b": 2**32}], promises)
    why = "A class of one value has an entropy of 0."
    yield of_classes(
        "l-diversity/entropy-zero", why, [list("aaa"), list("ab")], [l(1.01, "entropy")]
    )


def _recursive() -> Iterator[Vector]:
    def rec(bound: int, c: float) -> Promise:
        return l(bound, "recursive", c=c)

    cases: list[tuple[str, str, Sequence[Sequence[Cell]], list[Promise]]] = [
        (
            "strict",
            "r1 = 3 and the tail is 1: with c = 3 both sides are equal, and the bound is strict.",
            [list("aaabbc")],
            [rec(3, 3), rec(3, above(3.0))],
        ),
        ("tail", "Fewer than l values: the tail is empty.", [list("aabb")], [rec(3, 1000)]),
        (
            "l-2",
            "For l = 2 the tail is all but the most frequent.",
            [list("aabc")],
            [rec(2, 1), rec(2, 1.1)],
        ),
        (
            "ties",
            "Ties at r1 and r2: which comes first is the same.",
            [list("aabbc")],
            [rec(2, 0.7), rec(2, 0.6)],
        ),
        (
            "tenth",
            "r1 = 1 and a tail of 10 with c = 0.1: equal, so broken; in floats 0.1 · 10 is 1.",
            [list("abcdefghijk")],
            [rec(2, 0.1), rec(2, above(0.1))],
        ),
        (
            "three-tenths",
            "r1 = 3, a tail of 10, c = 0.3: equal, so broken; in floats 0.3 · 10 may be above 3.",
            [list("aaa") + ["b"] * 3 + ["c"] * 3 + list("defg")],
            [rec(2, 0.3), rec(2, above(0.3))],
        ),
        ("one-breaks", "One class of two breaks it.", [list("abcd"), list("aaab")], [rec(2, 2)]),
        ("single", "A single record has no tail.", [["a"]], [rec(2, 100)]),
    ]
    for name, why, classes, promises in cases:
        yield of_classes(f"l-diversity/recursive-{name}", why, classes, promises)


def _missing() -> Iterator[Vector]:
    def all_three(bound: int, *, counts: bool) -> list[Promise]:
        return [
            l(bound, missing_counts=counts),
            l(bound, "entropy", missing_counts=counts),
            l(bound, "recursive", c=2, missing_counts=counts),
        ]

    cases: list[tuple[str, str, list[list[Cell]], int]] = [
        ("one-more", "A missing value is one more answer, or none at all.", [["a", None]], 2),
        ("only", "A class in which nobody has a value.", [[None, None], ["a", "b"]], 2),
        ("many", "Several missing values are one.", [["a", None, None, None]], 3),
        ("beside", "Enough values without the missing one.", [["a", "b", None]], 2),
        ("text", "The text NA is no missing value.", [["NA", None]], 2),
        ("frequent", "The missing value is the most frequent.", [["a", "b", *[None] * 6]], 2),
    ]
    for name, why, classes, bound in cases:
        promises = all_three(bound, counts=True) + all_three(bound, counts=False)
        yield of_classes(f"l-diversity/missing-{name}", why, classes, promises)


def _random() -> Iterator[Vector]:
    dice = random.Random("diversity")
    for i in range(30):
        values = [f"v{v}" for v in range(dice.randint(2, 6))]
        classes = random_classes(dice, values)
        held = [Counter(of_class) for of_class in classes]
        least = min(map(len, held))
        promises = [l(bound) for bound in sorted({max(least, 2), least + 1})]
        promises += [l(b, "entropy") for b in around(_reached(held), 1.0000001)]
        bound = max(least, 2)
        tails = [(max(h.values()), sum(sorted(h.values())[: len(h) - bound + 1])) for h in held]
        if all(tail for _, tail in tails):
            c = max(Fraction(*sides) for sides in tails)
            promises += [l(bound, "recursive", c=b) for b in around(c, 1e-9)]
        promises.append(l(least + 1, "recursive", c=1000))
        why = f"Random classes of {len(values)} values, with the bounds of 15 digits around theirs."
        yield of_classes(f"l-diversity/random-{i:02d}", why, classes, promises)


def _reached(held: Sequence[Counter[str]]) -> Fraction:
    """Return about the largest l whose logarithm every class's entropy reaches, to 40 digits."""
    with localcontext() as context:
        context.prec = 40
        reached = []
        for counts in held:
            n = Decimal(counts.total())
            entropy = sum(
                (-(c / n) * (c / n).ln() for c in map(Decimal, counts.values())), Decimal(0)
            )
            reached.append(entropy.exp())
        return Fraction(min(reached))
