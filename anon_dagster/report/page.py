"""The report of a job: what was asked, what was done, what came of it, in plain words.

It shows values and their counts, so it stays in the private folder of the job; what may leave it
is :func:`risk_chart`, :func:`utility_chart` and the tables of Dagster's metadata.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

from anon_dagster.planning.decision import Decision
from anon_dagster.report.charts import Bars, bar_chart
from anon_dagster.report.explanation import explain_attribute, explain_level, explain_policy
from anon_dagster.statistics import ExploratoryStatistics, RiskDetails

_VALUES = 20  # most frequent values of an attribute in its picture
_COMBINATIONS = 50  # of attributes, those that single out most records
_MOST_DIFFERENT = 200  # an attribute with more values has no picture

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{padding:.2em .7em;border-bottom:1px solid #ddd;"
    "text-align:left}img,svg{max-width:100%}"
)


DETAILS = {
    "suda": "Special uniques",
    "suda_contributions": "What each attribute contributes to the SUDA scores",
    "combinations": "Combinations of attributes that single out most records",
    "contributions": "Risk without each attribute",
    "attacks": "Simulated attacks",
}


@dataclass(frozen=True, slots=True)
class ReportData:
    """What the steps of a job found."""

    decision: Decision
    exploratory: ExploratoryStatistics
    risk: pd.DataFrame
    utility: pd.DataFrame
    paths: tuple[str, ...]
    """Where the release is."""
    risk_details: RiskDetails = field(default_factory=RiskDetails)


def level_rows(decision: Decision) -> Iterator[dict[str, Any]]:
    """Give the chosen level of each quasi-identifier and what it means."""
    for name, level in (decision.levels or {}).items():
        top = decision.plan.hierarchies[name].levels - 1
        attribute = decision.request.policy.quasi_identifiers[name]
        meaning = explain_level(attribute, level, top)
        yield {"attribute": name, "level": level, "of": top, "meaning": meaning}


def risk_chart(risk: pd.DataFrame) -> str:
    """Draw the shares that tell how likely a record is given to its person."""
    names = ("maxProbabilityIdentification", "avgRecordIdentification", "marketer_average")
    return bar_chart(
        "Risk: share from 0 to 1, source above release",
        [_share(name, risk) for name in names],
        longest=1.0,
    )


def utility_chart(utility: pd.DataFrame) -> str:
    """Draw how much of the source's worth the release has, by every measure."""
    rows = [
        Bars(str(name), 1.0, float(quality), f"{quality:.3f}")
        for name, quality in utility["quality"].items()
    ]
    return bar_chart("Utility: 1 is as good as the source", rows, longest=1.0)


def _share(name: str, table: pd.DataFrame) -> Bars:
    source, release = (float(table[t][name]) for t in ("source", "release"))
    return Bars(name, source, release, f"{source:.3f} → {release:.3f}")


def html(findings: ReportData) -> str:
    """Write the report as one HTML page that needs nothing else."""
    body = "\n".join(_sections(findings))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Report</title>"
        f"<style>{_STYLE}</style><h1>What was done with the data</h1>{body}</html>"
    )


def _sections(findings: ReportData) -> Iterator[str]:
    decision = findings.decision
    policy = decision.request.policy
    released = findings.risk["release"]["records"]
    yield "<h2>What was promised</h2><ul>"
    yield from (f"<li>{escape(line[2:])}" for line in explain_policy(policy).splitlines())
    yield "</ul><h2>What was done</h2><ol>"
    if sampling := decision.counted.sampling:
        yield f"<li>A sample was drawn of the {sampling.records:,} records of the source."
    yield f"<li>{decision.counted.records:,} records were counted: "
    yield f"{len(decision.counted.table):,} different tuples."
    yield f"<li>{escape(_how(decision))}"
    yield f"<li>{decision.suppressed:,} records were suppressed; {released:,} were released to "
    yield f"{escape(', '.join(findings.paths))}, measured there again, and found to keep every "
    yield "promise.</ol><h2>What became of each attribute</h2>"
    yield _table(_treatments(decision), ("attribute", "role", "what was done"))
    yield f"<h2>Risk</h2>{risk_chart(findings.risk)}{_frame(findings.risk)}"
    yield from _details(findings.risk_details)
    yield f"<h2>Utility</h2>{utility_chart(findings.utility)}{_frame(findings.utility)}"
    yield "<h2>Values, source above release</h2>"
    yield from _histograms(findings.exploratory.values)


def _details(details: RiskDetails) -> Iterator[str]:
    for name, frame in details.tables.items():
        yield f"<h3>{DETAILS[name]}</h3>{_frame(shown_rows(frame))}"


def shown_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows of a table of the risk, as many as a page holds."""
    return frame.head(_COMBINATIONS)


def _how(decision: Decision) -> str:
    proof = decision.solution.proof
    what = "no better one exists" if proof.optimal else f"none is below {proof.lower_bound:.4f}"
    objective, asked = decision.plan.problem.objective, decision.request.policy
    if asked.objective.metric == "classification" and asked.target_use is not None:
        what = (
            f"from none of the {asked.objective.candidates} of least loss is "
            f"{asked.target_use.attribute} learned better"
        )
    return (
        f"The {proof.method} search evaluated {proof.evaluated:,} of {proof.candidates:,} "
        f"candidates for the least {objective}; the release it chose loses {proof.loss:.4f} "
        f"(0 nothing, 1 everything), and {what}."
    )


def _treatments(decision: Decision) -> Iterator[tuple[str, str, str]]:
    levels = {row["attribute"]: row for row in level_rows(decision)}
    for name, attribute in decision.request.policy.attributes.items():
        row = levels.get(name)
        done = explain_attribute(attribute)
        if row is not None:
            done = f"level {row['level']} of {row['of']}: {row['meaning']}"
        yield name, attribute.role, done


def _histograms(values: pd.DataFrame) -> Iterator[str]:
    for name, counts in values.groupby("attribute", sort=False):
        if len(counts) > _MOST_DIFFERENT:
            yield f"<p>{escape(str(name))}: {len(counts):,} values, too many for a picture."
            continue
        top = counts.fillna({"source": 0, "release": 0})
        top = top.assign(most=top[["source", "release"]].max(axis=1))
        top = top.sort_values("most", ascending=False, kind="stable").head(_VALUES)
        rows = [
            Bars(_text(value), int(s), int(r), f"{int(s):,} → {int(r):,}")
            for value, s, r in zip(top["value"], top["source"], top["release"], strict=True)
        ]
        yield bar_chart(str(name), rows)


def _text(value: object) -> str:
    return "(missing)" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _frame(frame: pd.DataFrame) -> str:
    rows = ((row[0], *map(_number, row[1:])) for row in frame.itertuples())
    return _table(rows, (str(frame.index.name), *map(str, frame.columns)))


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(rows: Iterable[Iterable[object]], columns: Iterable[str]) -> str:
    head = "".join(f"<th>{escape(column)}" for column in columns)
    lines = ("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows)
    return f"<table><tr>{head}{''.join(lines)}</table>"
