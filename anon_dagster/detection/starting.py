"""The request that is proposed for a table, as the text of a file to start from."""

import os
from pathlib import Path

from anon_dagster.detection.result import Detection


def request_to_start_from(found: Detection, beside: Path, target: str | None) -> str:
    """Return the request that is proposed for a table as YAML; its comments say why.

    Parameters
    ----------
    found
        What the columns of a table at a path seem to be.
    beside
        The folder of the request: relative paths in it start there.
    target
        Where the release shall go, as seen from the working directory.
    """
    source = found.source
    assert source is not None, "a table at a path was looked at"
    source = source.model_copy(update={"path": _all_seen_from(beside, source.path)})
    return found.yaml(source, None if target is None else _seen_from(beside, target))


def _all_seen_from(folder: Path, path: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return (
        _seen_from(folder, path)
        if isinstance(path, str)
        else tuple(_seen_from(folder, each) for each in path)
    )


def _seen_from(folder: Path, path: str) -> str:
    """Return how a request in a folder names a path: what is relative is so from there."""
    if "://" in path or Path(path).is_absolute():
        return path
    return os.path.relpath(path, folder)
