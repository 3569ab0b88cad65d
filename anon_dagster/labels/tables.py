"""The labels of a table: columns of numbers and dates beside them."""

import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

import pandas as pd

from anon_dagster.errors import RequestError
from anon_dagster.labels.reading import LabelReader, ParsedLabel, as_label, reader_of
from anon_dagster.request import (
    Policy,
    Request,
    parse_policy,
)
from anon_dagster.request.release import Tells, ValuesAre, number_column, values_of_rules

Columns = Sequence[str] | Mapping[str, ValuesAre]
"""Names of columns; or what the values of each are: ``number``, ``whole`` or ``date``."""
_STRUCTURED = {"interval", "range", "set", "period", "anything"}


def bounds(
    frame: pd.DataFrame,
    columns: Columns | None = None,
    *,
    request: Request | Policy | Mapping[str, Any] | None = None,
    decimal: str = ".",
) -> pd.DataFrame:
    """Add the lower and upper end of what labels stand for: ``age_lower``, ``age_upper``.

    An end that is not told is missing: of ``*``, of a missing value, and one end of ``< 18``. The
    upper end of ``[20, 30)`` is 30; where values are whole, 29.

    Parameters
    ----------
    frame
        A release; it is left as it is. Read its columns of labels as text.
    columns
        Which columns to read. Labels of these that name no number have none. Left out: those of
        which every label can be read, and some are more than a single value.
    request
        The request of the release, its policy or stored solution: it tells what hierarchies
        mean by their labels, and which columns are numbers or dates.
    decimal
        The decimal mark of the release, of numbers by themselves.

    Returns
    -------
    pandas.DataFrame
        The new columns stand behind those that they tell of; numbers are floats, dates are
        ``datetime64[s]``. ``attrs["left_alone"]`` says of other columns why they have none.

    Raises
    ------
    RequestError
        If a column is not there, or one would be written over.

    Warns
    -----
    UserWarning
        If only some of the labels of a column can be read, and nobody named it.
    """
    return _with_numbers(frame, columns, request, decimal, ("lower", "upper"))


def midpoints(
    frame: pd.DataFrame,
    columns: Columns | None = None,
    *,
    request: Request | Policy | Mapping[str, Any] | None = None,
    decimal: str = ".",
) -> pd.DataFrame:
    """Add the middle of what labels stand for: ``age_midpoint``; see :func:`bounds`.

    It is the value itself where that is released, and missing where an end is not told.
    """
    return _with_numbers(frame, columns, request, decimal, ("midpoint",))


def _with_numbers(
    frame: pd.DataFrame,
    columns: Columns | None,
    request: Request | Policy | Mapping[str, Any] | None,
    decimal: str,
    tells: Sequence[Tells],
) -> pd.DataFrame:
    policy = _policy_of(request)
    readers = _named_readers(frame, columns, policy, decimal)
    left_alone: dict[str, str] = {}
    if columns is None:
        for name in frame.columns.difference(list(readers), sort=False):
            found = _found(frame[name], decimal)
            if isinstance(found, str):
                left_alone[name] = found
            else:
                readers[name] = found
    added = {name: [number_column(name, each) for each in tells] for name in readers}
    if taken := sorted(set(chain.from_iterable(added.values())) & set(frame.columns)):
        raise RequestError(
            f"{', '.join(taken)} {'is' if len(taken) == 1 else 'are'} there already, and nothing "
            "is written over: drop or rename, or name other columns"
        )
    result = frame.copy()
    for name, reader in readers.items():
        place = list(result.columns).index(name)
        for offset, (new, each) in enumerate(zip(added[name], tells, strict=True), 1):
            result.insert(place + offset, new, _numbers(frame[name], reader, each))
    result.attrs["left_alone"] = left_alone
    return result


def _policy_of(request: Request | Policy | Mapping[str, Any] | None) -> Policy | None:
    if request is None or isinstance(request, Policy):
        return request
    if isinstance(request, Request):
        return request.policy
    return parse_policy(request.get("policy", request))


def _named_readers(
    frame: pd.DataFrame, columns: Columns | None, policy: Policy | None, decimal: str
) -> dict[str, LabelReader]:
    """Return the readers of columns that are named, or that a policy tells of, by name."""
    names: dict[str, ValuesAre | None] = {}
    if isinstance(columns, Mapping):
        names = dict(columns)
    elif columns is not None:
        names = dict.fromkeys([columns] if isinstance(columns, str) else columns)
    elif policy is not None:
        told = policy.release.columns or values_of_rules(policy.quasi_identifiers)
        names = {name: values for name, values in told.items() if name in frame.columns}
    if absent := [name for name in names if name not in frame.columns]:
        raise RequestError(f"the table has no column {', '.join(map(str, absent))}")
    readers = {}
    for name, values in names.items():
        if policy is not None and name in policy.quasi_identifiers:
            readers[name] = reader_of(policy, name, meaning=values, decimal=decimal)
        elif values is None:
            found = _found(frame[name], decimal)
            readers[name] = LabelReader(None, decimal) if isinstance(found, str) else found
        else:
            readers[name] = LabelReader(values, decimal)
    return {name: readers[name] for name in frame.columns if name in readers}


def _found(column: pd.Series, decimal: str) -> LabelReader | str:
    """Return the reader of a column of which nothing is known, or why it has no numbers."""
    if not (
        column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype)
    ):
        return f"its type is {column.dtype}: values, no labels"
    distinct = [as_label(label) for label in column.unique()]
    named = [label for label in distinct if label not in (None, "*")]
    if not named:
        return "every record is * or missing" if distinct else "there are no records"
    best: Sequence[ParsedLabel] = ()
    for values in ("number", "date"):
        reads = [LabelReader(None, decimal).read(label) for label in named]
        if values == "date":
            reads = [LabelReader("date", decimal).read(label) for label in named]
        of_kind = [read for read in reads if read.meaning == values]
        if len(of_kind) == len(reads):
            is_labels = len(named) < len(distinct) or any(r.kind in _STRUCTURED for r in reads)
            if not is_labels:
                return f"each value is a single {values}: they are no labels"
            return LabelReader(values, decimal)
        best = max(best, of_kind, key=len)
    if any(read.kind in _STRUCTURED for read in best):
        warnings.warn(
            f"{column.name}: {len(best)} of {len(named)} labels name numbers or dates, the others "
            "do not; nothing is added for it, unless it is named in columns",
            stacklevel=4,
        )
    return f"of {len(named)} labels, {len(named) - len(best)} name neither numbers nor dates"


def _numbers(column: pd.Series, reader: LabelReader, tells: Tells) -> pd.Series:
    """Return what the labels of a column tell, as floats or dates."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    told = [reader.read(as_label(label)).tell(tells) for label in distinct]
    dated = reader.meaning == "date" or any(isinstance(each, date) for each in told)
    of_labels = _typed([*told, None], dated=dated)
    return pd.Series(of_labels.take(codes), index=column.index)


def _typed(
    values: Sequence[float | date | None], *, dated: bool
) -> pd.api.extensions.ExtensionArray:
    """Return dates, or numbers, (values,), as an array."""
    if dated:
        texts = [value.isoformat() if isinstance(value, date) else "NaT" for value in values]
        return pd.array(texts, dtype="datetime64[s]")
    return pd.array([float("nan") if v is None else v for v in values], dtype="float64")
