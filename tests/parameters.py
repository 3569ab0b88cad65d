"""Parameters of tests, some of which take long."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def slow_but(fast: Collection[str], names: Iterable[str], values: Iterable[Any] = ()) -> list[Any]:
    """Return parameters, by name, of which all but the named ones are for the slow tests.

    Parameters
    ----------
    fast
        The names of those that every run of the tests tries.
    values
        What each name stands for; the name itself, if left out.
    """
    names = list(names)
    missing = set(fast) - set(names)
    assert not missing, missing
    return [
        pytest.param(value, id=name, marks=() if name in fast else pytest.mark.slow)
        for name, value in zip(names, [*values] or names, strict=True)
    ]
