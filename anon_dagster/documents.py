"""YAML as nested mappings and lists; what is no YAML is told by its place alone."""

from pathlib import Path
from typing import Any

import yaml

from anon_dagster.errors import RequestError

_TWICE = "twice"


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would forget the first without a word."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, _TWICE, key.start_mark)
            seen.add(str(key.value))
        super().flatten_mapping(node)


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
        the text.
    """
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RequestError(f"{name} {_complaint(error)}") from None
    if not isinstance(document, dict):
        raise RequestError(f"{name} must be a mapping: keys with a value each")
    return document


def _complaint(error: Exception) -> str:
    what = "has a key twice" if getattr(error, "problem", "") == _TWICE else "is not YAML"
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
        raise RequestError(f"cannot read {path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        text = "\0"  # no YAML either; the decoder's error holds the content of the file
    return parse_yaml(text, name=path.name)
