"""Findings: what a motivated intruder achieves, by attacks on a sample that can be repeated."""

from collections.abc import Iterator, Sequence
from math import comb

import numpy as np

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.risk.attacks import Attack, inference, linkability, singling_out
from anon_dagster.errors import counted
from anon_dagster.residual.pairs import Pairs
from anon_dagster.residual.reading import codes_of
from anon_dagster.residual.result import AttackName, Finding, TriedAttack, severity_of
from anon_dagster.residual.subject import Subject

_KNOWN = (1, 2, 3)
_MOST_COMBINATIONS = 400
_MOST_KNOWN = 20  # columns that the intruder may know, those that tell most
_HIGH, _MEDIUM = 0.5, 0.2


def attacks(subject: Subject, pairs: Pairs, telling: Sequence[str]) -> Iterator[TriedAttack]:
    """Carry out the three attacks on the released records that were drawn.

    Parameters
    ----------
    telling
        The harmless columns, those that tell most first.
    """
    known = (*subject.quasi_identifiers, *telling)[:_MOST_KNOWN]
    if not pairs.records or not known:
        return
    table = _table(pairs, known)
    yield from _singling_out(table, known)
    if len(known) > 1:
        yield _tried("linkability", known, linkability(table, seed=subject.policy.residual.seed))
    for secret in subject.sensitive:
        with_secret = _table(pairs, (*known, secret))
        attack = inference(with_secret, range(len(known)), len(known))
        yield _tried("inference", (*known, secret), attack, len(known))


def _singling_out(table: FrequencyTable, known: Sequence[str]) -> Iterator[TriedAttack]:
    """Single out by one, two, three attributes, and by all of them."""
    for number in sorted({*_KNOWN, len(known)}):
        if number <= len(known) and comb(len(known), number) <= _MOST_COMBINATIONS:
            yield _tried("singling_out", tuple(known), singling_out(table, number), number)


def _table(pairs: Pairs, names: Sequence[str]) -> FrequencyTable:
    columns = [codes_of(pairs.released[name]) for name in names]
    codes = np.stack(columns, axis=1).astype(np.int32)
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    return FrequencyTable.of(codes, np.ones(pairs.records, dtype=np.int64), sizes)


def _tried(
    name: AttackName, columns: tuple[str, ...], attack: Attack, known: int | None = None
) -> TriedAttack:
    low, high = attack.interval
    return TriedAttack(
        name,
        columns,
        len(columns) if known is None else known,
        attack.records,
        attack.success,
        attack.control,
        attack.risk,
        low,
        high,
    )


def intruder(subject: Subject, tried: Sequence[TriedAttack]) -> Iterator[Finding]:
    """Give the attacks whose risk is above the threshold of the policy, for certain."""
    threshold = float(subject.policy.threshold)
    for attack in tried:
        if attack.low <= threshold:
            continue
        inferred = attack.columns[-1:] if attack.attack == "inference" else ()
        yield Finding(
            "intruder",
            severity_of(attack.risk, high=_HIGH, medium=_MEDIUM),
            attack.columns[: len(attack.columns) - len(inferred)],
            inferred,
            f"{attack.attack.replace('_', ' ')} by {counted(attack.known, 'column')}",
            records=None,
            share=attack.risk,
            baseline=0.0,
            cure="make more columns quasi-identifiers, ask for a larger k, or drop columns",
        )
