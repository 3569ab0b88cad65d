"""JSON in the one way in which it is signed and compared, whoever writes it."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_KINDS = {"type", "metric", "role"}


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a document as bytes: keys sorted, no blanks, UTF-8, numbers as Python writes them."""
    text = json.dumps(
        document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")


def written(model: BaseModel) -> dict[str, Any]:
    """Return what of a model differs from its defaults, and of which kind each rule is.

    A query of a database may hold values of records: it is told by the name that it has as a path.
    """
    whole = model.model_dump(mode="json", by_alias=True)
    short = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    told: dict[str, Any] = _with_kinds(short, whole)
    return told


def _with_kinds(short: Any, whole: Any) -> Any:  # noqa: ANN401 (JSON)
    """Put back which kind of rule each is, which is a default of its model."""
    if isinstance(short, dict):
        kept = [key for key in whole if key in short or key in _KINDS]
        if "connection" in short:
            kept = [key for key in kept if key != "query"]
        return {key: _with_kinds(short.get(key, whole[key]), whole[key]) for key in kept}
    if isinstance(short, list):
        return [_with_kinds(*pair) for pair in zip(short, whole, strict=True)]
    return short
