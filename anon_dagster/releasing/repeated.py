"""What a release tells together with former ones of the same people, before it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning
from anon_dagster.errors import AnonError, DisclosureError, SourceChangedError
from anon_dagster.errors import counted as listed
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count, count
from anon_dagster.releasing.workspace import FormerRelease
from anon_dagster.request import Policy, Source, Target
from anon_dagster.residual import Repeated, ResidualDisclosure, Subject
from anon_dagster.residual.labels import ColumnOfPeople
from anon_dagster.residual.narrowed import narrowed
from anon_dagster.residual.people import columns_of, people_of
from anon_dagster.residual.repeated import asked_values, repeated
from anon_dagster.residual.versions import Series
from anon_dagster.storage.addresses import absolute, exists
from anon_dagster.storage.failures import reading
from anon_dagster.storage.sources import OpenSource, open_source

MOST_RELEASES = 10
"""Former releases that are looked at, the newest ones."""
MOST_TUPLES = 20_000
"""Different people who are looked for; of more some are drawn."""


def asks_for_repeated(policy: Policy) -> bool:
    """Tell whether former releases are looked at.

    With differential privacy they are not: what releases tell together is that they add up.
    """
    private = policy.privacy.differential_privacy is not None
    return policy.residual.repeated != "ignore" and not private


def with_repeated(
    residual: ResidualDisclosure,
    subject: Subject,
    decision: Decision,
    source: OpenSource,
    releases: tuple[Source, Sequence[FormerRelease]],
) -> ResidualDisclosure:
    """Add what a stored release tells together with former ones that still exist.

    Parameters
    ----------
    source
        What was counted; it is read once more, if there is a former release.
    releases
        The one that is to be published, and the former ones.

    Raises
    ------
    DisclosureError
        If it is to be refused, and a former release cannot be read.
    """
    stored, former = releases
    counts, unread = _read(former[:MOST_RELEASES], subject)
    if unread and subject.policy.residual.repeated == "refuse":
        raise DisclosureError(
            f"nothing is published, by policy.residual: {listed(len(unread), 'former release')} "
            f"cannot be read, so nobody can tell what all tell together: {'; '.join(unread)}; "
            "remove what is no release of the same people, or let the policy warn"
        )
    bounds = (*residual.bounds, *_bounds(unread, len(former)))
    if not counts:
        return replace(residual, bounds=bounds)
    policies = [each.policy for each in former if each.policy is not None]
    names = subject.quasi_identifiers
    counts = [_count(stored, (*names, *subject.untouched)), *counts]
    common = [n for n in subject.untouched if all(n in each.attributes for each in counts)]
    people = _people(source, decision, (*names, *common))
    columns = columns_of(people, names, decision.request.policy, *policies)
    found = _found(subject, Series.of(counts, names, common, beside=people), people, columns)
    return residual.with_findings(
        tuple(repeated(subject, found)),
        "repeated",
        former=len(counts) - 1,
        drawn=found.drawn,
        bounds=bounds,
    )


def former_at(target: Target | None) -> list[FormerRelease]:
    """Return the release that lies at a target now, if there is one."""
    if target is None:
        return []
    with reading(target.path):
        if not exists(absolute(target.path)):
            return []
    source = Source(path=target.path, format=target.format_found, csv=target.csv)
    return [FormerRelease("the release at the target", source)]


def _read(former: Sequence[FormerRelease], subject: Subject) -> tuple[list[Count], list[str]]:
    """Count former releases; say of those that cannot be compared why not."""
    counts, unread = [], []
    for each in former:
        try:
            found = _count(each.source, (*subject.quasi_identifiers, *subject.untouched))
        except AnonError as error:
            if error.transient and not isinstance(error, SourceChangedError):
                raise  # else another job replaces it at this moment
            unread.append(f"{each.name}: {error}")
            continue
        if found.attributes:
            counts.append(found)
        else:
            unread.append(f"{each.name}: it has no column of this one")
    return counts, unread


def _bounds(unread: Sequence[str], former: int) -> list[str]:
    told = [f"not compared, {each}" for each in unread]
    if former > MOST_RELEASES:
        told.append(f"former releases: the newest {MOST_RELEASES} alone")
    return told


def _people(source: OpenSource, decision: Decision, names: Sequence[str]) -> Count:
    """Count the people of the source by all that releases have in common."""
    counted, plain = decision.counted, {Meaning.category, Meaning.boolean}
    meant = {n: c.ordering.meaning for n, c in counted.columns.items() if n in counted.attributes}
    known = {name: meaning for name, meaning in meant.items() if meaning not in plain}
    hidden, mark = decision.request.policy.names("direct_identifier"), decision.request.decimal
    return count(source, names, hidden=hidden, decimal=mark).understood(known)


def _found(
    subject: Subject, series: Series, source: Count, columns: Mapping[str, ColumnOfPeople]
) -> Repeated:
    """Count what all releases together leave of the people of the source."""
    drawn = _drawn(source, subject.policy.residual.seed)
    people = people_of(series, source, columns, drawn=drawn)
    asked = {n: asked_values(subject.policy, n) for n in subject.sensitive if n in series.codes}
    missing_counts = {name: missing for name, (_, missing) in asked.items()}
    left = narrowed(series, people, sensitive=missing_counts, own_class=True)
    least = {name: least for name, (least, _) in asked.items()}
    return Repeated(left, least, source.records)


def _count(source: Source, names: Sequence[str]) -> Count:
    """Count a release over those of some columns that it has."""
    table = open_source(source)
    there = [name for name in names if name in table.columns]
    return count(table, there, decimal=source.csv.decimal)


def _drawn(source: Count, seed: int) -> NDArray[np.int64] | None:
    """Draw some tuples of the source, if there are too many."""
    if len(source.table) <= MOST_TUPLES:
        return None
    dice = np.random.default_rng(seed)
    return np.sort(dice.choice(len(source.table), MOST_TUPLES, replace=False))
