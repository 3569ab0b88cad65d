"""What a job does about what its release tells and nobody asked about."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from anon_dagster.request.strict import Share, StrictModel

Handling = Literal["ignore", "warn", "refuse"]
"""Not examined; told; or, beyond its limit, a reason to publish nothing."""


def _as_handling(value: Any) -> Any:
    return {True: "warn", False: "ignore"}[value] if isinstance(value, bool) else value


class ResidualRule(StrictModel):
    """How the residual disclosure of a release is handled, see :mod:`anon_dagster.residual`."""

    given_back: Handling = "warn"
    """Published columns that give a protected one back."""
    alone: Handling = "warn"
    """Records that untouched columns single out, once they join the released labels."""
    outcome_in_pattern: Handling = "warn"
    """Labels of a class that tell the outcome of its records."""
    intersected: Handling = "warn"
    """Classes of all records of a person that leave few possibilities once they are intersected,
    where persons are counted."""
    repeated: Handling = "warn"
    """People of whom this release and former ones of the same people, as far as they still exist,
    leave few candidates or few sensitive values."""
    intruder: Annotated[Handling, BeforeValidator(_as_handling)] = "ignore"
    """Attacks on a sample of the records; ``true`` is ``warn``."""
    given_back_above: Share = 0.01
    """Share of the records that may get more of a protected value back than their label tells."""
    alone_above: Share = 0.05
    """Share of the records that may be alone."""
    intersected_above: Share = 0.01
    """Share of the persons who may be left with few possibilities."""
    repeated_above: Share = 0.0
    """Share of the people in several releases who may be left with few candidates."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the samples that large tables are examined on, and of the attacks."""
