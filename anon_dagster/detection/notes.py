"""What a person should look at first in a detection: few notes, in the order of the harm."""

from collections.abc import Iterator, Mapping, Sequence

from anon_dagster.detection.given_back import GivenBack
from anon_dagster.detection.name_words import kind_names
from anon_dagster.detection.near_unique import is_near_unique
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.protections import UNKNOWN
from anon_dagster.detection.result import ColumnDetection, PersonColumn
from anon_dagster.detection.separation import ALONE, combined

_NAMED = 6
"""Columns that a note names, at most."""
_REPEATED = 1.2
"""Records per value from which a key repeats."""
_KEYS = frozenset(
    [
        "unique_key",
        "medical_record_number",
        "national_id",
        "ssn",
        "email",
        "phone",
        "user_name",
        "passport",
        "uuid",
        "hash",
        "tax_id",
        "uk_national_insurance",
        "in_aadhaar",
        "in_pan",
        "es_dni",
        "age",
        "number",
    ]
)
_TOO_MANY = 0.05
"""Share of the records that may stand out by what is released as it is."""
_DOUBTFUL = 0.5
"""Confidence in its domain below which a column that is released is doubtful."""


def notes_on(
    columns: Sequence[ColumnDetection],
    profiles: Mapping[str, Profile],
    given_back: Sequence[GivenBack],
    person: PersonColumn | None = None,
) -> Iterator[str]:
    """Yield what a person should know of a proposal; names and counts only."""
    yield from _repeating(columns, profiles) if person is None else _persons(person)
    yield from _given_back(columns, given_back)
    yield from _design(columns)
    yield from _near_unique(columns, profiles)
    yield from _alone(columns, profiles)
    yield from _released_in_doubt(columns)
    yield from _unknown(columns)


def _persons(person: PersonColumn) -> Iterator[str]:
    """Tell by what persons are counted, and what is in doubt."""
    yield (
        f"{person.column} has {person.values} values in {person.present} records, and a record about "
        f"{person.others:.1f} others of the same value: it is taken to name persons, so the promises "
        "are about persons (policy.person); leave that out if it names something else"
    )
    if person.incomplete:
        yield (
            f"records without {person.column} count as those of one person "
            "(policy.without_person), as far as there are any"
        )
    if person.rivals:
        yield (
            f"may name persons as well: {_listed(person.rivals)}; {person.column} was taken, of the "
            "likeliest the one with the fewest values"
        )


def _repeating(
    columns: Sequence[ColumnDetection], profiles: Mapping[str, Profile]
) -> Iterator[str]:
    """Tell of keys that repeat, and may be of persons: one has several records then."""
    for column in columns:
        profile = profiles[column.column]
        key = column.role == "direct_identifier" and column.domain in _KEYS
        if key and profile.distinct > 1 and profile.present >= _REPEATED * profile.distinct:
            each = profile.present / profile.distinct
            yield (
                f"{column.column} has {profile.distinct} values in {profile.present} records, "
                f"{each:.1f} records each on average: if it names persons, say "
                f"policy.person: {column.column}; without, k counts records, not people"
            )


def _given_back(columns: Sequence[ColumnDetection], found: Sequence[GivenBack]) -> Iterator[str]:
    """Tell of sensitive columns that quasi-identifiers can be computed from."""
    roles = {column.column: column.role for column in columns}
    computed = [
        f"{relation.protected} from {' and '.join(relation.by)}"
        for relation in found
        if relation.is_computed and any(roles[name] == "sensitive" for name in relation.by)
    ]
    if computed:
        yield (
            f"can be computed from what is released as sensitive: {_listed(computed)}; "
            "drop one or the other"
        )


def _design(columns: Sequence[ColumnDetection]) -> Iterator[str]:
    named = [c.column for c in columns if c.role != "weight"]  # of which nothing is released
    names = [name for name in named if kind_names(name) & {"design", "survey_weight"}]
    if names:
        yield (
            f"of the survey's design, alike within a stratum or a place: {_listed(names)}; "
            "drop them unless the release is to be weighted; the role weight makes estimates of a "
            "weight, and releases none"
        )


def _near_unique(
    columns: Sequence[ColumnDetection], profiles: Mapping[str, Profile]
) -> Iterator[str]:
    names = [
        c.column
        for c in columns
        if c.role in {"quasi_identifier", "sensitive"} and is_near_unique(profiles[c.column])
    ]
    if names:
        yield f"different in nearly every record: {_listed(names)}; drop what is not needed"


def _alone(columns: Sequence[ColumnDetection], profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Tell of records that stand out whatever becomes of the quasi-identifiers."""
    names = [column.column for column in columns if column.role == "non_sensitive"]
    if not names or not (together := combined(profiles, names)).rare > _TOO_MANY:
        return
    yield (
        f"{together.rare:.0%} of the records are in groups of fewer than {ALONE} by what is released "
        f"as it is: {_listed(names)}; make those that others may know quasi-identifiers"
    )


def _released_in_doubt(columns: Sequence[ColumnDetection]) -> Iterator[str]:
    doubtful = sorted(
        (c for c in columns if c.role == "non_sensitive" and c.confidence < _DOUBTFUL),
        key=lambda c: c.confidence,
    )
    if doubtful:
        names = [c.column for c in doubtful]
        yield f"released as they are, by their names alone: {_listed(names)}; look at them first"


def _unknown(columns: Sequence[ColumnDetection]) -> Iterator[str]:
    names = [c.column for c in columns if UNKNOWN in c.reasons]
    if names:
        yield (
            f"nothing tells what they mean, so they are protected: {_listed(names)}; "
            "a role that a person sets loses less"
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
