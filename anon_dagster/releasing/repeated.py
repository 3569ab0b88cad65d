"""What a release tells together with former ones of the same people, before it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anon_dagster.errors import AnonError, DisclosureError
from anon_dagster.errors import counted as listed
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count, count
from anon_dagster.releasing.workspace import FormerRelease
from anon_dagster.request import Policy, Source, Target
from anon_dagster.residual import Repeated, ResidualDisclosure, Subject
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
    stored: Source,
    former: Sequence[FormerRelease],
) -> ResidualDisclosure:
    """Add what a stored release tells together with former ones that still exist.

    Parameters
    ----------
    stored
        The release that is to be published.

    Raises
    ------
    DisclosureError
        If it is to be refused, and a former release cannot be read.
    """
    tables, unread = _opened(former[:MOST_RELEASES], subject)
    if unread and subject.policy.residual.repeated == "refuse":
        raise DisclosureError(
            f"nothing is published, by policy.residual: {listed(len(unread), 'former release')} "
            f"cannot be read, so nobody can tell what all tell together: {'; '.join(unread)}; "
            "remove what is no release of the same people, or let the policy warn"
        )
    bounds = (*residual.bounds, *_bounds(unread, len(former)))
    if not tables:
        return replace(residual, bounds=bounds)
    policies = [each.policy for each in former if each.policy is not None]
    found = _counted(subject, decision, [(open_source(stored), stored), *tables], policies)
    return residual.with_findings(
        tuple(repeated(subject, found)),
        "repeated",
        former=len(tables),
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


def _opened(
    former: Sequence[FormerRelease], subject: Subject
) -> tuple[list[tuple[OpenSource, Source]], list[str]]:
    """Open former releases; say of those that cannot be compared why not."""
    tables, unread = [], []
    for each in former:
        try:
            table = open_source(each.source)
        except AnonError as error:
            if error.transient:
                raise
            unread.append(f"{each.name}: {error}")
            continue
        if set(table.columns) & {*subject.quasi_identifiers, *subject.untouched}:
            tables.append((table, each.source))
        else:
            unread.append(f"{each.name}: it has no column of this one")
    return tables, unread


def _bounds(unread: Sequence[str], former: int) -> list[str]:
    told = [f"not compared, {each}" for each in unread]
    if former > MOST_RELEASES:
        told.append(f"former releases: the newest {MOST_RELEASES} of {former}")
    return told


def _counted(
    subject: Subject,
    decision: Decision,
    tables: Sequence[tuple[OpenSource, Source]],
    policies: Sequence[Policy],
) -> Repeated:
    """Count what all releases together leave of the people of the source."""
    names = subject.quasi_identifiers
    common = [n for n in subject.untouched if all(n in table.columns for table, _ in tables)]
    counts = [_count(table, source, (*names, *common)) for table, source in tables]
    series = Series.of(counts, names, common, beside=decision.counted)
    columns = columns_of(decision.counted, names, decision.request.policy, *policies)
    drawn = _drawn(decision.counted, subject.policy.residual.seed)
    people = people_of(series, decision.counted, columns, drawn=drawn)
    asked = {name: missing for name, (_, missing) in _asked(subject, common).items()}
    left = narrowed(series, people, sensitive=asked, own_class=True)
    least = {name: least for name, (least, _) in _asked(subject, common).items()}
    return Repeated(left, least, decision.counted.records)


def _asked(subject: Subject, common: Sequence[str]) -> Mapping[str, tuple[int, bool]]:
    return {n: asked_values(subject.policy, n) for n in subject.sensitive if n in common}


def _count(table: OpenSource, source: Source, names: Sequence[str]) -> Count:
    there = [name for name in names if name in table.columns]
    return count(table, there, decimal=source.csv.decimal)


def _drawn(source: Count, seed: int) -> NDArray[np.int64] | None:
    """Draw some tuples of the source, if there are too many."""
    if len(source.table) <= MOST_TUPLES:
        return None
    dice = np.random.default_rng(seed)
    return np.sort(dice.choice(len(source.table), MOST_TUPLES, replace=False))
