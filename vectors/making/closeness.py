"""Vectors of t-closeness: equal, ordered and hierarchical distance."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from vectors.exact.answers import distances
from vectors.exact.tables import Cell, Promise, Tree, Vector, leaves_of
from vectors.making.tables import above, around, below, of_classes, of_counts, random_classes

NUMBERS = {"value": "number"}

# Li et al. 2007, figure 1.
DISEASES: Tree = {
    "respiratory": {
        "infection": ["flu", "pneumonia", "bronchitis"],
        "vascular": ["pulmonary edema", "pulmonary embolism"],
    },
    "digestive": {
        "stomach": ["gastric ulcer", "stomach cancer", "gastritis"],
        "colon": ["colitis", "colon cancer"],
    },
}


def t(bound: float, distance: str = "equal") -> Promise:
    """Ask for t-closeness."""
    return {"model": "t_closeness", "attribute": "value", "t": bound, "distance": distance}


def of_closeness() -> Iterator[Vector]:
    """Make the vectors."""
    yield from _equal()
    yield from _ordered()
    yield from _hierarchical()
    yield from _random()


def _equal() -> Iterator[Vector]:
    cases: list[tuple[str, str, list[list[Cell]], list[Promise]]] = [
        (
            "zero",
            "Both classes are as the table is: the distance is 0.",
            [list("ab"), list("aabb")],
            [t(0)],
        ),
        (
            "half",
            "A class of one value of two: exactly one half.",
            [["a"], ["b"]],
            [t(0.5), t(below(0.5))],
        ),
        (
            "tenth",
            "The class lacks one of ten equally frequent values: exactly a tenth, no float.",
            [list("abcdefghi"), list("abcdefghijj")],
            [t(0.1), t(0.05), t(0.09)],
        ),
        (
            "missing",
            "A missing value is a value of the distribution.",
            [["a", None], ["a", "a"]],
            [t(0.25), t(0.2)],
        ),
        (
            "absent",
            "Values that a class lacks count as much.",
            [list("aab"), list("abc")],
            [t(0.17), t(0.16)],
        ),
        ("one-class", "The only class is the table.", [list("abc")], [t(0)]),
        ("single", "A record alone in the table is the table.", [["a"]], [t(0)]),
        ("empty", "A table without records breaks nothing.", [], [t(0), t(1)]),
        (
            "star",
            "An asterisk is a value like any other.",
            [["*", "a"], ["a", "a"]],
            [t(0.25), t(0.24)],
        ),
        (
            "most",
            "A class of a rare value: the distance is near 1.",
            [["a"], ["b"] * 99],
            [t(0.99), t(below(0.99))],
        ),
    ]
    for name, why, classes, promises in cases:
        yield of_classes(f"t-closeness/equal-{name}", why, classes, promises)
    why = "1 and 1.0 are one number, so that both classes are alike."
    yield of_classes(
        "t-closeness/equal-numbers", why, [["1", "2"], ["1.0", "2.0"]], [t(0)], kinds=NUMBERS
    )
    why = "Codes with idle zeros are text: 007 and 7 are two values."
    yield of_classes("t-closeness/equal-codes", why, [["007", "01"], ["7", "01"]], [t(0), t(0.25)])
    why = "Counts of 2^31 and more: products of counts are beyond 2^63."
    many = [{"a": 2**31, "b": 2**31}, {"a": 2**32, "b": 2**31}]
    yield of_counts("t-closeness/equal-many", why, many, [t(0.1), t(below(0.1)), t(0.0666)])
    why = "2^40 + 1 beside 2^40: a distance of 10^-13, above 0."
    many = [{"a": 2**40 + 1, "b": 2**40}, {"a": 2**40, "b": 2**40}]
    yield of_counts("t-closeness/equal-hair", why, many, [t(0), t(1e-12)])


def _ordered() -> Iterator[Vector]:
    def by_order(bound: float) -> Promise:
        return t(bound, "ordered")

    why = "The salaries of Li et al. 2007, table 3: the class of 3, 4, 5 is 0.375 away."
    salaries: list[list[Cell]] = [["3", "4", "5"], ["6", "11", "8"], ["7", "9", "10"]]
    bounds = [by_order(0.375), by_order(below(0.375))]
    yield of_classes("t-closeness/ordered-salaries", why, salaries, bounds, kinds=NUMBERS)
    cases: list[tuple[str, str, list[list[Cell]], list[float]]] = [
        (
            "numbers-not-text",
            "2, 10 and 9 in the order of numbers, not of the alphabet.",
            [["2", "9"], ["10", "9"], ["2", "10"]],
            [0.17, 0.15, 0.25],
        ),
        ("ends", "Two classes at both ends: exactly one half.", [["1"], ["5"]], [0.5, below(0.5)]),
        (
            "steps-not-size",
            "Neighbours are one step apart, however far their numbers are.",
            [["1", "2"], ["2", "1000000"]],
            [0.25, below(0.25)],
        ),
        ("negative", "-10 is before -9 and 0.", [["-10", "-9"], ["0", "-9"]], [0.25, 0.2]),
        (
            "exponents",
            "1e3 is the largest, not the second.",
            [["1e3", "2"], ["30", "2"]],
            [0.125, 0.1],
        ),
        (
            "equal-numbers",
            "5 and 5.0 share one place, so there are two.",
            [["5", "5.0"], ["6", "5"]],
            [0.25, 0.2],
        ),
        (
            "missing-last",
            "A missing value stands last, one step after the largest.",
            [["1", None], ["1", "2"]],
            [0.125, 0.25, 0.1],
        ),
        ("single-value", "One value: there is no step, and no distance.", [["7", "7"], ["7"]], [0]),
        (
            "digits",
            "Numbers that are one float are two steps.",
            [["9007199254740992"], ["9007199254740993"]],
            [0.5, 0.49],
        ),
        ("empty", "A table without records breaks nothing.", [], [0]),
    ]
    for name, why, classes, bounds_of in cases:
        promises = [by_order(b) for b in bounds_of]
        yield of_classes(f"t-closeness/ordered-{name}", why, classes, promises, kinds=NUMBERS)
    why = "Dates in the order of the calendar."
    classes = [["2023-12-31", "2024-02-29"], ["2024-03-01", "2024-02-29"]]
    yield of_classes(
        "t-closeness/ordered-dates",
        why,
        classes,
        [by_order(0.25), by_order(0.2)],
        kinds={"value": "date"},
    )
    why = "Counts of 2^31 and more along an order of three."
    many = [{"1": 2**31, "2": 2**31, "3": 2**31}, {"1": 2**32, "2": 2**31, "3": 2**30}]
    yield of_counts(
        "t-closeness/ordered-many", why, many, [by_order(0.2), by_order(0.1)], kinds=NUMBERS
    )


def _hierarchical() -> Iterator[Vector]:
    def by_tree(bound: float) -> Promise:
        return t(bound, "hierarchical")

    six = ["flu", "pneumonia", "bronchitis", "gastric ulcer", "stomach cancer", "gastritis"]
    near = ["gastric ulcer", "gastritis", "stomach cancer"]
    far = ["gastric ulcer", "stomach cancer", "pneumonia"]
    for name, held, bound in (("half", near, 0.5), ("five-eighteenths", far, 0.277777777777777)):
        rest = [disease for disease in six if disease not in held]
        why = f"Li et al. 2007, section 5.2: three of six diseases, a distance of {bound:.3g}."
        bounds = [bound, below(bound), above(bound)]
        yield of_classes(
            f"t-closeness/tree-{name}",
            why,
            [held, rest],
            map(by_tree, bounds),
            trees={"value": DISEASES},
        )
    flat: Tree = list("abcd")
    why = "A tree of one level: the distance is the equal one."
    promises = [by_tree(0.5), by_tree(below(0.5)), t(0.5)]
    yield of_classes(
        "t-closeness/tree-flat", why, [list("ab"), list("abcdcd")], promises, trees={"value": flat}
    )
    why = "Brothers change places: nothing moves farther than their parent, half of the height."
    tree: Tree = {"x": ["a", "b"], "y": ["c", "d"]}
    promises = [by_tree(0.125), by_tree(below(0.125)), t(0.25)]
    yield of_classes(
        "t-closeness/tree-brothers",
        why,
        [list("aacd"), list("bbcd")],
        [*promises, by_tree(0.25)],
        trees={"value": tree},
    )
    why = "A leaf that no record has stands in the tree and changes nothing."
    tree = {"x": ["a", "b", "nobody"], "y": ["c", "never"]}
    yield of_classes(
        "t-closeness/tree-unused",
        why,
        [list("ab"), list("cb")],
        [by_tree(0.25), by_tree(0.2)],
        trees={"value": tree},
    )


def _random() -> Iterator[Vector]:
    for distance in ("equal", "ordered", "hierarchical"):
        dice = random.Random(f"closeness {distance}")
        for i in range(16):
            values, rest = _scale(distance, dice)
            classes = random_classes(dice, values)
            vector = of_classes("", "", classes, [], **rest)
            reached = max(distances(vector, t(0, distance)))
            promises = [t(b, distance) for b in around(reached, 0, 1)]
            why = (
                f"Random classes, {distance} distance: the bounds of 15 digits around the distance "
                "of the farthest class."
            )
            yield of_classes(
                f"t-closeness/{distance}-random-{i:02d}", why, classes, promises, **rest
            )


def _scale(distance: str, dice: random.Random) -> tuple[Sequence[str], dict[str, Any]]:
    """Return values of a random scale, and what tells of it."""
    if distance == "hierarchical":
        return [path[-1] for path in leaves_of(DISEASES)], {"trees": {"value": DISEASES}}
    if distance == "ordered":
        numbers = dice.sample(["-3", "0", "0.5", "2", "9", "10", "1e2", "1000"], dice.randint(2, 7))
        return numbers, {"kinds": NUMBERS}
    return [f"v{v}" for v in range(dice.randint(2, 7))], {}
