"""Regular expressions that callers write, matched in time that grows with the text alone.

Python's engine tries what may match in turn: ``(a+)+`` takes twice as long with every further
``a``, so that one cell keeps a job busy for ever. Those of callers are matched by RE2 [1]_, which
is part of pyarrow and simulates an automaton instead.

References
----------
.. [1] R. Cox, "Regular expression matching in the wild", 2010 (https://swtch.com/~rsc/regexp/).
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class LinearPattern:
    """A regular expression in the syntax of RE2."""

    pattern: str
    ignore_case: bool = False

    def fullmatch(self, text: str) -> bool:
        """Tell whether a text matches as a whole."""
        return _matches(text, rf"\A(?:{self.pattern})\z", ignore_case=self.ignore_case)


def is_linear(pattern: str) -> bool:
    """Tell whether a text is a regular expression that can be matched so."""
    try:
        _matches("", pattern)
        LinearPattern(pattern).fullmatch("")
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return False
    return True


def _matches(text: str, pattern: str, *, ignore_case: bool = False) -> bool:
    texts = pa.array([text], pa.string())
    found = pc.match_substring_regex(texts, pattern=pattern, ignore_case=ignore_case)
    return bool(found[0].as_py())
