"""Vectors of k-map, δ-presence and uniqueness in the population."""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

from vectors.exact.sizes import records_for
from vectors.exact.tables import Promise, Vector
from vectors.making.tables import around, below, of_sizes

Kinds = Sequence[tuple[int, int]]
"""Of each kind of people: how many records of the table, and how many people, read like that."""


def k_map(k: int) -> Promise:
    """Ask for k-map, counted in the table of the population."""
    return {"model": "k_map", "k": k}


def estimated(
    k: int, fraction: float, significance: float = 0.05, *, truncated: bool = False
) -> Promise:
    """Ask for k-map by the hypothesis test on class sizes."""
    estimator = "zero_truncated_poisson" if truncated else "poisson"
    return {
        "model": "k_map",
        "k": k,
        "estimator": estimator,
        "significance": significance,
        "sampling_fraction": fraction,
    }


def presence(lower: float, upper: float) -> Promise:
    """Ask for δ-presence."""
    return {"model": "delta_presence", "delta_min": lower, "delta_max": upper}


def unique(share: float, population: int) -> Promise:
    """Ask that few people are unique in the population."""
    return {"model": "population_uniqueness", "share": share, "population": population}


def _of_kinds(name: str, why: str, kinds: Kinds, promises: Sequence[Promise]) -> Vector:
    labels = [(f"a{i % 2}", f"b{i}") for i in range(len(kinds))]
    pairs = list(zip(labels, kinds, strict=True))
    rows = tuple(label for label, (records, _) in pairs for _ in range(records))
    people = tuple(label for label, (_, persons) in pairs for _ in range(persons))
    columns = ("q1", "q2")
    return Vector(name, why, columns, rows, columns, tuple(promises), population=people)


def of_population() -> Iterator[Vector]:
    """Make the vectors."""
    cases: list[tuple[str, str, Kinds, list[Promise]]] = [
        (
            "k-map/exact",
            "A record alone in the table has five people behind it.",
            [(1, 5), (5, 9)],
            [k_map(5), k_map(6)],
        ),
        (
            "k-map/not-k-anonymous",
            "k-map holds where k-anonymity does not.",
            [(1, 3), (1, 3)],
            [k_map(3), {"model": "k_anonymity", "k": 2}],
        ),
        (
            "k-map/absent",
            "People whom no record shows are no class, and break no k-map.",
            [(2, 4), (0, 1)],
            [k_map(4), k_map(5)],
        ),
        (
            "k-map/one-breaks",
            "One class of three has too few people.",
            [(2, 9), (2, 2), (2, 9)],
            [k_map(2), k_map(3)],
        ),
        (
            "k-map/empty",
            "A table without records breaks nothing.",
            [(0, 3), (0, 1)],
            [k_map(3), presence(0, 0.5)],
        ),
        (
            "delta-presence/exact",
            "1 of 4 and 2 of 4: exactly from a quarter to one half.",
            [(1, 4), (2, 4)],
            [presence(0.25, 0.5), presence(0.25, below(0.5)), presence(0.3, 0.5)],
        ),
        (
            "delta-presence/tenth",
            "Exactly a tenth, which no float is.",
            [(1, 10), (3, 30)],
            [presence(0.1, 0.1), presence(0, below(0.1))],
        ),
        (
            "delta-presence/three-tenths",
            "3 of 10: 3 · 0.1 is above 0.3 in floats.",
            [(3, 10), (3, 10)],
            [presence(0.3, 0.3), presence(0, 0.299)],
        ),
        (
            "delta-presence/absent",
            "Nobody of some kind is in the table: they are ruled out, if there is a lower bound.",
            [(1, 2), (0, 2)],
            [presence(0, 0.5), presence(0.01, 0.5)],
        ),
        (
            "delta-presence/census",
            "Everybody is in the table.",
            [(2, 2), (3, 3)],
            [presence(0, 1), presence(1, 1), presence(0, 0.99)],
        ),
        (
            "delta-presence/third",
            "1 of 3: the bounds of 15 digits around it part yes from no.",
            [(1, 3), (2, 6)],
            [presence(0, b) for b in around(Fraction(1, 3))],
        ),
        (
            "delta-presence/empty-lower",
            "Without records everybody is ruled out.",
            [(0, 3)],
            [presence(0, 1), presence(0.1, 1)],
        ),
    ]
    for name, why, kinds, promises in cases:
        yield _of_kinds(name, why, kinds, promises)
    yield from _estimated()
    yield from _unique()
    dice = random.Random("population")
    for i in range(12):
        kinds = [(dice.randint(0, 4), dice.randint(5, 12)) for _ in range(dice.randint(2, 6))]
        kinds.append((1, 7))
        shown = [(n, people) for n, people in kinds if n]
        shares = [Fraction(n, people) for n, people in shown]
        least = min(people for _, people in shown)
        promises = [k_map(least), k_map(least + 1)]
        promises += [presence(0, b) for b in around(max(shares), 1e-9, 1)]
        promises += [presence(b, 1) for b in around(min(shares), 1e-9, 1)]
        why = "Random kinds of people, with the bounds of 15 digits around the shares released."
        yield _of_kinds(f"population/random-{i:02d}", why, kinds, promises)


def _estimated() -> Iterator[Vector]:
    cases = [(5, 0.1), (5, 0.5), (10, 0.3), (3, 1.0), (20, 0.25), (50, 0.02), (2, 0.01)]
    for k, fraction in cases:
        for truncated in (False, True):
            needed = records_for(k, Fraction(str(fraction)), Fraction(1, 20), truncated=truncated)
            kind = "truncated" if truncated else "poisson"
            name = f"k-map/{kind}-{k}-{fraction:g}".replace(".", "_")
            why = (
                f"{k} people, of whom a share of {fraction:g} is drawn, show {needed} records or more "
                "with a probability of at most 5 %; the smallest class has so many, or one fewer."
            )
            promise = estimated(k, fraction, truncated=truncated)
            yield of_sizes(name, why, [needed, needed + 3], [promise])
            if needed > 1:
                yield of_sizes(f"{name}-fewer", why, [needed - 1, needed + 3], [promise])


def _unique() -> Iterator[Vector]:
    why = "No record is alone, so that every estimator says that nobody is unique."
    yield of_sizes("population-uniqueness/none", why, [2, 3, 5], [unique(0, 1000), unique(0, 10)])
    why = "The table is the population: what is alone in it is unique, one of ten."
    yield of_sizes(
        "population-uniqueness/census", why, [1, 4, 5], [unique(0.1, 10), unique(below(0.1), 10)]
    )
    why = "A census in which everybody is unique."
    yield of_sizes("population-uniqueness/all", why, [1, 1, 1], [unique(0.99, 3)])
