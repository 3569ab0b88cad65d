"""The report of a job: what was asked, what was done, what came of it, in plain words.

It shows values and their counts, so it stays in the private folder of the job; what may leave it
is :func:`risk_chart`, :func:`utility_chart` and the tables of Dagster's metadata. This module says
what is on the page, the template ``templates/report.html`` how it looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from anon_dagster.core import wording
from anon_dagster.discreet import Discreet
from anon_dagster.planning.decision import Decision
from anon_dagster.report import disclosure
from anon_dagster.report.charts import Bars, bar_chart
from anon_dagster.report.explanation import (
    explain_attribute,
    explain_level,
    explain_policy,
    explain_search,
)
from anon_dagster.request import Target
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.statistics import ExploratoryStatistics, RiskDetails
from anon_dagster.storage.formulas import are_formulas

if TYPE_CHECKING:
    from jinja2 import Template

_VALUES = 20  # most frequent values of an attribute in its picture
_COMBINATIONS = 50  # of attributes, those that single out most records
_MOST_DIFFERENT = 200  # an attribute with more values has no picture

DETAILS = {
    "suda": "Special uniques",
    "suda_contributions": "What each attribute contributes to the SUDA scores",
    "combinations": "Combinations of attributes that single out most records",
    "contributions": "Risk without each attribute",
    "attacks": "Simulated attacks",
}


@dataclass(frozen=True, slots=True)
class ReportData(Discreet, shown=("paths",)):
    """What a report is made of: the decision of a job, and the statistics of its release."""

    decision: Decision
    exploratory: ExploratoryStatistics
    risk: pd.DataFrame
    utility: pd.DataFrame
    paths: tuple[str, ...]
    """Where the release is."""
    residual: ResidualDisclosure
    """What the release tells although every promise holds."""
    risk_details: RiskDetails = field(default_factory=RiskDetails)


@dataclass(frozen=True, slots=True)
class _Table(Discreet):
    """A table of the page, in texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _ValueChart(Discreet, shown=("attribute", "distinct")):
    """How often the values of an attribute occur."""

    attribute: str
    distinct: int
    chart: str | None
    """An SVG document; ``None`` if there are too many values to draw."""


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


def html(data: ReportData) -> str:
    """Write the report as one HTML page that needs nothing else."""
    return _template().render(_content(data))


@cache
def _template() -> "Template":
    """Load the template: every value is escaped, and a name that it is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["thousands"] = "{:,}".format
    return environment.get_template("report.html")


def _content(data: ReportData) -> dict[str, Any]:
    """Return what the template shows: its variables, by name."""
    decision = data.decision
    policy = decision.request.policy
    sampling = decision.counted.sampling
    promises = [line.removeprefix("- ") for line in explain_policy(policy).splitlines()]
    if decision.own is not None:
        promises.append(wording.explain_linked())
    return {
        "promises": promises,
        "drawn_from": sampling.records if sampling else None,
        "shift": decision.counted.shift,
        "records": decision.counted.records,
        "tuples": len(decision.counted.table),
        "search": explain_search(
            decision.solution.proof, policy, str(decision.plan.problem.objective)
        ),
        "suppressed": decision.suppressed,
        "released": int(data.risk["release"]["records"]),
        "paths": data.paths,
        **_disclosed(data.residual),
        "treatments": _treatments(decision),
        "formulas": _formulas(decision.request.target, data.exploratory.values),
        "risk_chart": risk_chart(data.risk),
        "risk": _shown(data.risk),
        "risk_details": [
            (DETAILS[name], _shown(shown_rows(frame)))
            for name, frame in data.risk_details.tables.items()
        ],
        "utility_chart": utility_chart(data.utility),
        "utility": _shown(data.utility),
        "value_charts": list(_value_charts(data.exploratory.values)),
    }


def _disclosed(residual: ResidualDisclosure) -> dict[str, Any]:
    """Return what the template shows of what a release tells beside its promises."""
    return {
        "coverage": disclosure.explain_coverage(residual),
        "disclosures": [
            (finding.severity, disclosure.explain_finding(residual, finding), finding.cure)
            for finding in residual.findings
        ],
        "residual_attacks": _shown(disclosure.attacks_table(residual)),
        "bounds": residual.bounds,
        "blind": disclosure.BLIND,
    }


def shown_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows of a table of the risk, as many as a page holds."""
    return frame.head(_COMBINATIONS)


def _treatments(decision: Decision) -> _Table:
    """Tell what was done to each attribute."""
    levels = {row["attribute"]: row for row in level_rows(decision)}
    rows = []
    for name, attribute in decision.request.policy.attributes.items():
        row = levels.get(name)
        done = explain_attribute(name, decision.request.policy)
        if row is not None:
            done = f"level {row['level']} of {row['of']}: {row['meaning']}"
        if decision.counted.columns[name].is_order_open:
            done += "; without an order of its categories: the files declare none that fits all"
        rows.append((name, attribute.role, done))
    return _Table(("attribute", "role", "what was done"), tuple(rows))


def _formulas(target: Target | None, values: pd.DataFrame) -> list[str]:
    """Return the columns of a CSV release that have cells a spreadsheet takes for formulas."""
    if target is None or target.format_found != "csv" or target.csv.formulas == "escape":
        return []
    released = values[values["release"].fillna(0) > 0]
    texts = pa.array(released["value"].astype("string"), pa.string())
    found = are_formulas(texts).fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return sorted(map(str, released["attribute"][found].unique()))


def _value_charts(values: pd.DataFrame) -> Iterator[_ValueChart]:
    """Draw how often the most frequent values of each attribute occur in source and release."""
    for name, counts in values.groupby("attribute", sort=False):
        if len(counts) > _MOST_DIFFERENT:
            yield _ValueChart(str(name), len(counts), None)
            continue
        top = counts.fillna({"source": 0, "release": 0})
        top = top.assign(most=top[["source", "release"]].max(axis=1))
        top = top.sort_values("most", ascending=False, kind="stable").head(_VALUES)
        rows = [
            Bars(_text(value), int(s), int(r), f"{int(s):,} → {int(r):,}")
            for value, s, r in zip(top["value"], top["source"], top["release"], strict=True)
        ]
        yield _ValueChart(str(name), len(counts), bar_chart(str(name), rows))


def _text(value: object) -> str:
    return "(missing)" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _shown(frame: pd.DataFrame) -> _Table:
    """Return a table of numbers as texts, its index first."""
    rows = ((str(row[0]), *map(_number, row[1:])) for row in frame.itertuples())
    return _Table((str(frame.index.name), *map(str, frame.columns)), tuple(rows))


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
