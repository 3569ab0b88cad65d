"""Trees written out: lines from leaf to root, or nested mappings from the root down."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from anon_dagster.core.builders.domain import Domain, complete
from anon_dagster.core.builders.number import Number, read_number
from anon_dagster.core.hierarchy import SUPPRESSED, Hierarchy, Label, Level
from anon_dagster.errors import HierarchyError

Row = tuple[Label, ...]  # leaf to root
Column = tuple[Label, ...]  # (rows,)
_ENDINGS = {SUPPRESSED, None}
"""What may end a row without being a level: the root, and nothing."""
_SHOWN = 5
_TWICE = "a value that an earlier one names"


def from_rows(
    domain: Domain,
    rows: Sequence[Row],
    *,
    lines: Sequence[int] | None = None,
    numeric: bool = False,
) -> Hierarchy:
    """Build a hierarchy from a row per value, leaf to root.

    Every row is a leaf, whether the column has the value or not. A last label that all rows
    share is the root; else the root is added. Rows end at the same distance from the root: in a
    shorter one the value lies nearer to the root than others, and repeats itself on the levels
    between. An empty label means a missing value, unless the empty text is itself a value of the
    column; at the end of a row it is none. What a value becomes depends on nothing but the rows.

    Parameters
    ----------
    rows
        (leaves,) of up to (levels,).
    lines
        (leaves,): where each row stands, for messages; counted from 1 if left out.
    numeric
        Whether equal numbers are the same value however they are written (39 and 39.0).

    Raises
    ------
    HierarchyError
        If a value stands twice, a label has two parents, or the rows lack values of the column and
        the domain has no branch ``other``.
    """
    if "" not in domain.values:
        rows = [tuple(c or None for c in row) if "" in row else row for row in rows]
    columns, ragged = _even(rows), False
    if columns is None:
        ragged = len({len(_without_root(row)) for row in rows}) > 1
        columns = [*zip(*_completed(rows), strict=True)]
    levels = [Level.of(column) for column in columns] or [Level.of([])]
    if not _is_tree(levels, ragged=ragged):
        _refuse_faults(domain.column, [*zip(*columns, strict=True)], lines, ragged=ragged)
    if numeric:
        levels = _matched(domain, levels)
    if len(levels) > 1 and len(levels[-1].labels) == 1:
        levels.pop()
    return complete(domain, levels, remedy="add them to the hierarchy")


def from_nodes(domain: Domain, nodes: Mapping[str, Any], *, numeric: bool = False) -> Hierarchy:
    """Build a hierarchy from nested mappings, the most general labels outermost.

    The lowest mappings hold lists of values; a key without content is a value itself. Every
    label keeps its distance from the root; a value that lies nearer to the root than others
    repeats itself on the levels between. Everything else is as in :func:`from_rows`.
    """
    rows: list[Row] = []
    _walk(nodes, (), rows)
    return from_rows(domain, rows, numeric=numeric)


def _even(rows: Sequence[Row]) -> list[Column] | None:
    """Return the levels of rows that end at one length, (levels,) of (rows,), else ``None``."""
    if len(set(map(len, rows))) != 1:
        return None
    columns: list[Column] = [*zip(*rows, strict=True)]
    root = [(SUPPRESSED,) * len(rows)] if len(columns) > 1 and SUPPRESSED in columns[-1] else []
    while len(columns) > 1 and (last := set(columns[-1])) & _ENDINGS:
        if last - _ENDINGS:
            return None
        columns.pop()
    return columns + root


def _completed(rows: Sequence[Row]) -> Sequence[Row]:
    """Repeat the value of shorter rows, so that all have as many labels."""
    rooted = any(row[1:] and row[-1] == SUPPRESSED for row in rows)
    ended = [_without_root(row) for row in rows]
    depth = max(map(len, ended), default=1)
    root = (SUPPRESSED,) if rooted else ()
    return [row[:1] * (depth - len(row)) + row + root for row in ended]


def _without_root(row: Row) -> Row:
    """Leave out the root and empty labels at the end of a row; its value stays."""
    end = len(row)
    while end > 1 and row[end - 1] in _ENDINGS:
        end -= 1
    return row[:end]


def _walk(node: object, above: Row, rows: list[Row]) -> None:
    """Add the rows of all leaves below a node to others; each ends with the labels above it."""
    if isinstance(node, list | tuple):
        for below in node:
            if isinstance(below, str):
                rows.append((_text(below), *above))
            else:
                _walk(below, above, rows)
    elif isinstance(node, dict | Mapping):  # the abstract class is asked last: it answers slowly
        for label, below in node.items():
            row = (_text(label), *above)
            if below is None:
                rows.append(row)
            else:
                _walk(below, row, rows)
    else:
        rows.append((_text(node), *above))


def _text(value: object) -> Label:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


# -- faults --------------------------------------------------------------------------------


def _is_tree(levels: Sequence[Level], *, ragged: bool) -> bool:
    """Tell whether no value stands twice, and the same labels are above a label wherever it is."""
    if levels and len(levels[0].labels) < len(levels[0].codes):
        return False
    if any(_is_forked(level, above) for level, above in pairwise(levels[1:])):
        return False
    return not ragged or _on_one_level(levels)


def _is_forked(level: Level, above: Level) -> bool:
    """Tell whether a label has several parents."""
    parents = np.zeros(len(level.labels), dtype=np.int32)
    parents[level.codes] = above.codes
    return bool((parents[level.codes] != above.codes).any())


def _on_one_level(levels: Sequence[Level]) -> bool:
    """Tell whether each label, values that repeat themselves aside, is on a single level.

    Where every label has one parent on the level above, it has the same labels above it then.
    """
    numbers: dict[Label, int] = {}
    for level in levels:
        for label in level.labels:
            numbers.setdefault(label, len(numbers))
    own = [np.array([numbers[n] for n in level.labels])[level.codes] for level in levels]
    met = np.zeros(len(numbers), dtype=np.bool_)
    for height in range(1, len(own)):
        counts = own[height] != own[0]
        if height + 1 < len(own):
            counts &= own[height] != own[height + 1]
        named = np.unique(own[height][counts])
        if met[named].any():
            return False
        met[named] = True
    return True


def _refuse_faults(
    column: str, rows: Sequence[Row], lines: Sequence[int] | None, *, ragged: bool
) -> None:
    """Raise with every fault of one kind, and where each stands."""
    noun = "value" if lines is None else "line"
    numbers = range(1, len(rows) + 1) if lines is None else lines
    faults = [
        f"{_listed(noun, [numbers[index] for index in indices])}: {fault}"
        for indices, fault in _faults(rows, ragged=ragged)
    ]
    if faults:
        raise HierarchyError(f"{column}: the hierarchy is no tree; {'; '.join(faults)}")


def _faults(rows: Sequence[Row], *, ragged: bool) -> Iterator[tuple[list[int], str]]:
    """Yield what keeps rows from being a tree: the indices of the rows at fault, and the fault."""
    levels = [*zip(*rows, strict=True)]
    if levels and len(set(levels[0])) < len(rows):
        yield _second(zip(levels[0], range(len(rows)), strict=True)), _TWICE
        return
    for level in range(1, len(levels) - 1):
        if _fork(levels[level], levels[level + 1]):
            forked = _second(zip(levels[level], levels[level + 1], strict=True))
            yield forked, f"a label of level {level} with another parent than an earlier one has"
            return
    if ragged and (astray := sorted(set(_below_others(rows)))):
        yield astray, "a label below other ones than an earlier line has above it"


def _below_others(rows: Sequence[Row]) -> list[int]:
    """Return where a label has other labels above it than where it came first.

    It matters between rows of unequal length, where no level tells it. Rows are as long as they
    were completed to; their values may repeat themselves.
    """
    above: dict[Label, Row] = {}
    return [
        index
        for index, row in enumerate(rows)
        for level, label in enumerate(row[1:], 1)
        if label != row[0] and row[level + 1 : level + 2] != (label,)
        if above.setdefault(label, row[level + 1 :]) != row[level + 1 :]
    ]


def _fork(labels: Sequence[Label], parents: Sequence[Label]) -> bool:
    """Tell whether a label, (rows,), has several parents, (rows,)."""
    last = dict(zip(labels, parents, strict=True))
    return [*map(last.__getitem__, labels)] != [*parents]


def _second(pairs: Iterable[tuple[Label, object]]) -> list[int]:
    """Return where a key comes with another value than where it came first."""
    first: dict[Label, object] = {}
    return [
        index for index, (key, value) in enumerate(pairs) if first.setdefault(key, value) != value
    ]


def _listed(noun: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"{noun if len(numbers) == 1 else noun + 's'} {shown}{more}"


# -- numbers -------------------------------------------------------------------------------


def _matched(domain: Domain, levels: Sequence[Level]) -> list[Level]:
    """Write each numeric leaf as the column writes the same number."""
    leaves, present = levels[0].labels, set(domain.values)
    exactly = set(leaves)
    written: defaultdict[Number, list[str]] = defaultdict(list)
    for text in domain.texts if exactly - present else ():
        if text not in exactly and (number := read_number(text, decimal=domain.decimal)):
            written[_normal(number)].append(text)
    if not written:
        return list(levels)
    spelled = [[leaf] if leaf in present else _spellings(leaf, written) for leaf in leaves]
    of_leaf = np.repeat(np.arange(len(leaves)), [*map(len, spelled)])
    above = [Level(level.codes[of_leaf], level.labels) for level in levels[1:]]
    return [Level.of([*chain.from_iterable(spelled)]), *above]


def _spellings(leaf: Label, written: Mapping[Number, list[str]]) -> Sequence[Label]:
    number = None if leaf is None else read_number(leaf)
    spellings = written.get(_normal(number)) if number is not None else None
    return spellings or [leaf]


def _normal(number: Number) -> Number:
    count, places = number
    while count and count % 10 == 0:
        count, places = count // 10, places - 1
    return (count, places) if count else (0, 0)
