"""Findings: published columns that give protected ones back."""

from collections.abc import Iterator

import numpy as np

from anon_dagster.core.residual import Column, Protected, Relation, relations
from anon_dagster.request import QuasiIdentifier
from anon_dagster.residual.pairs import Pairs
from anon_dagster.residual.reading import codes_of, column_of
from anon_dagster.residual.result import Finding, Severity
from anon_dagster.residual.subject import Subject

_HALF = 0.5
_HIGH, _MEDIUM = 0.2, 0.05  # shares of the records from which a finding is grave


def given_back(subject: Subject, pairs: Pairs) -> Iterator[Finding]:
    """Find the published columns that give a protected one back."""
    if not pairs.records:
        return
    published = {name: _released(subject, pairs, name) for name in _published(subject, pairs)}
    protected = {name: _protected(subject, pairs, name) for name in _hidden(subject, pairs)}
    above = subject.policy.residual.given_back_above
    found = relations(list(protected.values()), list(published.values()), above=above)
    names, hidden = list(published), list(protected)
    for relation in found:
        columns = tuple(names[v] for v in relation.published)
        if hidden[relation.protected] not in columns:
            yield _finding(subject, relation, columns, hidden[relation.protected])


def _published(subject: Subject, pairs: Pairs) -> Iterator[str]:
    """Give the columns that are released as they stand, or nearly."""
    yield from subject.harmless
    yield from subject.sensitive
    for name in subject.quasi_identifiers:
        if pairs.shown(name).mean() >= _HALF:
            yield name


def _hidden(subject: Subject, pairs: Pairs) -> Iterator[str]:
    """Give the columns of which less is released than the source says."""
    for name in subject.quasi_identifiers:
        if not pairs.shown(name).all():
            yield name
    for name in subject.identifiers:
        if pairs.source[name].null_count < pairs.records:
            yield name


def _released(subject: Subject, pairs: Pairs, name: str) -> Column:
    return column_of(pairs.released[name], marks=(*reversed(subject.marks), "."))


def _protected(subject: Subject, pairs: Pairs, name: str) -> Protected:
    attribute = subject.policy.attributes[name]
    rule = attribute.hierarchy if isinstance(attribute, QuasiIdentifier) else None
    column = column_of(pairs.source[name], marks=(subject.marks[0], "."), rule=rule)
    if name in subject.identifiers:
        nothing = np.zeros(column.records, dtype=np.int64)
        return Protected(column, nothing, is_identifier=column.repeated < _HALF * column.records)
    return Protected(column, codes_of(pairs.labels(name)), shown=pairs.shown(name))


def _finding(
    subject: Subject, relation: Relation, columns: tuple[str, ...], protected: str
) -> Finding:
    return Finding(
        "given_back",
        _severity(relation),
        columns,
        (protected,),
        relation.kind,
        records=None,
        share=relation.share,
        baseline=relation.baseline,
        cure=_cure(subject, columns, protected),
        tells=relation.tells,
    )


def _severity(relation: Relation) -> Severity:
    whole = relation.tells == "value"
    if relation.gained >= _HIGH:
        return "high" if whole else "medium"
    return "medium" if whole and relation.gained >= _MEDIUM else "low"


def _cure(subject: Subject, columns: tuple[str, ...], protected: str) -> str:
    told = " or ".join(f"`{name}`" for name in columns)
    roles = {subject.policy.attributes[name].role for name in columns}
    if roles == {"quasi_identifier"}:
        return f"generalize {told} as far as `{protected}`, or drop it"
    if roles == {"sensitive"}:
        return f"drop {told}, or release it in coarser values"
    return f"make {told} a quasi-identifier, or drop it"
