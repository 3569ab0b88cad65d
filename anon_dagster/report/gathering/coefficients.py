"""What a model learns from the release, beside what it learns from the source."""

from anon_dagster.report.evidence import TableFact
from anon_dagster.report.findings import Findings
from anon_dagster.request import TargetUse


def coefficients(findings: Findings, use: TargetUse) -> TableFact | None:
    """Return None."""
    del findings, use
    return None
