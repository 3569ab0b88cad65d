"""How a search or a recoding tells whoever follows it how far it is."""

from collections.abc import Callable

OnStep = Callable[[int, int], None]
"""Called with what was done and what may still be to do; may raise to abort."""


def ignore_steps(_done: int, _remaining: int) -> None:
    """Do nothing with a step: nobody follows it."""
