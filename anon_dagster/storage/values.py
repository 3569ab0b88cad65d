"""The text of values, and what text may be read as without being changed.

Every value has one canonical text: an integral number is written without a point (``39``), a
date and a time as in ISO 8601, a truth value as ``true`` or ``false``. A type *holds* a text if
it gives the very same text back, so a column of text is given a type only if nothing changes:
``00501``, ``1.50`` beside ``1.5``, ``True`` and a number of 20 digits stay text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

_DIGITS = 17  # significant decimal digits that a float64 may be written with; none needs more
_PLACES = 15  # decimal places of a decimal that is written with as many in every cell
_PRECISION = 18  # of decimals that still fit into 64 bits in Parquet
_FIRST = 256  # texts that are tried before all are
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT = _DATE + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"


def texts(values: pa.Array) -> list[str | None]:
    """Return the canonical text of each value; missing values and NaN as ``None``.

    Parameters
    ----------
    values
        Of any type that :func:`supported` accepts.
    """
    text: list[str | None] = text_array(values).to_pylist()
    return text


def text_array(values: pa.Array) -> pa.StringArray:
    """Return the canonical text of each value as an Arrow array."""
    if pa.types.is_dictionary(values.type):
        return text_array(values.dictionary).take(values.indices)
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    text = values.cast(pa.string())
    if pa.types.is_floating(values.type):
        return _plain(text, r"e(\+1[0-6]|\+0?[0-9]|-0?[0-9])$")
    if pa.types.is_decimal(values.type):
        return _plain(text, "E")
    if pa.types.is_date(values.type):
        return text  # as in ISO 8601 already
    return _iso(text) if pa.types.is_temporal(values.type) else text


def _plain(text: pa.StringArray, exponent: str) -> pa.StringArray:
    """Write numbers without an exponent that fits a pattern.

    Arrow uses one from 1e10 on, and for decimals with many zeros behind the point.
    """
    exponents = pc.match_substring_regex(text, exponent)
    if not pc.any(exponents).as_py():
        return text
    shown = text.filter(exponents).to_pylist()
    return pc.replace_with_mask(
        text,
        pc.fill_null(exponents, fill_value=False),
        pa.array([format(Decimal(number), "f") for number in shown], pa.string()),
    )


def _iso(text: pa.StringArray) -> pa.StringArray:
    """Turn Arrow's text of dates and times into ISO 8601 with as few digits as need be."""
    for pattern, replacement in (
        (r"^([0-9-]+) ", r"\1T"),
        (r"([+-][0-9]{2})([0-9]{2})$", r"\1:\2"),
        (r"(\.[0-9]*?)0+([^0-9.].*)?$", r"\1\2"),
        (r"\.([^0-9].*)?$", r"\1"),
    ):
        text = pc.replace_substring_regex(text, pattern, replacement)
    return text


def without_values(column: pa.Array, texts: frozenset[str]) -> pa.Array:
    """Return a column in which values of these texts are missing."""
    encoded = column
    if not pa.types.is_dictionary(column.type):
        if column.type == pa.string() and texts == {""}:  # the common case, without a dictionary
            empty = pc.equal(column, "")
            none = pa.scalar(None, pa.string())
            return pc.if_else(empty, none, column) if pc.any(empty).as_py() else column
        encoded = column.dictionary_encode()
    read = text_array(encoded.dictionary)
    gone = pc.is_in(read, value_set=pa.array(sorted(texts), pa.string()))
    if not pc.any(gone).as_py():
        return column
    of_records = pc.fill_null(gone.take(encoded.indices), True)  # noqa: FBT003 (Arrow's own)
    if not pa.types.is_dictionary(column.type):
        return pc.if_else(of_records, pa.scalar(None, column.type), column)
    indices = pc.if_else(of_records, pa.scalar(None, encoded.indices.type), encoded.indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary, ordered=column.type.ordered)


def supported(kind: pa.DataType) -> bool:
    """Tell whether values of a type are single values that have a text."""
    if pa.types.is_dictionary(kind):
        return supported(kind.value_type)
    return any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
            pa.types.is_boolean,
            pa.types.is_date,
            pa.types.is_time,
            pa.types.is_timestamp,
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_null,
        )
    )


# -- the types of text ---------------------------------------------------------------------


class TextKind(Enum):
    """What the texts of a column are."""

    boolean = "boolean"
    integer = "integer"
    decimal = "decimal"
    date = "date"
    datetime = "datetime"
    text = "text"


NUMBERS = frozenset({TextKind.integer, TextKind.decimal})
"""What has a decimal mark and an order of its own."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The types that hold every text seen, so that typing a column changes nothing.

    The kinds of parts merge associatively and commutatively. Missing values do not count.
    """

    types: frozenset[pa.DataType] | None
    """Among those that :attr:`type` chooses from; ``None`` if no value was seen."""

    @classmethod
    def any(cls) -> "Kinds":
        """Return the kinds of no values at all: neutral in a merge."""
        return cls(None)

    @classmethod
    def of(cls, values: Iterable[str | None] | pa.Array, *, decimal: str = ".") -> "Kinds":
        """Find every type that holds all the texts.

        Parameters
        ----------
        values
            Texts, distinct ones for the sake of speed.
        decimal
            The decimal mark of numbers.
        """
        array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
        array = array.cast(pa.string()).drop_null()
        if not len(array):
            return cls.any()
        first = array[:_FIRST]  # most types are ruled out by a few values
        types = [t for t in _candidates(first, decimal) if _holds(t, first, decimal)]
        if len(array) > len(first):
            types = [t for t in types if _holds(t, array, decimal)]
        return cls(frozenset(types))

    def merge(self, other: "Kinds") -> "Kinds":
        """Return the kinds of the values of both."""
        if self.types is None or other.types is None:
            return self if other.types is None else other
        return Kinds(self.types & other.types)

    @property
    def type(self) -> pa.DataType:
        """The type that a column of these values is given: text if no other holds them all."""
        return min(self.types or (pa.string(),), key=_preference)

    @property
    def kind(self) -> TextKind:
        """What the texts are."""
        return _KINDS[self.type.id]


_KINDS = {
    pa.bool_().id: TextKind.boolean,
    pa.int64().id: TextKind.integer,
    pa.float64().id: TextKind.decimal,
    pa.decimal128(1).id: TextKind.decimal,
    pa.date32().id: TextKind.date,
    pa.timestamp("us").id: TextKind.datetime,
    pa.string().id: TextKind.text,
}


def typed(values: Sequence[str | None], kinds: Kinds, decimal: str = ".") -> pa.Array:
    """Return texts as values of the type that their kinds are given.

    The texts are among those that the kinds were found for, or missing.
    """
    return _parsed(pa.array(values, pa.string()), kinds.type, decimal)


def _preference(kind: pa.DataType) -> int:
    return list(_KINDS).index(kind.id)


def _candidates(array: pa.StringArray, decimal: str) -> list[pa.DataType]:
    """Tell from the first text which types there can be at all."""
    first = array[0].as_py()
    number = _pointed(array[:1], decimal)[0].as_py()
    if first in {"true", "false"}:
        return [pa.bool_()]
    if number is not None and pc.match_substring_regex(number, _NUMBER).as_py():
        scale = len(number.partition(".")[2])
        fixed = [pa.decimal128(_PRECISION, scale)] if 0 < scale <= _PLACES else []
        return [pa.int64(), pa.float64(), *fixed]
    if pc.match_substring_regex(first, _DATE + "$").as_py():
        return [pa.date32()]
    if pc.match_substring_regex(first, _MOMENT).as_py():
        return [pa.timestamp("us", tz=zone) for zone in _zones(first)]
    return []


def _zones(moment: str) -> list[str | None]:
    if moment.endswith("Z"):
        return ["UTC"]
    offset = moment[-6:]
    return [offset] if offset[0] in "+-" and offset[3] == ":" else [None]


def _holds(kind: pa.DataType, array: pa.StringArray, decimal: str) -> bool:
    """Tell whether a type gives every text back as it was."""
    if not _alike(kind, array, decimal):
        return False
    try:
        again = text_array(_parsed(array, kind, decimal))
    except pa.ArrowException:  # its message holds the text
        return False
    if decimal != "." and not pa.types.is_integer(kind):
        again = pc.replace_substring(again, ".", decimal) if is_number(kind) else again
    return bool(again.equals(array))


def _alike(kind: pa.DataType, array: pa.StringArray, decimal: str) -> bool:
    """Rule out in a hurry, and numbers of more digits than are certain."""
    if kind == pa.bool_():
        return bool(pc.all(pc.is_in(array, pa.array(["true", "false"]))).as_py())
    if not is_number(kind):
        return bool(pc.all(pc.match_substring_regex(array, _DATE)).as_py())
    plain = _pointed(array, decimal)
    if plain.null_count or not pc.all(pc.match_substring_regex(plain, _NUMBER)).as_py():
        return False
    if pa.types.is_integer(kind) or pc.max(pc.binary_length(plain)).as_py() <= _DIGITS:
        return True
    digits = pc.replace_substring_regex(plain, r"^-?(?:0\.)?0*|\.", "")
    return bool(pc.max(pc.utf8_length(digits)).as_py() <= _DIGITS)


def is_number(kind: pa.DataType) -> bool:
    """Tell whether the values of a type are numbers."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _parsed(array: pa.StringArray, kind: pa.DataType, decimal: str) -> pa.Array:
    return (_pointed(array, decimal) if is_number(kind) else array).cast(kind)


def _pointed(array: pa.StringArray, decimal: str) -> pa.StringArray:
    """Put a point where the decimal mark is; what has a point already is no number."""
    if decimal == ".":
        return array
    foreign = pc.match_substring(array, ".")
    return pc.if_else(
        foreign, pa.scalar(None, pa.string()), pc.replace_substring(array, decimal, ".")
    )
