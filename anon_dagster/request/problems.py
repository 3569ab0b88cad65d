"""What pydantic finds wrong with a document, in words and places that its author knows."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import COUNTRY, CRON, KEY_VARIABLE
from anon_dagster.request.suggestions import allowed_keys, did_you_mean

_MAPPING = "must be a mapping: keys with a value each"
_WHOLE, _NUMBER, _FLAG = "must be a whole number", "must be a number", "must be true or false"
_WORDS = {
    "missing": "is missing",
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "string_type": "must be text: put it in quotes",
    "tuple_type": "must be a list",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_short": "must have at least {min_length} entries",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
}
_TAGS = {
    "role": ("direct_identifier", "quasi_identifier", "sensitive", "non_sensitive", "weight"),
    "type": (
        *("tree", "interval", "mask", "date", "rounding", "order", "frequency", "known"),
        "suppress",
    ),
}
"""The words by which a union of models is told apart."""
_PATTERNS = {
    CRON: 'must be five fields as cron has them, such as "0 3 * * *" for every day at three, or '
    "@hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually",
    KEY_VARIABLE: "must be ANON_KEY, or begin with ANON_KEY_ and go on in capital letters, digits "
    "and underscores",
    COUNTRY: "must be two capital letters, such as US",
}
"""What a text must look like, by its pattern."""
_EXAMPLES = {
    "policy": "policy: {attributes: {age: {role: quasi_identifier}}, "
    "privacy: {k_anonymity: {k: 5}}}",
    "attributes": "attributes: {age: {role: quasi_identifier}}",
    "privacy": "privacy: {k_anonymity: {k: 5}}",
    "k_anonymity": "k_anonymity: {k: 5}",
    "l_diversity": "l_diversity: {attribute: diagnosis, l: 3}",
    "t_closeness": "t_closeness: {attribute: diagnosis, t: 0.5}",
    "hierarchy": "hierarchy: {type: interval, widths: [5, 10]}",
    "widths": "widths: [5, 10]",
    "sizes": "sizes: [2, 2]",
    "keep": "keep: [20, 10, 5]",
    "missing": 'missing: ["", NA]',
    "source": "source: {path: people.csv}",
    "target": "target: {path: release.csv}",
    "csv": 'csv: {separator: ";"}',
    "search": "search: {steps: 10000}",
    "sampling": "sampling: {fraction: 0.1}",
    "shift": "shift: {weeks: 26}",
    "derive": "derive: {age_at_visit: {from: birth_date, at: visit_date, unit: years}}",
}
"""What to write, by the key."""
_NOT_ASKED_FOR = (
    "; where a table is worked on is no part of what is asked for: give engine to the call, to the "
    "resource engine of a run, or as ANON_ENGINE in the environment"
)
_FORMS = frozenset(
    {
        *("str", "int", "cron text", "cron mapping", "Source", "PopulationSource"),
    }
)
_VALIDATED = re.compile(r"function-(before|after)\[.*, \w+\]+")
"""What pydantic calls the forms that a value may have; no step of a place."""
_SHAPES = frozenset({"missing", "model_type", "model_attributes_type", "dict_type", "tuple_type"})
"""Errors that an example cures."""


def problems_of(error: ValidationError, model: type[BaseModel], *path: str) -> list[Complaint]:
    """Tell detail place once: of what may be of several types, detail type complains of its own.

    Parameters
    ----------
    model
        What was validated.
    path
        Where it stands in the document.
    """
    messages: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False):
        cured = {**detail, "loc": (*path, *detail["loc"]), "cure": _cure(detail, model)}
        problem = _problem(cured)
        messages.setdefault(problem.path, []).append(problem.message)
    deepest = [p for p in messages if not any(other.startswith(f"{p}.") for other in messages)]
    return [Complaint(path, " or ".join(dict.fromkeys(messages[path]))) for path in deepest]


def _problem(error: Mapping[str, Any]) -> Complaint:
    steps = [str(s) for s in error["loc"] if str(s) not in _FORMS]
    steps = [s for s in steps if not _VALIDATED.fullmatch(s)]
    steps = [s for s in steps if not s.startswith(("tuple[", "constrained-"))]
    message = _message(error)
    if steps[-1:] == ["[key]"]:
        steps, message = steps[:-1], "a name is text: put it in quotes"
    of_table, steps = (steps[:2], steps[2:]) if steps[:1] == ["tables"] else ([], steps)
    steps = _without_tags(steps)
    if error["type"] in _SHAPES:
        message += _example(steps)
    return Complaint(".".join([*of_table, *steps]), f"{message}{error['cure']}")


def _example(steps: list[str]) -> str:
    if len(steps) == 3 and steps[:2] == ["policy", "attributes"]:
        return ", such as {role: quasi_identifier}"
    example = _EXAMPLES.get(steps[-1]) if steps else None
    return "" if example is None else f", such as {example}"


def _cure(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Say what was meant; what was given is compared, and never shown."""
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return _key_meant(error["loc"], model)
    if error["type"] == "literal_error":
        return did_you_mean(error["input"], _words_in(context["expected"]))
    if error["type"] == "union_tag_invalid":
        return did_you_mean(context["tag"], _words_in(context["expected_tags"]))
    return ""


def _key_meant(loc: tuple[str | int, ...], model: type[BaseModel]) -> str:
    allowed = allowed_keys(model, loc[:-1])
    key = loc[-1]
    if len(loc) == 1 and "policy" in allowed and key in allowed_keys(model, ["policy"]):
        return "; it belongs below policy"
    if key == "engine":
        return _NOT_ASKED_FOR
    return f"{did_you_mean(key, allowed)}; the keys are {', '.join(allowed)}"


def _words_in(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _message(error: Mapping[str, Any]) -> str:
    """Say in plain words what pydantic says of a value; never the value itself."""
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return "unknown key"
    if error["type"] == "union_tag_not_found":
        tag = str(context["discriminator"]).strip("'")
        return f"{tag} is missing: one of {', '.join(_TAGS[tag])}"
    if error["type"] in _WORDS:
        words = _WORDS[error["type"]].format(**{k: _bound_text(v) for k, v in context.items()})
        return words.replace(" 1 characters", " 1 character").replace(" 1 entries", " 1 entry")
    if error["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], "is not understood")
    if error["type"] == "union_tag_invalid":
        return f"{context['discriminator']} must be one of {context['expected_tags']}".replace(
            "'", ""
        )
    message: str = error["msg"].removeprefix("Value error, ")
    return message.replace("Input should be", "must be", 1)


def _bound_text(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound).strip("'")


def _without_tags(steps: list[str]) -> list[str]:
    """Drop the names of the union members that pydantic puts into a path."""
    roles, kinds = _TAGS["role"], _TAGS["type"]
    kept: list[str] = []
    for index, step in enumerate(steps):
        after_attribute = index == 3 and steps[:2] == ["policy", "attributes"]
        after_hierarchy = index > 0 and steps[index - 1] == "hierarchy"
        if (after_attribute and step in roles) or (after_hierarchy and step in kinds):
            continue
        kept.append(step)
    return kept
