"""What travels between processes: bytes that show nothing of what is in them.

A cluster writes the arguments of a task into its logs and pages as they describe themselves.
"""

import pickle
from typing import Any


class Sealed:
    """An object as bytes; it is made again once, in each process that asks for it."""

    __slots__ = ("_content", "_opened", "_packed")

    def __init__(self, content: object) -> None:
        self._packed: bytes = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
        self._content: Any = None
        self._opened = False

    @property
    def content(self) -> Any:  # noqa: ANN401 (whatever was sealed)
        """What was sealed."""
        if not self._opened:
            self._content, self._opened = pickle.loads(self._packed), True  # noqa: S301 (our own)
        return self._content

    def unpacked(self) -> Any:  # noqa: ANN401 (whatever was sealed)
        """Return what was sealed, made anew: nothing of it stays here."""
        return pickle.loads(self._packed)  # noqa: S301 (our own)

    def __repr__(self) -> str:
        return "sealed"

    def __sizeof__(self) -> int:
        return len(self._packed)

    def __reduce__(self) -> tuple[Any, ...]:
        return _sealed, (self._packed,)


def _sealed(packed: bytes) -> Sealed:
    made: Sealed = Sealed.__new__(Sealed)
    made._packed, made._content, made._opened = packed, None, False  # noqa: SLF001 (its own maker)
    return made
