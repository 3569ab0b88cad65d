"""Globs: where they start, and which files they find."""

import re
from collections.abc import Callable

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import glob_translate

from anon_dagster.storage.addresses import absolute, base_name, exists, kind_of, locate
from anon_dagster.storage.failures import reading


def is_glob(path: str) -> bool:
    """Tell whether a path has a sign of a glob in it."""
    return any(sign in path for sign in "*?[")


def is_step(name: str) -> bool:
    """Tell whether the name of a folder says the value of a column."""
    key, equals, _ = name.partition("=")
    return bool(key and equals)


def glob_root(path: str) -> str:
    """Return the folder that a glob or prefix starts at: all that comes before a sign of a glob."""
    with reading(path):
        system, inner = locate(path)
        return path if root_within(system, inner) == inner else _before_glob(path)


def root_within(system: AbstractFileSystem, inner: str) -> str:
    """Return where a path within a file system starts; a local name may have such signs itself."""
    if not is_glob(inner):
        return inner
    literal = isinstance(system, LocalFileSystem) and kind_of(system, inner) is not None
    return inner if literal else _before_glob(inner)


def _before_glob(path: str) -> str:
    steps = path.split("/")
    first = next(index for index, step in enumerate(steps) if is_glob(step))
    return "/".join(steps[:first]) or "/"


def matcher(path: str) -> Callable[[str], bool]:
    """Return what tells whether a folder, prefix or glob finds a file, if it lies there."""
    if glob_root(path) != path:
        pattern = re.compile(glob_translate(absolute(path)))
        return lambda file: pattern.match(file) is not None
    return lambda file: file.startswith(f"{absolute(path).rstrip('/')}/")


def matches(path: str, file: str) -> bool:
    """Tell whether a path is a glob that finds a file, if it lies there."""
    if not is_glob(path) or exists(path) or base_name(file)[0] in "._":
        return False
    return re.match(glob_translate(absolute(path)), file) is not None
