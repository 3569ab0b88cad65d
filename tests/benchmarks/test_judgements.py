"""Figures of detection are what they are called."""

from itertools import chain

import numpy as np
import pytest

from anon_dagster.detection.domains import Role
from benchmarks.detection.judgements import (
    LETTERS,
    Judgement,
    misses,
    overprotected,
    report,
    right_share,
    role_scores,
)

ROLES: tuple[Role, ...] = tuple(LETTERS)
D, Q, S, N, _ = ROLES


def judged(accepted: tuple[Role, ...], role: Role, column: str = "c") -> Judgement:
    return Judgement("package/table", column, accepted, role, "number")


def random_judgements(seed: int) -> list[Judgement]:
    dice = np.random.default_rng(seed)
    accepted = [
        tuple(ROLES[place] for place in dice.choice(4, size, replace=False))
        for size in dice.choice([1, 1, 2, 3], 200)
    ]
    taken = [ROLES[place] for place in dice.integers(0, 4, 200)]
    return [judged(a, t, f"c{n}") for n, (a, t) in enumerate(zip(accepted, taken, strict=True))]


@pytest.mark.parametrize("seed", range(5))
def test_every_column_is_right_or_a_miss_of_one_kind(seed: int) -> None:
    judgements = random_judgements(seed)
    missed = list(chain.from_iterable(misses(judgements).values()))
    assert len(set(missed)) == len(missed)
    assert set(missed) == {j for j in judgements if j.role not in j.accepted}
    assert right_share(judgements) == pytest.approx(1 - len(missed) / len(judgements))


@pytest.mark.parametrize("seed", range(5))
def test_a_role_is_scored_as_recall_and_precision_are_defined(seed: int) -> None:
    judgements = random_judgements(seed)
    for score in role_scores(judgements):
        own = [j for j in judgements if j.accepted == (score.role,)]
        called = [j for j in judgements if j.role == score.role]
        assert (score.found, score.true) == (len([j for j in own if j in called]), len(own))
        assert score.named == len(called)
        assert score.accepted == len([j for j in called if score.role in j.accepted])


def test_a_harmless_column_that_may_be_protected_is_not_protected_too_much() -> None:
    judgements = [judged((N,), Q), judged((N,), N), judged((Q, N), Q), judged((N,), S)]
    assert overprotected(judgements) == (1, 3)


def test_only_what_nobody_would_publish_is_given_away() -> None:
    assert judged((Q,), N).given_away
    assert not judged((Q, N), N).given_away
    assert not judged((Q,), S).given_away


def test_what_is_given_away_is_told_first_and_by_its_kind() -> None:
    judgements = [judged((N,), Q), judged((N,), Q), judged((D, Q), N)]
    assert list(misses(judgements)) == ["D/Q taken for N", "N taken for Q"]


def test_names_of_columns_are_told_only_if_they_may_be_seen() -> None:
    judgements = [judged((Q,), N, "age_of_child")]
    assert "package/table.age_of_child [number]" in "\n".join(report(judgements, names=True))
    assert "age_of_child" not in "\n".join(report(judgements, names=False))


def test_a_role_that_no_column_has_is_no_error() -> None:
    assert any("none (0/0)" in line for line in report([judged((Q,), Q)], names=True))
