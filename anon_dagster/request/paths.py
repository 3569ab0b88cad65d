"""The paths in the document of a request."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any


def anchored(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the document with every relative local path made absolute."""
    anchored_there = deepcopy(document)
    for holder in _path_holders(anchored_there):
        path = holder["path"]
        holder["path"] = (
            _absolute(path, folder)
            if isinstance(path, str)
            else [_absolute(each, folder) for each in path]
        )
    return anchored_there


def input_paths(document: Mapping[str, Any]) -> Iterator[str]:
    """Give every path in a document, in its order."""
    for holder in _path_holders(document):
        path = holder["path"]
        yield from (path,) if isinstance(path, str) else path


def _path_holders(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("path"), str | list | tuple):
            yield value
        for key, inner in value.items():
            if key != "nodes":
                yield from _path_holders(inner)


def _absolute(path: str, folder: Path) -> str:
    return path if "://" in path else str(folder / Path(path).expanduser())
