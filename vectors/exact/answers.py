"""Whether a vector keeps a promise."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from vectors.exact import people, persons, records
from vectors.exact import sizes as of_sizes
from vectors.exact.tables import (
    MISSING,
    Promise,
    Value,
    Vector,
    classes_of_persons,
    classes_of_records,
    sizes,
    value_of,
)


def exact(bound: Any) -> Fraction:
    """Return the decimal number that a bound is written as."""
    return Fraction(str(bound)) if isinstance(bound, float) else Fraction(bound)


def holds(vector: Vector, promise: Promise) -> bool:
    """Tell whether every class, or the table as a whole, keeps a promise."""
    return _BY_MODEL[promise["model"]](vector, promise)


def _k_anonymity(vector: Vector, promise: Promise) -> bool:
    return all(size >= promise["k"] for size in sizes(vector))


def _average_risk(vector: Vector, promise: Promise) -> bool:
    return of_sizes.average_risk(sizes(vector)) <= exact(promise["risk"])


def _sample_uniqueness(vector: Vector, promise: Promise) -> bool:
    return of_sizes.sample_uniqueness(sizes(vector)) <= exact(promise["share"])


def _population_uniqueness(vector: Vector, promise: Promise) -> bool:
    found = of_sizes.population_uniqueness(sizes(vector), promise["population"])
    return found <= exact(promise["share"])


def _k_map(vector: Vector, promise: Promise) -> bool:
    if "estimator" not in promise:
        return of_sizes.is_k_map(vector, promise["k"])
    needed = of_sizes.records_for(
        promise["k"],
        exact(promise["sampling_fraction"]),
        exact(promise["significance"]),
        truncated=promise["estimator"] == "zero_truncated_poisson",
    )
    return all(size >= needed for size in sizes(vector))


def _delta_presence(vector: Vector, promise: Promise) -> bool:
    return of_sizes.is_present(vector, exact(promise["delta_min"]), exact(promise["delta_max"]))


def _household(vector: Vector, promise: Promise) -> bool:
    return all(size >= promise["k"] for size in people.households(vector))


def _trajectory(vector: Vector, promise: Promise) -> bool:
    return all(persons >= promise["k"] for persons in people.trajectories(vector).values())


# -- of sensitive values -------------------------------------------------------------------


def _l_diversity(vector: Vector, promise: Promise) -> bool:
    variant, l = promise["variant"], exact(promise["l"])  # noqa: E741 (the papers' name)
    counted = promise.get("missing_counts", True)

    def diverse(held: Counter[Value]) -> bool:
        if variant == "distinct":
            return records.is_distinct_diverse(held, int(l))
        if variant == "entropy":
            return records.is_entropy_diverse(held, l)
        return records.is_recursively_diverse(held, int(l), exact(promise["c"]))

    if vector.person is None:
        classes = classes_of_records(vector, promise["attribute"])
        for held in () if counted else classes:
            held.pop(MISSING, None)
        return all(map(diverse, classes))
    owned = classes_of_persons(vector, promise["attribute"])
    owned = owned if counted else [persons.with_values(held) for held in owned]
    return all(
        bool(held) and persons.is_spread(held, l) and diverse(persons.having(held))
        for held in owned
    )


def _shares(
    vector: Vector, promise: Promise
) -> tuple[list[dict[Value, Fraction]], dict[Value, Fraction]]:
    """Return the shares of values in each class, and in the table: of records, or of persons."""
    if vector.person is not None:
        owned = classes_of_persons(vector, promise["attribute"])
        return [persons.shares(held) for held in owned], persons.shares(persons.together(owned))
    classes = classes_of_records(vector, promise["attribute"])
    whole = sum(classes, Counter[Value]())
    return [records.shares(held) for held in classes], records.shares(whole)


def _alpha_k_anonymity(vector: Vector, promise: Promise) -> bool:
    kind = vector.kinds.get(promise["attribute"], "text")
    asked = promise.get("guarded")
    guarded = None if asked is None else [value_of(cell, kind) for cell in asked]
    classes, _ = _shares(vector, promise)
    shares = [records.largest_share(q, guarded) for q in classes]
    return _k_anonymity(vector, promise) and all(q <= exact(promise["alpha"]) for q in shares)


def distances(vector: Vector, promise: Promise) -> list[Fraction]:
    """Return how far each class is from the table."""
    attribute, distance = promise["attribute"], promise["distance"]
    tree = vector.trees.get(attribute, ())
    if vector.person is not None:
        owned = classes_of_persons(vector, attribute)
        table = persons.together(owned)
        of_persons: dict[str, Callable[[persons.Held], Fraction]] = {
            "equal": lambda held: persons.equal_distances(held, table),
            "ordered": lambda held: persons.ordered_distances(held, table),
            "hierarchical": lambda held: persons.hierarchical_distances(held, table, tree),
        }
        return [of_persons[distance](held) for held in owned]
    classes, p = _shares(vector, promise)
    of_records: dict[str, Callable[[records.Shares], Fraction]] = {
        "equal": lambda q: records.equal_distance(q, p),
        "ordered": lambda q: records.ordered_distance(q, p),
        "hierarchical": lambda q: records.hierarchical_distance(q, p, tree),
    }
    return [of_records[distance](q) for q in classes]


def _t_closeness(vector: Vector, promise: Promise) -> bool:
    return all(distance <= exact(promise["t"]) for distance in distances(vector, promise))


def _beta_likeness(vector: Vector, promise: Promise) -> bool:
    classes, p = _shares(vector, promise)
    enhanced = promise["variant"] == "enhanced"
    alike = records.is_enhanced_likeness if enhanced else records.is_basic_likeness
    return all(alike(q, p, exact(promise["beta"])) for q in classes)


def _delta_disclosure(vector: Vector, promise: Promise) -> bool:
    classes, p = _shares(vector, promise)
    present_only = promise.get("compare", "all") == "present"
    return all(
        records.discloses_less(q, p, exact(promise["delta"]), present_only=present_only)
        for q in classes
    )


_BY_MODEL: dict[str, Callable[[Vector, Promise], bool]] = {
    "k_anonymity": _k_anonymity,
    "average_risk": _average_risk,
    "sample_uniqueness": _sample_uniqueness,
    "population_uniqueness": _population_uniqueness,
    "k_map": _k_map,
    "delta_presence": _delta_presence,
    "household": _household,
    "trajectory": _trajectory,
    "l_diversity": _l_diversity,
    "alpha_k_anonymity": _alpha_k_anonymity,
    "t_closeness": _t_closeness,
    "beta_likeness": _beta_likeness,
    "delta_disclosure": _delta_disclosure,
}
