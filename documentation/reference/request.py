"""The page of every key of a request: its type and bounds, its default, and what it means."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from anon_dagster.request import LinkedRequest, Request
from documentation.reference.keys import meaning, models
from documentation.reference.markdown import code, first_sentence, table

HEAD = """# Every key of a request

For whoever writes a request and looks for a key: its type and bounds, what it is if left out, and what it
means. How to choose is told in [choosing](../choosing.md); what goes together with what is checked when a
request is loaded, and every problem is told at once.

A [JSON schema](../request.schema.json) lets an editor complete and check requests. With the YAML extension of
an editor that knows `yaml-language-server`, a first line will do, with the path or address of that file:

```text
# yaml-language-server: $schema=request.schema.json
```

Where a list is asked for, an entry alone will do; where a part has a short form, such as the name of an
objective, that will do, too. Some examples are in [the request](../request.md).
"""
_BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
}


def page() -> str:
    """Return the page: a section for each part of a request, the outermost first."""
    either: TypeAdapter[Request | LinkedRequest] = TypeAdapter(Request | LinkedRequest)
    schemas = either.json_schema()["$defs"]
    return HEAD + "".join(_section(name, schemas) for name in _in_order(schemas))


def _in_order(schemas: dict[str, Any]) -> Iterator[str]:
    """Give the parts from the outermost one on, each where it is first referred to."""
    waiting, seen = ["Request", "LinkedRequest"], set[str]()
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            yield name
            waiting[:0] = _references(schemas[name])


def _references(schema: Any) -> list[str]:  # noqa: ANN401 (a part of a JSON schema)
    if isinstance(schema, list):
        return [name for each in schema for name in _references(each)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
    return own + [
        name for key, each in schema.items() if key != "$ref" for name in _references(each)
    ]


def _section(name: str, schemas: dict[str, Any]) -> str:
    model, schema = models()[name], schemas[name]
    fields = {field.alias or own: own for own, field in model.model_fields.items()}
    rows = [
        (code(key), _kind(value), _default(key, schema), meaning(model, fields[key]))
        for key, value in schema["properties"].items()
    ]
    told = table(["key", "type", "if left out", "meaning"], rows)
    return f"\n## {name}\n\n{_about(model)}{told}"


def _about(model: type[BaseModel]) -> str:
    said = first_sentence(model.__doc__)
    return "" if said.startswith("See ") else f"{said}\n\n"


def _default(key: str, schema: dict[str, Any]) -> str:
    if key in schema.get("required", ()):
        return "must be given"
    default = schema["properties"][key].get("default")
    if default in (None, [], {}):
        return ""
    if isinstance(default, dict):
        return "its defaults"
    return code(json.dumps(default, ensure_ascii=False))


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value in words, with its bounds."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):  # what is short for a list goes without saying
        if key in schema:
            kinds = dict.fromkeys(map(_kind, schema[key]))
            return " or ".join(kind for kind in kinds if kind != "null") or "null"
    if "const" in schema or "enum" in schema:
        return ", ".join(map(code, schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    of = schema.get("additionalProperties")
    if schema.get("type") == "object" and isinstance(of, dict):
        return f"mapping of names to {_kind(of)}"
    bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
    return ", ".join([_TYPES.get(schema.get("type", ""), "any value"), *bounds])
