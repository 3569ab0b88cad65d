"""How likely a record is given to its person, before and after."""

from anon_dagster.core.audit import Partition, partition
from anon_dagster.report.evidence import (
    Risk,
    RiskOfRelease,
    RiskOfRequest,
    RiskOfSource,
)
from anon_dagster.report.exposure import figures_of, sizes_of
from anon_dagster.report.findings import Findings
from anon_dagster.report.gathering.numbers import figures, table_of

_MOST_ROWS = 50  # of a table of details


def risk(findings: Findings) -> Risk:
    """Return the risk of the release as its stored records tell it, and that of the source."""
    policy, problem = findings.decision.released.policy, findings.decision.plan.problem
    stored = stored_classes(findings)
    before = partition(problem.codes.columns, problem.counts)
    table = findings.risk
    population = policy.population
    of_release = figures_of(stored, policy.threshold, has_population=population is not None)
    details = findings.risk_details.tables.items()
    return Risk(
        RiskOfRequest(
            threshold=float(policy.threshold),
            is_stated=policy.risk_threshold is not None,
            population=population if isinstance(population, int) else None,
            has_population_table=not isinstance(population, int | None),
            counts_persons=policy.person is not None,
        ),
        RiskOfRelease(tuple(of_release), tuple(sizes_of(stored.sizes))),
        RiskOfSource(
            before=tuple(figures(table, "source", table.index)),
            class_sizes=tuple(sizes_of(before.sizes)),
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
