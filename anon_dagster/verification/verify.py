"""What a release promises, measured again on the release itself.

Anybody who is handed a release and its policy can do this. Nothing of the search is used: classes
are the records that read alike in every quasi-identifier, and what they keep is measured by
:mod:`anon_dagster.core.audit`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anon_dagster.core import wording
from anon_dagster.core.audit import (
    Belongings,
    Contents,
    Partition,
    belongings,
    contents,
    partition,
    persons_of,
)
from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.core.wording import IDENTIFIERS, MASKED, SUPPRESSION
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.reading.columns import ColumnCount
from anon_dagster.reading.counting import Count, count
from anon_dagster.reading.headers import require_header, undeclared
from anon_dagster.reading.persons import (
    fresh_key,
    owners_asked,
    require_named_persons,
    with_persons,
)
from anon_dagster.reading.population import count_population
from anon_dagster.request import (
    DirectIdentifier,
    HouseholdRule,
    LDiversityRule,
    MaskRule,
    Policy,
    Source,
)
from anon_dagster.request.attributes import PSEUDONYM_PATTERN
from anon_dagster.storage.missing import WithMissing
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular
from anon_dagster.verification.numbers import numbers_follow
from anon_dagster.verification.persons import Owned, of_values_of_persons
from anon_dagster.verification.population import Crowd, of_the_population
from anon_dagster.verification.result import (
    ClassMeasures,
    Promise,
    Verification,
    untold,
)
from anon_dagster.verification.sensitive import Values, of_values
from anon_dagster.verification.sizes import (
    differential_privacy,
    household_anonymity,
    k_anonymity,
    of_the_whole,
    of_trajectories,
)
from anon_dagster.verification.weights import weights_gone

_NOT_TOLD = "the table does not tell whose its records are"


def verify(
    release: Count,
    policy: Policy,
    *,
    source_count: Count | None = None,
    reference: Count | None = None,
    levels: Mapping[str, int] | None = None,
) -> Verification:
    """Measure every promise of a policy on a release.

    Suppressed records that stay with ``*`` are a class like any other. t-closeness is measured
    against the release's own distribution, as a reader of the release can, and against the
    source's if that is given.

    Parameters
    ----------
    release
        The stored release, counted over its quasi-identifiers and sensitive attributes, with its
        values as they are written.
    policy
        What was promised.
    source_count
        The source, if it is at hand. Its values are those along which the ordered distance
        counts its steps; without it they are the release's.
    reference
        A frozen table, counted over the sensitive attributes: t-closeness, β-likeness and
        δ-disclosure are measured against its distribution alone.
    levels
        Of the release, by quasi-identifier: at which the people of a population are matched with
        its classes. Left out, the lowest that its labels may be of, with the fewest people.

    Raises
    ------
    SchemaMismatchError
        If the release has columns that the policy does not name, or lacks a quasi-identifier or
        a guarded attribute.
    HierarchyError
        If a hierarchy for the hierarchical distance lacks values of the release.
    SourceError
        If a promise is about a table of the population, and it cannot be read.
    """
    _require_columns(release, policy)
    classes = _classes(release, policy)
    promises = list(_identifiers_gone(release, policy, source_count))
    promises += (*_masks_kept(release, policy), *weights_gone(release, policy))
    promises += numbers_follow(release, policy)
    privacy, persons = policy.privacy, None
    if release.persons is not None:
        persons = persons_of(classes, release.persons.tuples, release.persons.owners)
    elif policy.person is not None:
        return _untold(promises, classes, policy)
    if privacy.k_anonymity is not None:
        promises.append(k_anonymity(classes, privacy.k_anonymity.k, persons))
    if policy.household is not None:
        promises.append(_of_households(release, classes, policy.household))
    promises += _of_trajectories(release, classes, policy)
    promises += of_the_whole(classes, policy, persons)
    if privacy.differential_privacy is not None:
        sampling = None if source_count is None else source_count.sampling
        promises += differential_privacy(classes, privacy.differential_privacy, sampling)
    if policy.privacy.of_population:
        crowd = _crowd(release, policy, source_count)
        crowd = replace(crowd, levels=levels, persons=persons)
        promises += of_the_population(release, classes, crowd)
    compared = source_count if reference is None else reference
    values = {n: _values(release, source_count, reference, n) for n in _guarded(policy)}
    held = {
        name: _held(release, classes, name).recode(own.of_release) for name, own in values.items()
    }
    owned = {n: _owned(release, compared, classes, n, own) for n, own in values.items()}
    for rule in sorted(privacy.guarding, key=lambda rule: not isinstance(rule, LDiversityRule)):
        name = rule.attribute
        own = owned[name]
        promises += (
            of_values(held[name], values[name], rule, policy)
            if own is None
            else of_values_of_persons(own, values[name], rule, policy)
        )
    if source_count is not None:
        promises.append(_suppression(release.records, source_count.records, policy))
    return Verification(tuple(promises), ClassMeasures.of(classes))


def verify_frame(
    frame: Tabular, policy: Policy, *, levels: Mapping[str, int] | None = None
) -> Verification:
    """Measure every promise of a policy on a released DataFrame.

    Raises
    ------
    SourceError
        If the columns of the DataFrame cannot be read as values, or do not fit the policy.
    """
    return verify(counted_release(open_frame(frame), policy, decimal="."), policy, levels=levels)


def verify_file(
    source: Source, policy: Policy, *, levels: Mapping[str, int] | None = None
) -> Verification:
    """Measure every promise of a policy on a released file, or several that are one table.

    Raises
    ------
    SourceError
        If the release cannot be read, or does not fit the policy.
    """
    mark = source.csv.decimal
    counted = counted_release(open_source(source), policy, decimal=mark)
    return verify(counted, policy, levels=levels)


def counted_release(table: OpenSource, policy: Policy, *, decimal: str) -> Count:
    """Count a released table over the quasi-identifiers and sensitive attributes that it has.

    One count serves :func:`verify` with every policy of the same attributes.

    Parameters
    ----------
    decimal
        The decimal mark of numbers that are text.

    Raises
    ------
    SourceError
        If the table cannot be read, or does not fit the policy.
    """
    names = policy.attributes_released
    tokens = {n: frozenset(a.missing) for n, a in policy.attributes.items() if a.missing}
    table = WithMissing(table, {n: texts for n, texts in tokens.items() if n in table.columns})
    attributes = [name for name in names if name in table.columns]
    patterns = pseudonym_patterns(policy)
    key, told = fresh_key(), [*owners_asked(policy, table.columns)]
    table = with_persons(table, policy, key)
    counted = count(table, [*attributes, *told], patterns=patterns, decimal=decimal)
    require_named_persons(counted, policy)
    return counted.with_persons(key) if told else counted


def pseudonym_patterns(policy: Policy) -> dict[str, str]:
    """Return what the values of pseudonyms fit, to be asked for where a release is counted."""
    return {
        name: PSEUDONYM_PATTERN
        for name, attribute in policy.attributes.items()
        if isinstance(attribute, DirectIdentifier) and attribute.redaction == "pseudonym"
    }


def _crowd(release: Count, policy: Policy, source: Count | None) -> Crowd:
    """Tell of the population; its table is read, unless it was with the source."""
    if source is None:
        return Crowd(policy, count_population(policy), release.records)
    return Crowd(policy, source.population or count_population(policy), source.records)


def _values(release: Count, source: Count | None, reference: Count | None, name: str) -> Values:
    others = [
        None if table is None else table.columns[name].written for table in (source, reference)
    ]
    return Values.of(release.columns[name].written, *others)


def _guarded(policy: Policy) -> list[str]:
    rules = {rule.attribute for rule in policy.privacy.guarding}
    return [name for name in policy.attributes if name in rules]


def _require_columns(release: Count, policy: Policy) -> None:
    """Refuse a release with columns that the policy does not name, or without one that it needs."""
    declared = (*policy.attributes, *(column.name for column in policy.number_columns))
    require_header(list(release.columns), list(declared), "release")
    needed = (*policy.quasi_identifiers, *_guarded(policy))
    unnamed = undeclared(list(release.columns), declared)
    absent = [name for name in needed if name not in release.attributes]
    if unnamed:
        raise SchemaMismatchError(
            f"the policy does not name {unnamed} of the release; give each a role or leave it out"
        )
    if absent:
        raise SchemaMismatchError(f"the release lacks {', '.join(absent)}")


# -- classes -------------------------------------------------------------------------------


def _classes(release: Count, policy: Policy) -> Partition:
    positions = [release.attributes.index(name) for name in policy.quasi_identifiers]
    return partition(
        [release.table.codes[:, position] for position in positions], release.table.counts
    )


def _held(release: Count, classes: Partition, name: str) -> Contents:
    column = release.table.codes[:, release.attributes.index(name)]
    return contents(classes, column, release.table.counts)


def _owned(
    release: Count, table: Count | None, classes: Partition, name: str, values: Values
) -> Owned | None:
    """Tell which persons have the values of a guarded attribute, where persons are counted.

    Parameters
    ----------
    table
        The source, or the frozen reference, whichever is compared with.
    """
    persons = release.persons
    if persons is None:
        return None
    of_release = values.of_release[release.table.codes[:, release.attributes.index(name)]]
    held = belongings(classes, persons.tuples, persons.owners, of_release)
    tables = {"release": held.together()}
    if table is not None and table.persons is not None:
        of_table = values.of_column(table.columns[name])
        own = of_table[table.table.codes[:, table.attributes.index(name)]]
        tuples, owners = table.persons.tuples, table.persons.owners
        whole = np.zeros(len(tuples), dtype=np.int64)
        tables["source"] = Belongings.of(1, whole, owners, own[tuples])
    if values.strange is not None:
        tables = {"reference": tables["source"]}
    return Owned(held, tables, classes.sizes)


def _of_households(release: Count, classes: Partition, rule: HouseholdRule) -> Promise:
    """Measure how few households a class has, if the table tells of which each record is."""
    held = release.households
    if held is None:
        name, who = wording.household_anonymity(rule.k), ", ".join(rule.by)
        return untold(name, None, rule.k, f"{_NOT_TOLD}; it needs {who}")
    return household_anonymity(classes, rule.k, persons_of(classes, held.tuples, held.owners))


def _of_trajectories(release: Count, classes: Partition, policy: Policy) -> Iterator[Promise]:
    """Measure all records of a person together; by the pseudonyms, too, that link them."""
    rule = policy.trajectory
    if rule is None or release.persons is None:
        return
    yield of_trajectories(classes, rule.k, release.persons)
    if release.links is not None:
        by = ", ".join(policy.person or ())
        yield of_trajectories(classes, rule.k, release.links, by)


def _untold(promises: Sequence[Promise], classes: Partition, policy: Policy) -> Verification:
    """Say that nobody can tell what a table promises that does not tell whose its records are."""
    who = ", ".join(policy.person or ())
    why = f"{_NOT_TOLD}; it needs {who}"
    told = (*promises, untold(wording.PERSONS, None, 0, why))
    return Verification(told, ClassMeasures.of(classes))


# -- identifiers and suppression ------------------------------------------------------------


def _identifiers_gone(release: Count, policy: Policy, source: Count | None) -> Iterator[Promise]:
    for name, attribute in policy.attributes.items():
        if isinstance(attribute, DirectIdentifier):
            column = release.columns.get(name)
            in_source = source.columns.get(name) if source else None
            remaining = _identified(column, attribute, in_source, release.records) if column else 0
            yield Promise(IDENTIFIERS, name, 0, remaining, remaining == 0, 0, remaining)


def _masks_kept(release: Count, policy: Policy) -> Iterator[Promise]:
    """Measure how many records show more of an identifier than its mask leaves."""
    for name, attribute in policy.quasi_identifiers.items():
        rule = attribute.mask
        if rule is None:
            continue
        column = release.columns[name]
        bare = [not _is_masked(label, rule) for label in column.labels]
        remaining = int(column.counts[np.array(bare, dtype=np.bool_)].sum())
        yield Promise(MASKED, name, 0, remaining, remaining == 0, 0, remaining)


def _is_masked(label: str | None, rule: MaskRule) -> bool:
    if label is None or label in {SUPPRESSED, rule.other}:
        return True
    pieces = list(label) if rule.parts is None else label.split(rule.parts)
    kept = rule.keep if rule.keep and len(pieces) > rule.keep else 0
    end = len(pieces) - kept
    hidden = pieces[:end] if rule.side == "left" else pieces[kept:]
    return set(hidden) <= {rule.character}


def _identified(
    column: ColumnCount, attribute: DirectIdentifier, in_source: ColumnCount | None, records: int
) -> int:
    """Count the records whose identifier is neither missing, nor the constant, nor a pseudonym.

    No value of the source is a pseudonym, whatever it looks like.
    """
    if column.many is not None:
        return _identified_of_many(column, attribute, in_source, records - column.missing)
    if column.distinct and not len(column.values):  # forgotten: nobody can tell
        return records - column.missing
    if attribute.redaction == "pseudonym":
        harmless = pc.match_substring_regex(column.values, PSEUDONYM_PATTERN)
        if in_source is not None:
            harmless = pc.and_not(harmless, _repeated(column.values, in_source))
    else:
        harmless = pc.equal(column.values, attribute.constant)
    still_identified = pc.invert(pc.fill_null(harmless, fill_value=True)).to_numpy(
        zero_copy_only=False
    )
    return int(column.counts[still_identified].sum())


def _repeated(texts: pa.StringArray, in_source: ColumnCount) -> pa.BooleanArray:
    """Tell which texts, (texts,), are values of the source, as far as these were kept."""
    if in_source.many is not None and in_source.many.hashed is not None:
        return pa.array(in_source.many.hashed.among(texts))
    return pc.is_in(texts, value_set=in_source.values.drop_null())


def _identified_of_many(
    column: ColumnCount,
    attribute: DirectIdentifier,
    in_source: ColumnCount | None,
    present: int,
) -> int:
    """Count identified records where values are too many to keep; in doubt a record is."""
    if attribute.redaction != "pseudonym" or column.misfits is None:
        return present
    repeated = 0 if in_source is None else column.records_shared_with(in_source)
    return min(present, column.misfits + repeated)


def _suppression(released: int, records: int, policy: Policy) -> Promise:
    allowed = policy.most_suppressed(records) if policy.suppressed_records == "drop" else 0
    left_out = records - released
    beyond = max(left_out - allowed, -left_out, 0)
    return Promise(SUPPRESSION, None, allowed, left_out, beyond == 0, 0, beyond)
