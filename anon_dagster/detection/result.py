"""What was detected: a table to look at, and a request to run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from anon_dagster.detection.bounds import Promises
from anon_dagster.detection.domains import Role
from anon_dagster.detection.generalization import describe_rule
from anon_dagster.detection.separation import Separation
from anon_dagster.discreet import Discreet, lines_html, table_html
from anon_dagster.errors import RequestError
from anon_dagster.request import HierarchyRule, Source, Target, parse_request
from anon_dagster.request.arguments import as_source, as_target
from anon_dagster.request.yaml_writing import comment, flow, pair

SUPPRESSION_LIMIT = 0.05


@dataclass(frozen=True, slots=True)
class ColumnDetection(
    Discreet, shown=("column", "domain", "role", "confidence", "distinct", "missing_share")
):
    """What a column seems to be. Counts and shares only, never a value."""

    column: str
    domain: str
    role: Role
    confidence: float
    """In the domain, 0 to 1."""
    reasons: tuple[str, ...]
    hierarchy: HierarchyRule | None
    """Of quasi-identifiers, and of sensitive attributes that have an obvious one."""
    distinct: int
    """In the sample."""
    missing_share: float
    """Of the sample, placeholders such as ``n/a`` included."""
    separation: Separation
    lowest_level: int = 0
    """Of its hierarchy: what may be released at most."""


@dataclass(frozen=True, slots=True)
class PersonColumn:
    """A column that names persons, who have several records each. Counts only, never a value."""

    column: str
    values: int
    """Different ones in the sample."""
    present: int
    """Records of the sample that have one."""
    others: float
    """How many other records of the same person a record has in the source, about."""
    incomplete: bool
    """Whether some record has none, or may have."""
    rivals: tuple[str, ...]
    """Other columns that may name persons as well."""


@dataclass(frozen=True, slots=True)
class Detection(Discreet, shown=("records", "sampled", "roles")):
    """What the columns of a table seem to be, for a person to check."""

    columns: tuple[ColumnDetection, ...]
    promises: Promises
    keys: tuple[Separation, ...]
    """Small combinations of columns that are as good as a key."""
    records: int
    """Of the source."""
    sampled: int
    """Records that were looked at, drawn over the whole source."""
    seed: int
    source: Source | None
    """``None`` for records that were handed over."""
    notes: tuple[str, ...]
    """What a person should know: for instance what is not installed."""
    person: PersonColumn | None = None
    """The column that names persons with several records, by which promises are about these."""

    def __getitem__(self, column: str) -> ColumnDetection:
        """Return what a column seems to be."""
        return next(c for c in self.columns if c.column == column)

    @property
    def roles(self) -> dict[str, Role]:
        """What each column is, as far as can be told."""
        return {column.column: column.role for column in self.columns}

    @property
    def table(self) -> pd.DataFrame:
        """A row per column.

        Indexed by ``column``: ``domain``, ``role``, ``confidence`` (0 to 1), ``reasons``,
        ``hierarchy`` (in words), ``distinct`` (in the sample), and shares of 0 to 1: ``missing``,
        ``distinction``, ``separation``.
        """
        rows = [
            (
                c.column,
                c.domain,
                c.role,
                round(c.confidence, 2),
                "; ".join(c.reasons),
                describe_rule(c.hierarchy),
                c.distinct,
                c.missing_share,
                c.separation.distinction,
                c.separation.separation,
            )
            for c in self.columns
        ]
        names = ["column", "domain", "role", "confidence", "reasons", "hierarchy", "distinct"]
        names += ["missing", "distinction", "separation"]
        return pd.DataFrame(rows, columns=names).set_index("column")

    def _tables(self) -> Iterator[str]:
        columns = ("column", "role", "domain", "confidence", "hierarchy", "reasons")
        rows = [
            (
                *(each.column, each.role, each.domain, f"{each.confidence:.0%}"),
                *(describe_rule(each.hierarchy), "; ".join(each.reasons)),
            )
            for each in self.columns
        ]
        yield table_html("What each column seems to be: check it before use", columns, rows)
        yield lines_html("What to look at", self.notes)
        yield lines_html("Why these promises are proposed", [*self.promises.reasons.values()])

    def request(
        self,
        source: Source | Mapping[str, Any] | str | None = None,
        target: Target | Mapping[str, Any] | str | None = None,
    ) -> dict[str, Any]:
        """Return a request that can be run as it is.

        Parameters
        ----------
        source
            The table, or its path; what was looked at if left out.
        target
            Where the release goes, or its path; the release stays with the job if left out.

        Raises
        ------
        RequestError
            If every column is to be dropped, so that nothing would be released, or if there is a
            single record, which cannot hide among others.
        """
        if not self.columns:
            raise RequestError("the table has no columns")
        if self.records == 1:
            raise RequestError("the table has 1 record, which cannot hide among others")
        if all(column.role in {"direct_identifier", "weight"} for column in self.columns):
            raise RequestError(
                f"each of the {len(self.columns)} columns is taken for a direct identifier or a survey weight and "
                "would be dropped, so nothing would be released; write a request that gives one "
                "of them another role"
            )
        document: dict[str, Any] = {}
        source = self.source if source is None else source
        if source is not None:
            document["source"] = _plain(as_source(source))
        if target is not None:
            document["target"] = _plain(as_target(target))
        document["policy"] = {
            "attributes": {c.column: _attribute(c) for c in self.columns},
            "privacy": dict(self.promises.document),
            **({} if self.person is None else _of_persons(self.person)),
            "suppression_limit": SUPPRESSION_LIMIT,
        }
        parse_request(document)
        return document

    def yaml(
        self,
        source: Source | Mapping[str, Any] | str | None = None,
        target: Target | Mapping[str, Any] | str | None = None,
    ) -> str:
        """Return :meth:`request` as YAML, the reasons beside the attributes as comments."""
        return "\n".join(written(self.request(source, target), self)) + "\n"


def _attribute(column: ColumnDetection) -> dict[str, Any]:
    document: dict[str, Any] = {"role": column.role}
    if column.role in {"quasi_identifier", "sensitive"} and column.hierarchy is not None:
        document["hierarchy"] = _rule(column.hierarchy)
    return document | ({"lowest_level": column.lowest_level} if column.lowest_level else {})


def _of_persons(person: PersonColumn) -> dict[str, Any]:
    """Let promises be about persons; records without one count as those of a single person."""
    handling = {"without_person": "together"} if person.incomplete else {}
    return {"person": person.column, **handling}


def _rule(rule: HierarchyRule) -> dict[str, Any]:
    document = rule.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    return {"type": rule.type, **document}


def _plain(location: Source | Target) -> dict[str, Any]:
    return location.model_dump(exclude_defaults=True, mode="json")


# -- YAML ----------------------------------------------------------------------------------


def written(document: Mapping[str, Any], detection: Detection) -> Iterator[str]:
    """Write a request that was detected, line by line, with what a person should check."""
    yield f"# Detected on {detection.sampled} of {detection.records} records. Check it before use:"
    yield "# a person knows what others know; the table alone does not tell."
    for note in detection.notes:
        yield comment(note)
    for key in ("source", "target"):
        if key in document:
            yield f"\n{key}: {flow(document[key])}"
    policy = document["policy"]
    yield "\npolicy:"
    yield "  attributes:"
    for name, attribute in policy["attributes"].items():
        column = detection[name]
        said = f"{column.domain} ({column.confidence:.0%}): {'; '.join(column.reasons)}"
        yield f"    {comment(said)}"
        yield f"    {pair(name, attribute, indent='    ')}"
    yield "\n  privacy:"
    for reason in detection.promises.reasons.values():
        yield f"    {comment(reason)}"
    for model, rule in policy["privacy"].items():
        yield f"    {model}: {flow(rule)}"
    yield ""
    for key in policy:
        if key not in {"attributes", "privacy"}:
            yield f"  {key}: {flow(policy[key])}"
