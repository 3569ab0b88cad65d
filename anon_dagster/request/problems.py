"""What pydantic finds wrong with a document, in words and places that its author knows."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import COUNTRY, CRON, KEY_VARIABLE

_MAPPING = "must be a mapping: keys with a value each"
_WHOLE, _NUMBER, _FLAG = "must be a whole number", "must be a number", "must be true or false"
_WORDS = {
    "extra_forbidden": "unknown key",
    "union_tag_not_found": "{discriminator} is missing",
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
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_short": "must have at least {min_length} entries",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
}
_PATTERNS = {
    CRON: 'must be five fields as cron has them, such as "0 3 * * *" for every day at three, or '
    "@hourly, @daily, @weekly, @monthly or @yearly",
    KEY_VARIABLE: "must be ANON_KEY, or begin with ANON_KEY_ and go on in capital letters, digits "
    "and underscores",
    COUNTRY: "must be two capital letters, such as US",
}
"""What a text must look like, by its pattern."""


def problems_of(error: ValidationError, *path: str) -> list[Complaint]:
    """Tell each place once: of what may be of several types, each type complains of its own."""
    messages: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        problem = _problem({**detail, "loc": (*path, *detail["loc"])})
        messages.setdefault(problem.path, []).append(problem.message)
    deepest = [p for p in messages if not any(other.startswith(f"{p}.") for other in messages)]
    return [Complaint(path, " or ".join(dict.fromkeys(messages[path]))) for path in deepest]


def _problem(error: Mapping[str, Any]) -> Complaint:
    unions = {"str", "int", "Source", "function-after[_one_of_two(), TreeRule]"}
    steps = [str(s) for s in error["loc"] if str(s) not in unions]
    steps = [s for s in steps if not s.startswith(("tuple[", "constrained-"))]
    message = _message(error)
    if steps[-1:] == ["[key]"]:
        steps, message = steps[:-1], "a name is text: put it in quotes"
    return Complaint(".".join(_without_tags(steps)), message)


def _message(error: Mapping[str, Any]) -> str:
    """Say in plain words what pydantic says of a value; never the value itself."""
    context = error.get("ctx", {})
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
    roles = {"direct_identifier", "quasi_identifier", "sensitive", "non_sensitive"}
    kinds = {"tree", "interval", "mask", "date", "rounding", "order", "frequency", "suppress"}
    kinds.add("known")
    kept: list[str] = []
    for index, step in enumerate(steps):
        after_attribute = index == 3 and steps[:2] == ["policy", "attributes"]
        after_hierarchy = index > 0 and steps[index - 1] == "hierarchy"
        if (after_attribute and step in roles) or (after_hierarchy and step in kinds):
            continue
        kept.append(step)
    return kept
