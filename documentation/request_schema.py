"""The schema of a request as `docs/request.schema.json` has it; `make schema` writes it."""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter

from anon_dagster.request import GUARDING, LinkedRequest, Request
from documentation.outside import PROJECT
from documentation.reference.keys import meaning, models

FILE = PROJECT / "docs" / "request.schema.json"


def current() -> str:
    """Return the JSON schema of a request: what editors complete, check and explain."""
    either: TypeAdapter[Request | LinkedRequest] = TypeAdapter(Request | LinkedRequest)
    schema = bare(either.json_schema())
    for name, part in schema["$defs"].items():
        _explain(part, models()[name])
    guarding = schema["$defs"]["Privacy"]["properties"]
    for key in GUARDING:  # one rule may stand for a list of them
        rules = {name: guarding[key].pop(name) for name in ("items", "type")}
        guarding[key]["anyOf"] = [rules["items"], rules]
    return as_file(schema)


def as_file(schema: Any) -> str:  # noqa: ANN401 (a JSON schema)
    """Return a JSON schema as a file has it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _explain(part: dict[str, Any], model: type[BaseModel]) -> None:
    """Say of each key of a part what it means."""
    fields = {field.alias or own: own for own, field in model.model_fields.items()}
    for key, value in part["properties"].items():
        value["description"] = meaning(model, fields[key])


def bare(schema: Any) -> Any:  # noqa: ANN401 (a part of a JSON schema)
    """Return a schema without what pydantic says of it: names of classes, and their docstrings."""
    if isinstance(schema, list):
        return [bare(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:  # names of ours, which may be anything
            kept[key] = {name: bare(entry) for name, entry in value.items()}
        elif key not in {"title", "description"}:
            kept[key] = bare(value)
    return kept


if __name__ == "__main__":
    FILE.write_text(current(), encoding="utf-8")
