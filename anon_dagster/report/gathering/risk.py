"""How likely a record is given to its person, before and after."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.audit import Partition, partition
from anon_dagster.report.evidence import (
    Figure,
    Risk,
    RiskOfRelease,
    RiskOfRequest,
    RiskOfSource,
    SizeCount,
)
from anon_dagster.report.findings import Findings
from anon_dagster.report.gathering.numbers import figures, table_of
from anon_dagster.request import Policy

_MOST_ROWS = 50  # of a table of details


def risk(findings: Findings) -> Risk:
    """Return the risk of the release as its stored records tell it, and that of the source."""
    policy, problem = findings.decision.released.policy, findings.decision.plan.problem
    stored = stored_classes(findings)
    before = partition(problem.codes.columns, problem.counts)
    table = findings.risk
    population = policy.population
    details = findings.risk_details.tables.items()
    return Risk(
        RiskOfRequest(
            threshold=float(policy.threshold),
            is_stated=policy.risk_threshold is not None,
            population=population if isinstance(population, int) else None,
            has_population_table=not isinstance(population, int | None),
            counts_persons=policy.person is not None,
        ),
        RiskOfRelease(figures=tuple(_of_classes(stored, policy)), class_sizes=sizes(stored.sizes)),
        RiskOfSource(
            before=tuple(figures(table, "source", table.index)),
            class_sizes=sizes(before.sizes),
            after=tuple(figures(table, "release", table.index)),
            details=tuple(table_of(name, frame, _MOST_ROWS) for name, frame in details),
        ),
    )


def stored_classes(findings: Findings) -> Partition:
    """Return the records of the stored release that read alike in every quasi-identifier."""
    released, names = findings.released, findings.decision.released.policy.quasi_identifiers
    positions = [released.attributes.index(name) for name in names]
    columns = [released.table.codes[:, position] for position in positions]
    return partition(columns, released.table.counts)


def sizes(of_classes: NDArray[np.int64]) -> tuple[SizeCount, ...]:
    """Count the classes of each size."""
    different, numbers = np.unique(of_classes, return_counts=True)
    pairs = zip(different.tolist(), numbers.tolist(), strict=True)
    return tuple(SizeCount(size, number) for size, number in pairs)


def _of_classes(classes: Partition, policy: Policy) -> Iterator[Figure]:
    """Give what the sizes of classes tell of an attacker, named as the statistics are."""
    threshold = policy.threshold
    records, number = classes.records, len(classes.sizes)
    yield Figure("records", records)
    yield Figure("classes", number)
    yield Figure("smallest_class", classes.smallest)
    yield Figure("largest_class", classes.largest)
    yield Figure("unique_records", int((classes.sizes == 1).sum()))
    yield Figure("prosecutor_highest", 1 / classes.smallest if records else None)
    yield Figure("prosecutor_average", number / records if records else None)
    yield Figure("prosecutor_above_threshold", classes.records_above(threshold))
    yield Figure("lowest_risk", 1 / classes.largest if records else None)
