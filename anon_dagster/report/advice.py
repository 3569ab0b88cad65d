"""What a report comes down to: whether to sign, and what to look at before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from anon_dagster.discreet import Discreet
from anon_dagster.errors import counted
from anon_dagster.report.evidence import Evidence, PromiseFact, Remark, SuppressedShare
from anon_dagster.report.formats import chance, listed, percent

Grade = Literal["nothing against it", "look first", "do not sign"]
_GRAVE = {"high", "medium"}
_GROUP, _SHARE_OF_ALL = 20, 0.005
"""Records that make a group, and the share of all that they are at least."""
_MOST, _OUT_OF_PROPORTION = 0.5, 5.0
"""The share of a group that is suppressed, alone and beside that of all records."""


@dataclass(frozen=True, slots=True)
class Advice(Discreet, shown=("grade", "headline")):
    """Whether to sign."""

    grade: Grade
    headline: str
    sentences: tuple[str, ...]
    """Why, in the order in which it is read."""
    to_look_at: tuple[Remark, ...]
    """What speaks against signing, the gravest first."""


def advise(evidence: Evidence) -> Advice:
    """Judge the facts of a report."""
    promises = promises_of(evidence)
    broken = [each for each in promises if not each.holds]
    grave = tuple(sorted(_grave(evidence), key=lambda remark: remark.severity != "high"))
    why = (_kept(evidence), _risk(evidence), _lost(evidence))
    if broken or not promises:
        return Advice("do not sign", "Do not sign this.", why, grave)
    if grave:
        things = counted(len(grave), "thing")
        before = f"Look at {'this' if len(grave) == 1 else f'these {things}'} before you sign."
        return Advice("look first", before, why, grave)
    calm, less = "Nothing was found that speaks against signing.", _less_grave(evidence)
    if evidence.verdict.of_source is None:  # what was found is not told then
        calm, less = "The release is as it was promised.", ""
    return Advice("nothing against it", calm, (*why, less), ())


def promises_of(evidence: Evidence) -> tuple[PromiseFact, ...]:
    """Return the promises that were measured."""
    verdict = evidence.verdict
    others = verdict.of_source.promises if verdict.of_source is not None else ()
    return (*verdict.of_release.promises, *others)


def promises_alike(evidence: Evidence) -> dict[PromiseFact, list[str]]:
    """Return the attributes of each promise: those that differ in nothing else are told as one."""
    alike: dict[PromiseFact, list[str]] = {}
    for each in promises_of(evidence):
        names = alike.setdefault(replace(each, attribute=None), [])
        names.extend([each.attribute] if each.attribute else [])
    return alike


def remarks_of(evidence: Evidence) -> tuple[Remark, ...]:
    """Return what nobody asked about and is to be known, the gravest first."""
    verdict = evidence.verdict
    found = verdict.of_source.findings if verdict.of_source is not None else ()
    every = (*found, *verdict.of_request.remarks, *verdict.of_release.remarks)
    return tuple(sorted(every, key=lambda remark: ("high", "medium", "low").index(remark.severity)))


def highest_risk(evidence: Evidence) -> tuple[float | None, str]:
    """Return the highest chance of being found, and of what: a record or a person."""
    risk = evidence.risk
    if risk.of_request.counts_persons:
        after = risk.of_source.after if risk.of_source is not None else risk.of_release.figures
        return next((f.value for f in after if f.name == "person_highest"), None), "person"
    own = risk.of_release.figures
    return next((f.value for f in own if f.name == "prosecutor_highest"), None), "record"


def _kept(evidence: Evidence) -> str:
    every_one = promises_alike(evidence)
    promises, broken = len(every_one), sum(not each.holds for each in every_one)
    if not promises:
        return "Nothing was promised, so nothing was measured."
    if broken:
        return f"{broken} of {counted(promises, 'promise')} {_are(broken)} broken by the release."
    every = (
        f"All {promises} promises that were asked for hold"
        if promises > 1
        else ("The one promise that was asked for holds")
    )
    return f"{every} on the release as it is stored."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _risk(evidence: Evidence) -> str:
    highest, whom = highest_risk(evidence)
    asked = evidence.risk.of_request
    if highest is None:
        return f"How exposed a {whom} is cannot be told from this."
    told = (
        f"The most exposed {whom} is found with a chance of {chance(highest)} ({percent(highest)})"
    )
    side = "above" if highest > asked.threshold else "not above"
    if asked.is_stated:
        return f"{told}: {side} the threshold that the request states, {percent(asked.threshold)}."
    return (
        f"{told}, {side} {percent(asked.threshold)}, a usual threshold. The request states none: "
        "whether that will do depends on who receives the release."
    )


def _lost(evidence: Evidence) -> str:
    """Return which attributes are released but tell nothing any more."""
    records = evidence.identity.of_release.records
    gone = [
        each.name
        for each in evidence.attributes
        if each.of_release is not None and 0 < records == each.of_release.starred
    ]
    return f"Nothing is left of {listed(gone)}: every record reads *." if gone else ""


def _less_grave(evidence: Evidence) -> str:
    found = len(remarks_of(evidence))
    if not found:
        return ""
    return f"{counted(found, 'remark')} of less weight {_are(found)} in section 2."


def _grave(evidence: Evidence) -> list[Remark]:
    """Return what speaks against signing."""
    found = [each for each in remarks_of(evidence) if each.severity in _GRAVE and _is_open(each)]
    highest, whom = highest_risk(evidence)
    asked = evidence.risk.of_request
    if asked.is_stated and highest is not None and highest > asked.threshold:
        found.append(
            Remark(
                "threshold",
                "high",
                f"A {whom} may be found with a chance of {percent(highest)}, above the threshold "
                f"of {percent(asked.threshold)} that the request states.",
                "Ask for a larger k, or state another threshold and say why it will do",
            )
        )
    return [*found, *_left_out(evidence)]


def _left_out(evidence: Evidence) -> Iterator[Remark]:
    """Tell of each attribute whether a group of people is hardly in the release any more.

    Rare values are suppressed as a rule; a group that is no longer rare is a matter of fairness.
    Records without a value are no group of people.
    """
    damage = evidence.damage.of_source
    if damage is None or not damage.suppressed:
        return
    usual = damage.suppressed / damage.records
    missing: dict[str, list[SuppressedShare]] = {}
    for each in damage.shares:
        if each.value is not None and _is_left_out(each, of=damage.records, usual=usual):
            missing.setdefault(each.attribute, []).append(each)
    for name, groups in missing.items():
        gone, whole = sum(e.suppressed for e in groups), sum(e.records for e in groups)
        whose = "a value" if len(groups) == 1 else f"{len(groups)} values"
        yield Remark(
            "fairness",
            "medium",
            f"Of the {whole:,} records with {whose} of {name}, {gone:,} are not in the release "
            f"({percent(gone / whole)}; of all records {percent(usual)}): section 5 tells whose.",
            f"Generalize other attributes further or {name} less, or lower suppression_limit",
        )


def _is_left_out(share: SuppressedShare, *, of: int, usual: float) -> bool:
    """Tell whether most of a group that is not rare are suppressed, out of proportion to all."""
    if share.records < max(_GROUP, _SHARE_OF_ALL * of):
        return False
    return share.suppressed / share.records >= min(max(_MOST, _OUT_OF_PROPORTION * usual), 1.0)


def _is_open(remark: Remark) -> bool:
    """Tell whether something is to be done about it, or to be known."""
    return bool(remark.cure) or remark.kind != "finding"
