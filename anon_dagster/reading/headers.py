"""Whether a source has the columns that a request names.

A column that the request does not name may be called by a cell, where a file has no header: unless
a schema names it, it is told by its position, counted from 1.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from anon_dagster.errors import SchemaMismatchError
from anon_dagster.request.suggestions import columns_meant

_TOLD = 5


def require_columns(
    present: Iterable[str],
    declared: Iterable[str],
    advice: Callable[[], str] = str,
    *,
    named: bool = False,
) -> None:
    """Refuse a source that has other columns than the request names.

    Parameters
    ----------
    advice
        Says what may be wrong with how the source is read.
    named
        Whether a schema names the columns, so that no name is a cell.

    Raises
    ------
    SchemaMismatchError
        Naming every column that the source lacks, and those that the request does not name, by
        their positions if their names may be cells.
    """
    present, declared = list(present), list(declared)
    require_header(present, declared, "source", advice)
    problems = []
    if unnamed := undeclared(present, declared, named=named):
        problems.append(f"the request does not name {unnamed} of the source; give each a role")
    if absent := [c for c in declared if c not in set(present)]:
        problems.append(f"the source has no {_named(absent)}")
        known = set(declared)
        candidates = ["" if name in known else name for name in present]
        problems += islice(columns_meant(absent, candidates), _TOLD)
    if problems:
        raise SchemaMismatchError("; ".join(problems) + advice())


def undeclared(present: Sequence[str], declared: Iterable[str], *, named: bool = False) -> str:
    """Say how many columns a request does not name, and where they stand; nothing if it does."""
    known = set(declared)
    unknown = [(place, name) for place, name in enumerate(present, 1) if name not in known]
    if named and unknown:
        listed = [name for _, name in unknown]
        more = f" and {len(listed) - _TOLD} more" if len(listed) > _TOLD else ""
        return _named(listed[:_TOLD]) + more
    return positions([place for place, _ in unknown])


def positions(places: Sequence[int]) -> str:
    """Write where columns stand: ``column 3``, ``7 columns (1, 2, 3, 4, 5 …)``; of none nothing."""
    if len(places) < 2:
        return "".join(f"column {place}" for place in places)
    listed = ", ".join(map(str, places[:_TOLD])) + (" …" if len(places) > _TOLD else "")
    return f"{len(places)} columns ({listed})"


def require_header(
    present: list[str], declared: list[str], what: str, advice: Callable[[], str] = str
) -> None:
    """Refuse a table none of whose columns is declared: what is taken for names may be cells.

    Parameters
    ----------
    what
        The table is called, such as ``source``.
    advice
        Says what may be wrong with how it is read.

    Raises
    ------
    SchemaMismatchError
        Without any name that is not declared, too.
    """
    if present and declared and not set(present) & set(declared):
        raise SchemaMismatchError(
            f"none of the {len(present)} columns of the {what} is among the {len(declared)} that "
            f"the request names; {_cure(present, declared)}{advice()}"
        )


def _cure(present: list[str], declared: list[str]) -> str:
    """Say what is wrong with a header, none of whose names is one that the request names."""
    for separator in ";\t|,":
        if len(present) == 1 and len(set(present[0].split(separator)) & set(declared)) > 0:
            shown = "\\t" if separator == "\t" else separator
            return f'they stand in one: say csv: {{separator: "{shown}"}}'
    if alike := list(islice(columns_meant(declared, present, nearly=False), _TOLD)):
        return "; ".join(alike)
    return (
        "does the file have a header, and is csv.separator right? Where it has none, "
        "csv: {header: false, names: […]} gives the names"
    )


def _named(names: list[str]) -> str:
    return f"column {names[0]}" if len(names) == 1 else f"columns {', '.join(names)}"
