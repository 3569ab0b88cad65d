"""Findings: published columns that give protected ones back."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual import Column, Protected, Relation, relations
from anon_dagster.discreet import Discreet
from anon_dagster.engine import in_use
from anon_dagster.residual.pairs import Pairs
from anon_dagster.residual.reading import column_of
from anon_dagster.residual.result import Finding, Severity
from anon_dagster.residual.subject import Subject
from anon_dagster.residual.weights import raw_weights

_HALF = 0.5  # of the records, that read as they were: the column is published as well
_HIGH, _MEDIUM = 0.2, 0.05  # shares of the records from which a finding is grave


def given_back(subject: Subject, pairs: Pairs) -> Iterator[Finding]:
    """Find the published columns that give a protected one back."""
    if not pairs.records:
        return
    gather, of = in_use().gather, (subject, pairs)
    protecting, untouched = list(subject.quasi_identifiers), list(subject.untouched)
    read = dict(zip(protecting, gather(partial(_read, *of), protecting), strict=True))
    published = dict(zip(untouched, gather(partial(_released, *of), untouched), strict=True))
    published |= {name: c.released for name, c in read.items() if c.shown.mean() >= _HALF}
    protected = {name: c.protected for name, c in read.items() if not c.shown.all()}
    protected |= {
        name: _identifier(subject, pairs, name)
        for name in subject.identifiers
        if pairs.source[name].null_count < pairs.records
    }
    above = subject.policy.residual.given_back_above
    columns_read = list(protected.values()), list(published.values())
    found = relations(*columns_read, above=above, each=gather)
    names, hidden = list(published), list(protected)
    for relation in found:
        columns = tuple(names[v] for v in relation.published)
        if hidden[relation.protected] not in columns:
            yield _finding(subject, relation, columns, hidden[relation.protected])
    before = {name: c.source.codes for name, c in read.items()}
    after = {name: c.released.codes for name, c in read.items()}
    yield from raw_weights(
        subject, published, before, after, [n for n in protecting if n in protected]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Transformed(Discreet):
    """A quasi-identifier as it was and as it is released."""

    source: Column
    released: Column
    shown: NDArray[np.bool_]  # (records,): where the very value is released

    @property
    def protected(self) -> Protected:
        return Protected(self.source, self.released.codes, shown=self.shown)


def _read(subject: Subject, pairs: Pairs, name: str) -> _Transformed:
    attribute = subject.policy.quasi_identifiers[name]
    source = column_of(pairs.source[name], marks=(subject.marks[0], "."), rule=attribute.hierarchy)
    released = _released(subject, pairs, name)
    shown = pairs.alike(name)
    if source.is_date == released.is_date:  # 100.0 is shown by 100, too
        shown = shown | (source.numbers == released.numbers)
    return _Transformed(source, released, shown)


def _released(subject: Subject, pairs: Pairs, name: str) -> Column:
    return column_of(pairs.released[name], marks=(*reversed(subject.marks), "."))


def _identifier(subject: Subject, pairs: Pairs, name: str) -> Protected:
    """Return a column that names people, of which nothing is released."""
    column = column_of(pairs.source[name], marks=(subject.marks[0], "."))
    return Protected(column, np.zeros(column.records, dtype=np.int64), is_identifier=True)


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
