"""What those who judge anonymized data ask for, and which facts answer it.

Each question is in words of ours, with where it stands; the facts are paths in the evidence. What
no fact answers is told as well: nobody is helped by evidence that claims too much.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_PROMISES = "facts.verdict.of_release.promises"
_RISK = "facts.risk.of_release.figures"
_SIZES = "facts.risk.of_release.class_sizes"
_REMARKS = "facts.verdict.of_request.remarks"
_ATTRIBUTES = "facts.attributes"
_RELEASE = "facts.identity.of_release"
_REQUEST = "asked"
_FACTS = "facts."
_WHOLE_REQUEST = "identity.of_request.request"
_FINDINGS = "verdict.of_source.findings"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, where, what answers it, and what of it stays open."""

    framework: str
    place: str
    asks: str
    answered_by: tuple[str, ...]
    not_answered: str
    """What of it evidence that is handed over leaves open."""
    internally: tuple[str, ...] = ()
    """Facts of the internal evidence that answer more of it."""
    never_answered: str | None = None
    """What of it these leave open, too, if not the same."""


_ICO = "ICO, Anonymisation guidance (28 March 2025)"
_EHDS = "EHDS, Regulation (EU) 2025/327"
_HIPAA = "HIPAA Privacy Rule, 45 CFR 164.514(b)(1)"
_ISO = "ISO/IEC 27559:2022"
_NIST = "NIST SP 800-188 (2023)"

QUESTIONS = (
    Question(
        _ICO,
        "identifiability: singling out",
        "Can a person be singled out in the release?",
        (_PROMISES, _RISK, _SIZES),
        "",
    ),
    Question(
        _ICO,
        "identifiability: linkability",
        "Can records be linked with others about the same person?",
        (_RISK, _REMARKS),
        "which other data somebody has; releases of the same persons are compared by anon audit",
    ),
    Question(
        _ICO,
        "identifiability: inferences",
        "Can something be inferred about a person?",
        (_PROMISES, _REMARKS),
        "what columns nobody called sensitive tell; the internal evidence has what was found",
        (_FINDINGS, "verdict.of_source.coverage"),
        "what the examination does not look for",
    ),
    Question(
        _ICO,
        "motivated intruder test",
        "Would somebody without prior knowledge but with means succeed, and was that recorded?",
        (_RISK,),
        "what a simulated intruder gained is derived from the source: the internal evidence has it "
        "where it was asked for; no person tried",
        ("verdict.of_source.attacks", "risk.of_source.details"),
        "no person tried",
    ),
    Question(
        _ICO,
        "accountability and governance",
        "Are the decision, its reasons and who is responsible recorded?",
        ("facts.identity.of_request", _REQUEST, "signature"),
        "why the thresholds were chosen, who decided, and when it will be looked at again",
    ),
    Question(
        _EHDS,
        "Article 66: data minimisation and purpose limitation",
        "Is the data anonymised as far as the purpose allows, by attributes that were requested?",
        (_ATTRIBUTES, _PROMISES),
        "the purpose, whether each column is needed for it, and the permit",
    ),
    Question(
        _HIPAA,
        "(i) the risk is very small",
        "Is the risk that an anticipated recipient identifies a person very small?",
        (_RISK, _SIZES, _PROMISES),
        "who the recipient is, what is reasonably available to her, and what counts as very small: "
        "an expert determines it",
    ),
    Question(
        _HIPAA,
        "(ii) methods and results are documented",
        "Which methods were applied, and what came of them?",
        (_REQUEST, _ATTRIBUTES, _PROMISES, _RISK),
        "the expert's qualification and signature",
    ),
    Question(
        _ISO,
        "context assessment",
        "Who gets the data, in which environment, under which terms; which attacks are likely?",
        (),
        "all of it: no table tells it",
    ),
    Question(
        _ISO,
        "data assessment",
        "Which attributes are there, and what could each do?",
        (_ATTRIBUTES, _REQUEST),
        "why each attribute has its role",
    ),
    Question(
        _ISO,
        "identifiability assessment and mitigation",
        "How identifiable are persons, against which threshold, and what was done about it?",
        (_RISK, "facts.risk.of_request", _PROMISES, _ATTRIBUTES),
        "the probability of an attempt, which is of the context",
    ),
    Question(
        _ISO,
        "governance",
        "Is it known what happens before, during and after data are made available?",
        ("facts.identity.of_request", _RELEASE),
        "monitoring, incidents and when it is assessed again",
    ),
    Question(
        _NIST,
        "identify and treat direct and quasi-identifiers",
        "What became of identifying attributes?",
        (_ATTRIBUTES, _PROMISES),
        "",
    ),
    Question(
        _NIST,
        "evaluate the result",
        "Was the released table itself tested, and can that be repeated?",
        (_PROMISES, _RELEASE),
        "how useful the release still is: that compares with the source, and is in the internal "
        "evidence",
        ("damage.of_source", "choice.of_source", "conduct.of_source"),
        "",
    ),
    Question(
        _NIST,
        "disclosure review board, data-sharing model",
        "Who reviewed it, and how is it made available?",
        ("signature",),
        "the board, its decision, and the terms of use",
    ),
)


def answers() -> list[dict[str, Any]]:
    """Return all questions with what answers them in evidence that is handed over."""
    return [_document(each, each.answered_by, each.not_answered) for each in QUESTIONS]


def internal_answers() -> list[dict[str, Any]]:
    """Return the same of internal evidence, which has the facts of the source and no others."""
    return [_document(each, tuple(_internal(each)), _open(each)) for each in QUESTIONS]


def _internal(question: Question) -> Iterator[str]:
    for path in question.answered_by:
        yield _WHOLE_REQUEST if path == _REQUEST else path.removeprefix(_FACTS)
    yield from question.internally


def _open(question: Question) -> str:
    never = question.never_answered
    return question.not_answered if never is None else never


def _document(question: Question, answered_by: tuple[str, ...], left_open: str) -> dict[str, Any]:
    return {
        "framework": question.framework,
        "place": question.place,
        "asks": question.asks,
        "answered_by": list(answered_by),
        "not_answered": left_open,
    }
