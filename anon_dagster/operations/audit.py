"""Audit releases of the same people together: how many candidates all of them leave of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anon_dagster.discreet import Discreet
from anon_dagster.engine import EngineLike, using
from anon_dagster.errors import RequestError, SourceError
from anon_dagster.operations.preparation import RequestLike, as_request, open_to_count
from anon_dagster.reading.counting import Count, count
from anon_dagster.request import Policy, Request, Source
from anon_dagster.request.arguments import as_source, require_a
from anon_dagster.residual.narrowed import Narrowed, narrowed
from anon_dagster.residual.people import columns_of, columns_of_labels, people_of, records_of
from anon_dagster.residual.repeated import asked_values
from anon_dagster.residual.versions import Series
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.sources import OpenSource, open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular, is_table

Table = Tabular | Source | Mapping[str, object] | str | Path
OWN_CLASS, LABELS_ALONE = "the source, in their own classes", "the source, by labels alone"
"""What the figures of a source are called."""
_TWO = 2
_LEAST = 2  # values, where no promise asks for more


@dataclass(frozen=True, slots=True)
class NarrowedPeople:
    """What the releases together leave of the people of one table, in counts."""

    table: str
    """Whose people they are: the source, or one of the releases."""
    people: int
    """Those who are found in a release; of the others nothing is told."""
    in_several: int
    """Those of them who are found in two releases or more."""
    not_found: int
    """Those whom no class may hold, or who have other values in another release."""
    fewer_than_k: int
    """Those with fewer than k candidates, themselves among these."""
    alone: int
    """Those with no candidate but themselves."""
    few_values: Mapping[str, int]
    """Of each sensitive attribute: those with fewer values left than are to be."""


@dataclass(frozen=True)
class VersionsAudit(Discreet, shown=("versions", "k", "worst")):
    """What several releases of the same people tell together; in counts, without a cell."""

    versions: tuple[str, ...]
    k: int
    least: Mapping[str, int]
    """How many values of each sensitive attribute are to be left."""
    figures: tuple[NarrowedPeople, ...]
    """Of the people of the source, if it was given; else of those of each release."""
    by_source: bool
    """Whether people are looked for by their own values; else by what labels have in common."""
    columns: tuple[str, ...]
    """What stays the same of people from release to release, and so tells who is who."""

    @property
    def worst(self) -> NarrowedPeople:
        """The figures of the table with the most people who have fewer than k candidates."""
        return max(self.figures, key=lambda each: (each.fewer_than_k, each.alone))

    @property
    def holds(self) -> bool:
        """Whether nobody has fewer than k candidates, or fewer values than are to be left."""
        return not any(f.fewer_than_k or any(f.few_values.values()) for f in self.figures)

    @property
    def table(self) -> pd.DataFrame:
        """A row for each table whose people were looked for."""
        rows = [
            {
                "people of": each.table,
                "people": each.people,
                "in several": each.in_several,
                "not found": each.not_found,
                f"fewer than {self.k} candidates": each.fewer_than_k,
                "none but themselves": each.alone,
                **{
                    f"fewer than {self.least[name]} values of {name}": number
                    for name, number in each.few_values.items()
                },
            }
            for each in self.figures
        ]
        return pd.DataFrame(rows).set_index("people of")


def audit_versions(  # noqa: PLR0913 (all but the first are named)
    versions: Sequence[Table],
    *,
    request: RequestLike | None = None,
    source: Table | None = None,
    quasi_identifiers: Sequence[str] = (),
    sensitive: Sequence[str] = (),
    k: int | None = None,
    l: int | None = None,  # noqa: E741 (the name of the model)
    engine: EngineLike | None = None,
) -> VersionsAudit:
    """Count how many candidates several releases of the same people leave of each.

    Parameters
    ----------
    versions
        The releases: DataFrames, sources, or paths; two at least.
    request
        What they were made by, for the roles of their columns, how these are generalized, k and l.
    source
        The people, with the values that they have. Left out, they are those behind the records of
        each release, of whom nothing is known but their labels; there are at least as many with
        few candidates as are counted then.
    quasi_identifiers, sensitive
        Their columns, without a request; all others are released as they are.
    k
        How many candidates are to be left; that of the request if left out.
    l
        How many values of each sensitive attribute are to be left; those of the request, or 2.
    engine
        Where the parts of a table are worked on, see :func:`anonymize`.

    Raises
    ------
    RequestError
        If it is not told what to look for.
    SourceError
        If a table cannot be read, or lacks a quasi-identifier; if nobody is in two releases.
    """
    require_a(Sequence, versions, "versions", "a list of releases")
    if isinstance(versions, str) or len(versions) < _TWO:
        raise RequestError("an audit of versions takes two releases or more")
    asked = _asked(request, quasi_identifiers, sensitive, k=k, l=l)
    with using(engine), keeping_copies():
        return _audited(asked, [*versions], source)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked for."""

    request: Request | None
    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...]
    k: int
    least: Mapping[str, int]

    @property
    def policy(self) -> Policy | None:
        return None if self.request is None else self.request.policy

    def untouched(self, tables: Sequence[OpenSource]) -> tuple[str, ...]:
        """Return the columns that all releases have as they are."""
        common = [n for n in tables[0].columns if all(n in t.columns for t in tables[1:])]
        policy = self.policy
        if policy is not None:
            harmless = {*policy.names("non_sensitive"), *policy.names("sensitive")}
            common = [name for name in common if name in harmless]
        return tuple(name for name in common if name not in self.quasi_identifiers)


def _asked(
    request: RequestLike | None,
    quasi_identifiers: Sequence[str],
    sensitive: Sequence[str],
    *,
    k: int | None,
    l: int | None,  # noqa: E741
) -> _Asked:
    if request is None:
        if not quasi_identifiers or k is None:
            raise RequestError(
                "say what the releases are held against: a request, or the quasi-identifiers and k"
            )
        least = dict.fromkeys(sensitive, _LEAST if l is None else l)
        return _Asked(None, tuple(quasi_identifiers), tuple(sensitive), _checked(k), least)
    if quasi_identifiers or sensitive:
        raise RequestError("a request tells the roles of all columns: leave out either of both")
    parsed = as_request(request)
    policy, rule = parsed.policy, parsed.policy.privacy.k_anonymity
    if k is None and rule is None:
        raise RequestError("the request promises no k-anonymity: say which k to hold against")
    least = {n: l or asked_values(policy, n)[0] for n in policy.names("sensitive")}
    wanted = k if k is not None else rule.k if rule is not None else _TWO
    return _Asked(
        parsed, tuple(policy.quasi_identifiers), policy.names("sensitive"), _checked(wanted), least
    )


def _checked(k: object) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < _TWO:
        raise RequestError("k must be a whole number of at least 2")
    return k


def _audited(asked: _Asked, versions: Sequence[Table], source: Table | None) -> VersionsAudit:
    tables = [_opened(each, f"release {n}") for n, each in enumerate(versions, 1)]
    names = tuple(_name(each, f"release {n}") for n, each in enumerate(versions, 1))
    for name, table in zip(names, tables, strict=True):
        _require_columns(name, table, (*asked.quasi_identifiers, *asked.sensitive))
    untouched = asked.untouched(tables)
    counts = [
        count(table, (*asked.quasi_identifiers, *untouched), decimal=_decimal(each))
        for table, each in zip(tables, versions, strict=True)
    ]
    if source is None:
        figures = _of_releases(asked, Series.of(counts, asked.quasi_identifiers, untouched), names)
    else:
        people = _counted_source(asked, source, untouched)
        series = Series.of(counts, asked.quasi_identifiers, untouched, beside=people)
        figures = _of_source(asked, series, people)
    if not any(each.in_several for each in figures):
        raise SourceError(
            "nobody is found in two of the releases: they are of other people, their labels are "
            "those of a tree that a request has to name, or a column that is released as it is "
            "differs for everybody"
        )
    return VersionsAudit(names, asked.k, asked.least, figures, source is not None, untouched)


def _of_source(asked: _Asked, series: Series, source: Count) -> tuple[NarrowedPeople, ...]:
    """Return what is left of the people of a source, in their own classes and by labels alone."""
    columns = columns_of(source, asked.quasi_identifiers, asked.policy)
    people = people_of(series, source, columns)
    return tuple(
        _figures(asked, name, narrowed(series, people, sensitive=_counted(asked), own_class=own))
        for name, own in ((OWN_CLASS, True), (LABELS_ALONE, False))
    )


def _of_releases(asked: _Asked, series: Series, names: Sequence[str]) -> tuple[NarrowedPeople, ...]:
    """Return what is left of the people behind the records of each release."""
    columns = columns_of_labels(series, asked.policy)
    found = []
    for place, name in enumerate(names):
        people = records_of(series, place, columns[place])
        left = narrowed(series, people, sensitive=_counted(asked), own_class=False)
        found.append(_figures(asked, name, left))
    return tuple(found)


def _counted(asked: _Asked) -> dict[str, bool]:
    return dict.fromkeys(asked.least, True)


def _figures(asked: _Asked, table: str, narrowed: Narrowed) -> NarrowedPeople:
    return NarrowedPeople(
        table,
        narrowed.people,
        narrowed.in_several,
        narrowed.elsewhere,
        narrowed.fewer_than(asked.k),
        narrowed.fewer_than(_TWO),
        {name: narrowed.few_values(name, least) for name, least in asked.least.items()},
    )


# -- tables --------------------------------------------------------------------------------


def _opened(table: Table, name: str) -> OpenSource:
    if is_table(table):
        return open_frame(table)
    return open_source(as_source(table, name))


def _decimal(table: Table) -> str:
    return "." if is_table(table) else as_source(table).csv.decimal


def _name(table: Table, otherwise: str) -> str:
    if is_table(table):
        return otherwise
    path = as_source(table).path
    return path if isinstance(path, str) else otherwise


def _require_columns(name: str, table: OpenSource, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise SourceError(
            f"{name} lacks {', '.join(missing)}: name the quasi-identifiers and sensitive columns "
            "that all releases have"
        )


def _counted_source(asked: _Asked, source: Table, untouched: Sequence[str]) -> Count:
    """Count the people of a source, as the request sees them if there is one."""
    frame = source if is_table(source) else None
    if asked.request is None:
        table, decimal = _opened(source, "source"), _decimal(source)
    else:
        place = None if frame is not None else as_source(source)
        own = asked.request.model_copy(update={"source": place, "target": None})
        table, decimal = open_to_count(own, frame=frame), own.decimal
    _require_columns("the source", table, asked.quasi_identifiers)
    known = [name for name in untouched if name in table.columns]
    return count(table, (*asked.quasi_identifiers, *known), decimal=decimal).understood()
