"""Whether a source has the columns that a request names."""

from collections.abc import Callable, Iterable

from anon_dagster.errors import SchemaMismatchError
from anon_dagster.request.suggestions import SAME, columns_meant


def require_columns(
    present: Iterable[str], declared: Iterable[str], advice: Callable[[], str] = str
) -> None:
    """Refuse a source that has other columns than the request names.

    Parameters
    ----------
    advice
        Says what may be wrong with how the source is read.

    Raises
    ------
    SchemaMismatchError
        Naming every column that is missing on either side; but where the source has none of the
        declared columns, its first line may be a record, and is not repeated.
    """
    present, declared = list(present), list(declared)
    require_header(present, declared, "source", advice)
    problems = []
    if unnamed := [c for c in present if c not in set(declared)]:
        problems.append(
            f"the request does not name {_named(unnamed)} of the source; give each a role"
        )
    if absent := [c for c in declared if c not in set(present)]:
        problems.append(f"the source has no {_named(absent)}{columns_meant(absent, unnamed)}")
    if problems:
        raise SchemaMismatchError("; ".join(problems) + advice())


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
    if alike := columns_meant(declared, present, alike=SAME):
        return alike.removeprefix("; ")
    return "does the file have a header, and is csv.separator right?"


def _named(names: list[str]) -> str:
    return f"column {names[0]}" if len(names) == 1 else f"columns {', '.join(names)}"
