"""The people who ask for a release and approve it, by the names that a deployment has for them."""

import unicodedata

LONGEST = 200
"""Characters of a name."""


def person_named(text: object) -> str:
    """Return a name as it is kept: one line of a bounded length; empty if nobody is known."""
    line = "".join(c if _is_shown(c) else " " for c in str(text or ""))
    return " ".join(line.split())[:LONGEST]


def are_two(one: str, other: str) -> bool:
    """Tell whether two names are those of two people; whoever is unknown may be anybody.

    Case, spaces and the form of a character make no other person.
    """
    known, second = _compared(one), _compared(other)
    return bool(known) and bool(second) and known != second


def _compared(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(c for c in folded if _is_shown(c) and not c.isspace())


def _is_shown(character: str) -> bool:
    """Tell whether a character is no control character, and none that nobody sees."""
    return not unicodedata.category(character).startswith("C")
