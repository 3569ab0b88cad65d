"""Findings: shifted dates that the days of the source leave few possibilities for."""

from collections.abc import Iterator, Sequence

from anon_dagster.reading.shift_effect import ShiftEffect
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

_HIGH, _MEDIUM = 0.2, 0.05  # shares of the records from which a finding is grave
_CURE = (
    "generalize the dates further, release fewer records of a person or those of a longer time, or "
    "shift by more weeks; nobody but who can tell which records are of one person can use it"
)


def narrowed_shifts(
    subject: Subject, effect: ShiftEffect | None, columns: Sequence[str]
) -> Iterator[Finding]:
    """Find the records whose shift is certain, or has fewer than k possibilities.

    Parameters
    ----------
    columns
        The shifted columns that are released to the day.
    """
    if effect is None or not columns:
        return
    left = effect.read - effect.dropped
    above = subject.policy.residual.given_back_above
    told = (
        ("a shift that the days of the source leave no doubt about", effect.certain_records, True),
        ("few shifts that the days of the source allow", effect.narrowed_records, False),
    )
    for relation, records, certain in told:
        share = records / left if left else 0.0
        if share > above:
            yield Finding(
                "given_back",
                severity_of(share, high=_HIGH, medium=_MEDIUM) if certain else "low",
                tuple(columns),
                tuple(columns),
                relation,
                records=None,
                share=share,
                baseline=None,
                cure=_CURE,
                tells="value" if certain else "range",
            )
