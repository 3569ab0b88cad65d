"""What a proposal is asked for: a risk that is acceptable, and a time."""

from numbers import Real

from anon_dagster.errors import RequestError


def require_proposable(*, acceptable_risk: float, seconds: float) -> None:
    """Refuse a risk that is no probability, and a time that is none.

    Raises
    ------
    RequestError
        Before anything is read.
    """
    if not (_is_number(acceptable_risk) and 0 < acceptable_risk <= 1):
        raise RequestError(
            f"acceptable_risk must be above 0 and at most 1, got {_shown(acceptable_risk)}"
        )
    if not (_is_number(seconds) and seconds >= 0):
        raise RequestError(f"seconds must be at least 0, got {_shown(seconds)}")


def _is_number(value: object) -> bool:
    return isinstance(value, Real)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, int | float) else type(value).__name__
