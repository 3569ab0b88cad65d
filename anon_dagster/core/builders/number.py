"""Numbers as they are written: whole units of a power of ten, so that nothing is rounded."""

import re
from collections.abc import Iterable

Number = tuple[int, int]
"""``(n, p)`` is n / 10ᵖ."""

_WRITTEN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?")
_LONGEST = 400  # characters: more than a float can need, and little enough to compute with


def read_number(text: str, *, decimal: str = ".") -> Number | None:
    """Read a number exactly; ``None`` if the text is none (nor are ``nan`` and ``inf``)."""
    if len(text) > _LONGEST or (decimal != "." and "." in text):
        return None
    match = _WRITTEN.fullmatch(text.strip().replace(decimal, "."))
    if match is None:
        return None
    sign, whole, part, exponent = match.groups(default="")
    if not whole and not part:
        return None
    return int(f"{sign}{whole}{part}"), len(part) - int(exponent or 0)


def exact(number: float) -> Number:
    """Return a number as it is written in a request, 0.1 as a tenth."""
    read = read_number(str(number))
    assert read is not None, "a request holds finite numbers"
    return read


def common_places(numbers: Iterable[Number]) -> int:
    """Return how many decimal places write all of the numbers."""
    return max((places for _, places in numbers), default=0)


def units(number: Number, places: int) -> int:
    """Return a number in whole units of 10⁻ᵖ, p being the places."""
    factor: int = 10 ** (places - number[1])
    return number[0] * factor


def plain(count: int, places: int) -> str:
    """Write so many units of 10⁻ᵖ without an exponent and without idle zeros."""
    if places <= 0:
        return str(count * 10**-places)
    digits = str(abs(count)).zfill(places + 1)
    part = digits[-places:].rstrip("0")
    sign = "-" if count < 0 else ""
    return f"{sign}{digits[:-places]}{'.' if part else ''}{part}"
