"""Parts on their way to one count, in memory as far as the engine lets them, else in files."""

from anon_dagster.engine import in_use
from anon_dagster.engine.memory import give_back
from anon_dagster.reading.part import PartCount, join_parts

_AT_ONCE = 2**27
"""Bytes of parts that wait to be joined, at least, if there is room."""
_SHARE_OF_MEMORY = 1 / 32
"""How much of the engine's memory what is joined may take before it goes into files."""


class Joining:
    """Parts of one table that come one by one.

    They are joined whenever as many bytes came anew as are joined already, so that the work grows
    with the table, not with its square. What is joined goes into files, run by run, before it
    takes more than its share of memory; the runs are merged at the end, by ranges of keys. What
    comes out is the same whatever was in files.
    """

    def __init__(self, empty: PartCount) -> None:
        """Begin with a part that tells the columns."""
        self._joined = empty
        self._fresh: list[PartCount] = []
        self._size = 0  # bytes of the fresh parts
        self._most = max(int(in_use().memory * _SHARE_OF_MEMORY), 1)

    @property
    def many(self) -> frozenset[str]:
        """The columns whose values need not be kept."""
        return self._joined.many

    def add(self, part: PartCount) -> None:
        """Add a part."""
        self._fresh.append(part)
        self._size += part.bytes
        if self._size > min(max(_AT_ONCE, self._joined.bytes), self._most):
            self._join()

    def whole(self) -> PartCount:
        """Return all parts as one.

        Raises
        ------
        TargetError
            If there is no room for what has to go into files.
        """
        self._join()
        return self._joined.settled()

    def _join(self) -> None:
        self._joined, self._fresh = join_parts([self._joined, *self._fresh]), []
        self._size = 0
        if self._joined.bytes > self._most:
            self._joined = self._joined.spill()
        give_back()
