"""How far texts of one length begin, or end, alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.builders.arrangement import Arrangement
from anon_dagster.core.builders.characters import AT_ONCE, Characters, Points

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Beginnings:
    """Different texts, arranged by their length and then by the alphabet.

    In this order, all that share some beginning are neighbours.
    """

    lengths: Ints  # (texts,)
    arrangement: Arrangement
    shared: Ints
    """(texts,): with how many characters a text begins like the one before it in this order; -1
    where that has another length, or there is none."""

    @classmethod
    def of(cls, texts: Sequence[str], *, backwards: bool = False) -> "Beginnings":
        """Arrange texts; by their endings if they are read backwards."""
        characters = Characters.of(texts)
        orders, shared = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for members, rows in _of_one_length(characters):
            order, alike = _arranged(rows[:, ::-1] if backwards else rows)
            orders.append(members if order is None else members[order])
            shared += [np.array([-1]), alike]
        arrangement = Arrangement.along(np.concatenate(orders))
        return cls(characters.lengths, arrangement, np.concatenate(shared))

    def nodes(self, shown: Callable[[Ints], Ints]) -> tuple[NDArray[np.int32], Ints]:
        """Join texts of one length that begin alike; see :meth:`Arrangement.nodes`.

        Parameters
        ----------
        shown
            From the lengths of texts, (texts,), to how many of their characters must be alike.
        """
        return self.arrangement.nodes(self.shared < shown(self.arrangement.of(self.lengths)))


def _of_one_length(characters: Characters) -> Iterator[tuple[Ints, Points]]:
    """Give the texts of each length, (members,), and their characters, (members, length)."""
    lengths = characters.lengths
    order = np.argsort(lengths, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        if len(members):
            yield members, characters.rows(members)


def _arranged(rows: Points) -> tuple[Ints | None, Ints]:
    """Return an order of different rows of characters, (rows, length), and how far they are alike.

    The order is ``None`` if they stand in it already.
    """
    alike, rising = _alike(rows)
    if rising.all():
        return None, alike
    order = np.lexsort(_words(rows).T[::-1])
    return order, _alike(rows[order])[0]


def _alike(rows: Points) -> tuple[Ints, NDArray[np.bool_]]:
    """Compare different rows with those before them, all but the first.

    Returns
    -------
    With how many characters they begin alike, and whether they come after it by the alphabet.
    """
    alike = np.zeros(max(len(rows) - 1, 0), dtype=np.int64)
    rising = np.zeros(len(alike), dtype=np.bool_)
    for start in range(0, len(alike), AT_ONCE):
        part = rows[start : start + AT_ONCE + 1]
        found = (part[1:] != part[:-1]).argmax(axis=1)
        each = np.arange(len(found))
        alike[start : start + AT_ONCE] = found
        rising[start : start + AT_ONCE] = part[1:][each, found] > part[:-1][each, found]
    return alike, rising


def _words(rows: Points) -> NDArray[np.uint64]:
    """Pack the characters of rows, so that words, (rows, words), follow as the rows do."""
    width = -(-rows.shape[1] * rows.itemsize // 8) * 8
    padded = np.zeros((len(rows), width // rows.itemsize), dtype=rows.dtype.newbyteorder(">"))
    padded[:, : rows.shape[1]] = rows
    return padded.view(">u8").astype(np.uint64)
