"""What Dagster shows of a step: names, levels, counts and statistics, never a cell."""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from platform import python_version
from shlex import quote
from typing import TYPE_CHECKING, Any

import dagster as dg

from anon_dagster.engine.settings import LOCAL
from anon_dagster.errors import counted
from anon_dagster.report import disclosure
from anon_dagster.report.explanation import cautions, explain_attribute, explain_policy
from anon_dagster.request import LinkedRequest, Policy, Request

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from anon_dagster.detection import Detection
    from anon_dagster.planning.decision import Decision
    from anon_dagster.plots import Picture
    from anon_dagster.reading.counting import Count
    from anon_dagster.releasing.publication import Release
    from anon_dagster.report.evidence import Evidence
    from anon_dagster.residual import ResidualDisclosure
    from anon_dagster.statistics import RiskDetails

Shown = dict[str, dg.MetadataValue]

_WORDS = re.compile(r"(?<=_)|(?<=[a-z])(?=[A-Z(])")
"""Where the next word of a name begins."""
_MOST_ROWS = 50  # of a table of details
_MADE_WITH = ("anon_dagster", "dagster", "numpy", "pandas", "pandera", "pyarrow")


def file(path: Path) -> Shown:
    """Link to what a step left in the folder of its job."""
    return {"file": dg.MetadataValue.path(path)}


def table(frame: "pd.DataFrame") -> dg.TableMetadataValue:
    """Show a frame, its named index included, as a table."""
    if frame.index.name is not None:
        frame = frame.reset_index()
    records = ({str(n): v for n, v in row.items()} for row in frame.to_dict("records"))
    return rows(records, map(str, frame.columns))


def pictures(*drawn: "Picture | None") -> Shown:
    """Show pictures that hold no value of a table: Dagster's storage keeps them."""
    return {
        f"{each.name} picture".replace(" ", "_"): dg.MetadataValue.md(
            f"![{each.name}]({each.data_uri})"
        )
        for each in drawn
        if each is not None
    }


def rows(records: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> dg.TableMetadataValue:
    """Show records as a table."""
    schema = dg.TableSchema([dg.TableColumn(name, "any") for name in columns])
    shown = [dg.TableRecord({n: _cell(v) for n, v in record.items()}) for record in records]
    return dg.MetadataValue.table(shown, schema=schema)


def _cell(value: object) -> str | int | float | bool | None:
    """Turn a scalar of any library into one that JSON has; numbers are rounded to six digits."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return float(f"{number:.6g}") if isfinite(number) else None
    return None if value != value or str(value) == "<NA>" else str(value)  # noqa: PLR0124 (NaN)


# -- the steps -----------------------------------------------------------------------------


def of_request(request: Request) -> Shown:
    """Show what is asked for."""
    attributes = [
        {"attribute": name, "role": each.role, "treatment": explain_attribute(name, request.policy)}
        for name, each in request.policy.attributes.items()
    ]
    shown: Shown = {
        "promises": dg.MetadataValue.md(explain_policy(request.policy)),
        "attributes": rows(attributes, ("attribute", "role", "treatment")),
        **of_versions(),
    }
    if told := cautions(request.policy):
        shown["notes"] = rows(({"note": caution} for caution in told), ("note",))
    if request.source is not None:
        shown["source"] = dg.MetadataValue.text(_listed(request.source.path))
    if request.target is not None:
        shown["target"] = dg.MetadataValue.path(request.target.path)
    return shown


def of_linked_request(request: LinkedRequest) -> Shown:
    """Show what is asked for of linked tables."""
    tables = request.tables.values()
    targets = [table.target.path for table in tables if table.target is not None]
    sources = [_listed(table.source.path) for table in tables if table.source is not None]
    shown = of_request(request.joined())
    shown["source"] = dg.MetadataValue.text(_listed(sources))
    attributes = [
        {"table": name, "attribute": each, "role": attribute.role}
        for name in request.tables
        for each, attribute in request.own(name).policy.attributes.items()
    ]
    shown["tables"] = rows(attributes, ("table", "attribute", "role"))
    return shown | ({"target": dg.MetadataValue.path(_listed(targets))} if targets else {})


def of_versions() -> Shown:
    """Show which versions do the work."""
    versions = {name: version(name) for name in _MADE_WITH}
    return {"versions": dg.MetadataValue.json({"python": python_version(), **versions})}


def of_engine(shown: Mapping[str, str | int]) -> Shown:
    """Show by whom the parts of a table are worked on, if by a cluster, and the page of that."""
    if shown["type"] == LOCAL:
        return {}
    told: Shown = {"engine": dg.MetadataValue.text(engine_in_words(shown))}
    if "workers" in shown:
        told["workers"] = dg.MetadataValue.int(int(shown["workers"]))
    if "dashboard" in shown:
        told["dashboard"] = dg.MetadataValue.url(str(shown["dashboard"]))
    return told


def engine_in_words(shown: Mapping[str, str | int]) -> str:
    """Say where the parts of a table are worked on, and by how many."""
    counts = [
        counted(int(shown[n]), n.removesuffix("s")) for n in ("workers", "threads") if n in shown
    ]
    return ", ".join([str(shown["type"]), *counts])


def of_source(request: Request, schema: "pa.Schema", parts: int) -> Shown:
    """Show where the records are and what columns they have."""
    return {
        "dagster/uri": dg.MetadataValue.text(
            _listed(request.source.path if request.source else ())
        ),
        "dagster/column_schema": column_schema(schema, request.policy),
        "parts": dg.MetadataValue.int(parts),
    }


def of_count(counted: "Count", policy: Policy) -> Shown:
    """Show how many records and different tuples there are, and persons where these count."""
    sampling, persons = counted.sampling, counted.persons
    columns = [
        {
            "column": name,
            "role": policy.attributes[name].role,
            "kind": column.kinds.kind.value,
            "distinct": column.distinct,
            "missing": column.missing,
        }
        for name, column in counted.columns.items()
    ]
    return {
        "dagster/row_count": dg.MetadataValue.int(counted.records),
        **({"drawn_from": dg.MetadataValue.int(sampling.records)} if sampling else {}),
        **(
            {"dropped_by_shift": dg.MetadataValue.int(counted.shift.dropped)}
            if counted.shift
            else {}
        ),
        "tuples": dg.MetadataValue.int(len(counted.table)),
        **({"persons": dg.MetadataValue.int(len(persons.hashes))} if persons else {}),
        "columns": rows(columns, ("column", "role", "kind", "distinct", "missing")),
    }


def of_decision(decision: "Decision") -> Shown:
    """Show the chosen levels, what they cost, and how far the optimum is proven."""
    from anon_dagster.report.gathering.attributes import level_rows

    proof = decision.solution.proof
    ratio = proof.gap_ratio
    shown: Shown = {}
    if levels := list(level_rows(decision)):
        shown["levels"] = rows(levels, ("attribute", "level", "of", "meaning"))
    return shown | {
        "objective": dg.MetadataValue.text(f"least {decision.plan.problem.objective}"),
        "loss": dg.MetadataValue.float(proof.loss),
        "lower_bound": dg.MetadataValue.float(proof.lower_bound),
        "gap": dg.MetadataValue.float(proof.gap),
        **({} if ratio is None else {"gap_ratio": dg.MetadataValue.float(ratio)}),
        "optimal": dg.MetadataValue.bool(proof.optimal),
        "method": dg.MetadataValue.text(proof.method),
        "candidates": dg.MetadataValue.int(proof.candidates),
        "evaluated": dg.MetadataValue.int(proof.evaluated),
        "rounds": dg.MetadataValue.int(proof.rounds),
        "suppressed": dg.MetadataValue.int(decision.suppressed),
        **_persons_suppressed(decision),
    }


def _persons_suppressed(decision: "Decision") -> Shown:
    """Show of how many persons no record is released, where persons count."""
    persons = decision.plan.problem.persons
    if persons is None:
        return {}
    gone = persons.total - persons.among(decision.solution.classes >= 0)
    return {"persons_suppressed": dg.MetadataValue.int(gone)}


def of_release(decision: "Decision", release: "Release", source: dg.AssetKey) -> Shown:
    """Show where the release is, its columns, and what became of each."""
    policy = decision.released.policy
    return {
        "dagster/uri": dg.MetadataValue.text(_listed(release.paths)),
        "dagster/row_count": dg.MetadataValue.int(release.count.records),
        "dagster/column_schema": column_schema(release.schema, policy),
        "dagster/column_lineage": column_lineage(release.schema.names, source),
        "suppressed": dg.MetadataValue.int(decision.suppressed),
        "checksum": dg.MetadataValue.text(release.checksum),
        "paths": dg.MetadataValue.json(list(release.paths)),
        "versions": dg.MetadataValue.json(list(map(list, release.versions))),
    }


def of_residual(residual: "ResidualDisclosure") -> Shown:
    """Show what a release tells although every promise holds: each finding with its cure."""
    findings = disclosure.finding_rows(residual)
    shown: Shown = {
        "worst": dg.MetadataValue.text(residual.findings[0].severity if findings else "none"),
        "findings": rows(findings, disclosure.COLUMNS),
        "coverage": dg.MetadataValue.text(disclosure.explain_coverage(residual)),
        "examined": dg.MetadataValue.int(residual.examined),
        "records": dg.MetadataValue.int(residual.records),
        "former_releases": dg.MetadataValue.int(residual.former),
    }
    if residual.attacks:
        shown["attacks"] = table(disclosure.attacks_table(residual))
    return shown | _as_json("exact_residual", residual.to_document())


def of_detection(found: "Detection") -> Shown:
    """Show what each column seems to be, and what a person should know of it."""
    return {
        "columns": table(found.table),
        "notes": rows(({"note": note} for note in found.notes), ("note",)),
        "records": dg.MetadataValue.int(found.records),
        "sampled": dg.MetadataValue.int(found.sampled),
    }


def of_statistics(statistics: "pd.DataFrame") -> Shown:
    """Show statistics as a table, and each number of the release for itself, to be plotted."""
    plotted = {name: dg.MetadataValue.float(value) for name, value in figures(statistics).items()}
    return {"statistics": _side_by_side(statistics), **plotted}


def _side_by_side(statistics: "pd.DataFrame") -> dg.TableMetadataValue:
    """Show source and release first: a page of 1,280 pixels cuts off what is further right.

    Their names may be broken into lines between words.
    """
    names = [_WORDS.sub("\u200b", str(name)) for name in statistics.index]
    frame = statistics.rename_axis("statistic").set_axis(names).reset_index(names="statistic")
    first = [column for column in ("source", "release") if column in frame]
    return table(frame[[*first, *frame.columns.drop(first)]])


def figures(statistics: "pd.DataFrame") -> dict[str, float]:
    """Return each number of the release."""
    numbers = {
        str(name): _cell(value)
        for name, value in statistics["release"].items()
        if isinstance(value, Real) and isfinite(float(value))
    }
    return {name: float(value or 0) for name, value in numbers.items()}


def exact(name: str, statistics: "pd.DataFrame") -> Shown:
    """Keep statistics to the last digit, for clients that cannot read the folder of the job.

    None if a number of them is not finite, which JSON does not know.
    """
    from anon_dagster.jobs.statistics_json import statistics_document

    return _as_json(f"exact_{name}", statistics_document(statistics))


def _as_json(name: str, document: Mapping[str, Any]) -> Shown:
    """Keep a document whole; not at all if JSON cannot."""
    try:
        json.dumps(document, allow_nan=False)
    except ValueError:
        return {}
    return {name: dg.MetadataValue.json(document)}


def of_details(details: "RiskDetails") -> Shown:
    """Show what was examined of the risk as tables; of many rows the first."""
    return {name: table(frame.head(_MOST_ROWS)) for name, frame in details.tables.items()}


def of_evidence(evidence: "Evidence") -> Shown:
    """Show what a report comes down to, its pictures that hold no value, and how to open it."""
    from anon_dagster.report import pictures as of_report
    from anon_dagster.report.advice import advise

    advice, asked = advise(evidence), evidence.identity.of_request
    table = "" if asked.table is None else f" --table {quote(asked.table)}"
    drawn = pictures(
        of_report.risk_picture(evidence),
        of_report.class_sizes_picture(evidence),
        of_report.frontier_picture(evidence),
    )
    things = ({"severity": each.severity, "what": each.text} for each in advice.to_look_at)
    return {
        "verdict": dg.MetadataValue.md(" ".join([f"**{advice.headline}**", *advice.sentences])),
        "open": dg.MetadataValue.text(f"anon report {asked.job}{table} --open"),
        **({"to_look_at": rows(things, ("severity", "what"))} if advice.to_look_at else {}),
        **drawn,
        "promises": dg.MetadataValue.md(_as_list(evidence.verdict.of_request.asked)),
        **_of_numbers(evidence),
    }


def _as_list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _of_numbers(evidence: "Evidence") -> Shown:
    lost = evidence.damage.of_source
    if lost is None:
        return {}
    return {
        "records": dg.MetadataValue.int(lost.records),
        "suppressed": dg.MetadataValue.int(lost.suppressed),
    }


def column_schema(schema: "pa.Schema", policy: Policy) -> dg.MetadataValue:
    """Show columns, their types and what is done to each."""
    return dg.MetadataValue.table_schema(
        dg.TableSchema(
            [
                dg.TableColumn(
                    field.name,
                    str(field.type),
                    description=_treatment(policy, field.name),
                    constraints=dg.TableColumnConstraints(nullable=field.nullable),
                )
                for field in schema
            ]
        )
    )


def column_lineage(columns: Iterable[str], source: dg.AssetKey) -> dg.MetadataValue:
    """Say of which column of the source each column of the release is made."""
    return dg.MetadataValue.column_lineage(
        dg.TableColumnLineage(
            {name: [dg.TableColumnDep(asset_key=source, column_name=name)] for name in columns}
        )
    )


def _treatment(policy: Policy, name: str) -> str:
    attribute = policy.attributes.get(name)
    return "" if attribute is None else f"{attribute.role}: {explain_attribute(name, policy)}"


def _listed(paths: str | Iterable[str]) -> str:
    return paths if isinstance(paths, str) else ", ".join(paths)
