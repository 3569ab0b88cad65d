"""JSON documents that are kept with a job, each with the version of its format."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from anon_dagster.errors import JobError

FORMAT = 1
"""The version that is written, and the newest one that is read."""
FORMAT_KEY = "format_version"
_AGAIN = "materialize from the request on"


def to_text(document: Mapping[str, Any]) -> str:
    """Return a document as it is kept."""
    return json.dumps({FORMAT_KEY: FORMAT, **document}, indent=1, ensure_ascii=False)


def of_text(text: str, name: str, *, needs: Iterable[str] = ()) -> dict[str, Any]:
    """Return the document that was kept.

    Parameters
    ----------
    name
        What it is called in an error.
    needs
        What must be in it.

    Raises
    ------
    JobError
        If it is damaged or not complete, or of a version that is not known here.
    """
    try:
        document = json.loads(text)
    except ValueError:  # its error holds the text
        document = None
    if not isinstance(document, dict):
        raise JobError(f"{name} is damaged or cut off; {_AGAIN}")
    version = require_known(document.pop(FORMAT_KEY, 1), name)
    lacking = [key for key in needs if key not in document]
    if lacking:
        raise JobError(
            f"{name} is of format version {version} and lacks {', '.join(lacking)}; {_AGAIN}"
        )
    return document


def require_known(version: object, name: str) -> int:
    """Return the version of a format; what has none was kept before there were versions.

    Raises
    ------
    JobError
        If it is not known here.
    """
    if not isinstance(version, int) or version < 1:
        raise JobError(f"{name} is of no format version that there is; {_AGAIN}")
    if version > FORMAT:
        raise JobError(
            f"{name} is of format version {version}, and this version of anon-dagster reads those "
            f"up to {FORMAT}: use a newer one, or {_AGAIN}"
        )
    return version
