"""Promises about sensitive values where a person may have several records, and so several values.

Nothing is inferred of a record, but of a person. A value's share in a class is the share of its
persons who have it, and shares may add up to more than 1. Of a table with one record of each
person every model says what the plain one says, to the bit.

Hardly anything is known of classes that are joined: of two that keep a promise and share persons,
the union may break it. One class may say of a person that she has the first value, another one that
she has the second: together, that she has both.

Proofs: ``docs/proofs/persons.md``.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import integers
from anon_dagster.core.persons import Holdings
from anon_dagster.core.privacy.alpha_deassociation import AlphaDeassociation
from anon_dagster.core.privacy.beta_likeness import BetaLikeness, EnhancedBetaLikeness
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram, PersonsHeld
from anon_dagster.core.privacy.delta_disclosure import DeltaDisclosure
from anon_dagster.core.privacy.l_diversity import (
    DistinctLDiversity,
    EntropyLDiversity,
    RecursiveLDiversity,
)
from anon_dagster.core.privacy.model import Monotone, PrivacyModel, SensitiveModel
from anon_dagster.core.privacy.present_values import LDiversity, OfPresentValues
from anon_dagster.core.privacy.support_share import SupportShare
from anon_dagster.core.privacy.t_closeness import (
    EqualTCloseness,
    HierarchicalTCloseness,
    OrderedTCloseness,
)

OfShares = AlphaDeassociation | BetaLikeness | EnhancedBetaLikeness | DeltaDisclosure
TCloseness = EqualTCloseness | OrderedTCloseness | HierarchicalTCloseness


def of_persons(model: PrivacyModel) -> PrivacyModel:
    """Return what a promise says where persons are counted."""
    match model:
        case OfPresentValues():
            return LDiversityOfPersons(model.sensitive, model.model, model.missing)
        case DistinctLDiversity() | EntropyLDiversity() | RecursiveLDiversity():
            return LDiversityOfPersons(model.sensitive, model)
        case EqualTCloseness() | OrderedTCloseness() | HierarchicalTCloseness():
            return TClosenessOfPersons(model.sensitive, model)
        case AlphaDeassociation():
            return SharesOfPersons(model.sensitive, model)
        case BetaLikeness() | EnhancedBetaLikeness() | DeltaDisclosure():
            return RelativeSharesOfPersons(model.sensitive, model)
        case _:  # about sizes, which are those of persons already
            return model


@dataclass(frozen=True, slots=True, eq=False)
class LDiversityOfPersons(SensitiveModel):
    """l-diversity of the pairs of a person and a value, and of persons besides.

    No value is had by more than all but ``l - 1`` of the persons of a class. Without that, each of
    them might have the same value, beside others that differ.
    """

    model: LDiversity
    missing: int | None = None
    """The value that stands for none; persons without another one neither protect nor are
    protected."""

    @property
    def relaxation(self) -> PrivacyModel | None:
        """So many different values."""
        weaker = self.model.relaxation
        assert isinstance(weaker, DistinctLDiversity), "that of every l-diversity"
        if self.missing is None:
            return weaker
        return OfPresentValues(self.sensitive, weaker, self.missing)

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its persons satisfy the model."""
        histogram = classes.histograms[self.sensitive]
        sizes = classes.sizes
        if self.missing is not None:
            held = _held(histogram).in_classes
            sizes = held.select(held.values != self.missing).sizes(len(sizes))
            has = histogram.values != self.missing
            histogram = Histogram(
                histogram.classes[has],
                histogram.values[has],
                histogram.counts[has],
                histogram.reference,
            )
        pairs, most = (np.zeros(len(sizes), dtype=np.int64) for _ in range(2))
        np.add.at(pairs, histogram.classes, histogram.counts)
        np.maximum.at(most, histogram.classes, histogram.counts)
        some = pairs > 0
        numbers = np.cumsum(some) - 1
        plain = Histogram(
            numbers[histogram.classes], histogram.values, histogram.counts, histogram.reference
        )
        histograms = [*classes.histograms]
        histograms[self.sensitive] = plain
        verdict = np.zeros(len(sizes), dtype=np.bool_)
        verdict[some] = self.model.holds(EquivalenceClasses(pairs[some], tuple(histograms)))
        others = (sizes - most) * Fraction(self.model.l).denominator
        wanted = Fraction(self.model.l) - 1
        verdict &= others >= wanted.numerator
        return verdict

    def __str__(self) -> str:
        if self.missing is None:
            return str(self.model)
        return str(OfPresentValues(self.sensitive, self.model, self.missing))


@dataclass(frozen=True, slots=True, eq=False)
class SharesOfPersons(SensitiveModel):
    """A bound of the shares of persons who have a value."""

    model: OfShares

    @property
    def relaxation(self) -> PrivacyModel | None:
        """That of the model: shares that add up to 1 at least need as many values."""
        return self.model.relaxation

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its shares are within the bound."""
        return self.model.holds(classes)

    def __str__(self) -> str:
        return str(self.model)


@dataclass(frozen=True, slots=True, eq=False)
class RelativeSharesOfPersons(SharesOfPersons):
    """The same beside the shares in the whole table: β-likeness, δ-disclosure privacy."""

    relative: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, eq=False)
class TClosenessOfPersons(SensitiveModel):
    """t-closeness of what persons have to what those of the whole table have.

    By the equal distance, that of the pairs of a person and a value; and no value's share of
    persons differs by more than ``t``. By the ordered one, the mean over the values but the last of
    how much the shares of persons differ who have a value up to there, and the same for who has a
    value from there on. By the hierarchical one, a person's values share her weight.
    """

    model: TCloseness
    relative: ClassVar[bool] = True

    @property
    def relaxation(self) -> PrivacyModel | None:
        """By the equal distance, that of the pairs."""
        weaker = self.model.relaxation
        return None if weaker is None else _OfPairs(self.sensitive, weaker)

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether its persons' values are near those of all."""
        match self.model:
            case EqualTCloseness():
                return self._pairs_hold(self.model, classes) & self._shares_hold(classes)
            case OrderedTCloseness():
                low, high = (self._ends_hold(self.model, classes, high=h) for h in (False, True))
                return low & high
            case _:  # along a hierarchy
                return self._weights_hold(self.model, classes)

    def _pairs_hold(self, model: PrivacyModel, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Hold the distribution of the pairs against a model, (classes,)."""
        return model.holds(_of_pairs(classes, self.sensitive))

    def _shares_hold(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """Tell for each class, (classes,), whether every value's share of persons is near."""
        histogram, t = classes.histograms[self.sensitive], self.model.t
        total = histogram.total
        largest = 2 * total * total * max(t.denominator, t.numerator)
        sizes, counts, reference = (
            integers(a, largest) for a in (classes.sizes, histogram.counts, histogram.reference)
        )
        of_entries = sizes[histogram.classes]
        apart = np.abs(counts * total - reference[histogram.values] * of_entries)
        far = (apart * t.denominator > of_entries * (total * t.numerator)).astype(np.bool_)
        verdict = np.ones(len(sizes), dtype=np.bool_)
        verdict[histogram.classes[far]] = False
        frequent = (reference * t.denominator > total * t.numerator).astype(np.bool_)
        owners = histogram.classes[frequent[histogram.values]]
        has = np.bincount(owners, minlength=len(sizes))
        verdict &= has == np.count_nonzero(frequent)
        return verdict

    def _ends_hold(
        self, model: OrderedTCloseness, classes: EquivalenceClasses, *, high: bool
    ) -> NDArray[np.bool_]:
        """Compare how persons' least values are spread, or their greatest, (classes,)."""
        histogram = classes.histograms[self.sensitive]
        held = _held(histogram)
        ends = Histogram.of_persons(
            _ends(held.in_classes, model.ranks, high=high),
            _ends(held.in_table, model.ranks, high=high),
            total=held.total,
            values=len(model.ranks),
        )
        of_ends = _OrderedByAll(model.sensitive, model.t, model.ranks, histogram.reference > 0)
        return of_ends.holds(_with(classes, self.sensitive, classes.sizes, ends))

    def _weights_hold(
        self, model: HierarchicalTCloseness, classes: EquivalenceClasses
    ) -> NDArray[np.bool_]:
        """Compare how persons' weights are spread, each divided by her values, (classes,)."""
        histogram = classes.histograms[self.sensitive]
        held = _held(histogram)
        both = (held.in_classes, held.in_table)
        numbers = [np.bincount(n)[n] for n, _ in (h.numbered() for h in both)]
        unit = lcm(1, *np.unique(np.concatenate(numbers)).tolist())
        largest = unit * max(held.total, 1)
        in_classes, in_table = (
            h.weights * (integers(np.ones_like(n), largest) * unit // n)
            for h, n in zip(both, numbers, strict=True)
        )
        values = len(histogram.reference)
        keys, entries = np.unique(
            held.in_classes.classes * values + held.in_classes.values, return_inverse=True
        )
        counts: NDArray[Any] = np.zeros(len(keys), dtype=in_classes.dtype)
        np.add.at(counts, entries.reshape(-1), in_classes)
        reference: NDArray[Any] = np.zeros(values, dtype=in_table.dtype)
        np.add.at(reference, held.in_table.values, in_table)
        weighed = Histogram(keys // values, (keys % values).astype(np.int32), counts, reference)
        sizes = integers(classes.sizes, largest) * unit
        return model.holds(_with(classes, self.sensitive, sizes, weighed))

    def __str__(self) -> str:
        return str(self.model)


@dataclass(frozen=True, slots=True, eq=False)
class _OfPairs(SensitiveModel):
    """A model of the pairs of a person and a value; no promise of its own."""

    model: PrivacyModel
    relative: ClassVar[bool] = True

    @property
    def monotone(self) -> Monotone:
        """A class has every pair of any that it joins, but one that two have only once."""
        assert isinstance(self.model, SupportShare), "the one that counts no pair of a class"
        return self.model.monotone

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        """See the base class."""
        return self.model.holds(_of_pairs(classes, self.sensitive))

    def __str__(self) -> str:
        return str(self.model)


@dataclass(frozen=True, eq=False)
class _OrderedByAll(OrderedTCloseness):
    """The ordered distance where also values count that nobody has as the least or greatest."""

    present: NDArray[np.bool_]  # (values,)

    def _present(self, histogram: Histogram) -> NDArray[np.bool_]:
        del histogram
        return self.present


def _held(histogram: Histogram) -> PersonsHeld:
    assert histogram.persons is not None, "persons are counted"
    return histogram.persons


def _of_pairs(classes: EquivalenceClasses, sensitive: int) -> EquivalenceClasses:
    """Return the classes with the pairs of a person and a value in place of persons."""
    h = classes.histograms[sensitive]
    sizes = np.zeros(len(classes.sizes), dtype=np.int64)
    np.add.at(sizes, h.classes, h.counts)
    return _with(classes, sensitive, sizes, Histogram(h.classes, h.values, h.counts, h.reference))


def _with(
    classes: EquivalenceClasses, sensitive: int, sizes: NDArray[Any], histogram: Histogram
) -> EquivalenceClasses:
    histograms = [*classes.histograms]
    histograms[sensitive] = histogram
    return EquivalenceClasses(sizes, tuple(histograms), classes.people)


def _ends(held: Holdings, ranks: NDArray[np.int64], *, high: bool) -> Holdings:
    """Return the least, or the greatest, of the values that each person has in a class."""
    numbers, _ = held.numbered()
    of = ranks[held.values]
    order = np.lexsort((-of if high else of, numbers))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = numbers[order[1:]] != numbers[order[:-1]]
    chosen = np.zeros(len(order), dtype=np.bool_)
    chosen[order[first]] = True
    return held.select(chosen)
