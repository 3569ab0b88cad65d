"""What a report comes down to: whether to sign, and what to look at before."""

from dataclasses import dataclass
from typing import Literal

from anon_dagster.discreet import Discreet
from anon_dagster.errors import counted
from anon_dagster.report.evidence import Evidence, PromiseFact, Remark
from anon_dagster.report.formats import chance, percent

Grade = Literal["nothing against it", "look first", "do not sign"]
_GRAVE = {"high", "medium"}


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
    why = (_kept(len(promises), len(broken)), _risk(evidence))
    if broken or not promises:
        return Advice("do not sign", "Do not sign this.", why, grave)
    if grave:
        things = counted(len(grave), "thing")
        before = f"Look at {'this' if len(grave) == 1 else f'these {things}'} before you sign."
        return Advice("look first", before, why, grave)
    calm = "Nothing was found that speaks against signing."
    if evidence.verdict.of_source is None:  # what was found is not told then
        calm = "The release is as it was promised."
    return Advice("nothing against it", calm, why, ())


def promises_of(evidence: Evidence) -> tuple[PromiseFact, ...]:
    """Return the promises that were measured."""
    verdict = evidence.verdict
    others = verdict.of_source.promises if verdict.of_source is not None else ()
    return (*verdict.of_release.promises, *others)


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


def _kept(promises: int, broken: int) -> str:
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
    usual = percent(asked.threshold)
    return f"{told}. The request states no threshold; this is {side} the usual one here, {usual}."


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
    return found


def _is_open(remark: Remark) -> bool:
    """Tell whether something is to be done about it, or to be known."""
    return bool(remark.cure) or remark.kind != "finding"
