"""What was measured on a release, as JSON documents."""

from collections.abc import Mapping
from dataclasses import asdict
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anon_dagster.verification import Verification


def verification_document(verification: "Verification") -> dict[str, Any]:
    """Return a verification as JSON holds it without loss."""
    promises = [_plain(asdict(promise)) for promise in verification.promises]
    return {"promises": promises, "classes": _plain(asdict(verification.classes))}


def verification_of(document: Mapping[str, Any]) -> "Verification":
    """Return the verification that a document holds."""
    from anon_dagster.verification import ClassMeasures, Promise, Verification

    promises = tuple(Promise(**promise) for promise in document["promises"])
    return Verification(promises, ClassMeasures(**document["classes"]))


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(value) for name, value in fields.items()}


def _number(value: object) -> object:
    """Return a number of any library, or a fraction, as one that JSON has."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value
