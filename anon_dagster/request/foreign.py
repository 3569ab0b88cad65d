"""Names in requests of Protegrity Anonymization that mean the same as ours."""

import warnings
from collections.abc import Mapping
from typing import Any

from anon_dagster.errors import Complaint, RequestError
from anon_dagster.request.strict import document as as_document

_THRESHOLDS = ("riskThreashold", "riskThreshold")
"""The first is how it is spelled there."""
_WORDS = {"yes": True, "true": True, "no": False, "false": False}


def in_own_names(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document in our names, and warn of each that was another one.

    Raises
    ------
    RequestError
        If a name of both kinds is there, or a value is none that ours takes.
    """
    own = _with_own_threshold(dict(document))
    return _with_single_file(own) if "additional_properties" in own else own


def _with_own_threshold(document: dict[str, Any]) -> dict[str, Any]:
    policy = as_document(document.get("policy"))
    names = [name for name in _THRESHOLDS if name in policy]
    if not names:
        return document
    if len(names) > 1 or "risk_threshold" in policy:
        raise _twice(f"policy.{names[0]}", "risk_threshold")
    _tell(f"policy.{names[0]}", "policy.risk_threshold")
    renamed = {"risk_threshold" if name in names else name: value for name, value in policy.items()}
    return {**document, "policy": renamed}


def _with_single_file(document: dict[str, Any]) -> dict[str, Any]:
    """Move what is said of the number of files to the target."""
    path = "additional_properties.single_file"
    properties = document.pop("additional_properties")
    if not isinstance(properties, Mapping) or set(properties) != {"single_file"}:
        known = "of additional_properties single_file alone is known; leave the rest out"
        raise RequestError([Complaint("additional_properties", known)])
    target = document.get("target")
    if not isinstance(target, Mapping):
        raise RequestError([Complaint(path, "is about a target, and there is none: give target")])
    if "single_file" in target:
        raise _twice(path, "target.single_file")
    single = _WORDS.get(str(properties["single_file"]).lower())
    if single is None:
        raise RequestError([Complaint(path, "must be yes or no")])
    _tell(path, "target.single_file")
    return {**document, "target": {**target, "single_file": single}}


def _twice(path: str, own: str) -> RequestError:
    return RequestError(
        [Complaint(path, f"is there beside {own}, which means the same: leave it out")]
    )


def _tell(path: str, own: str) -> None:
    warnings.warn(f"{path} is taken for {own}, which is its name here", stacklevel=5)
