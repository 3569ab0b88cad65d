"""What differential privacy asks of the rest of a policy: nothing may depend on the records."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import document

_MODEL = "differential_privacy"
_WORD = re.compile(r"[^\W\d_]+")
_COMPLETE = {"mask", "suppress"}
"""Hierarchies that lack no value."""
_MADE = {"interval", "date", "rounding", "order"}
"""Hierarchies whose labels are made for the values that occur."""
_HARMLESS = {"drop", "constant"}
"""What may become of direct identifiers."""


def differential_problems(
    policy: Mapping[str, Any],
    privacy: Mapping[str, Any],
    attributes: Mapping[str, Mapping[str, Any]],
) -> Iterator[Complaint]:
    """Find what a reader of the release could learn of the records by another way."""
    if not document(privacy.get(_MODEL)):
        return
    if policy.get("suppression_limit") != 1:
        why = "must be 1: how many records are suppressed would tell of them"
        yield Complaint("policy.suppression_limit", f"{why} ({_MODEL})")
    if policy.get("suppressed_records") == "keep":
        why = "must be drop: suppressed records must not be counted"
        yield Complaint("policy.suppressed_records", f"{why} ({_MODEL})")
    if policy.get("recoding") == "local":
        yield Complaint("policy.recoding", f"must be global: levels must be fixed ({_MODEL})")
    if policy.get("sampling") is not None:
        yield Complaint("policy.sampling", f"{_MODEL} draws the records itself, in secret")
    yield from _of_numbers(document(policy.get("release")))
    for key, handling in document(policy.get("residual")).items():
        if handling == "refuse":
            why = "whether anything is published would tell of the records"
            yield Complaint(f"policy.residual.{key}", f"must not be refuse: {why} ({_MODEL})")
    yield from _of_models(privacy)
    for name, attribute in attributes.items():
        yield from _of_attribute(f"policy.attributes.{name}", attribute)


def _of_numbers(release: Mapping[str, Any]) -> Iterator[Complaint]:
    for name, meaning in document(release.get("columns")).items():
        if meaning == "whole":
            why = "must be number: that a value has a fraction would be told by an error"
            yield Complaint(f"policy.release.columns.{name}", f"{why} ({_MODEL})")


def _of_models(privacy: Mapping[str, Any]) -> Iterator[Complaint]:
    k_map = document(privacy.get("k_map"))
    if k_map and (not k_map.get("estimator") or k_map.get("sampling_fraction") is None):
        why = "needs an estimator and a sampling_fraction: nothing else may tell of the records"
        yield Complaint("policy.privacy.k_map", f"{why} ({_MODEL})")
    if document(privacy.get("delta_presence")):
        yield Complaint("policy.privacy.delta_presence", f"does not go with {_MODEL}")


def _of_attribute(path: str, attribute: Mapping[str, Any]) -> Iterator[Complaint]:
    role = attribute.get("role")
    if role in {"sensitive", "non_sensitive", "weight"}:
        why = "must be a quasi_identifier, or a direct_identifier that is dropped"
        yield Complaint(f"{path}.role", f"{why} ({_MODEL})")
    elif role == "direct_identifier" and attribute.get("redaction", "drop") not in _HARMLESS:
        yield Complaint(f"{path}.redaction", f"must be drop or constant ({_MODEL})")
    elif role == "quasi_identifier":
        yield from _of_quasi_identifier(path, attribute)


def _of_quasi_identifier(path: str, attribute: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what of a quasi-identifier would depend on the records, and so tell of them."""
    if attribute.get("aggregate") is not None:
        yield Complaint(f"{path}.transformation", f"must be generalization ({_MODEL})")
        return
    rule = document(attribute.get("hierarchy"))
    kind = rule.get("type")
    if not rule or kind == "frequency":
        yield Complaint(f"{path}.hierarchy", f"must not be made of the records ({_MODEL})")
    elif kind == "known":
        why = "must be a tree that is written out: this one is made for the values that occur"
        yield Complaint(f"{path}.hierarchy", f"{why} ({_MODEL})")
    elif kind == "mask" and rule.get("levels") is None and rule.get("keep") is None:
        yield Complaint(f"{path}.hierarchy.levels", f"must be given ({_MODEL})")
    elif kind == "order" and rule.get("order") is None:
        yield Complaint(f"{path}.hierarchy.order", f"must be given ({_MODEL})")
    if rule and kind not in _COMPLETE | {"frequency"} and rule.get("other") is None:
        why = "name a branch for values that the hierarchy lacks: whether there are any would tell"
        yield Complaint(f"{path}.hierarchy.other", f"{why} ({_MODEL})")
    if kind in _MADE and not _stands_alone(rule):
        why = "must be a word that no value and no label of the hierarchy can be"
        yield Complaint(f"{path}.hierarchy.other", f"{why} ({_MODEL})")
    level = attribute.get("highest_level")
    if level is None or level != attribute.get("lowest_level", 0):
        why = "lowest_level and highest_level must be the same: the level is yours to fix"
        yield Complaint(f"{path}.highest_level", f"{why} ({_MODEL})")


def _stands_alone(rule: Mapping[str, Any]) -> bool:
    """Tell whether a branch is no label of the hierarchy, whatever values occur.

    If it were, what the branch becomes would tell whether a record has that label.
    """
    other = rule.get("other")
    if other is None:
        return True
    return bool(_WORD.fullmatch(str(other))) and str(other) not in (rule.get("order") or ())
