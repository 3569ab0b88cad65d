"""What pydantic finds wrong with a document, in words and places that its author knows."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from anon_dagster.errors import Problem


def problems_of(error: ValidationError, *path: str) -> list[Problem]:
    """Tell each place once: of what may be of several types, each type complains of its own."""
    told: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_input=False):
        problem = _problem({**each, "loc": (*path, *each["loc"])})
        told.setdefault(problem.path, []).append(problem.message)
    deepest = [p for p in told if not any(other.startswith(f"{p}.") for other in told)]
    return [Problem(path, " or ".join(dict.fromkeys(told[path]))) for path in deepest]


def _problem(error: Mapping[str, Any]) -> Problem:
    unions = {"str", "int", "Source", "function-after[_one_of_two(), TreeRule]"}
    steps = [str(s) for s in error["loc"] if str(s) not in unions]
    steps = [s for s in steps if not s.startswith(("tuple[", "constrained-"))]
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "unknown key"
    if steps[-1:] == ["[key]"]:
        steps, message = steps[:-1], "a name is text: put it in quotes"
    return Problem(".".join(_without_tags(steps)), message)


def _without_tags(steps: list[str]) -> list[str]:
    """Drop the names of the union members that pydantic puts into a path."""
    roles = {"direct_identifier", "quasi_identifier", "sensitive", "non_sensitive"}
    kinds = {"tree", "interval", "mask", "date", "rounding", "order", "frequency", "suppress"}
    kinds.add("known")
    kept: list[str] = []
    for place, step in enumerate(steps):
        after_attribute = place == 3 and steps[:2] == ["policy", "attributes"]
        after_hierarchy = place > 0 and steps[place - 1] == "hierarchy"
        if (after_attribute and step in roles) or (after_hierarchy and step in kinds):
            continue
        kept.append(step)
    return kept
