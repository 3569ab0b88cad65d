"""What was found: each promise, whether it holds, and the classes that were measured."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core import wording
from anon_dagster.core.audit import Partition
from anon_dagster.discreet import Discreet, table_html
from anon_dagster.errors import PromiseBrokenError, counted


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that a release promises, and what was found."""

    name: str
    """Such as ``5-anonymity``."""
    attribute: str | None
    """The attribute that it guards; ``None``: the record as a whole."""
    asked: float
    reached: float | None
    """In the unit of ``asked``; ``None`` for a release without records."""
    holds: bool
    """Decided exactly, not by the rounded numbers above."""
    classes_failing: int
    records_failing: int
    untold: str | None = None
    """Why nobody can tell whether it holds, which then counts as broken."""

    def __str__(self) -> str:
        name = wording.guarding(self.name, self.attribute)
        if self.holds:
            return f"{name} holds"
        if self.untold is not None:
            return f"{name} cannot be told: {self.untold}"
        return (
            f"{name} is broken by {counted(self.classes_failing, 'class')} "
            f"with {counted(self.records_failing, 'record')}"
        )


@dataclass(frozen=True, slots=True)
class ClassMeasures(
    Discreet,
    shown=(
        "records",
        "classes",
        "smallest_class",
        "largest_class",
        "unique_records",
        "discernibility",
    ),
):
    """The equivalence classes of a table in numbers."""

    records: int
    classes: int
    smallest_class: int
    largest_class: int
    unique_records: int
    discernibility: int
    """Σ |class|², see :mod:`anon_dagster.statistics.utility`; nothing is taken as suppressed."""

    @classmethod
    def of(cls, classes: Partition) -> "ClassMeasures":
        """Count classes."""
        return cls(
            records=classes.records,
            classes=len(classes.sizes),
            smallest_class=classes.smallest,
            largest_class=classes.largest,
            unique_records=int((classes.sizes == 1).sum()),
            discernibility=classes.squares,
        )


@dataclass(frozen=True, slots=True)
class Verification(Discreet, shown=("verdict", "classes")):
    """Every promise of a policy, measured on a release."""

    promises: tuple[Promise, ...]
    classes: ClassMeasures

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    @property
    def verdict(self) -> str:
        """Whether the promises hold, in words."""
        count, failing = counted(len(self.promises), "promise"), len(self.failures)
        untold = sum(each.untold is not None for each in self.failures)
        if not failing:
            return f"{count} kept"
        if not untold:
            return f"{failing} of {count} not kept"
        told = f"not kept, {untold} cannot be told" if failing > untold else "cannot be told"
        return f"{failing - untold or untold} of {count} {told}"

    @property
    def failures(self) -> tuple[Promise, ...]:
        """The promises that are not kept."""
        return tuple(promise for promise in self.promises if not promise.holds)

    def _tables(self) -> Iterator[str]:
        yield self.promises_html("Promises, measured on the stored release")

    def promises_html(self, caption: str) -> str:
        """Return a row per promise, for notebooks: those that are broken first."""
        rows = [
            (
                wording.guarding(each.name, each.attribute),
                "holds" if each.holds else "BROKEN" if each.untold is None else "cannot be told",
                each.asked,
                each.reached,
                each.records_failing,
                each.untold,
            )
            for each in sorted(self.promises, key=lambda each: each.holds)
        ]
        columns = ("promise", "verdict", "asked", "reached", "records failing", "why untold")
        return table_html(caption, columns, rows)

    def require(self) -> None:
        """Refuse a release that breaks a promise.

        Raises
        ------
        PromiseBrokenError
            Naming every broken promise, with counts.
        """
        if self.failures:
            raise PromiseBrokenError("; ".join(str(promise) for promise in self.failures))

    def to_frame(self) -> pd.DataFrame:
        """Return a row per promise."""
        columns = list(Promise.__dataclass_fields__)
        return pd.DataFrame([asdict(promise) for promise in self.promises], columns=columns)


def untold(name: str, attribute: str | None, asked: float, why: str) -> Promise:
    """Return a promise of which nobody can tell whether it holds."""
    return Promise(
        name=name,
        attribute=attribute,
        asked=asked,
        reached=None,
        holds=False,
        classes_failing=0,
        records_failing=0,
        untold=why,
    )


def promise(
    name: str,
    attribute: str | None,
    asked: float,
    sizes: NDArray[np.int64],
    reached: float,
    failing: NDArray[np.bool_],
) -> Promise:
    """Tell what classes, of the sizes and failing as given, (classes,), keep of a promise."""
    return Promise(
        name=name,
        attribute=attribute,
        asked=asked,
        reached=reached if len(sizes) else None,
        holds=not failing.any(),
        classes_failing=int(failing.sum()),
        records_failing=int(sizes[failing].sum()),
    )
