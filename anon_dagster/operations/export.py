"""A hierarchy as it is built for a table, written out: to be read, changed and used."""

from typing import get_args

from anon_dagster.core.builders import Form, write_tree
from anon_dagster.engine import EngineLike, using
from anon_dagster.errors import RequestError
from anon_dagster.operations.preparation import (
    RequestLike,
    as_request,
    count_records,
    open_table,
)
from anon_dagster.planning.plan import plan
from anon_dagster.request.arguments import require_word
from anon_dagster.request.suggestions import did_you_mean
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.tables_in_memory import Tabular


def export_hierarchy(
    request: RequestLike,
    column: str,
    *,
    form: Form = "tree",
    frame: Tabular | None = None,
    engine: EngineLike | None = None,
) -> str:
    """Return the hierarchy that a request has for a column of its source, as CSV.

    A line per value, from the value up to ``*``, without a header: as a request reads it from a
    file (``{type: tree, path: …}``), with the same label for every value on every level. It holds
    the values of the source, so it belongs where the source does.

    Parameters
    ----------
    request
        What is asked for; its target plays no part.
    form
        ``tree``: separated by commas, a missing value is empty. ``arx``: as ARX has it, separated
        by semicolons, a missing value is ``NULL``.
    frame
        The records, if the request has no source.
    engine
        Where the parts of a table are worked on, see :func:`anonymize`.

    Raises
    ------
    RequestError
        If the request has no hierarchy for the column.
    SourceError
        If the source cannot be read, or has other columns than the request names.
    HierarchyError
        If the hierarchy cannot be built, or cannot be written in the form.
    """
    request = as_request(request).model_copy(update={"target": None})
    require_word(form, get_args(Form), "form")
    _require_attribute(column, tuple(request.policy.attributes))
    with using(engine), keeping_copies():
        counted = count_records(request, open_table(request, frame=frame))
    hierarchies = plan(request, counted).hierarchies
    if column not in hierarchies:
        raise RequestError(
            f"{column} has no hierarchy: it is {request.policy.attributes[column].role}, and only "
            "quasi-identifiers, and sensitive attributes that are given one, have"
        )
    return write_tree(hierarchies[column], column=column, form=form)


def _require_attribute(column: object, attributes: tuple[str, ...]) -> None:
    if not isinstance(column, str) or column not in attributes:
        given = column if isinstance(column, str) else type(column).__name__
        raise RequestError(f"the request names no column {given}{did_you_mean(column, attributes)}")
