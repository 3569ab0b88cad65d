"""What is said, and where: to stdout, to stderr, to a file."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from anon_dagster.errors import TargetError

if TYPE_CHECKING:
    import pandas as pd


def print_result(asked: argparse.Namespace, document: object, text: str) -> None:
    """Write what a command made to stdout, as a document or as a text."""
    print_text(json.dumps(document) if asked.json else text)


def print_text(text: str) -> None:
    """Write to stdout, of which a reader such as head may have had enough."""
    try:
        if text:
            print(text, flush=True)
    except BrokenPipeError:  # what is left must not be tried again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(document: object, text: str, *, as_json: bool) -> None:
    """Write what went wrong to stderr, as a document or as a text."""
    print(json.dumps(document) if as_json else text, file=sys.stderr)


def aligned(rows: list[list[str]]) -> str:
    """Return rows as a text whose columns begin below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_rows(frame: "pd.DataFrame") -> list[dict[str, object]]:
    """Return the rows of a table as JSON can hold them."""
    rows: list[dict[str, object]] = json.loads(flat(frame).to_json(orient="records"))
    return rows


def flat(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table whose index is among its columns, if it says anything."""
    return frame if frame.index.names == [None] else frame.reset_index()


def save_table(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table to a file of the kind that its name tells."""
    frame = flat(frame)
    if path.suffix.lower() != ".csv":
        save(path, lambda file: frame.to_parquet(file, index=False))
    else:
        save(path, lambda file: frame.to_csv(file, index=False))


def require_new(path: Path) -> None:
    """Refuse a file that is there already.

    Raises
    ------
    TargetError
        Naming it.
    """
    if os.path.lexists(path):
        raise TargetError(f"there is a file at {path} already; name a new one")


def save_new(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read, whole or not at all.

    Raises
    ------
    TargetError
        If there is one already, which stays as it is, or it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        save(beside, lambda file: file.write(content))
        os.link(beside, path)  # which replaces nothing, as renaming would
    except OSError as error:
        require_new(path)
        raise TargetError(f"cannot write {path}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def save(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
    except OSError as error:
        raise TargetError(f"cannot write {path}: {error.strerror}") from None
