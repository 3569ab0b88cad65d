"""YAML as nested mappings and lists; what is no YAML is told by its place alone."""

from pathlib import Path
from typing import Any

import yaml

from anon_dagster.errors import RequestError

_VALUES = "nodes"
"""Below this key of a hierarchy keys are values, which no error may show."""


class _Twice(yaml.constructor.ConstructorError):
    """A key stands twice; the problem is its name, where it may be shown."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would forget the first without a word."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._above: list[object] = []

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        self._above.append(getattr(index, "value", None))  # of a mapping: the key
        node = super().compose_node(parent, index)  # type: ignore[arg-type] # so PyYAML calls it
        self._above.pop()
        return node

    def compose_mapping_node(self, anchor: dict[str, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                shown = "a key" if _VALUES in self._above else f"the key {key.value}"
                raise _Twice(None, None, shown, key.start_mark)
            seen.add(str(key.value))
        return node


def parse_yaml(text: str, *, name: str) -> dict[str, Any]:
    """Read a document that is written as YAML.

    Parameters
    ----------
    name
        What the document is called in an error.

    Raises
    ------
    RequestError
        If it is not YAML or no mapping, or if a key stands twice; with the place, and nothing of
        the text but that key.
    """
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RequestError(f"{name} {_complaint(error)}") from None
    if not isinstance(document, dict):
        raise RequestError(f"{name} must be a mapping: keys with a value each")
    return document


def _complaint(error: Exception) -> str:
    what = f"has {error.problem} twice" if isinstance(error, _Twice) else "is not YAML"
    mark = getattr(error, "problem_mark", None)
    return f"{what} (line {mark.line + 1}, column {mark.column + 1})" if mark else what


def load_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file; see :func:`parse_yaml`.

    Raises
    ------
    RequestError
        Also if the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RequestError(f"cannot read {path}: {str(error.strerror).lower()}") from None
    except UnicodeDecodeError:
        text = "\0"  # no YAML either; the decoder's error holds the content of the file
    return parse_yaml(text, name=path.name)
