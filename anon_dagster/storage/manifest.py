"""What makes parts in a store one table: the list of them, written last.

A store moves no folder in one step. So the parts of a release are given names that no other
release has, and nobody looks at them until ``_SUCCESS`` lists them; to write it is one step, and
turns the folder from the former release into the new one.
"""

import json
import re
from collections.abc import Collection
from typing import Final

from anon_dagster.errors import SourceError

SUCCESS: Final = "_SUCCESS"
"""The last file of a folder of parts: without it the folder is not whole."""

_ENDINGS = r"(csv|csv\.gz|parquet)"
_OWN = re.compile(rf"part-\d{{5,}}\.of-(?P<token>[\w-]+)\.[0-9a-f]{{8}}\.{_ENDINGS}")
_PLAIN = re.compile(rf"part-\d{{5,}}\.{_ENDINGS}")


def is_part(name: str) -> bool:
    """Tell whether a name is that of a file of a release."""
    return name == SUCCESS or any(kind.fullmatch(name) for kind in (_OWN, _PLAIN))


def token_of(name: str) -> str | None:
    """Return the token of the job that wrote a part, if its name has one."""
    match = _OWN.fullmatch(name)
    return None if match is None else match["token"]


def text(names: Collection[str]) -> bytes:
    """Return the list of the parts as it is written."""
    return json.dumps({"parts": list(names)}, indent=1).encode()


def listed(content: bytes) -> tuple[str, ...] | None:
    """Return the parts that a ``_SUCCESS`` lists; nothing if it is not of our making."""
    try:
        document = json.loads(content)
    except ValueError:
        return None
    parts = document.get("parts") if isinstance(document, dict) else None
    return tuple(map(str, parts)) if isinstance(parts, list) else None


def whole(path: str, names: Collection[str], content: bytes) -> list[str]:
    """Return those names in a folder that are the table.

    Parameters
    ----------
    content
        Of its ``_SUCCESS``; empty if there is none.

    Raises
    ------
    SourceError
        If the folder is a release that was not completed, or lacks parts of it.
    """
    parts = listed(content)
    if parts is None:
        if unlisted := sum(token_of(name) is not None for name in names):
            raise SourceError(
                f"{path} has {unlisted} parts of a release that was never completed: it has no "
                f"{SUCCESS} that lists them"
            )
        return list(names)
    if missing := len(set(parts) - set(names)):
        raise SourceError(
            f"{path} lacks {missing} of the {len(parts)} parts that its {SUCCESS} lists; it was "
            f"replaced meanwhile, or damaged"
        )
    return list(parts)
