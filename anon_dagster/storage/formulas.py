"""Cells that a spreadsheet would take for formulas, written so that it does not, and read back.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end is a formula to Excel and
LibreOffice [1]_. An apostrophe before it makes it text. A cell that begins with apostrophes and one
of these signs gets one more, so that each cell is read back as it was. Negative numbers stay.

References
----------
.. [1] OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

_Texts = TypeVar("_Texts", pa.StringArray, pa.LargeStringArray)

_SIGNS = r"[=+\-@\t\r\n]"
_TO_ESCAPE = rf"\A'*{_SIGNS}"
_ESCAPED = rf"\A'+{_SIGNS}"
_NEGATIVE = r"\A-[0-9]*[.,]?[0-9]+(?:[eE][+-]?[0-9]+)?\z"


def are_formulas(texts: _Texts) -> pa.BooleanArray:
    """Tell which texts a spreadsheet would take for formulas, or were made no formulas before."""
    begins = pc.match_substring_regex(texts, _TO_ESCAPE)
    return pc.and_not(begins, pc.match_substring_regex(texts, _NEGATIVE))


def escaped(texts: _Texts) -> _Texts:
    """Return texts of which no spreadsheet takes any for a formula; null stays."""
    formulas = are_formulas(texts)
    if not pc.any(formulas).as_py():
        return texts
    none, mark = pa.scalar("", texts.type), pa.scalar("'", texts.type)
    return pc.if_else(formulas, pc.binary_join_element_wise(mark, texts, none), texts)


def unescaped(texts: _Texts) -> _Texts:
    """Return the texts that :func:`escaped` was given."""
    marked = pc.match_substring_regex(texts, _ESCAPED)
    if not pc.any(marked).as_py():
        return texts
    return pc.if_else(marked, pc.utf8_slice_codeunits(texts, 1), texts)
