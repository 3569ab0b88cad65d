"""What a caller hands over beside a request, refused in words where it is of another type."""

from collections.abc import Collection, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from anon_dagster.errors import RequestError
from anon_dagster.request.locations import Source, Target
from anon_dagster.request.policy import Measurement, Policy
from anon_dagster.request.reading import parse_policy, parse_request_part
from anon_dagster.request.suggestions import did_you_mean

_MOST = 2**63 - 1


def as_source(value: Any, name: str = "source") -> Source:
    """Return the source that was given: itself, its document, or the path of its files.

    Raises
    ------
    RequestError
        If it is none.
    """
    if isinstance(value, Source):
        return value
    if isinstance(value, str | Path):
        value = {"path": str(value)}
    if not isinstance(value, Mapping):
        raise RequestError(f"{name} {_must_be('a path, a mapping or a Source', value)}")
    return parse_request_part(Source, value, name)


def as_target(value: Any, name: str = "target") -> Target:
    """Return the target that was given: itself, its document, or its path.

    Raises
    ------
    RequestError
        If it is none.
    """
    if isinstance(value, Target):
        return value
    if isinstance(value, str | Path):
        value = {"path": str(value)}
    if not isinstance(value, Mapping):
        raise RequestError(f"{name} {_must_be('a path, a mapping or a Target', value)}")
    return parse_request_part(Target, value, name)


def as_policy(value: Any) -> Policy:
    """Return the policy that was given, or that its document describes.

    Raises
    ------
    RequestError
        If it is none.
    """
    if isinstance(value, Policy):
        return value
    if not isinstance(value, Mapping):
        raise RequestError(f"policy {_must_be('a mapping or a Policy', value)}")
    return parse_policy(value)


def as_measurement(value: Any) -> Measurement | None:
    """Return the measurement that was given, or that its document describes; ``None`` if none.

    Raises
    ------
    RequestError
        If it is none.
    """
    if value is None or isinstance(value, Measurement):
        return value
    if not isinstance(value, Mapping):
        raise RequestError(f"measurement {_must_be('a mapping or a Measurement', value)}")
    return parse_request_part(Measurement, value, "measurement")


def require_a(kind: type | tuple[type, ...], value: object, name: str, what: str) -> None:
    """Refuse what is of another type.

    Parameters
    ----------
    name
        Of the argument.
    what
        It must be, in words.

    Raises
    ------
    RequestError
        Naming the type that was given, never the value.
    """
    if not isinstance(value, kind):
        raise RequestError(f"{name} {_must_be(what, value)}")


def require_share(value: object, name: str) -> None:
    """Refuse what is no share from 0 to 1, and not left out.

    Raises
    ------
    RequestError
        Naming the argument.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise RequestError(f"{name} must be a share from 0 to 1")


def require_function(value: object, name: str) -> None:
    """Refuse what cannot be called.

    Raises
    ------
    RequestError
        Naming the type that was given.
    """
    if not callable(value):
        raise RequestError(f"{name} {_must_be('a function', value)}")


def require_word(value: object, words: Sequence[str], name: str) -> None:
    """Refuse what is not one of several words.

    Raises
    ------
    RequestError
        Naming the words.
    """
    if not isinstance(value, str) or value not in words:
        cure = did_you_mean(value, words)
        raise RequestError(f"{name} must be one of {', '.join(words)}{cure}")


def require_whole(value: object, name: str, *, least: int) -> None:
    """Refuse what is no whole number, or too small or large a one.

    Raises
    ------
    RequestError
        Naming the bound.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not least <= int(value) <= _MOST:  # type: ignore[call-overload] # it is whole
        raise RequestError(f"{name} must be a whole number of at least {least}")


def require_names(value: object, name: str) -> None:
    """Refuse what is no collection of names, such as a single one.

    Raises
    ------
    RequestError
        Saying what it must be.
    """
    listed = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    if not listed or not all(isinstance(each, str) for each in value):  # type: ignore[attr-defined]
        raise RequestError(f"{name} must be a list of names, such as [age, sex]")


def require_levels(value: object, name: str, attributes: Collection[str]) -> None:
    """Refuse what does not give attributes their levels.

    Raises
    ------
    RequestError
        Saying what it must be.
    """
    if not isinstance(value, Mapping) or not set(value) <= set(attributes):
        raise RequestError(f"{name} must be a mapping: a level for each quasi-identifier")
    for attribute, level in value.items():
        require_whole(level, f"{name}.{attribute}", least=0)


def _must_be(what: str, value: object) -> str:
    return f"must be {what}, not {type(value).__name__}"
