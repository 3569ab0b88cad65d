"""Packages that are needed for some formats only."""

from importlib import import_module
from typing import Any

from anon_dagster.errors import AnonError, SourceError


def extra(module: str, name: str, what: str, kind: type[AnonError] = SourceError) -> Any:  # noqa: ANN401 (a module)
    """Import a module of an optional package.

    Parameters
    ----------
    module
        Its name.
    name
        The extra of anon-dagster that brings it.
    what
        What needs it, in words.

    Raises
    ------
    SourceError
        Naming what to install, or an error of another ``kind``.
    """
    try:
        return import_module(module)
    except ImportError:
        raise kind(
            f"{what} needs a package that is not installed: pip install 'anon-dagster[{name}]'"
        ) from None
