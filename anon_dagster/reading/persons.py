"""Who a record is of: a keyed hash of what names the person, as a column beside those of a table.

Neither the text nor the number of a person is kept, only the hash, whose key is drawn anew for each
job. Two persons may share one by chance, and then count as one: nothing is promised too much.
"""

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from secrets import token_bytes
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.codes import narrow_counts
from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceError
from anon_dagster.errors import counted as listed
from anon_dagster.reading.siphash import hash_numbers
from anon_dagster.request import Policy
from anon_dagster.storage.categories import joined_categories
from anon_dagster.storage.opened import OpenSource, Part
from anon_dagster.storage.values import text_array
from anon_dagster.storage.wrapped import WrappedSource

if TYPE_CHECKING:
    from anon_dagster.reading.counting import Count

PERSON = "\0person"
"""The column that tells persons apart; no column of a table has such a name."""
HOUSEHOLD = "\0household"
"""The column that tells households apart."""
LINK = "\0link"
"""The column that tells what a release itself links by the pseudonyms of persons."""
BLOCK = "\0block"
"""The column that tells which records of a delta are taken away together."""
OWNERS = (PERSON, HOUSEHOLD, LINK, BLOCK)
NOBODY = 0
"""The hash of records that name nobody; a name has it by a chance of 2^-64."""
_BETWEEN = "\0"
"""Between the parts of a name of several columns."""
_NUMBER = r"^[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]{1,3})?$"
_BEYOND = 10**18
_WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
"""Whole numbers below it, as they are written."""


def fresh_key() -> str:
    """Draw a key for the hashes of one job."""
    return base64.b64encode(token_bytes(12)).decode()


@dataclass(frozen=True, slots=True, eq=False)
class CountedPersons(Discreet):
    """Which persons have a record of each tuple of a count."""

    tuples: NDArray[np.int32]  # (pairs,): ascending
    owners: NDArray[np.int32]  # (pairs,): who it is, ascending within a tuple
    records: NDArray[np.integer]  # (pairs,): how many records read so, each at least 1
    hashes: NDArray[np.int64]  # (persons,): of each, ascending
    key: str = field(repr=False)
    """That of the hashes, to recognise the same persons in another reading."""

    @classmethod
    def of(
        cls,
        tuples: NDArray[np.integer],
        owners: NDArray[np.integer],
        records: NDArray[np.integer],
        hashes: NDArray[np.int64],
        key: str,
    ) -> "CountedPersons":
        """Put pairs, (pairs,), and persons, (persons,), in their order; equal pairs are joined."""
        order = np.argsort(hashes)
        ranks = np.empty(len(order), dtype=np.int32)
        ranks[order] = np.arange(len(order))
        owners = ranks[owners]
        keys = tuples.astype(np.int64) * len(hashes) + owners
        if not (keys[1:] > keys[:-1]).all():
            sorted_pairs = np.argsort(keys, kind="stable")  # in one go where it is in order mostly
            tuples, owners, records = (a[sorted_pairs] for a in (tuples, owners, records))
        fresh = np.ones(len(tuples), dtype=np.bool_)
        fresh[1:] = (tuples[1:] != tuples[:-1]) | (owners[1:] != owners[:-1])
        first = np.flatnonzero(fresh)
        totals = np.add.reduceat(records, first, dtype=np.int64) if len(first) else records
        return cls(
            tuples[first].astype(np.int32),
            owners[first].astype(np.int32),
            narrow_counts(totals),
            hashes[order],
            key,
        )

    def merge(
        self,
        other: "CountedPersons",
        places: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> "CountedPersons":
        """Add the persons of another part of the same table, whose hashes have the same key.

        Parameters
        ----------
        places
            Where the tuples of each part are among those of both, (tuples,) each.
        """
        hashes = np.union1d(self.hashes, other.hashes)
        owners = [np.searchsorted(hashes, p.hashes)[p.owners] for p in (self, other)]
        tuples = [at[p.tuples] for at, p in zip(places, (self, other), strict=True)]
        records = [p.records.astype(np.int64) for p in (self, other)]
        return CountedPersons.of(
            np.concatenate(tuples),
            np.concatenate(owners),
            np.concatenate(records),
            hashes,
            self.key,
        )


@dataclass(frozen=True, slots=True, eq=False)
class WithPersons(WrappedSource):
    """A source whose records tell whose they are."""

    names: tuple[str, ...]
    """The columns that name a person, or a household, together."""
    key: str = field(repr=False)
    apart: bool = False
    """Whether each record without a name is of another person; left out, they are of one."""
    column: str = PERSON
    """The column that tells it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return (*self.source.columns, self.column)

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        return self.source.schema.append(pa.field(self.column, pa.int64()))

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part."""
        first = 0
        for batch in self.source.batches(part):
            persons = self._persons(batch)
            if self.apart and persons.null_count:
                named = pc.is_valid(persons).to_numpy(zero_copy_only=False)
                begin = f"{part.path}{_BETWEEN}{part.first}{_BETWEEN}"
                places = [f"{begin}{first + place}" for place in np.flatnonzero(~named).tolist()]
                strangers = _hashed(pa.array(places, pa.string()), self.key)
                persons = pc.replace_with_mask(persons, pa.array(~named), strangers)
            persons = pc.fill_null(persons, NOBODY)
            yield pa.RecordBatch.from_arrays([*batch.columns, persons], schema=self.schema)
            first += batch.num_rows

    def _persons(self, batch: pa.RecordBatch) -> pa.Int64Array:
        """Return the hash of the person of each record, missing where a part of a name is."""
        if len(self.names) == 1:
            column = batch.column(self.names[0])
            if pa.types.is_integer(column.type):  # of which each is written in one way
                return _hashed_numbers(column, self.key)
        names = names_of_persons(batch, self.names)
        return _hashed(names.dictionary, self.key).take(names.indices)


def owners_asked(
    policy: Policy, columns: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the columns that tell whose a record is, and the attributes of which each is made.

    Nothing where a policy counts neither persons nor households.

    Parameters
    ----------
    columns
        Those that a table has, if it may lack some: what is made of these is not asked of it.
    """
    asked = {PERSON: policy.person, HOUSEHOLD: policy.household and policy.household.by}
    return {
        column: names
        for column, names in asked.items()
        if names and (columns is None or set(names) <= set(columns))
    }


def with_persons(source: OpenSource, policy: Policy, key: str) -> OpenSource:
    """Return a source whose records tell whose they are, as far as it can and a policy counts."""
    for column, names in owners_asked(policy, source.columns).items():
        source = WithPersons(source, names, key, policy.without_person == "own", column)
    return source


def with_links(release: OpenSource, policy: Policy, key: str) -> OpenSource:
    """Return a release whose records tell what they are linked by, if persons have pseudonyms."""
    if policy.person is None or not set(policy.person) <= {*policy.pseudonyms}:
        return release
    return WithPersons(release, policy.person, key, policy.without_person == "own", LINK)


def without_persons(records: pa.Table) -> pa.Table:
    """Return records that do not tell whose they are."""
    told = owners_told(records)
    return records.drop(told) if told else records


def owners_told(records: pa.Table) -> list[str]:
    """Return the columns of records that tell whose they are, in their order."""
    return [name for name in records.column_names if name in OWNERS]


def hashes_of(column: pa.ChunkedArray, key: str) -> pa.Int64Array:
    """Return a keyed hash of each value of a column, missing where it is; 12 and 12.0 are one."""
    encoded = joined_categories(column)
    return _hashed(_alike(text_array(encoded.dictionary)), key).take(encoded.indices)


def names_of_persons(batch: pa.RecordBatch, names: Sequence[str]) -> pa.DictionaryArray:
    """Return what names the person of each record, (records,), missing where a part of it is.

    One person is written alike throughout; a name may stand among the categories twice.

    Parameters
    ----------
    names
        The columns that name a person together.
    """
    if len(names) == 1:
        encoded = joined_categories(pa.chunked_array([batch.column(names[0])]))
        alike = _alike(text_array(encoded.dictionary))
        return pa.DictionaryArray.from_arrays(encoded.indices, alike)
    parts = [_alike(text_array(batch.column(name))) for name in names]
    return pc.binary_join_element_wise(*parts, _BETWEEN).dictionary_encode()


def _alike(names: pa.StringArray) -> pa.StringArray:
    """Write names alike that may mean one person.

    So are 12, 12.0, 12,0, 0012, 1.2e1 and " 12"; and texts that Unicode [1]_ holds for the same,
    such as an accent that is part of its letter and one that follows it. A comma may be the decimal
    mark whatever the mark of the table: who is two persons by mistake would be counted twice.

    References
    ----------
    .. [1] Unicode Standard Annex #15, "Unicode normalization forms": NFKC.
    """
    if not pc.all(pc.string_is_ascii(names), min_count=0).as_py():
        names = pc.utf8_normalize(names, form="NFKC")
    trimmed = pc.utf8_trim_whitespace(names)
    numeric = pc.match_substring_regex(trimmed, _NUMBER)
    if not pc.any(numeric).as_py():
        return trimmed
    plain = pc.replace_substring(trimmed, ",", ".")
    plain = _without_exponents(plain, numeric)
    plain = pc.replace_substring_regex(plain, r"^([+-]?)\.", r"\10.")
    plain = pc.replace_substring_regex(plain, r"^\+?(-?)0*([0-9])", r"\1\2")
    plain = pc.replace_substring_regex(plain, r"(\.[0-9]*?)0*$", r"\1")
    plain = pc.utf8_rtrim(plain, ".")
    return pc.if_else(numeric, pc.if_else(pc.equal(plain, "-0"), "0", plain), trimmed)


def _without_exponents(names: pa.StringArray, numeric: pa.BooleanArray) -> pa.StringArray:
    """Write numbers with an exponent, such as 1.2e1, with all of their digits."""
    powers = pc.fill_null(pc.and_(numeric, pc.match_substring(names, "e", ignore_case=True)), False)  # noqa: FBT003 (Arrow's own)
    if not pc.any(powers).as_py():
        return names
    digits = [format(Decimal(name), "f") for name in names.filter(powers).to_pylist()]
    return pc.replace_with_mask(names, powers, pa.array(digits, names.type))


def _hashed(names: pa.StringArray, key: str) -> pa.Int64Array:
    """Return a keyed hash of each name, by SipHash [1]_ as pandas has it; missing where it is.

    Of a whole number, as it is stored: so a number and its text are one person.

    References
    ----------
    .. [1] J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012.
    """
    missing = names.is_null().to_numpy(zero_copy_only=False)
    whole = pc.fill_null(pc.match_substring_regex(names, _WHOLE), fill_value=False)
    texts = pc.if_else(whole, "", pc.fill_null(names, ""))
    hashes = pd.util.hash_array(
        texts.to_numpy(zero_copy_only=False), hash_key=key, categorize=False
    )
    if pc.any(whole).as_py():
        numbers = pc.filter(names, whole).cast(pa.int64()).to_numpy()
        hashes[whole.to_numpy(zero_copy_only=False)] = hash_numbers(numbers, key)
    return pa.array(hashes.view(np.int64), mask=missing)


def _hashed_numbers(column: pa.Array, key: str) -> pa.Int64Array:
    """Return what :func:`_hashed` returns of the texts of whole numbers, without writing these."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    plain = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    if len(plain) and (plain.max() >= _BEYOND or (plain.min() <= -_BEYOND)):
        return _hashed(text_array(column), key)
    return pa.array(hash_numbers(plain.astype(np.int64), key).view(np.int64), mask=missing)


def require_named_persons(counted: "Count", policy: Policy) -> None:
    """Refuse records that do not tell whose they are, unless the policy says what they count as.

    Raises
    ------
    SourceError
        Naming the attributes, and how many records lack one.
    """
    for name, attributes in owners_asked(policy).items():
        if name in counted.columns:
            column = counted.columns[name]
            nobody = column.values.to_numpy() == NOBODY  # noqa: PD011 (no frame)
            unnamed = int(column.counts[nobody].sum())
            who = "person" if name == PERSON else "household"
            _require_named(unnamed, counted.records, policy, attributes, who)


def require_named_people(counted: "Count", policy: Policy, attributes: Sequence[str]) -> None:
    """Refuse records of the population that do not tell whose they are, as those of a source.

    Raises
    ------
    SourceError
        Naming the columns, and how many records lack one.
    """
    column = counted.columns[PERSON]
    nobody = column.values.to_numpy() == NOBODY  # noqa: PD011 (no frame)
    unnamed = int(column.counts[nobody].sum())
    _require_named(unnamed, counted.records, policy, attributes, "person", of=" of the population")


def require_named(unnamed: int, records: int, policy: Policy) -> None:
    """Refuse so many records without a person, see :func:`require_named_persons`."""
    _require_named(unnamed, records, policy, policy.person or (), "person")


def _require_named(
    unnamed: int,
    records: int,
    policy: Policy,
    attributes: Sequence[str],
    who: str,
    *,
    of: str = "",
) -> None:
    if unnamed and policy.without_person == "refuse":
        raise SourceError(
            f"{listed(unnamed, 'record')} of {records:,}{of} have no value of "
            f"{', '.join(attributes)}, so nobody can tell whose they are: complete them, "
            f"leave them out, or say policy.without_person: together (they count as one {who}) "
            "or own (each counts as another one)"
        )
