"""Texts: masked one level after another, or the value suppressed at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from anon_dagster.core.builders.domain import Domain, complete, grow
from anon_dagster.core.hierarchy import Hierarchy


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
    pieces = texts if mask.parts is None else map(mask.pieces, texts)
    readings = dict[str, Sequence[str]](zip(texts, pieces, strict=True))
    longest = max(map(len, readings.values()), default=0)
    count = max(longest - 1, 0) // per_level if levels is None else levels

    def masked(values: list[Sequence[str]]) -> list[list[str]]:
        if keep is not None:
            return [[mask.hide(v, len(v) - (keep if len(v) > keep else 0)) for v in values]]
        sizes = range(per_level, per_level * count + 1, per_level)
        if mask.parts is None and len(mask.character) == 1:
            return list(_masked_further(texts, mask, sizes))
        return [[mask.hide(value, min(size, len(value))) for value in values] for size in sizes]

    return grow(domain, readings, masked)


def _masked_further(texts: list[str], mask: Mask, sizes: Iterable[int]) -> Iterator[list[str]]:
    """Give the labels of texts, (texts,), at each level, where a character hides a character.

    What is hidden of a label is hidden of all texts that read like it.
    """
    for size in sizes:
        hidden = _characters_hidden(dict.fromkeys(texts), mask, size)
        texts = [*map(hidden.__getitem__, texts)]
        yield texts


def _characters_hidden(texts: Iterable[str], mask: Mask, size: int) -> dict[str, str]:
    """Return each text with so many of its characters hidden, or with all that it has."""
    sign, cover = mask.character, mask.character * size
    if mask.side == "left":
        return {t: cover + t[size:] if len(t) > size else sign * len(t) for t in texts}
    return {t: t[:-size] + cover if len(t) > size else sign * len(t) for t in texts}


def by_suppression(domain: Domain) -> Hierarchy:
    """Keep the value or suppress it: two levels."""
    return complete(domain, [list(domain.values)], remedy="")
