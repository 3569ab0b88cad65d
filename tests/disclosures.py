"""What an examination of a release might find, for whoever shows it."""

from dataclasses import replace
from typing import Any

import pytest

from anon_dagster.residual import Examiner, Finding, ResidualDisclosure, TriedAttack

GIVEN_BACK = Finding(
    examination="given_back",
    severity="high",
    columns=("age_again",),
    protected=("age",),
    relation="copy",
    records=60,
    share=1.0,
    baseline=0.05,
    cure="make `age_again` a quasi-identifier, or drop it",
    tells="value",
)
ALONE = Finding(
    examination="alone",
    severity="low",
    columns=("seat", "shift"),
    protected=(),
    relation="alone",
    records=None,
    share=None,
    baseline=None,
    cure="make `seat` a quasi-identifier, or drop it",
)
FOUND = ResidualDisclosure(
    findings=(GIVEN_BACK, ALONE),
    examined=60,
    records=60,
    seed=0,
    k=3,
    examinations=("given_back", "alone", "outcome_in_pattern"),
)
NOTHING = replace(FOUND, findings=())
REFUSED = replace(FOUND, findings=(replace(GIVEN_BACK, refused=True), ALONE))
ATTACKED = replace(
    FOUND,
    examinations=(*FOUND.examinations, "intruder"),
    attacks=(TriedAttack("inference", ("age", "illness"), 2, 50, 0.4, 0.1, 0.33, 0.2, 0.5),),
)


def let_find(
    patch: pytest.MonkeyPatch, found: ResidualDisclosure, attacked: ResidualDisclosure | None = None
) -> None:
    """Let every examination find what is said; another thing where attacks are asked for."""

    examined = Examiner.disclosure

    def disclosure(*seen: Any, **_: Any) -> ResidualDisclosure:
        attacks = "intruder" in examined(*seen).examinations
        return attacked if attacked is not None and attacks else found

    patch.setattr(Examiner, "disclosure", disclosure)
