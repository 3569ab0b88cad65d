"""Releases of about the same people: their classes, and what they show as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.core.keys import group
from anon_dagster.discreet import Discreet
from anon_dagster.reading.columns import ColumnCount, position_among
from anon_dagster.reading.counting import Count
from anon_dagster.storage.meaning import canonical_texts, ordering_of, remarked

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Texts(Discreet):
    """The different values of a column in several tables, equal numbers once."""

    written: pa.StringArray  # (texts,): ascending
    codes: Ints  # (texts,): equal ones have the same
    size: int

    @classmethod
    def of(cls, columns: Sequence[ColumnCount]) -> "Texts":
        """Join the values of columns."""
        texts = {text for column in columns for text in texts_of(column)}
        written = pa.array(sorted(text for text in texts if text is not None), pa.string())
        plain = canonical_texts(written, ordering_of(written)).dictionary_encode()
        codes = plain.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(written, codes, len(plain.dictionary) + 1)

    @property
    def missing(self) -> int:
        """The code of a missing value."""
        return self.size - 1

    def of_values(self, column: ColumnCount) -> Ints:
        """Return the code of each value of one of the columns, (values,)."""
        places = position_among(self.written, pa.array(texts_of(column), pa.string()))
        return np.append(self.codes, self.missing)[places]


@dataclass(frozen=True, slots=True, eq=False)
class Version(Discreet):
    """One release: how its classes read, and how many records they have of each value."""

    labels: Mapping[str, tuple[Label, ...]]  # of each quasi-identifier, (labels,)
    codes: Mapping[str, Ints]  # of each, (classes,): a label
    classes: Ints  # (entries,): ascending
    values: Ints  # (entries,): of the series
    records: Ints  # (entries,)

    @property
    def size(self) -> int:
        """How many classes there are."""
        return int(self.classes.max(initial=-1)) + 1


@dataclass(frozen=True, eq=False)
class Series(Discreet):
    """Releases with what they have in common: quasi-identifiers, and columns as they are."""

    versions: tuple[Version, ...]
    quasi_identifiers: tuple[str, ...]
    size: int  # how many different values the releases have, of all columns as they are together
    codes: Mapping[str, Ints]  # of each column as it is, (values,): a code of its texts
    texts: Mapping[str, Texts]

    @classmethod
    def of(
        cls,
        counts: Sequence[Count],
        quasi_identifiers: Sequence[str],
        untouched: Sequence[str],
        *,
        beside: Count | None = None,
    ) -> "Series":
        """Bring releases together that were counted over all of these columns.

        Parameters
        ----------
        beside
            A table of the people, whose values are to be known again.
        """
        tables = [*counts, *([] if beside is None else [beside])]
        texts = {
            name: Texts.of([c.columns[name] for c in tables if name in c.attributes])
            for name in untouched
        }
        joint = {name: _joined(counts, name, texts[name]) for name in untouched}
        sizes = [texts[name].size for name in untouched]
        values = group(joint.values(), sizes, sum(len(count.table) for count in counts))
        cuts = np.cumsum([len(count.table) for count in counts])[:-1]
        versions = [
            _version(count, quasi_identifiers, of_tuples)
            for count, of_tuples in zip(counts, np.split(values.ids, cuts), strict=True)
        ]
        codes = {name: column[values.first] for name, column in joint.items()}
        return cls(tuple(versions), tuple(quasi_identifiers), len(values), codes, texts)

    def attribute(self, name: str, *, missing_counts: bool) -> Ints:
        """Return the code that each value has of an untouched column, (values,).

        Parameters
        ----------
        missing_counts
            Whether a missing one is a value; else its code is -1.
        """
        codes = self.codes[name]
        return codes if missing_counts else np.where(codes == self.texts[name].missing, -1, codes)


def _joined(counts: Sequence[Count], name: str, texts: Texts) -> Ints:
    """Return the codes of a column in the tuples of several tables, one after the other."""
    of_counts = [texts.of_values(count.columns[name])[codes_of(count)[name]] for count in counts]
    return np.concatenate(of_counts)


def _version(count: Count, quasi_identifiers: Sequence[str], values: Ints) -> Version:
    """Return the classes of a release, whose tuples have these values, (tuples,).

    A quasi-identifier that it does not have tells nothing, as if it were suppressed.
    """
    codes, told = codes_of(count), [n for n in quasi_identifiers if n in count.attributes]
    labels: dict[str, tuple[Label, ...]] = dict.fromkeys(quasi_identifiers, (SUPPRESSED,))
    labels |= {n: texts_of(count.columns[n]) for n in told}
    codes |= {n: np.zeros(len(count.table), np.int64) for n in labels if n not in told}
    sizes = [len(labels[n]) for n in quasi_identifiers]
    classes = group([codes[n] for n in quasi_identifiers], sizes, len(count.table))
    pairs = [len(classes) + 1, int(values.max(initial=0)) + 1]
    same = group([classes.ids, values], pairs, len(values))
    return Version(
        labels,
        {n: codes[n][classes.first].astype(np.int64) for n in quasi_identifiers},
        classes.ids[same.first],
        values[same.first],
        same.sums(count.table.counts),
    )


def codes_of(count: Count) -> dict[str, NDArray[np.integer]]:
    """Return the codes of each attribute of a count, (tuples,)."""
    return dict(zip(count.attributes, count.table.codes.columns, strict=True))


def texts_of(column: ColumnCount) -> tuple[Label, ...]:
    """Return values as they read whatever the format: with a point, an empty one for none."""
    texts = remarked(column.values, column.decimal, ".")
    return tuple(text or None for text in texts.to_pylist())
