"""Optima by trying every candidate, and the figures of their releases, in plain Python.

Nothing of the library is used: labels are compared as text, shares are fractions.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

Path = Sequence[str]
"""A value, and its label at each level."""
Values = Counter[str]
"""Sensitive values of a class."""


def _recursive(held: Values, _: Values) -> bool:
    counts = sorted(held.values(), reverse=True)
    return counts[0] < 4 * sum(counts[2:])


def _entropy(held: Values, _: Values) -> bool:
    n = sum(held.values())  # -Σ c/n ln(c/n) >= ln 3, in whole numbers
    return bool(n**n >= 3**n * prod(c**c for c in held.values()))


def _close(held: Values, table: Values) -> bool:
    n, whole = sum(held.values()), sum(table.values())
    apart = [abs(Fraction(held[value], n) - Fraction(table[value], whole)) for value in table]
    return sum(apart) / 2 <= Fraction(1, 5)


MODELS: Mapping[str, Callable[[Values, Values], bool]] = {
    "distinct l=3": lambda held, _: len(held) >= 3,
    "entropy l=3": _entropy,
    "recursive (4,3)": _recursive,
    "t=0.2 equal": _close,
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of a table."""

    records: Sequence[Mapping[str, str]]
    paths: Mapping[str, Mapping[str, Path]]  # of the quasi-identifiers, by value
    k: int
    suppression_limit: Fraction
    sensitive: str | None = None
    model: str | None = None

    @property
    def lattice(self) -> Iterator[tuple[int, ...]]:
        """All candidates, in their order."""
        return product(*(range(len(next(iter(p.values())))) for p in self.paths.values()))

    def classes(self, levels: Sequence[int]) -> dict[tuple[str, ...], Values]:
        """Return the sensitive values, or as many blanks, of each class of a candidate."""
        found: dict[tuple[str, ...], Values] = {}
        for record in self.records:
            label = tuple(
                paths[record[name]][level]
                for (name, paths), level in zip(self.paths.items(), levels, strict=True)
            )
            value = "" if self.sensitive is None else record[self.sensitive]
            found.setdefault(label, Counter())[value] += 1
        return found

    def kept(self, levels: Sequence[int]) -> dict[tuple[str, ...], int]:
        """Return the sizes of the classes of a candidate that keep what is asked."""
        classes = self.classes(levels)
        table = sum(classes.values(), Counter[str]())
        asked = MODELS[self.model] if self.model else lambda *_: True
        return {
            label: held.total()
            for label, held in classes.items()
            if held.total() >= self.k and asked(held, table)
        }

    def covered(self, label: Sequence[str], levels: Sequence[int]) -> list[tuple[int, int]]:
        """Return how many leaves each label stands for, of how many."""
        return [
            (sum(path[level] == own for path in paths.values()), len(paths))
            for own, paths, level in zip(label, self.paths.values(), levels, strict=True)
        ]


def loss_of(case: Case, levels: Sequence[int], kept: Mapping[tuple[str, ...], int]) -> Fraction:
    """Return the mean of (covered - 1) / (leaves - 1); a suppressed record counts 1."""
    n, width = len(case.records), len(case.paths)
    lost = Fraction(n - sum(kept.values())) * width
    for label, size in kept.items():
        shares = (Fraction(c - 1, leaves - 1) for c, leaves in case.covered(label, levels))
        lost += size * sum(shares, Fraction(0))
    return lost / (n * width)


def best(case: Case) -> dict[str, Any]:
    """Return the optimum, the first of equals, and the figures of its release."""
    n, fewest = len(case.records), Fraction(1) - case.suppression_limit
    feasible = [
        (loss_of(case, levels, kept), levels)
        for levels in case.lattice
        if (kept := case.kept(levels)) and sum(kept.values()) >= fewest * n
    ]
    loss, levels = min(feasible)
    return figures(case, levels) | {
        "levels": list(levels),
        "infoLoss": float(loss),
        "lattice": sum(1 for _ in case.lattice),
        "feasible": len(feasible),
    }


def figures(case: Case, levels: Sequence[int]) -> dict[str, Any]:
    """Return the statistics of a release; risks above 1 in 10 are those above the threshold."""
    kept, n = case.kept(levels), len(case.records)
    sizes, released = list(kept.values()), sum(kept.values())
    suppressed = n - released
    domain = prod(len(paths) for paths in case.paths.values())
    ambiguous = sum(
        size * prod(c for c, _ in case.covered(label, levels)) for label, size in kept.items()
    )
    heights = [
        Fraction(level, len(next(iter(paths.values()))) - 1)
        for level, paths in zip(levels, case.paths.values(), strict=True)
    ]
    height = sum(heights, Fraction(0)) / len(heights)
    return {
        "suppressed": suppressed,
        "released": released,
        "classes": len(sizes),
        "smallest_class": min(sizes),
        "largest_class": max(sizes),
        "avgRecordIdentification": len(sizes) / released,
        "maxProbabilityIdentification": 1 / min(sizes),
        "riskAboveThreshold": sum(size for size in sizes if size < 10),
        "average_class_size": released / len(sizes),
        "discernibility": sum(size**2 for size in sizes) + suppressed * n,
        "ambiguity": (ambiguous + suppressed * domain) / n,
        "generalization_intensity": float((height * released + suppressed) / n),
        "infoLoss": float(loss_of(case, levels, kept)),
    }
