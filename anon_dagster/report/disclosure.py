"""The residual disclosure of a release in plain words: names, kinds, counts and cures alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from anon_dagster.errors import counted

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.residual import Finding, ResidualDisclosure

COLUMNS = (
    *("severity", "examination", "columns", "protected", "relation", "records", "baseline"),
    *("cure", "refused"),
)
"""Of the findings as a table for people, in the order of its rows."""

_LOOKED_FOR = {
    "given_back": "published columns that give a protected one back",
    "alone": "records that untouched columns single out once they join the released labels",
    "outcome_in_pattern": "labels that tell the outcome of their records",
    "intruder": "what a motivated intruder gains",
}
_MEANINGS = {
    "given_back": "{columns} {give} {protected} back ({relation}), for {records}",
    "alone": "{columns} {make} {records} stand out beside the released labels ({relation})",
    "outcome_in_pattern": "the labels of {columns} tell {protected} ({relation}), of {records}",
    "intruder": "an intruder who knows {columns} gains by the release ({relation}), with {records}",
}
BLIND = (
    "The columns of this release are looked at, and nothing else: not what others know from "
    "elsewhere, nor earlier releases of the same people, nor what a text says, nor relations of "
    "other kinds than these. That nothing was found is no proof that there is nothing."
)
"""What the examination cannot see."""


def explain_finding(residual: "ResidualDisclosure", finding: "Finding") -> str:
    """Say what a finding is, with its figure and what the labels alone tell."""
    one = len(finding.columns) == 1
    said = _MEANINGS[finding.examination].format(
        columns=_listed(finding.columns) or "the release",
        protected=_listed(finding.protected),
        relation=finding.relation,
        records=residual.how_many(finding),
        give="gives" if one else "give",
        make="makes" if one else "make",
    )
    if finding.baseline is None:
        return said
    return f"{said}; the labels alone tell it of {finding.baseline:.1%}"


def explain_coverage(residual: "ResidualDisclosure") -> str:
    """Say what was looked for, on which records, and what was found of it."""
    if not residual.examinations:
        return "Nothing was looked for: policy.residual of the request ignores all of it."
    looked_for = _listed([_LOOKED_FOR[each] for each in residual.examinations])
    found = counted(len(residual.findings), "finding") if residual.findings else "nothing was found"
    return f"Looked for, on {_records(residual)}: {looked_for}; {found}."


def warnings_of(residual: "ResidualDisclosure") -> list[str]:
    """Return a line for each finding: how grave it is, what it is, and what to do about it."""
    return [
        f"{finding.severity}: {explain_finding(residual, finding)}: {finding.cure}"
        for finding in residual.findings
    ]


def lines_of(residual: "ResidualDisclosure") -> Iterator[str]:
    """Give what was looked for, every finding, the attacks, and what was left out."""
    yield explain_coverage(residual)
    yield from warnings_of(residual)
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
    """Return what came of the attacks, a row each."""
    import pandas as pd

    rows = [
        (
            f"{tried.attack}({', '.join(tried.columns)})",
            *(tried.records, tried.success, tried.control, tried.risk, tried.low, tried.high),
        )
        for tried in residual.attacks
    ]
    names = ["attack", "records", "success", "control", "risk", "low", "high"]
    return pd.DataFrame(rows, columns=names).set_index("attack")


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
