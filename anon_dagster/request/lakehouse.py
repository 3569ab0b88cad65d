"""Delta tables as targets: what they are called, and what is said of them in a request."""

from collections.abc import Mapping
from typing import Any

SCHEME = "delta://"
"""What the address of a table begins with that was written: ``delta:///lake/patients``."""


def is_of_lakehouse(path: str) -> bool:
    """Tell whether a path is the address of a table."""
    return path.startswith(SCHEME)


def address_of(path: str) -> str:
    """Return the address of the table in a folder."""
    return f"{SCHEME}{path}"


def folder_of(path: str) -> str:
    """Return the folder of a table, by that or by its address."""
    return path.removeprefix(SCHEME)


def named_by_address(document: Any) -> Any:
    """Give the document of a target whose path is an address its folder and its format.

    Raises
    ------
    ValueError
        If it is to be an Iceberg table.
    """
    if not isinstance(document, Mapping):
        return document
    if document.get("format") == "iceberg":
        raise ValueError(
            "an Iceberg table is what its catalog says: name a table and the connection of its "
            "catalog, such as {table: clinic.released, connection: lake}, without a format"
        )
    path = document.get("path")
    if isinstance(path, str) and is_of_lakehouse(path):
        return {**document, "path": folder_of(path), "format": "delta"}
    return document
