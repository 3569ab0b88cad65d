"""From what a job found to the facts of its report: each section in a module of its own."""

from anon_dagster.report.evidence import Choice, ChoiceOfRequest, ChoiceOfSource, Evidence
from anon_dagster.report.findings import Findings
from anon_dagster.report.gathering.attributes import attributes
from anon_dagster.report.gathering.conduct import conduct
from anon_dagster.report.gathering.damage import damage
from anon_dagster.report.gathering.identity import identity, request_name
from anon_dagster.report.gathering.risk import risk
from anon_dagster.report.gathering.verdict import verdict


def gather(findings: Findings) -> Evidence:
    """Return the facts of a report."""
    return Evidence(
        identity=identity(findings),
        verdict=verdict(findings),
        risk=risk(findings),
        attributes=tuple(attributes(findings)),
        damage=damage(findings),
        choice=_choice(findings),
        conduct=conduct(findings),
    )


def _choice(findings: Findings) -> Choice:
    points = findings.provenance.points
    commands = (f"anon measure {request_name(findings)} --wait",)
    return Choice(ChoiceOfRequest(commands), ChoiceOfSource(points) if points else None)
