"""Whether the promises hold, and what nobody asked about and is to be looked at."""

from collections.abc import Iterator
from dataclasses import replace

from anon_dagster.core import wording
from anon_dagster.report import disclosure
from anon_dagster.report.evidence import (
    PromiseFact,
    Remark,
    Verdict,
    VerdictOfRelease,
    VerdictOfRequest,
    VerdictOfSource,
)
from anon_dagster.report.explanation import cautions, explain_policy
from anon_dagster.report.findings import Findings
from anon_dagster.report.formats import listed
from anon_dagster.report.gathering.formulas import formulas
from anon_dagster.report.gathering.numbers import number, table_of
from anon_dagster.request import (
    AlphaKAnonymityRule,
    DirectIdentifier,
    LDiversityRule,
    Policy,
    Request,
    TClosenessRule,
)
from anon_dagster.verification import (
    IDENTIFIERS,
    MASKED,
    NUMBERS,
    SUPPRESSION,
    WEIGHTS,
    Promise,
)

_HOW = {
    IDENTIFIERS: "every stored cell of the column was read",
    MASKED: "every stored cell of the column was read",
    NUMBERS: "every number was computed again from its label",
    WEIGHTS: "every stored cell of the column was read",
    SUPPRESSION: "records of the stored release, beside those of the source",
}
_OF_CLASSES = "on the stored release, in every class of records alike"
_OF_WHOLE = "on the stored release as a whole"
_OF_PERSONS = "on the stored release, with whose each record is, which the job keeps"
_TO_SOURCE = "on the stored release, beside the values of the source"
_TOGETHER = "on the stored release, with the stored labels of the joined table beside it"
_MOST_ATTACKS = 50


def verdict(findings: Findings) -> Verdict:
    """Return the promises with what was measured, those apart that need more than the release."""
    policy, residual = findings.decision.released.policy, findings.residual
    promises = findings.verification.promises
    is_beside = findings.decision.beside is not None
    alone = set() if is_beside else set(told_by_release(policy))
    joined = findings.together.promises if findings.together is not None else ()
    attacks = disclosure.attacks_table(residual)
    return Verdict(
        VerdictOfRequest(asked=tuple(_asked(findings)), remarks=tuple(not_asked(findings))),
        VerdictOfRelease(
            promises=tuple(_fact(each, policy) for each in promises if _key(each) in alone),
            remarks=tuple(_of_cells(findings)),
        ),
        VerdictOfSource(
            promises=(
                *(_fact(each, policy) for each in promises if _key(each) not in alone),
                *(replace(_fact(each, policy), how=_TOGETHER) for each in joined),
            ),
            findings=tuple(_findings(findings)),
            coverage=f"{disclosure.explain_coverage(residual)} {disclosure.BLIND}",
            bounds=residual.bounds,
            attacks=table_of("attacks", attacks, _MOST_ATTACKS) if len(attacks) else None,
        ),
    )


def _asked(findings: Findings) -> Iterator[str]:
    lines = explain_policy(findings.decision.released.policy).splitlines()
    yield from (line.removeprefix("- ") for line in lines)
    if findings.decision.own is not None:
        yield wording.explain_linked()


# -- what was promised ---------------------------------------------------------------------


def told_by_release(policy: Policy) -> Iterator[tuple[str, str | None]]:
    """Give the promises that whoever has the release can measure: names, and what they guard.

    Those about persons need to know whose a record is, which a release does not tell. A distance
    along an order or a tree counts steps by all values of the source.
    """
    for name, attribute in policy.attributes.items():
        is_pseudonym = isinstance(attribute, DirectIdentifier) and (
            attribute.redaction == "pseudonym"  # which is compared with the values of the source
        )
        if not is_pseudonym:
            yield IDENTIFIERS, name
        yield from ((each, name) for each in (MASKED, WEIGHTS))
    yield from ((NUMBERS, column.name) for column in policy.number_columns)
    if policy.person is None:
        yield from _of_sizes(policy)
        yield from _of_values(policy)


def _of_sizes(policy: Policy) -> Iterator[tuple[str, None]]:
    privacy = policy.privacy
    if privacy.k_anonymity is not None:
        yield wording.k_anonymity(privacy.k_anonymity.k), None
    if privacy.average_risk is not None:
        yield wording.average_risk(privacy.average_risk.risk), None
    if privacy.sample_uniqueness is not None:
        yield wording.sample_uniqueness(privacy.sample_uniqueness.share), None


def _of_values(policy: Policy) -> Iterator[tuple[str, str | None]]:
    for rule in policy.privacy.guarding:
        if isinstance(rule, LDiversityRule):
            c = getattr(rule, "c", None)
            name = wording.l_diversity(rule.variant, rule.l, c)
            yield name, rule.attribute
            yield wording.of_present_values(name), rule.attribute
        elif isinstance(rule, AlphaKAnonymityRule):
            yield wording.alpha_deassociation(rule.alpha), rule.attribute
            yield wording.k_anonymity(rule.k), None
        elif isinstance(rule, TClosenessRule) and rule.distance == "equal":
            yield wording.t_closeness(rule.t, "equal", "release"), rule.attribute


def _key(promise: Promise) -> tuple[str, str | None]:
    return promise.name, promise.attribute


def _fact(promise: Promise, policy: Policy) -> PromiseFact:
    """Return a promise as it was measured."""
    return PromiseFact(
        name=promise.name,
        attribute=promise.attribute,
        asked=number(promise.asked) or 0,
        reached=number(promise.reached),
        holds=promise.holds,
        how=_HOW.get(promise.name) or _measured(promise.name, policy),
        untold=promise.untold,
        classes_failing=promise.classes_failing,
        records_failing=promise.records_failing,
    )


def _measured(name: str, policy: Policy) -> str:
    """Say how a promise was measured that is about classes, or about the release as a whole."""
    if policy.person is not None:
        return _OF_PERSONS
    if "to the source" in name or "beside the source" in name:
        return _TO_SOURCE
    return _OF_WHOLE if name.startswith(("average", "at most")) else _OF_CLASSES


# -- what was not asked --------------------------------------------------------------------


def not_asked(findings: Findings) -> Iterator[Remark]:
    """Give what the request does not ask for, and what it changes for whoever reads figures."""
    request = findings.decision.released
    policy = request.policy
    yield from _unprotected(policy)
    if policy.person is None:
        yield Remark(
            "records_not_persons",
            "low",
            "Every record was taken for another person: all figures count records.",
            "If a person may have several records, name the column that tells whose a record is "
            "(policy.person), and run it again",
        )
    if findings.decision.own is not None:
        yield Remark(
            "linked",
            "low",
            "This table is released together with another one of the same persons, which has a "
            "report of its own.",
            "Sign both or none",
        )
    if policy.privacy.differential_privacy is not None:
        yield Remark(
            "differential_privacy",
            "low",
            "Differential privacy is promised of the release, not of this report: its figures are "
            "exact, and of the source.",
            "Keep this report as you keep the source",
        )
    if _is_appended(request) or findings.decision.beside is not None:
        yield Remark(
            "appended",
            "medium",
            "Releases of this dataset add up (mode: append): this report is about one of them.",
            "Audit all of them together: anon audit, or the audit job of the dataset",
        )
    yield from (Remark("caution", "medium", f"{each}.", "") for each in cautions(policy))


def _unprotected(policy: Policy) -> Iterator[Remark]:
    privacy = policy.privacy
    guarded = {rule.attribute for rule in privacy.guarding}
    bare = [name for name in policy.names("sensitive") if name not in guarded]
    if bare:
        first = bare[0]
        yield Remark(
            "unguarded",
            "medium",
            f"Nothing is promised about {listed(bare)}, which the request calls sensitive: all "
            "records that read alike may have the same value, and whoever finds a person in them "
            "learns it.",
            f"Ask for it, such as l_diversity: {{attribute: {first}, l: 2}} or t_closeness; or say "
            "why nobody is harmed by it",
        )
    if not any(promises_about_identity(policy)):
        yield Remark(
            "no_promise",
            "high",
            "No promise keeps anybody from being found: neither k-anonymity nor another bound of "
            "that risk was asked for.",
            "Ask for it: k_anonymity: {k: 5}",
        )


def promises_about_identity(policy: Policy) -> Iterator[bool]:
    """Tell of each model that bounds who can be found whether it is asked for."""
    privacy = policy.privacy
    for name in ("k_anonymity", "k_map", "delta_presence", "differential_privacy", "average_risk"):
        yield getattr(privacy, name) is not None
    yield bool(privacy.alpha_k_anonymity)
    yield policy.household is not None


def _is_appended(request: Request) -> bool:
    return request.arrivals is not None and request.arrivals.mode == "append"


def _of_cells(findings: Findings) -> Iterator[Remark]:
    if names := formulas(findings):
        yield Remark(
            "formulas",
            "medium",
            f"Cells of {listed(names)} begin with a sign of a formula (=, +, -, @, a tab): a "
            "spreadsheet that opens the release may execute them.",
            "With csv: {formulas: escape} in the target they are written as text",
        )


def _findings(findings: Findings) -> Iterator[Remark]:
    residual = findings.residual
    for found in residual.findings:
        text = disclosure.explain_finding(residual, found)
        cure = "" if found.guarded else found.cure
        yield Remark("finding", found.severity, f"{text}.", cure)
