"""The people who ask for a release and approve it, by the names that a deployment has for them.

And what those who reject it give as their reason.
"""

import re
import unicodedata

from anon_dagster.errors import JobStateError

LONGEST = 200
"""Characters of a name."""
LONGEST_REASON = 2_000
"""Characters of what is told of a rejection."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that nobody sees: Unicode's ignorable ones, and the empty Braille pattern."""


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


def reason_given(why: str) -> str:
    """Return the reason of a rejection as it is kept.

    Raises
    ------
    JobStateError
        If there is none, it is too long, or it has what no text can have.
    """
    reason = why.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise JobStateError(
            f"say why it is rejected, in at most {LONGEST_REASON:,} characters; nothing was decided"
        )
    if any(unicodedata.category(c) == "Cs" for c in reason):
        raise JobStateError("why it is rejected is no text in UTF-8; nothing was decided")
    return reason


def _compared(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(c for c in folded if _is_shown(c) and not c.isspace())


def _is_shown(character: str) -> bool:
    """Tell whether a character is no control character, and none that nobody sees."""
    return not unicodedata.category(character).startswith("C") and not _UNSEEN.match(character)
