"""The column that names persons with several records: promises are about persons then.

What is proposed is a column that is taken for an identifier of persons for another reason than that
its values repeat. Keys of orders, visits, households and products repeat, too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from anon_dagster.detection.name_words import kind_names
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.result import ColumnDetection, PersonColumn
from anon_dagster.detection.words import tokens

_FEWEST = 20
"""Persons, at least: fewer have nobody to hide among."""
_OTHERS = 0.3
"""Other records of the same person that a record has on average, at least …"""
_COINCIDENCES = 5
"""… seen so many times, at least, in a sample."""
_LINKED = 0.5
"""Share of the persons with several records whom a column links, from which it is dropped."""
_OF_PERSONS = frozenset(
    [
        *("medical_record_number", "national_id", "ssn", "passport", "tax_id", "user_name"),
        *("email", "uk_national_insurance", "in_aadhaar", "in_pan", "es_dni"),
    ]
)
"""Domains of what one person has by herself; phones and addresses are shared."""
_KEYS = frozenset({"unique_key", "uuid", "hash", "number", "text", "category", "age"})
"""Domains of keys, or of what keys may be taken for."""
_OF_OTHERS = frozenset(
    [
        *("order", "invoice", "receipt", "ticket", "transaction", "trans", "txn", "booking"),
        *("product", "item", "sku", "device", "session", "cookie", "loan", "policy", "contract"),
        *("claim", "visit", "encounter", "admission", "hadm", "episode", "specimen", "sample"),
        *("household", "hh", "hhid", "house", "hidp", "family", "department", "dept", "store"),
        *("shop", "branch", "school", "class", "room", "firm", "company", "team", "village"),
        *("cluster", "psu", "region", "case", "caseid", "fall", "docket", "account", "acct"),
    ]
)
"""Words of names of keys that are no persons, or of whom one person may have several."""
_SAY_LITTLE = frozenset(
    [
        *("id", "nr", "no", "idno", "idnum", "ident", "identifier", "idcode", "uid", "key"),
        *("unit", "obs", "seqn", "seqno", "number", "index", "code"),
    ]
)
"""Words of names of keys of anything."""


def person_column(
    columns: Sequence[ColumnDetection],
    profiles: Mapping[str, Profile],
    records: int,
    *,
    standing: Collection[str] = (),
) -> PersonColumn | None:
    """Find the column that names persons with several records, if there is one.

    Of several, one that the values speak for comes first, then the one with the fewest values:
    a person may have two addresses of e-mail.

    Parameters
    ----------
    records
        Of the source.
    standing
        The columns whose records stand as those of persons do, see
        :func:`anon_dagster.detection.person_numbers.person_numbers`.
    """
    strengths = {c.column: _strength(c, c.column in standing) for c in columns}
    candidates = [
        name
        for name, strength in strengths.items()
        if strength and profiles[name].distinct >= _FEWEST and repeats(profiles[name], records)
    ]
    if not candidates:
        return None
    best = min(candidates, key=lambda name: (-strengths[name], profiles[name].distinct))
    profile = profiles[best]
    return PersonColumn(
        best,
        profile.distinct,
        profile.present,
        others_each(profile, records),
        profile.records < records or profile.present < profile.records,
        tuple(name for name in candidates if name != best),
    )


def _strength(column: ColumnDetection, stands: bool) -> int:  # noqa: FBT001 (a predicate's answer)
    """Return how surely a column names persons: 2 by its values, 1 by its name, or 0."""
    words = {*tokens(column.column)}
    if column.role != "direct_identifier" or words & _OF_OTHERS:
        return 0
    if stands or column.domain in _OF_PERSONS:
        return 2
    kinds = kind_names(column.column)
    named = "person" in kinds and kinds <= {"person", "family", "life"}
    return int(column.domain in _KEYS and named and not words <= _SAY_LITTLE)


def repeats(profile: Profile, records: int) -> bool:
    """Tell whether values have several records in a source of so many."""
    return others_each(profile, records) >= _OTHERS and _coincidences(profile) >= _COINCIDENCES


def others_each(profile: Profile, records: int) -> float:
    """Estimate how many other records of the source have the value of a record.

    Of a sample without replacement, each pair of records of the source is in it with the same
    probability, so that the share of pairs that agree is an unbiased estimate. The commonest value
    is left out: it may stand for none.
    """
    present = profile.present - int(profile.counts.max(initial=0))
    if not present or profile.records < 2:
        return 0.0
    return 2 * _coincidences(profile) / present * (records - 1) / (profile.records - 1)


def _coincidences(profile: Profile) -> int:
    """Count the pairs of records with the same value, the commonest left out."""
    counts = np.sort(profile.counts)[:-1].tolist()
    return sum(count * (count - 1) // 2 for count in counts)


def drop_what_links(
    columns: Sequence[ColumnDetection], profiles: Mapping[str, Profile], person: PersonColumn
) -> Iterator[ColumnDetection]:
    """Drop columns that would be released as they are, and link the records of many persons.

    They are those that a job refuses, see :mod:`anon_dagster.reading.linking`, as far as a sample
    tells.
    """
    whose = profiles[person.column]
    several = int((whose.counts > 1).sum())
    for column in columns:
        released = column.role in {"sensitive", "non_sensitive"}
        linked = _linked(whose, profiles[column.column]) if released else 0
        if several and linked >= _LINKED * several:
            why = f"its values link the records of {linked:,} of {several:,} persons with several"
            yield replace(
                column, role="direct_identifier", hierarchy=None, reasons=(*column.reasons, why)
            )
        else:
            yield column


def _linked(whose: Profile, profile: Profile) -> int:
    """Count the persons who have a value in two records or more that nobody else has."""
    there = (whose.codes < whose.distinct) & (profile.codes < profile.distinct)
    pairs = np.stack([profile.codes[there], whose.codes[there]])
    both, times = np.unique(pairs, axis=1, return_counts=True)
    owners = np.bincount(both[0], minlength=profile.distinct)
    return len(np.unique(both[1][(owners[both[0]] == 1) & (times > 1)]))


def most_common_share(whose: Profile, profile: Profile) -> float:
    """Return the share of persons, 0 to 1, who have the value that most of them have."""
    there = (whose.codes < whose.distinct) & (profile.codes < profile.distinct)
    pairs = np.unique(np.stack([profile.codes[there], whose.codes[there]]), axis=1)
    having = np.bincount(pairs[0]) if pairs.size else np.zeros(1)
    return float(having.max() / max(len(np.unique(pairs[1])), 1))
