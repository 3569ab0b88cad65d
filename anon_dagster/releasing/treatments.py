"""What happens to the columns of a release, as plain data that may travel to other processes.

A treatment turns the values of a column into released ones, each by itself. Where a column has few
values, only these are treated.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.core.ordering import Meaning
from anon_dagster.discreet import Discreet
from anon_dagster.labels import reader_of
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.columns import ColumnCount, position_among
from anon_dagster.reading.counting import encode
from anon_dagster.releasing.pseudonyms import pseudonymizer
from anon_dagster.request import DirectIdentifier
from anon_dagster.request.release import NumberColumn
from anon_dagster.storage.categories import released_type
from anon_dagster.storage.meaning import remarked
from anon_dagster.storage.sources import OpenSource
from anon_dagster.storage.values import Kinds, TextKind, typed


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Discreet, shown=("type",)):
    """Every value is replaced by one."""

    text: str
    type: pa.DataType = field(default_factory=pa.string)

    def apply(self, values: pa.Array) -> pa.Array:
        """Return the released values, (values,)."""
        return pa.repeat(pa.scalar(self.text, pa.string()), len(values))


@dataclass(frozen=True, slots=True, eq=False)
class Pseudonym(Discreet, shown=("type",)):
    """Each value is replaced by its pseudonym; the key is that of the process."""

    identifier: DirectIdentifier
    type: pa.DataType = field(default_factory=pa.string)

    def apply(self, values: pa.Array) -> pa.Array:
        """Return the released values, (values,)."""
        distinct, places = encode(values)
        return pseudonymizer(self.identifier)(distinct).take(pa.array(places))


@dataclass(frozen=True, slots=True, eq=False)
class Labels(Discreet):
    """A quasi-identifier reads as its class does, or what its class reads is told in numbers."""

    of: str
    """The quasi-identifier."""
    labels: pa.Array  # (labels + 1,): the last one is that of suppressed records

    @property
    def type(self) -> pa.DataType:
        """Of the released column."""
        return self.labels.type


@dataclass(frozen=True, slots=True, eq=False)
class Spelled(Discreet):
    """How equal values that are written in several ways are written alike."""

    written: pa.StringArray  # (written values,)
    alike: pa.StringArray  # (written values,)

    def apply(self, values: pa.Array) -> pa.StringArray:
        """Return the values, (values,), as text."""
        distinct, places = encode(values)
        found = position_among(self.written, distinct)
        alike = self.alike.take(pa.array(np.maximum(found, 0)))
        return pc.if_else(pa.array(found >= 0), alike, distinct).take(pa.array(places))


@dataclass(frozen=True, slots=True, eq=False)
class Kept(Discreet, shown=("type",)):
    """Values stay as they are, but for equal ones of an attribute, which are written alike."""

    type: pa.DataType
    spelled: Spelled | None
    decimal: str
    """The decimal mark of the numbers among the values."""
    mark: str | None
    """The decimal mark that numbers among texts get, if another one."""
    kinds: Kinds | None = None
    """What text of a CSV file is typed by."""
    order: pa.StringArray | None = None
    """The texts of the categories in their order, if they have one."""

    def apply(self, values: pa.Array) -> pa.Array:
        """Return the released values, (values,)."""
        if self.spelled is not None:
            values = self.spelled.apply(values)
        if self.mark is not None:
            values = remarked(values.cast(pa.string()), self.decimal, self.mark)
        if self.kinds is None:
            return _numbers_alike(values.cast(self.type))
        if self.kinds.kind is TextKind.text:
            return values
        encoded = values.dictionary_encode()
        distinct = typed(encoded.dictionary, self.kinds, self.decimal)
        return distinct.take(encoded.indices)


Treatment = Constant | Pseudonym | Labels | Kept


def _numbers_alike(values: pa.Array) -> pa.Array:
    """Let NaN be missing, and -0.0 be 0.0."""
    if not pa.types.is_floating(values.type):
        return values
    present = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if pa.types.is_float16(values.type):
        return present
    return pc.add(present, pa.scalar(0.0, values.type))


# -- from a decision -----------------------------------------------------------------------


def kept(decision: Decision, source: OpenSource, name: str) -> Kept:
    """Return how a column is released as it stands in the source.

    Text of a CSV file gets the type that changes nothing.
    """
    asked, column = decision.request.source, decision.counted.columns[name]
    mark, decimal = decision.request.release_decimal, column.decimal
    spelled = None
    if column.spellings is not None:
        written = column.spellings.written.values
        alike = column.values.take(pa.array(column.spellings.values))
        spelled = Spelled(written, alike)
    if asked is None or asked.format_found != "csv":
        order = None if column.declared is None else column.declared.order
        known = order is not None or not decision.counted.records
        kind = released_type(source.schema.field(name).type, ordered=known)
        of_text = mark != "." and name in decision.counted.attributes and _is_text(kind)
        other = _other_mark(column, mark) if of_text else None
        return Kept(kind, spelled, decimal, other, order=order)
    if column.kinds.kind is TextKind.text:
        return Kept(pa.string(), spelled, decimal, _other_mark(column, mark), column.kinds)
    return Kept(column.kinds.type, spelled, decimal, None, column.kinds)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _other_mark(column: ColumnCount, mark: str) -> str | None:
    """Return the mark for the numbers among texts, if the column has numbers with another one."""
    is_other = column.ordering.meaning is Meaning.number and column.decimal != mark
    return mark if is_other else None


def labels(decision: Decision, q: int, *, keeps: bool) -> Labels:
    """Return the labels of classes; averages that are numbers or dates are typed as such."""
    texts = _texts(decision, q, keeps=keeps)
    name, attribute = list(decision.request.policy.quasi_identifiers.items())[q]
    kinds = Kinds.of(texts)
    if attribute.aggregate is not None and not keeps and kinds.kind is not TextKind.text:
        return Labels(name, typed(texts, kinds))
    return Labels(name, _remarked(decision, name, texts))


def numbers(decision: Decision, q: int, column: NumberColumn, *, keeps: bool) -> Labels:
    """Return the numbers, or dates, that stand beside the labels of classes.

    They are read of the labels as these are released.
    """
    policy, mark = decision.request.policy, decision.request.release_decimal
    texts = _remarked(decision, column.attribute, _texts(decision, q, keeps=keeps))
    reader = reader_of(policy, column.attribute, meaning=column.meaning, decimal=mark)
    told = [reader.read(label).tell(column.tells) for label in texts.to_pylist()]
    kind = pa.date32() if column.meaning == "date" else pa.float64()
    return Labels(column.attribute, pa.array(told, kind))


def _texts(decision: Decision, q: int, *, keeps: bool) -> pa.StringArray:
    labels = decision.solution.generalized[q].labels
    return pa.array([*labels, SUPPRESSED if keeps else None], pa.string())


def _remarked(decision: Decision, name: str, texts: pa.StringArray) -> pa.StringArray:
    """Give numbers by themselves the decimal mark of the release."""
    column, mark = decision.counted.columns[name], decision.request.release_decimal
    if column.ordering.meaning is not Meaning.number:
        return texts
    return remarked(texts, column.decimal, mark)
