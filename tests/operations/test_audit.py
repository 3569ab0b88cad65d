"""Several releases of the same people, and who is left of those whom somebody looks for."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import RequestError, SourceError, VersionsAudit, anonymize, audit_versions
from tests.parameters import slow_but

QI: dict[str, Any] = {"role": "quasi_identifier"}
NAMES = ("age", "town")


def people(records: int, seed: int) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": dice.integers(18, 70, records),
            "town": dice.choice([f"t{n}" for n in range(6)], records),
            "job": dice.choice(["cook", "nurse", "smith"], records),
            "ill": dice.choice(["flu", "gout", "cold", "none"], records),
        }
    )


def request_of(recoding: str = "global", k: int = 3) -> dict[str, Any]:
    return {
        "policy": {
            "attributes": {
                "age": QI | {"hierarchy": {"type": "interval", "widths": [5, 10, 20]}},
                "town": QI,
                "job": {"role": "non_sensitive"},
                "ill": {"role": "sensitive"},
            },
            "privacy": {"k_anonymity": {"k": k}, "l_diversity": {"attribute": "ill", "l": 2}},
            "recoding": recoding,
            "suppression_limit": 0.1,
            "residual": {"given_back": "ignore", "alone": "ignore"},
        }
    }


@cache
def series(recoding: str, *, versions: int = 3) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Return the first people, and the releases of a table that grows."""
    tables = [people(150, seed=0)]
    for seed in range(1, versions):
        tables.append(pd.concat([tables[-1], people(40, seed)], ignore_index=True))
    released = [anonymize(request_of(recoding), frame=table).df for table in tables]
    return tables[0], [df for df in released if df is not None]


@cache
def may_be(text: str, value: Any) -> bool:
    """Tell whether a label of global recoding stands for a value, by its text."""
    if text.startswith("["):
        low, high = text[1:-1].split(", ")
        return float(low) <= float(value) < float(high)
    return text in {"*", str(value)}


def looked_for(person: pd.Series, releases: Iterable[pd.DataFrame]) -> tuple[int, int, bool] | None:
    """Return the candidates and the illnesses left of a person, and whether she is one of them."""
    crowds = []
    for release in releases:
        fits = np.logical_and.reduce(
            [[may_be(str(label), person[name]) for label in release[name]] for name in NAMES]
        )
        if fits.any():
            crowds.append(release[fits].groupby(["job", "ill"]).size())
    if not crowds:
        return None
    left = pd.concat(crowds, axis=1).fillna(0).min(axis=1)
    left = left[left > 0]
    own = (person["job"], person["ill"]) in left.index
    return int(left.sum()), left.index.get_level_values("ill").nunique(), own


def test_the_figures_are_those_of_looking_for_each_person_by_hand() -> None:
    first, releases = series("global")
    found = [looked_for(person, releases) for _, person in first.iterrows()]
    told = [each for each in found if each is not None and each[2]]
    audit = audit_versions(releases, request=request_of(), source=first)
    for figures in audit.figures:  # of global recoding no person has two classes
        assert figures.people == len(told)
        assert figures.fewer_than_k == sum(candidates < 3 for candidates, _, _ in told) > 0
        assert figures.alone == sum(candidates < 2 for candidates, _, _ in told)
        assert figures.few_values == {"ill": sum(values < 2 for _, values, _ in told)}
    assert not audit.holds


@pytest.mark.parametrize("recoding", slow_but({"local"}, ["global", "local"]))
def test_one_release_twice_tells_no_more_than_once(recoding: str) -> None:
    first, releases = series(recoding, versions=1)
    audit = audit_versions(releases * 3, request=request_of(recoding), source=first)
    assert audit.holds
    assert audit.worst.in_several == audit.worst.people > 130


@pytest.mark.parametrize("recoding", slow_but({"global"}, ["global", "local"]))
def test_every_further_release_leaves_fewer(recoding: str) -> None:
    first, releases = series(recoding, versions=4)
    few = [
        audit_versions(releases[:n], request=request_of(recoding), source=first).figures
        for n in (2, 3, 4)
    ]
    for own, by_labels in few:
        assert own.fewer_than_k >= by_labels.fewer_than_k  # who knows the class knows more
    assert few[0][0].fewer_than_k <= few[1][0].fewer_than_k <= few[2][0].fewer_than_k > 0


@pytest.mark.parametrize("recoding", slow_but({"local"}, ["global", "local"]))
def test_without_a_source_no_more_are_counted_than_there_are(recoding: str) -> None:
    table = people(190, seed=1)
    releases = [
        df
        for part in (table[:150], table)
        if (df := anonymize(request_of(recoding), frame=part).df) is not None
    ]
    blind = audit_versions(releases, request=request_of(recoding))
    certain = audit_versions(releases, request=request_of(recoding), source=table).figures[1]
    assert [each.table for each in blind.figures] == ["release 1", "release 2"]
    assert max(each.fewer_than_k for each in blind.figures) <= certain.fewer_than_k
    assert not blind.by_source


def test_who_has_other_values_in_another_release_is_not_counted() -> None:
    first, releases = series("global", versions=2)
    moved = releases[1].assign(ill="plague")
    with pytest.raises(SourceError, match="nobody is found in two of the releases"):
        audit_versions([releases[0], moved], request=request_of(), source=first)
    half = pd.concat([releases[1][:120], moved[120:]], ignore_index=True)
    some = audit_versions([releases[0], half], request=request_of(), source=first)
    assert some.worst.not_found > 0


def test_columns_may_be_named_instead_of_a_request() -> None:
    first, releases = series("global")
    asked = audit_versions(releases, request=request_of(), source=first)
    named = audit_versions(
        releases, source=first, quasi_identifiers=NAMES, sensitive=["ill"], k=3, l=2
    )
    assert named.figures == asked.figures
    assert named.columns == asked.columns == ("job", "ill")


@pytest.mark.parametrize("ending", slow_but({"csv"}, ["csv", "parquet"]))
def test_files_are_read_as_what_they_hold(ending: str, tmp_path: Path) -> None:
    first, releases = series("local")
    paths = [str(tmp_path / f"{n}.{ending}") for n in range(len(releases))]
    for path, release in zip(paths, releases, strict=True):
        if ending == "csv":
            release.to_csv(path, index=False)
        else:
            release.to_parquet(path, index=False)
    stored = audit_versions(paths, request=request_of("local"), source=first)
    assert (
        stored.figures
        == audit_versions(releases, request=request_of("local"), source=first).figures
    )
    assert stored.versions == tuple(paths)


def test_nothing_is_shown_but_counts() -> None:
    first, releases = series("local")
    audit = audit_versions(releases, request=request_of("local"), source=first)
    shown = f"{audit!r} {audit.table}"
    assert not [cell for cell in ("cook", "nurse", "flu", "gout", "t1") if cell in shown]


def audited(versions: Any, **asked: Any) -> VersionsAudit:
    return audit_versions(versions, **asked)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "say what the releases are held against"),
        ({"quasi_identifiers": ["age"]}, "say what the releases are held against"),
        ({"quasi_identifiers": ["age"], "k": 1}, "k must be a whole number of at least 2"),
        ({"request": request_of(), "sensitive": ["ill"]}, "leave out either of both"),
    ],
)
def test_what_is_asked_for_in_part_is_refused(asked: dict[str, Any], told: str) -> None:
    frame = people(20, seed=0)
    with pytest.raises(RequestError, match=told):
        audited([frame, frame], **asked)


def test_one_release_alone_is_refused() -> None:
    for versions in ([people(9, seed=0)], "a.csv", None):
        with pytest.raises(RequestError, match="releases"):
            audited(versions, quasi_identifiers=["age"], k=2)


def test_a_release_without_a_quasi_identifier_is_named() -> None:
    frame = people(9, seed=0)
    with pytest.raises(SourceError, match="release 2 lacks age"):
        audited([frame, frame.drop(columns="age")], quasi_identifiers=["age"], k=2)


@pytest.mark.slow
def test_a_table_that_is_anonymized_anew_gives_more_away_night_by_night() -> None:
    tables = [large(10_000, seed=0)]
    for seed in range(1, 6):
        tables.append(pd.concat([tables[-1], large(2_000, seed)], ignore_index=True))
    policy = request_of("local", k=5)
    releases = [df for t in tables if (df := anonymize(policy, frame=t).df) is not None]
    two, six = (
        audit_versions(releases[:n], request=policy, source=tables[0]).figures[0] for n in (2, 6)
    )
    assert 500 < two.fewer_than_k < 4_000  # of 10,000 people
    assert 3_000 < six.fewer_than_k < 10_000
    assert 0 < two.alone < six.alone > 100
    assert six.few_values["ill"] > 200


def large(records: int, seed: int) -> pd.DataFrame:
    """Make people of many ages and towns, with ten illnesses and twelve jobs."""
    dice = np.random.default_rng(seed)
    chances = 1 / np.arange(1, 11)
    return pd.DataFrame(
        {
            "age": dice.integers(18, 95, records),
            "town": dice.choice([f"t{n}" for n in range(200)], records),
            "job": dice.choice([f"j{n}" for n in range(12)], records),
            "ill": dice.choice([f"i{n}" for n in range(10)], records, p=chances / chances.sum()),
        }
    )
