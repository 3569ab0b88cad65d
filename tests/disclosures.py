"""What an examination of a release might find, for whoever shows it."""

from dataclasses import replace

from anon_dagster.residual import Finding, ResidualDisclosure, TriedAttack

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
    attacks=(TriedAttack("inference", ("age", "illness"), 50, 0.4, 0.1, 0.33, 0.2, 0.5),),
)
