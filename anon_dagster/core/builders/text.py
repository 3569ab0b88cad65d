"""Texts: masked one level after another, or the value suppressed at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from anon_dagster.core.builders.beginnings import Beginnings, Ints
from anon_dagster.core.builders.domain import Domain, complete, grow
from anon_dagster.core.hierarchy import Hierarchy, Level


@dataclass(frozen=True, slots=True)
class Mask:
    """What hides a piece of a text: one of its characters, or of its parts."""

    side: Literal["left", "right"] = "right"
    character: str = "*"
    """What a piece is replaced by."""
    parts: str | None = None
    """What separates parts, as ``.`` in 10.2.3.4; without it pieces are characters."""

    def pieces(self, text: str) -> Sequence[str]:
        """Return the pieces of a text that are hidden one by one; characters are the text."""
        return text if self.parts is None else text.split(self.parts)

    def hide(self, pieces: Sequence[str], count: int) -> str:
        """Return a text with so many of its pieces hidden."""
        shown = len(pieces) - count
        if isinstance(pieces, str):
            covered = self.character * count
            return covered + pieces[count:] if self.side == "left" else pieces[:shown] + covered
        hidden = [self.character] * count
        left = (*hidden, *pieces[count:]) if self.side == "left" else (*pieces[:shown], *hidden)
        return (self.parts or "").join(left)


def by_mask(
    domain: Domain,
    *,
    mask: Mask = Mask(),
    levels: int | None = None,
    per_level: int = 1,
    keep: int | None = None,
) -> Hierarchy:
    """Replace characters or parts from one side, ever more of them, or all but a few at once.

    A value keeps the number of its pieces, so values with different numbers of them meet in the
    root only.

    Parameters
    ----------
    levels
        How many levels mask something; the root follows them. Then the label of a value depends
        on nothing but the value and the rule. If left out, as many as leave a piece to the longest
        of the values.
    per_level
        How many pieces each level masks.
    keep
        How many pieces are left at the other side by a single level; none of values that have no
        more. The levels are not asked for then.
    """
    texts = domain.texts
    sizes = map(len, texts if mask.parts is None else map(mask.pieces, texts))
    count = max(max(sizes, default=0) - 1, 0) // per_level if levels is None else levels
    hidden = range(per_level, per_level * count + 1, per_level)
    amounts = [_Shown(keep=keep)] if keep is not None else [_Shown(hidden=size) for size in hidden]
    alike = _by_characters if mask.parts is None and len(mask.character) == 1 else _by_pieces
    return grow(domain, np.ones(len(texts), dtype=np.bool_), [*alike(texts, mask, amounts)])


@dataclass(frozen=True, slots=True)
class _Shown:
    """How much of a text a level shows."""

    hidden: int = 0
    """So many pieces are hidden."""
    keep: int | None = None
    """So many are shown, and none of texts that have no more."""

    def of(self, sizes: Ints) -> Ints:
        """Return how many pieces are shown of texts that have so many, (texts,)."""
        if self.keep is not None:
            return np.where(sizes > self.keep, self.keep, 0)
        return np.maximum(sizes - self.hidden, 0)


def _by_characters(texts: Sequence[str], mask: Mask, amounts: Iterable[_Shown]) -> Iterator[Level]:
    """Give levels where a character hides a character: texts of one length share what is shown."""
    beginnings, sign = Beginnings.of(texts, backwards=mask.side == "left"), mask.character
    for amount in amounts:
        codes, first = beginnings.nodes(amount.of)
        sizes = beginnings.lengths[first]
        hidden = (sizes - amount.of(sizes)).tolist()
        covers = {size: sign * size for size in set(hidden)}
        nodes = zip(map(texts.__getitem__, first.tolist()), hidden, strict=True)
        if mask.side == "left":
            labels = [covers[size] + text[size:] for text, size in nodes]
        else:
            labels = [text[: len(text) - size] + covers[size] for text, size in nodes]
        yield Level(codes, tuple(labels))


def _by_pieces(texts: Sequence[str], mask: Mask, amounts: Iterable[_Shown]) -> Iterator[Level]:
    """Give levels where pieces are parts, or what hides them has another length.

    What is hidden of a label is hidden of all texts that read like it, if it has as many parts.
    """
    values = level = Level.of_different(texts)
    for amount in amounts:
        below = values if mask.parts is None or mask.parts in mask.character else level
        pieces = [mask.pieces(str(text)) for text in below.labels]
        sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
        hidden = (sizes - amount.of(sizes)).tolist()
        level = below.further([*map(mask.hide, pieces, hidden)])
        yield level


def by_suppression(domain: Domain) -> Hierarchy:
    """Keep the value or suppress it: two levels."""
    return complete(domain, [Level.of_different(domain.values)], remedy="")
