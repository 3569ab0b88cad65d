"""Texts: characters masked one level after another, or the value suppressed at once."""

from typing import Literal

from anon_dagster.core.builders.domain import Domain, complete, grow
from anon_dagster.core.hierarchy import Hierarchy


def by_mask(
    domain: Domain,
    *,
    side: Literal["left", "right"] = "right",
    character: str = "*",
    levels: int | None = None,
    per_level: int = 1,
    keep: int | None = None,
) -> Hierarchy:
    """Replace characters from one side, more of them level by level, or all but a few at once.

    A value keeps its length, so values of different lengths meet in the root only.

    Parameters
    ----------
    levels
        How many levels mask something; the root follows them. Then the label of a value depends
        on nothing but the value and the rule. If left out, as many as leave a character to the
        longest of the values.
    per_level
        How many characters each level masks.
    keep
        How many characters are left at the other side by a single level; none of values that have
        no more. The levels are not asked for then.
    """
    longest = max(map(len, domain.texts), default=0)
    count = max(longest - 1, 0) // per_level if levels is None else levels
    mask = _mask_left if side == "left" else _mask_right

    def masked(texts: list[str]) -> list[list[str]]:
        if keep is not None:
            hidden = [len(text) - (keep if len(text) > keep else 0) for text in texts]
            return [[mask(t, size, character) for t, size in zip(texts, hidden, strict=True)]]
        sizes = range(per_level, per_level * count + 1, per_level)
        return [[mask(text, min(size, len(text)), character) for text in texts] for size in sizes]

    return grow(domain, {text: text for text in domain.texts}, masked)


def _mask_right(text: str, size: int, character: str) -> str:
    return text[: len(text) - size] + character * size


def _mask_left(text: str, size: int, character: str) -> str:
    return character * size + text[size:]


def by_suppression(domain: Domain) -> Hierarchy:
    """Keep the value or suppress it: two levels."""
    return complete(domain, [list(domain.values)], remedy="")
