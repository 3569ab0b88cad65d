"""How well detection tells domains and roles, on columns that it was not tuned on, and how fast.

With the word ``tuning`` the columns that it was tuned on are measured instead; with ``errors``
every column that was taken for something else is listed. The word ``real`` measures nothing but the
real tables: of those that are held out, it is said by kind and domain what is wrong, and by column
only if it is asked for with ``held-out``. Who has looked must hold out others.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anon_dagster.detection.classification import classify
from anon_dagster.detection.domains import built_in
from anon_dagster.detection.profile import profile
from anon_dagster.detection.proposal import detect
from anon_dagster.detection.roles import assign_role
from anon_dagster.detection.separation import separation
from anon_dagster.errors import AnonError
from benchmarks._ending import end_when_told
from benchmarks.detection.corpus import Column, coded, columns
from benchmarks.detection.judgements import Judgement, report
from benchmarks.detection.real_tables import real_tables
from benchmarks.detection.tables import TableColumn, table_columns

DomainAndRole = tuple[str, str]
"""Domain and role."""


def main() -> None:
    """Measure and print."""
    end_when_told()
    if "real" not in sys.argv:
        _measure_made()
        _speed()
    if "tuning" not in sys.argv:
        _report_real(reported=False)
        _report_real(reported=True)


def _measure_made() -> None:
    """Measure the columns and tables that are made for it."""
    reporting = "tuning" not in sys.argv
    seed = 30_011 if reporting else 1
    corpus = list(columns(seed=seed, reporting=reporting))
    named_only = list(coded(seed=seed, reporting=reporting))
    print(
        f"{len(corpus)} columns and {len(named_only)} of coded answers, {'reported' if reporting else 'tuned on'}"
    )
    for regime, labelled in (
        ("names that tell", [*corpus, *named_only]),
        ("no names", corpus),
        ("wrong names", corpus),
    ):
        names = _names(labelled, regime)
        start = time.perf_counter()
        judgements = [_judged(column, name) for column, name in zip(labelled, names, strict=True)]
        seconds = time.perf_counter() - start
        _report(regime, labelled, judgements, seconds, names)
    for regime in ("names that tell", "no names"):
        _report_tables(regime, list(table_columns(reporting=reporting)))


def _names(labelled: Sequence[Column], regime: str) -> list[str]:
    if regime == "no names":
        return [f"c{n}" for n in range(1, len(labelled) + 1)]
    names = [column.name for column in labelled]
    if regime == "wrong names":
        dice = np.random.default_rng(5)
        return [names[position] for position in dice.permutation(len(names))]
    return names


def _judged(column: Column, name: str) -> DomainAndRole:
    return _judgement_of(name, [None if value is None else str(value) for value in column.values])


def _judgement_of(name: str, values: Sequence[str | None]) -> DomainAndRole:
    described = profile(name, pa.array(values, pa.string()))
    verdict = classify(described, built_in())
    measured = separation(name, described.codes)
    role, _ = assign_role(verdict, built_in()[verdict.domain], described, measured)
    return verdict.domain, role


def _report(
    regime: str,
    labelled: Sequence[Column],
    judgements: Sequence[DomainAndRole],
    seconds: float,
    names: Sequence[str],
) -> None:
    expected = [(c.domain, c.role) if regime == "names that tell" else c.bare for c in labelled]
    truth = [domain for domain, _ in expected]
    guessed = [domain for domain, _ in judgements]
    scores = _scores(truth, guessed)
    roles = [own == role for (_, own), (_, role) in zip(expected, judgements, strict=True)]
    leaked = sum(
        column.role == "direct_identifier" and role == "non_sensitive"
        for column, (_, role) in zip(labelled, judgements, strict=True)
    )
    macro = float(np.mean([f1 for _, _, f1 in scores.values()]))
    right = np.mean([t == g for t, g in zip(truth, guessed, strict=True)])
    print(
        f"\n{regime}: macro-F1 {macro:.3f}, domains right {right:.3f}, roles right {np.mean(roles):.3f}"
    )
    print(f"direct identifiers taken for non-sensitive: {leaked}; {seconds:.1f} s")
    if regime != "wrong names":
        for domain, (precision, recall, f1) in sorted(scores.items(), key=lambda item: item[1][2]):
            print(f"  {domain:24} precision {precision:.2f}  recall {recall:.2f}  F1 {f1:.2f}")
    if "errors" in sys.argv:
        for column, (domain, role), name in zip(labelled, judgements, names, strict=True):
            own = (column.domain, column.role) if regime == "names that tell" else column.bare
            if own != (domain, role):
                shown = [v for v in column.values if v not in (None, "")][:4]
                print(f"    {column.domain} ({column.role}) -> {domain} ({role}); {name}: {shown}")


def _report_tables(regime: str, labelled: Sequence[TableColumn]) -> None:
    """Measure the tables: a careful person may accept several answers for a column."""
    right = own = leaked = unsafe = 0
    for position, column in enumerate(labelled, 1):
        name = column.name if regime == "names that tell" else f"c{position}"
        domain, role = _judgement_of(name, column.values)
        right += domain in column.domains
        own += role in column.roles
        unsafe += role == "non_sensitive" and role not in column.roles
        leaked += role == "non_sensitive" and "direct_identifier" in column.roles
        if "errors" in sys.argv and (domain not in column.domains or role not in column.roles):
            print(f"    {column.table}.{column.name}: {column.domains} -> {domain} ({role})")
    print(
        f"\ntables of registers and surveys, {regime}: {len(labelled)} columns, domains right "
        f"{right / len(labelled):.3f}, roles right {own / len(labelled):.3f}"
    )
    print(f"direct identifiers taken for non-sensitive: {leaked}; any column: {unsafe}")


def _report_real(*, reported: bool) -> None:
    """Measure whole tables as people have them, each written as CSV and detected from there."""
    judgements: list[Judgement] = []
    tables, refused = 0, []
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for table in real_tables(reported=reported):
            path = Path(folder) / "table.csv"
            table.frame.to_csv(path, index=False)
            tables += 1
            try:
                found = {column.column: column for column in detect(path).columns}
            except AnonError as error:
                refused.append(f"{table.name} ({type(error).__name__})")
                continue
            judgements += [
                Judgement(table.name, name, accepted, found[name].role, found[name].domain)
                for name, accepted in table.accepted.items()
            ]
    seconds = time.process_time() - start
    kind = "held out" if reported else "examined"
    print(
        f"\nreal tables, {kind}: {tables}, refused {len(refused)} {refused or ''}; {seconds:.0f} CPU s"
    )
    for line in report(judgements, names=not reported or "held-out" in sys.argv):
        print(line)


def _scores(truth: Sequence[str], guessed: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Return precision, recall and F1 of each domain that occurs in the truth."""
    hits = Counter(t for t, g in zip(truth, guessed, strict=True) if t == g)
    true, taken = Counter(truth), Counter(guessed)
    return {
        domain: (
            hits[domain] / taken[domain] if taken[domain] else 0.0,
            hits[domain] / true[domain],
            2 * hits[domain] / (true[domain] + taken[domain]),
        )
        for domain in true
    }


def _speed() -> None:
    """Detect a table of a million records and 30 columns."""
    corpus = list(columns(seed=3, reporting=False))[::15][:30]
    records = 1_000_000
    dice = np.random.default_rng(0)
    arrays = {}
    for position, column in enumerate(corpus):
        pool = pa.array([None if v is None else str(v) for v in column.values], pa.string())
        arrays[f"c{position}"] = pool.take(pa.array(dice.integers(0, len(pool), records)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        pq.write_table(pa.table(arrays), path)
        start = time.perf_counter()
        detection = detect(path)
        seconds = time.perf_counter() - start
    print(f"\n{detection.records:,} records of {len(detection.columns)} columns in {seconds:.1f} s")


if __name__ == "__main__":
    main()
