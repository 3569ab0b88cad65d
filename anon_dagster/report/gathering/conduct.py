"""What was done, step by step, with its proof, and how to check it later."""

from collections.abc import Iterator
from shlex import quote

from anon_dagster.errors import counted as numbered
from anon_dagster.report.evidence import (
    Conduct,
    ConductOfRelease,
    ConductOfRequest,
    ConductOfSource,
    ProofFact,
)
from anon_dagster.report.explanation import explain_search
from anon_dagster.report.findings import Findings
from anon_dagster.report.gathering.formulas import formulas
from anon_dagster.report.gathering.identity import request_name


def conduct(findings: Findings) -> Conduct:
    """Return what was done."""
    decision = findings.decision
    counted, proof = decision.counted, decision.solution.proof
    return Conduct(
        ConductOfRequest(
            recoding=decision.request.policy.recoding,
            seeds=dict(_seeds(findings)),
            checks=tuple(_checks(findings)),
        ),
        ConductOfRelease(formulas=tuple(formulas(findings))),
        ConductOfSource(
            steps=tuple(_steps(findings)),
            tuples=len(counted.table),
            proof=ProofFact(
                method=proof.method,
                optimal=proof.optimal,
                objective=str(decision.plan.problem.objective),
                loss=proof.loss,
                lower_bound=proof.lower_bound,
                gap_ratio=proof.gap_ratio,
                candidates=proof.candidates,
                evaluated=proof.evaluated,
            ),
            drawn_from=counted.sampling.records if counted.sampling else None,
            shifted_out=counted.shift.dropped if counted.shift else None,
        ),
    )


def _steps(findings: Findings) -> Iterator[str]:
    """Say each step in words, in their order."""
    decision = findings.decision
    counted, policy = decision.counted, decision.request.policy
    if counted.sampling is not None:
        drawn_from = numbered(counted.sampling.records, "record")
        yield f"A sample was drawn of the {drawn_from} of the source."
    if counted.shift is not None:
        yield (
            "The dates of each person were shifted by whole weeks; "
            f"{counted.shift.dropped:,} of {numbered(counted.shift.read, 'record')} would have "
            "come to lie outside the days of the source and were left out."
        )
    yield (
        f"{numbered(counted.records, 'record')} were counted: "
        f"{numbered(len(counted.table), 'different tuple')}."
    )
    objective = str(decision.plan.problem.objective)
    yield explain_search(decision.solution.proof, policy, objective)
    kept = " They stay in it, with * for every quasi-identifier."
    yield (
        f"{numbered(decision.suppressed, 'record')} were suppressed, and "
        f"{numbered(findings.released.records, 'record')} were written beside the target."
        f"{kept if policy.suppressed_records == 'keep' and decision.suppressed else ''}"
    )
    yield (
        "The stored release was read again, and every promise measured on it by code that shares "
        "nothing with the search. Nothing reaches its target before that, and then it does whole."
    )


def _seeds(findings: Findings) -> Iterator[tuple[str, int]]:
    policy, residual = findings.decision.request.policy, findings.residual
    if policy.sampling is not None:
        yield "sample", policy.sampling.seed
    if policy.target_use is not None:
        yield "cross-validation", policy.target_use.seed
    if residual.examined < residual.records or residual.attacks:
        yield "residual disclosure", residual.seed


def _checks(findings: Findings) -> Iterator[str]:
    """Give the commands by which somebody can check the release, with and without the request."""
    target = findings.decision.released.target
    release = "RELEASE" if target is None else quote(target.path)
    yield f"anon verify {release} --request {quote(request_name(findings))}"
    job = findings.provenance.job
    if job is not None:
        yield f"anon evidence write {quote(job)} --share --output evidence.json"
    yield f"anon evidence check evidence.json {release}"
    if job is not None:
        yield f"anon residual {quote(job)} --attacks"
