"""The residual disclosure of a release in plain words: names, kinds, counts and cures alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from anon_dagster.errors import counted

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.request import ResidualRule
    from anon_dagster.residual import Finding, ResidualDisclosure, TriedAttack

COLUMNS = (
    *("severity", "examination", "columns", "protected", "relation", "records", "baseline"),
    *("cure", "refused"),
)
"""Of the findings as a table for people, in the order of its rows."""

_LOOKED_FOR = {
    "given_back": "published columns that give a protected one back",
    "alone": "records that untouched columns single out once they join the released labels",
    "outcome_in_pattern": "labels that tell the outcome of their records",
    "intersected": "persons of whom the classes of all their records together leave little open",
    "intruder": "what a motivated intruder gains",
    "repeated": "people of whom this release and former ones together leave few candidates",
}
_SENTENCES = {
    "given_back": (
        "{columns} {give} {protected} back ({relation}): {what} {records}",
        "; the label alone tells as much of {:.1%}",
    ),
    "alone": (
        "once {columns} {join} the released labels, {records} are {alone}",
        "; without, {:.1%} are",
    ),
    "outcome_in_pattern": (
        "the labels of {columns} tell {protected} ({relation}), of {records}",
        "; the values behind the labels tell it of {:.1%}",
    ),
    "intersected": (
        "all of a person's classes by {columns}, intersected, leave {relation}{left_of}: {records}",
        "; a single one of the classes leaves as few of {:.1%}",
    ),
    "intruder": (
        "an intruder who knows {columns}{inferring} gains by the release ({relation}): {records}",
        "",
    ),
    "repeated": (
        (
            "who knows {columns} of somebody and kept {former} is left with {relation}{left_of}: "
            "{records} of those in several"
        ),
        "",
    ),
}
"""What a finding is, and what is known without it."""
_RELATIONS = {
    "copy": "the same value, maybe written in another way",
    "rounded copy": "the same value, rounded",
    "coarser code": "a coarser code of the same",
    "linear": "multiplied or shifted",
    "square": "squared",
    "square root": "the square root",
    "exponential": "the exponential",
    "logarithm": "the logarithm",
    "reciprocal": "the reciprocal",
    "power": "a power",
    "function": "records that agree in the one agree in the other",
    "monotone function": "the more of the one, the more, or the less, of the other",
    "part of a text": "the one is a part of the other's text",
    "part of a date": "one is a part of the other's date",
    "parts of a date": "together they are the date",
    "sum of two": "their sum",
    "difference of two": "their difference",
    "product of two": "their product",
    "quotient of two": "their quotient",
    "labels": "records of a class have the same outcome",
    "fewer than k candidates": "fewer candidates than the release promises (k)",
    "no candidate but themselves": "nobody else who could be meant",
    "pattern": "how far records were generalized has to do with their outcome",
}
"""Kinds of relations in plain words; the others speak for themselves."""
BLIND = (
    "The columns of this release are looked at, and former releases that still exist here, and "
    "nothing else: not what others know from elsewhere, nor releases that were replaced and that "
    "somebody kept, nor what a text says, nor relations of other kinds than these. That nothing "
    "was found is no proof that there is nothing."
)
"""What the examination cannot see."""


def explain_refusals(rule: "ResidualRule") -> Iterator[str]:
    """Say what a request refuses to publish."""
    limits = {
        "given_back": rule.given_back_above,
        "alone": rule.alone_above,
        "intersected": rule.intersected_above,
        "repeated": rule.repeated_above,
    }
    for examination, words in _LOOKED_FOR.items():
        if getattr(rule, examination) == "refuse":
            limit = limits.get(examination)
            whom = "persons" if examination == "intersected" else "records"
            above = "" if limit is None else f", for more than {limit:.2%} of the {whom}"
            yield f"nothing is published in which is found: {words}{above}"


def explain_finding(residual: "ResidualDisclosure", finding: "Finding") -> str:
    """Say what a finding is, with its figure and what the labels alone tell."""
    said, beside = _SENTENCES[finding.examination]
    one = len(finding.columns) == 1
    few = finding.relation == "fewer than k"
    text = said.format(
        columns=_listed(finding.columns),
        protected=_listed(finding.protected),
        relation=_RELATIONS.get(finding.relation, finding.relation),
        records=residual.how_many(finding),
        give="gives" if one else "give",
        join="joins" if one else "join",
        what="a narrow range of" if finding.tells == "range" else "the value of",
        alone=f"in groups of fewer than {residual.k}" if few else "alone",
        left_of=f" of {_listed(finding.protected)}" if finding.protected else "",
        former=counted(residual.former, "former release"),
        inferring=f", and infers {_listed(finding.protected)}," if finding.protected else "",
    )
    return text if finding.baseline is None else text + beside.format(finding.baseline)


def explain_coverage(residual: "ResidualDisclosure") -> str:
    """Say what was looked for, on which records, and what was found of it."""
    if not residual.examinations:
        return "Nothing was looked for: policy.residual of the request ignores all of it."
    looked_for = _listed([_LOOKED_FOR[each] for each in residual.examinations])
    found = counted(len(residual.findings), "finding") if residual.findings else "nothing was found"
    former = f", with {counted(residual.former, 'former release')}" if residual.former else ""
    return f"Looked for, on {_records(residual)}{former}: {looked_for}; {found}."


def warnings_of(residual: "ResidualDisclosure") -> list[str]:
    """Return a line for each finding that something is to be done about."""
    return [_line(residual, finding) for finding in residual.to_be_mended]


def _line(residual: "ResidualDisclosure", finding: "Finding") -> str:
    """Say how grave a finding is, what it is, and what to do about it."""
    return f"{finding.severity}: {explain_finding(residual, finding)}. What to do: {finding.cure}"


def lines_of(residual: "ResidualDisclosure") -> Iterator[str]:
    """Give what was looked for, every finding, the attacks, and what was left out."""
    yield explain_coverage(residual)
    yield from (_line(residual, finding) for finding in residual.findings)
    if residual.attacks:
        yield attacks_table(residual).round(4).to_string()
    yield from residual.bounds
    yield BLIND


def finding_rows(residual: "ResidualDisclosure") -> list[dict[str, object]]:
    """Return the findings as rows of a table for people."""
    return [
        {
            "severity": finding.severity,
            "examination": finding.examination,
            "columns": ", ".join(finding.columns),
            "protected": ", ".join(finding.protected),
            "relation": finding.relation,
            "records": residual.how_many(finding),
            "baseline": finding.baseline,
            "cure": finding.cure,
            "refused": finding.refused,
        }
        for finding in residual.findings
    ]


def attacks_table(residual: "ResidualDisclosure") -> "pd.DataFrame":
    """Return what came of the attacks, a row each, named as in the details of the risk."""
    import pandas as pd

    rows = [
        (
            _name(tried),
            *(tried.records, tried.success, tried.control, tried.risk, tried.low, tried.high),
            ", ".join(tried.columns),
        )
        for tried in residual.attacks
    ]
    names = ["attack", "records", "success", "control", "risk", "low", "high", "columns"]
    return pd.DataFrame(rows, columns=names).set_index("attack")


def _name(tried: "TriedAttack") -> str:
    if tried.attack == "inference":
        return f"inference({tried.columns[-1]})"
    return f"singling_out({tried.known} known)" if tried.attack == "singling_out" else tried.attack


def _records(residual: "ResidualDisclosure") -> str:
    if residual.examined >= residual.records:
        return f"all {counted(residual.records, 'record')}"
    return (
        f"{residual.examined:,} of {counted(residual.records, 'record')}, drawn with the seed "
        f"{residual.seed}"
    )


def _listed(names: Sequence[str]) -> str:
    *first, last = names or ("",)
    return f"{', '.join(first)} and {last}" if first else last
