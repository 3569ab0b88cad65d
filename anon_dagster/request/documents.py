"""YAML as nested mappings and lists; what is no YAML is told by its place alone."""

from pathlib import Path
from typing import Any

from anon_dagster.errors import RequestError
from anon_dagster.request.special_files import why_special
from anon_dagster.request.yaml_reading import Below, YamlFault, read_yaml

_TABLES = (".csv", ".tsv", ".gz", ".parquet", ".pq", ".xlsx", ".xls", ".ods", ".feather")
_BINARY = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"ARROW1")
"""The first bytes of Parquet, of Excel new and old, of gzip and of Arrow."""


def parse_yaml(text: str, *, name: str, top: Below = Below.words) -> dict[str, Any]:
    """Read a document that is written as YAML 1.2.

    Below the keys that hold values of a table (``nodes``, ``order``, ``missing`` …) a number or
    ``true`` is the text that was written.

    Parameters
    ----------
    name
        What the document is called in an error.
    top
        What the keys of the outermost mapping are.

    Raises
    ------
    RequestError
        If it is not YAML or no mapping, or if a key stands twice; with the place, and nothing of
        the text but that key.
    """
    try:
        document = read_yaml(text, top)
    except YamlFault as fault:
        raise RequestError(f"{name} {fault}") from None
    except RecursionError:
        raise RequestError(f"{name} is nested too deeply") from None
    if not isinstance(document, dict):
        raise RequestError(f"{name} must be a mapping: keys with a value each")
    return document


def load_yaml(path: Path, *, top: Below = Below.words) -> dict[str, Any]:
    """Read a YAML file; see :func:`parse_yaml`.

    Raises
    ------
    RequestError
        Also if the file cannot be read, or is a table.
    """
    if (special := why_special(path)) is not None:
        raise RequestError(f"cannot read {path}: {special}")
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or "that is no path").lower()
        raise RequestError(f"cannot read {path}: {why}") from None
    if path.suffix.lower() in _TABLES or content.startswith(_BINARY):
        raise RequestError(
            f"{path.name} is a table, no request: a request names it as its source, "
            f"`source: {{path: {path.name}}}`; detect or auto_anonymize propose one for it"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # it holds the content of the file
        raise RequestError(f"{path.name} is not YAML: save it as UTF-8") from None
    return parse_yaml(text, name=path.name, top=top)
