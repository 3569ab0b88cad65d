"""Trees as CSV: a line per value, from the value up to the root, without a header."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from anon_dagster.core.builders.domain import Domain
from anon_dagster.core.builders.tree import Row, from_rows
from anon_dagster.core.hierarchy import Hierarchy, Label, fingerprint
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError, counted

Form = Literal["tree", "arx"]
"""Our own, and that of ARX."""

ARX_MISSING = "NULL"
"""How ARX writes a missing value."""
_SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True)
class _Syntax:
    separator: str
    missing: str


_FORMS: dict[Form, _Syntax] = {"tree": _Syntax(",", ""), "arx": _Syntax(";", ARX_MISSING)}


@dataclass(frozen=True, slots=True)
class Lines(Discreet):
    """The lines of a tree, but for blank ones."""

    numbers: tuple[int, ...]  # (lines,): where each begins, counted from 1
    rows: tuple[tuple[str, ...], ...]  # (lines,) of (labels,)


class _NoLine(Exception):  # noqa: N818 (the caller says what it means)
    """Raised with the number of a line that is none of a CSV file."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


# -- reading -------------------------------------------------------------------------------


def read_lines(
    text: str, values: Collection[Label], *, column: str, separator: str | None = None
) -> Lines:
    """Read the lines of a tree.

    Parameters
    ----------
    values
        Of the column that the tree is for.
    separator
        Between labels; if left out, the one with which most of the values are found, of several
        the comma, then the semicolon.

    Raises
    ------
    HierarchyError
        If a line is none of a CSV file, or the lines are separated by another sign.
    """
    try:
        lines = _parsed(text, separator) if separator else _most_fitting(text, values)
    except _NoLine as fault:
        number = fault.number
    else:
        if separator and (other := _other_separator(lines.rows)) is not None:
            raise HierarchyError(
                f"{column}: every line of the hierarchy is one label, and the separator seems to "
                f"be another one: say separator: {other!r}"
            )
        return lines
    raise HierarchyError(f"{column}: line {number} of the hierarchy is no line of a CSV file")


def _parsed(text: str, separator: str) -> Lines:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    numbers, rows, last, fault = [], [], 0, False
    try:
        for row in reader:
            if row:
                numbers.append(last + 1)
                rows.append(tuple(row))
            last = reader.line_num
    except csv.Error:
        fault = True
    if fault:  # outside of the handler: the parser's error may hold what it read
        raise _NoLine(last + 1)
    return Lines(tuple(numbers), tuple(rows))


def _most_fitting(text: str, values: Collection[Label]) -> Lines:
    """Read lines by the separator that they are most likely written with."""
    known = set(values) - {None}
    best: tuple[tuple[int, bool], Lines] | None = None
    fault: _NoLine | None = None
    for separator in _SEPARATORS:
        try:
            lines = _parsed(text, separator)
        except _NoLine as found:
            fault = fault or found
            continue
        found_values = len({row[0] for row in lines.rows} & known)
        fit = found_values, any(len(row) > 1 for row in lines.rows)
        if fit == (len(known), True):
            return lines
        if best is None or fit > best[0]:
            best = fit, lines
    if best is None:
        assert fault is not None, "a separator that was tried fits or fails"
        raise fault
    return best[1]


def _other_separator(rows: Sequence[tuple[str, ...]]) -> str | None:
    """Return the sign that is in each of the lines equally often, if no line was separated."""
    if not rows or any(len(row) > 1 for row in rows):
        return None
    for sign in _SEPARATORS:
        if len(times := {row[0].count(sign) for row in rows}) == 1 and times != {0}:
            return sign
    return None


def without_arx_missing(rows: Sequence[Row], values: Collection[Label]) -> Sequence[Row]:
    """Return the rows with the missing value where ARX wrote it.

    Where ``NULL`` is a value of the column, or another row names the missing value, it is a text.
    """
    named = "" not in values and any(row[0] == "" for row in rows)
    if None not in values or ARX_MISSING in values or named:
        return rows
    return [
        tuple(None if label == ARX_MISSING else label for label in row)
        if row[0] == ARX_MISSING
        else row
        for row in rows
    ]


# -- writing -------------------------------------------------------------------------------


def write_tree(hierarchy: Hierarchy, *, column: str, form: Form = "tree") -> str:
    """Write a hierarchy so that reading it gives the same label for every value on every level.

    The text holds every value of the hierarchy.

    Raises
    ------
    HierarchyError
        If the form cannot tell two labels apart, such as a missing value and an empty text.
    """
    syntax = _FORMS[form]
    written = "".join(_line(row, syntax) for row in _rows(hierarchy))
    if not _gives(written, hierarchy):
        leaves = counted(hierarchy.leaves, "value")
        raise HierarchyError(
            f"{column}: the hierarchy of {leaves} cannot be written in this form ({form}), in "
            "which two of its labels would read alike: a missing value and an empty text, or a "
            "masked value and the root"
        )
    return written


def _rows(hierarchy: Hierarchy) -> Iterator[list[Label]]:
    """Give the labels of each leaf, from the leaf up to the root."""
    for leaf in range(hierarchy.leaves):
        codes = hierarchy.codes[:, leaf].tolist()
        yield [labels[code] for labels, code in zip(hierarchy.labels, codes, strict=True)]


def _line(row: Sequence[Label], syntax: _Syntax) -> str:
    """Write the labels of a leaf; quoted where either sign that may end a line is in one."""
    text = io.StringIO(newline="")
    labels = [syntax.missing if label is None else label for label in row]
    csv.writer(text, delimiter=syntax.separator, lineterminator="\r\n").writerow(labels)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _gives(text: str, hierarchy: Hierarchy) -> bool:
    """Tell whether a text is read as a hierarchy for the values of this one."""
    values = hierarchy.labels[0]
    try:
        lines = read_lines(text, values, column="")
        read = from_rows(Domain(values), without_arx_missing(lines.rows, values))
    except HierarchyError:
        return False
    return fingerprint(read) == fingerprint(hierarchy)
