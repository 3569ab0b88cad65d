"""The schema of a request as `docs/request.schema.json` has it; `make schema` writes it."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from anon_dagster.request import LinkedRequest, Request

FILE = Path(__file__).resolve().parent.parent / "docs" / "request.schema.json"


def current() -> str:
    """Return the JSON schema of a request, without titles and texts that repeat the code."""
    either: TypeAdapter[Request | LinkedRequest] = TypeAdapter(Request | LinkedRequest)
    return as_file(either.json_schema())


def as_file(schema: Any) -> str:
    """Return a JSON schema as a file has it."""
    return json.dumps(_bare(schema), indent=1, ensure_ascii=False) + "\n"


def _bare(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_bare(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:  # names of ours, which may be anything
            bare[key] = {name: _bare(entry) for name, entry in value.items()}
        elif key not in {"title", "description"}:
            bare[key] = _bare(value)
    return bare


if __name__ == "__main__":
    FILE.write_text(current(), encoding="utf-8")
