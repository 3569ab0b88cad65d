"""Vectors of households, of all records of a person together, and of people of a population."""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from vectors.exact import people as definitions
from vectors.exact.sizes import people_behind
from vectors.exact.tables import Cell, Promise, Vector
from vectors.making.diversity import l
from vectors.making.population import k_map, presence
from vectors.making.shares import alpha
from vectors.making.sizes import k
from vectors.making.tables import around, of_persons

Records = Sequence[tuple[Cell, str]]
"""Whose each record is, and how it reads."""


def household(bound: int) -> Promise:
    """Ask for records of so many households in each class."""
    return {"model": "household", "k": bound}


def trajectory(bound: int) -> Promise:
    """Ask for so many persons who have the same records in all."""
    return {"model": "trajectory", "k": bound}


def of_people() -> Iterator[Vector]:
    """Make the vectors."""
    yield from _households()
    yield from _trajectories()
    yield from _people_of_a_population()
    yield from _without_a_person()
    yield from _random()


def _owned(
    name: str, why: str, records: Records, promises: Sequence[Promise], **rest: Any
) -> Vector:
    rows = tuple((who, label) for who, label in records)
    columns, told = ("person", "group"), tuple(promises)
    return Vector(name, why, columns, rows, ("group",), told, person="person", **rest)


def _housed(
    name: str,
    why: str,
    records: Sequence[tuple[str, Cell, str]],
    promises: Sequence[Promise],
    **rest: Any,
) -> Vector:
    """Make a vector of records with a person, her household, and a class."""
    columns = ("person", "house", "group")
    rest = {"person": "person", "household": "house"} | rest
    return Vector(name, why, columns, tuple(records), ("group",), tuple(promises), **rest)


def _households() -> Iterator[Vector]:
    family = [(f"p{i}", "h1", "a") for i in range(5)]
    yield _housed(
        "households/one-family",
        "Five persons alike are one family.",
        family,
        [k(5), k(6), household(2)],
    )
    yield _housed(
        "households/neighbours",
        "A sixth person alike, of next door, makes two households.",
        [*family, ("p9", "h2", "a")],
        [household(2), household(3), k(6)],
    )
    yield _housed(
        "households/one-class-breaks",
        "Two of three classes have three households, one has two.",
        [(f"p{c}{h}", f"h{h}", c) for c, n in (("a", 3), ("b", 2), ("c", 3)) for h in range(n)],
        [household(2), household(3)],
    )
    yield _housed(
        "households/who-moved",
        "One person of two households, who moved: two households and one person.",
        [("ann", "h1", "a"), ("ann", "h2", "a")],
        [household(2), household(3), k(2)],
    )
    yield _housed(
        "households/across-classes",
        "A household counts in each class that it has records of.",
        [("ann", "h1", "a"), ("bob", "h2", "a"), ("cid", "h1", "b"), ("dan", "h2", "b")],
        [household(2), household(3)],
    )
    yield _housed(
        "households/of-records",
        "Nobody says whose a record is, but of which household: five records, two households.",
        [("x", "h1", "a")] * 4 + [("x", "h2", "a")],
        [household(2), household(3), k(5), k(6)],
        person=None,
    )
    yield _housed(
        "households/blanks",
        "Blanks around the name of a household are none of it; capital letters tell apart.",
        [("p1", "Elm 1", "a"), ("p2", " Elm 1", "a"), ("p3", "Elm 1 ", "a"), ("p4", "elm 1", "a")],
        [household(2), household(3), k(4)],
    )
    yield _housed(
        "households/numbers",
        "12, 12.0 and 0012 are one household where households are numbered.",
        [("p1", "12", "a"), ("p2", "12.0", "a"), ("p3", "0012", "a"), ("p4", "7", "a")],
        [household(2), household(3), k(4)],
        kinds={"house": "number"},
    )
    yield _housed(
        "households/missing-together",
        "Three records without a household are of one, in doubt.",
        [("p1", None, "a"), ("p2", None, "a"), ("p3", None, "a"), ("p4", "h1", "a")],
        [household(2), household(3)],
        without_person="together",
    )
    yield _housed(
        "households/missing-apart",
        "Three records without a household are of one each, where that is known.",
        [("p1", None, "a"), ("p2", None, "a"), ("p3", None, "a"), ("p4", "h1", "a")],
        [household(4), household(5)],
        without_person="own",
    )
    yield _housed("households/empty", "No class breaks anything.", [], [household(2), k(2)])


def _trajectories() -> Iterator[Vector]:
    def each(*persons: tuple[str, str]) -> list[tuple[str, str]]:
        return [(who, label) for who, labels in persons for label in labels]

    cases: list[tuple[str, str, Records, list[Promise]]] = [
        (
            "pairs",
            "Two persons for each way to go; each class alone has four.",
            each(("ann", "ab"), ("bob", "ab"), ("cid", "aa"), ("dan", "aa")),
            [trajectory(2), trajectory(3), k(2)],
        ),
        (
            "classes-hide-nobody",
            "Each class has two persons, and nobody shares both of her classes with another.",
            each(("ann", "ab"), ("bob", "bc"), ("cid", "ca")),
            [k(2), trajectory(2)],
        ),
        (
            "order",
            "In which order the records stand tells nothing.",
            each(("ann", "abc"), ("bob", "cab"), ("cid", "bca")),
            [trajectory(3), trajectory(4)],
        ),
        (
            "how-often",
            "Three records of a class are not two of it: the number tells them apart.",
            each(("ann", "aaa"), ("bob", "aaa"), ("cid", "aa")),
            [trajectory(2), k(3)],
        ),
        (
            "same-number-of-records",
            "As many records of each, divided otherwise between the same two classes.",
            each(("ann", "aab"), ("bob", "abb"), ("cid", "aab"), ("dan", "abb")),
            [trajectory(2), trajectory(3), k(4)],
        ),
        (
            "one-more",
            "One of six has a record more than the others.",
            each(*[(f"p{i}", "ab") for i in range(5)], ("p9", "abb")),
            [trajectory(2), k(6)],
        ),
        (
            "subset",
            "Who has a part of the records of others is told from them by what she lacks.",
            each(("ann", "ab"), ("bob", "ab"), ("cid", "a"), ("dan", "a"), ("eve", "b")),
            [trajectory(2), k(3)],
        ),
        (
            "single-records",
            "With a record each, trajectories are classes.",
            each(*[(f"p{i}", "a") for i in range(3)], *[(f"q{i}", "b") for i in range(4)]),
            [trajectory(3), trajectory(4), k(3), k(4)],
        ),
        (
            "everybody-alike",
            "Everybody has the same hundred records.",
            each(*[(f"p{i}", "ab" * 50) for i in range(4)]),
            [trajectory(4), trajectory(5)],
        ),
        (
            "labels-that-join",
            "Labels that read alike one behind the other are not the same labels.",
            [("ann", "a"), ("ann", "bc"), ("bob", "ab"), ("bob", "c")],
            [trajectory(2)],
        ),
        (
            "blanks-around-names",
            "A name with a blank behind it is the same person's: two persons, not three.",
            [("ann", "a"), ("ann ", "b"), ("bob", "a"), ("bob", "b")],
            [trajectory(2), k(2)],
        ),
        ("single", "One person is alone on her way.", [("ann", "a")], [trajectory(2)]),
        ("empty", "Nobody is on any way.", [], [trajectory(2)]),
    ]
    for name, why, records, promises in cases:
        yield _owned(f"trajectories/{name}", why, records, promises)


def _people_of_a_population() -> Iterator[Vector]:
    def of(
        name: str, why: str, records: Records, people: Records, *promises: Promise, **rest: Any
    ) -> Vector:
        held = {"population": tuple(people), "population_person": "number"} | rest
        return _owned(f"people/{name}", why, records, promises, **held)

    five_visits = [("ann", "a")] * 5
    yield of(
        "records-are-no-people",
        "Five records of the population are of two people.",
        five_visits,
        [("1", "a")] * 3 + [("2", "a")] * 2,
        *(k_map(2), k_map(3), presence(0, 0.5), presence(0, 0.49)),
    )
    yield of(
        "one-of-four",
        "Six records of one person, behind whom are four people with a record each.",
        [("ann", "a")] * 6,
        [(str(number), "a") for number in range(4)],
        *(k_map(4), k_map(5), presence(0.25, 0.25), presence(0, 0.24)),
    )
    yield of(
        "in-two-classes",
        "Two people who read as both classes are behind each.",
        [("ann", "a"), ("ann", "b")],
        [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")],
        *(k_map(2), k_map(3), presence(0.5, 0.5), presence(0, 0.4)),
    )
    yield of(
        "partly-absent",
        "Who has a record that reads as no class is ruled out, whatever her others do.",
        [("ann", "a")],
        [("1", "a"), ("2", "a"), ("2", "c")],
        *(k_map(2), k_map(3), presence(0, 0.5), presence(0.1, 0.5)),
    )
    yield of(
        "census",
        "Everybody is released, with other records than she has in the population.",
        [("ann", "a"), ("ann", "a"), ("bob", "a")],
        [("1", "a"), ("2", "a"), ("2", "a")],
        *(k_map(2), presence(1, 1), presence(0, 0.99)),
    )
    yield of(
        "third",
        "One of three people: the bounds of 15 digits around it part yes from no.",
        [("ann", "a"), ("ann", "a")],
        [("1", "a"), ("2", "a"), ("3", "a"), ("3", "a")],
        *(presence(0, b) for b in around(Fraction(1, 3))),
    )
    yield of(
        "numbered",
        "7, 07 and 7.0 are one of the people.",
        [("ann", "a")],
        [("7", "a"), ("07", "a"), ("7.0", "a"), ("8", "a")],
        *(k_map(2), k_map(3), presence(0, 0.5), presence(0, 0.34)),
        kinds={"number": "number"},
    )
    yield of(
        "empty",
        "Nobody is released: whoever is in the population is ruled out.",
        [],
        [("1", "a"), ("2", "b")],
        *(k_map(2), presence(0, 1), presence(0.1, 1)),
    )


def _without_a_person() -> Iterator[Vector]:
    classes: list[list[tuple[Cell, Cell]]] = [[(None, "x"), (None, "y"), (None, "z"), ("ann", "x")]]
    promises = [*map(k, (2, 3, 4, 5)), *map(l, (2, 3)), alpha(0.5), alpha(0.49)]
    for handled, why in (
        ("together", "Three records without a person are of one, in doubt: two persons have x."),
        ("own", "Three records without a person are of one each, where that is known: four."),
    ):
        held = {"without_person": handled}
        yield of_persons(f"people/nobody-{handled}", why, classes, promises, **held)


def _random() -> Iterator[Vector]:
    dice = random.Random("people")
    for i in range(12):
        records = [
            (f"p{dice.randrange(8)}", f"h{dice.randrange(4)}", f"c{dice.randrange(3)}")
            for _ in range(dice.randint(4, 40))
        ]
        least = min(definitions.households(_housed("", "", records, [])))
        bounds = sorted({max(least, 2), least + 1})
        why = "Random persons and households, with bounds around what the classes reach."
        yield _housed(f"households/random-{i:02d}", why, records, [household(b) for b in bounds])
    for i in range(12):
        ways = [dice.choices("abc", k=dice.randint(1, 4)) for _ in range(dice.randint(1, 3))]
        persons = [(f"p{n}", dice.choice(ways)) for n in range(dice.randint(3, 12))]
        went = [(who, label) for who, way in persons for label in dice.sample(way, len(way))]
        dice.shuffle(went)
        fewest = min(definitions.trajectories(_owned("", "", went, [])).values())
        bounds = sorted({max(fewest, 2), fewest + 1})
        why = f"{len(persons)} persons on at most {len(ways)} ways, in a random order."
        yield _owned(f"trajectories/random-{i:02d}", why, went, [trajectory(b) for b in bounds])
    for i in range(12):
        yield _random_population(dice, i)


def _random_population(dice: random.Random, i: int) -> Vector:
    """Draw persons who are released, and people who have records like theirs, or other ones."""
    released = [(f"p{dice.randrange(4)}", dice.choice("ab")) for _ in range(dice.randint(1, 8))]
    people = [(str(dice.randrange(30)), dice.choice("abc" if i % 2 else "ab")) for _ in range(60)]
    told: dict[str, Any] = {"population": tuple(people), "population_person": "number"}
    behind, _ = people_behind(_owned("", "", released, [], **told))
    least = min(n for _, n in behind.values())
    shares = [Fraction(size, n) for size, n in behind.values()]
    promises = [k_map(bound) for bound in sorted({max(least, 2), least + 1})]
    promises += [presence(0, b) for b in around(max(shares), 1e-9, 1)]
    promises += [presence(b, 1) for b in around(min(shares), 1e-9, 1)]
    why = "Random records of few people, with the bounds of 15 digits around the shares released."
    return _owned(f"people/random-{i:02d}", why, released, promises, **told)
