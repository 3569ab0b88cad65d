"""How records of a source become records of a release, as plain data.

Records are recoded by the codes of their values: each different value is looked up once per part.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.builders.number import read_number
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError, SourceChangedError
from anon_dagster.errors import counted as listed
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.columns import ColumnCount, position_among
from anon_dagster.reading.persons import OWNERS, owners_told, without_persons
from anon_dagster.releasing import treatments
from anon_dagster.releasing.class_lookup import ClassLookup, class_lookup
from anon_dagster.releasing.treatments import Constant, Kept, Labels, Pseudonym, Treatment
from anon_dagster.request import DirectIdentifier, Weight
from anon_dagster.storage.categories import is_categorical, joined_categories
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import text_array

_FEW = 2**16
"""A column of so many values is recoded by these …"""
_REPEATED = 8
"""… if a value has so many records on average."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownValues(Discreet):
    """The code of each value of an attribute, as the table writes it."""

    written: pa.StringArray  # (written values,)
    codes: NDArray[np.int32] | None  # (written values,): None where each has its own, in order

    @classmethod
    def of(cls, column: ColumnCount) -> "KnownValues":
        """Return the codes of a column of the frequency table."""
        codes = None if column.spellings is None else column.spellings.values
        return cls(column.written.values, codes)

    def locate(self, values: pa.StringArray) -> NDArray[np.int32]:
        """Return the code of each value, (values,), or -1 where it is not known."""
        places = position_among(self.written, values)
        return places if self.codes is None else np.append(self.codes, np.int32(-1))[places]


@dataclass(frozen=True, slots=True, eq=False)
class Recoded(Discreet):
    """The released columns of a part of the source, in its order, and which records stay."""

    table: pa.Table  # columns of few values as categories, whatever type they are released as
    stay: NDArray[np.bool_]  # (records,)


@dataclass(frozen=True, slots=True, eq=False)
class Recipe(Discreet, shown=("records",)):
    """All that is needed to turn records of the source into records of the release."""

    attributes: Mapping[str, KnownValues]  # of the frequency table, quasi-identifiers first
    lookup: ClassLookup
    treatments: Mapping[str, Treatment]  # of each released column, in their order
    few: frozenset[str]
    """The columns that are recoded by their different values."""
    records: int
    """How many records are released."""
    keeps_suppressed: bool
    kept: tuple[str, ...]
    """Columns that are released as they stand in the source."""
    persons: bool = False
    """Whether records tell whose they are; that is recoded beside the columns of the release."""
    private: bool = False
    """Whether not even the place of a record may tell of those that are not released."""

    @property
    def schema(self) -> pa.Schema:
        """The columns of the release and their types."""
        return pa.schema([(name, each.type) for name, each in self.treatments.items()])

    @property
    def orders(self) -> Mapping[str, pa.StringArray]:
        """The texts of the categories of columns whose order is released, in that order."""
        kept = {n: each.order for n, each in self.treatments.items() if isinstance(each, Kept)}
        return {name: order for name, order in kept.items() if order is not None}

    @property
    def encoded_schema(self) -> pa.Schema:
        """The same with the types that columns have before those of few values are written out."""
        if self.private:
            return self.schema
        encoded = {name for name, each in self.treatments.items() if isinstance(each, Labels)}
        return pa.schema(
            [
                field.with_type(pa.dictionary(pa.int32(), field.type))
                if field.name in encoded | self.few and not is_categorical(field.type)
                else field
                for field in self.schema
            ]
        )

    def recode(self, table: pa.Table) -> Recoded:
        """Recode the records of a part.

        Raises
        ------
        SourceChangedError
            If there are records that were not there when the source was counted.
        """
        encoded = {name: joined_categories(table[name]) for name in {*self.attributes, *self.few}}
        codes, unknown = self._codes(encoded, table.num_rows)
        if not unknown:
            labels, suppressed, unknown = self.lookup.place(codes, table.num_rows)
        if unknown:
            raise changed(unknown)
        of_class = dict(zip(self.attributes, labels, strict=False))
        columns = [
            _labelled(treatment, of_class[treatment.of], suppressed)
            if isinstance(treatment, Labels)
            else _treated(treatment, encoded[name] if name in self.few else table[name])
            for name, treatment in self.treatments.items()
        ]
        stay = np.ones(len(suppressed), np.bool_) if self.keeps_suppressed else ~suppressed
        released = pa.Table.from_arrays(columns, names=list(self.treatments))
        for name in owners_told(table) if self.persons else ():
            released = released.append_column(name, table[name])
        return Recoded(released, stay)

    def paired(self, records: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the records that are released, and how they are, in the same order."""
        records = without_persons(records)
        recoded = self.recode(records)
        stay = pa.array(recoded.stay)
        return records.filter(stay), plain(recoded.table.filter(stay), self.schema)

    def _codes(
        self, encoded: Mapping[str, pa.DictionaryArray], records: int
    ) -> tuple[list[NDArray[np.int32]], int]:
        """Return the codes of attributes, each (records,), and how many records have none."""
        codes, known = [], np.ones(records, dtype=np.bool_)
        for name, values in self.attributes.items():
            column = encoded[name]
            texts = pa.concat_arrays([text_array(column.dictionary), pa.nulls(1, pa.string())])
            places = pc.fill_null(column.indices, len(texts) - 1).to_numpy()
            codes.append(values.locate(texts)[places])
            known &= codes[-1] >= 0
        return codes, records - int(known.sum())


def changed(records: int) -> SourceChangedError:
    """Return the error of a source that has other records than were counted."""
    return SourceChangedError(
        f"the source changed while it was read: {listed(records, 'record')} were not there when "
        "it was counted; run the job again"
    )


def _labelled(
    treatment: Labels, labels: NDArray[np.int32], suppressed: NDArray[np.bool_]
) -> pa.DictionaryArray:
    codes = np.where(suppressed, np.int32(len(treatment.labels) - 1), labels)
    return _categories(pa.array(codes), treatment.labels)


def _treated(
    treatment: Constant | Pseudonym | Kept, column: pa.DictionaryArray | pa.ChunkedArray
) -> pa.Array:
    """Treat the values of a column, only the different ones if it is encoded."""
    if isinstance(column, pa.DictionaryArray) and not is_categorical(treatment.type):
        return _categories(column.indices, treatment.apply(column.dictionary))
    whole = column if isinstance(column, pa.DictionaryArray) else _whole(column)
    return treatment.apply(whole)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if is_categorical(column.type):
        return joined_categories(column)
    return column.combine_chunks()


def _categories(codes: pa.Array, values: pa.Array) -> pa.DictionaryArray:
    """Return codes as categories that all differ; a missing value is none of them."""
    distinct = values.dictionary_encode()
    if len(distinct.dictionary) < len(values):
        codes = distinct.indices.take(codes)
        values = distinct.dictionary
    return pa.DictionaryArray.from_arrays(codes, values)


def plain(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Write out the columns that are encoded only because they have few values."""
    return pa.Table.from_arrays(table.columns, schema=schema)  # casts those of another type


# -- from a decision -----------------------------------------------------------------------


def recipe(decision: Decision, source: OpenSource) -> Recipe:
    """Prepare the writing of a release of the source that was counted.

    Raises
    ------
    RequestError
        If no column would be left, or values that are to be whole numbers are not.
    """
    require_whole(decision)
    policy, solution, counted = decision.request.policy, decision.solution, decision.counted
    keeps = bool((solution.classes < 0).any()) and policy.suppressed_records == "keep"
    private = policy.privacy.differential_privacy is not None
    positions = {name: q for q, name in enumerate(policy.quasi_identifiers)}
    found: dict[str, Treatment] = {}
    kept: list[str] = []
    for name in source.columns:
        if name in OWNERS or name in decision.unreleased:
            continue
        attribute = policy.attributes[name]
        q = positions.get(name, -1)
        if isinstance(attribute, Weight):
            continue
        if isinstance(attribute, DirectIdentifier):
            if attribute.redaction == "constant":
                found[name] = Constant(attribute.constant)
            elif attribute.redaction == "pseudonym":
                found[name] = Pseudonym(attribute)
        elif q >= 0 and (keeps or private or not _untouched(decision, name, q)):
            found[name] = treatments.labels(decision, q, keeps=keeps)
        else:
            found[name] = treatments.kept(decision, source, name)
            kept.append(name)
    found |= {
        column.name: treatments.numbers(decision, positions[column.attribute], column, keeps=keeps)
        for column in decision.released.policy.number_columns
        if column.attribute in found
    }
    if not found:
        raise RequestError("every column is dropped, so nothing would be released; keep one")
    few = frozenset(
        name
        for name in kept
        if _has_few_values(counted.columns[name], counted.records)
        and not pa.types.is_null(found[name].type)  # there is no value to recode
    )
    return Recipe(
        attributes={name: KnownValues.of(counted.columns[name]) for name in counted.attributes},
        lookup=class_lookup(counted.table, solution),
        treatments=found,
        few=few,
        records=counted.records - (0 if keeps else decision.suppressed),
        keeps_suppressed=keeps,
        kept=tuple(kept),
        persons=bool(counted.owners),
        private=private,
    )


def require_whole(decision: Decision) -> None:
    """Refuse values with a fraction where the request says that all are whole numbers.

    Raises
    ------
    RequestError
        Naming the column, with how many values and records these are.
    """
    for name in {
        c.attribute for c in decision.released.policy.number_columns if c.meaning == "whole"
    }:
        column = decision.counted.columns[name]
        read = [
            None if v is None else read_number(v, decimal=column.decimal) for v in column.labels
        ]
        parts = [n is not None and n[1] > 0 and n[0] % 10 ** n[1] != 0 for n in read]
        if any(parts):
            records = int(column.counts[np.array(parts)].sum())
            raise RequestError(
                f"{name} is said to have whole numbers (policy.release.columns), and "
                f"{listed(sum(parts), 'value')} of it ({listed(records, 'record')}) have a "
                f"fraction: say {name}: number"
            )


def _untouched(decision: Decision, name: str, q: int) -> bool:
    """Tell whether a quasi-identifier is released as it stands in the source."""
    attribute = decision.request.policy.quasi_identifiers[name]
    levels = decision.solution.levels
    return attribute.aggregate is None and levels is not None and levels[q] == 0


def _has_few_values(column: ColumnCount, records: int) -> bool:
    return column.distinct <= min(_FEW, records // _REPEATED)
