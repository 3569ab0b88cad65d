"""The labels of a table: columns of numbers and dates beside them."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any

import pandas as pd

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError, counted
from anon_dagster.labels.reading import LabelReader, as_label, reader_of, require_known
from anon_dagster.request import (
    Policy,
    Request,
    parse_policy,
)
from anon_dagster.request.release import (
    Tells,
    ValuesAre,
    is_averaged,
    number_column,
    values_of_rules,
    without_numbers,
)
from anon_dagster.request.strict import document

Columns = Sequence[str] | Mapping[str, ValuesAre]
"""Names of columns; or what the values of each are: ``number``, ``whole`` or ``date``."""
_OF_TEXTS = (pd.StringDtype, pd.CategoricalDtype)
_STRUCTURED = {"interval", "range", "set", "period"}


def bounds(
    frame: pd.DataFrame,
    columns: Columns | None = None,
    *,
    request: Request | Policy | Mapping[str, Any] | None = None,
    decimal: str | None = None,
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
        The decimal mark of the release, of numbers by themselves; left out, that of the request's
        target, or a point.

    Returns
    -------
    pandas.DataFrame
        The new columns stand behind those that they tell of; numbers are floats, dates are
        ``datetime64[s]``. ``attrs["left_alone"]`` says of other columns why they have none.

    Raises
    ------
    RequestError
        If a column is not there, is there twice, or holds averages or lists, one would be written
        over, or values are said to be of no known kind.

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
    decimal: str | None = None,
) -> pd.DataFrame:
    """Add the middle of what labels stand for: ``age_midpoint``; see :func:`bounds`.

    It is the value itself where that is released, and missing where an end is not told.
    """
    return _with_numbers(frame, columns, request, decimal, ("midpoint",))


def _with_numbers(
    frame: pd.DataFrame,
    columns: Columns | None,
    request: Request | Policy | Mapping[str, Any] | None,
    decimal: str | None,
    tells: Sequence[Tells],
) -> pd.DataFrame:
    _require_names(frame)
    _require_single_values(frame, columns)
    policy = _policy_of(request)
    decimal = _decimal_of(request) if decimal is None else decimal
    readers = _named_readers(frame, columns, policy, decimal)
    left_alone: dict[str, str] = {}
    if columns is None:
        cautions, found, left_alone = _unnamed(frame, readers, policy, decimal)
        readers |= found
        for caution in cautions:
            warnings.warn(caution, stacklevel=3)
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


def _unnamed(
    frame: pd.DataFrame, told: Mapping[str, LabelReader], policy: Policy | None, decimal: str
) -> tuple[list[str], dict[str, LabelReader], dict[str, str]]:
    """Look at all columns where none was named.

    Parameters
    ----------
    told
        Readers of columns that the policy tells of.

    Returns
    -------
    tuple
        What to warn of, the readers of further columns, and why others are left alone.
    """
    unread = {name: _unread(frame[name], reader) for name, reader in told.items()}
    cautions = [
        f"{name}: {why}, and so have none beside them" for name, why in unread.items() if why
    ]
    readers: dict[str, LabelReader] = {}
    left_alone: dict[str, str] = {}
    for name in frame.columns.difference(list(told), sort=False):
        if (why := _told_of(policy, name)) is not None:
            left_alone[name] = why
            continue
        found = _Found.of(frame[name], decimal)
        if found.left_alone is None:
            readers[name] = found.reader
            continue
        left_alone[name] = found.left_alone
        if found.warning is not None:
            cautions.append(f"{found.warning}; nothing is added for it unless columns names it")
    return cautions, readers, left_alone


def _policy_of(request: Request | Policy | Mapping[str, Any] | None) -> Policy | None:
    if request is None or isinstance(request, Policy):
        return request
    if isinstance(request, Request):
        return request.policy
    return parse_policy(request.get("policy", request))


def _decimal_of(request: Request | Policy | Mapping[str, Any] | None) -> str:
    """Return the decimal mark that a request has for its release."""
    if isinstance(request, Request):
        return request.release_decimal
    if not isinstance(request, Mapping):
        return "."
    return str(document(document(request.get("target")).get("csv")).get("decimal", "."))


def _require_names(frame: pd.DataFrame) -> None:
    """Refuse a table in which a name does not tell one column."""
    if frame.columns.nlevels > 1 or not frame.columns.is_unique:
        raise RequestError(
            "the table has several columns of one name, or names of several levels: rename them, "
            "so that each tells one column"
        )


def _require_single_values(frame: pd.DataFrame, columns: Columns | None) -> None:
    """Refuse columns whose cells are lists or mappings: no release has these."""
    named = frame.columns if columns is None else [columns] if isinstance(columns, str) else columns
    nested = [
        str(name)
        for name in named
        if name in frame.columns
        and pd.api.types.is_object_dtype(frame[name].dtype)
        and frame[name].map(pd.api.types.is_list_like).any()
    ]
    if nested:
        raise RequestError(
            f"{', '.join(nested)}: some cells are lists or mappings, which no label is; give each "
            "cell one value"
        )


def _unread(column: pd.Series, reader: LabelReader) -> str | None:
    """Say how many labels name nothing that the reader knows; None if there are none."""
    named = [label for label in map(as_label, column.unique()) if label is not None]
    named = [label for label in named if label != SUPPRESSED and label not in reader.others]
    unread = sum(reader.read(label).meaning in {None, "text"} for label in named)
    if not unread:
        return None
    kinds = "dates" if reader.meaning == "date" else "numbers"
    return f"{counted(unread, 'label')} of {len(named)} name no {kinds}"


def _told_of(policy: Policy | None, name: str) -> str | None:
    """Return why a column has no numbers, if its policy tells."""
    attribute = None if policy is None else policy.quasi_identifiers.get(name)
    if policy is None or attribute is None:
        return None
    return without_numbers(attribute, local=policy.recoding == "local")


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
    for values in (None, *names.values()):
        require_known(values, decimal)
    readers = {}
    for name, values in names.items():
        if policy is not None and name in policy.quasi_identifiers:
            if is_averaged(policy.quasi_identifiers[name]):
                raise RequestError(f"{name}: {_told_of(policy, name)}")
            readers[name] = reader_of(policy, name, meaning=values, decimal=decimal)
        elif values is None:
            readers[name] = _Found.of(frame[name], decimal).reader
        else:
            readers[name] = LabelReader(values, decimal)
    return {name: readers[name] for name in frame.columns if name in readers}


@dataclass(frozen=True, slots=True)
class _Found(Discreet):
    """What a column is of which nothing is known."""

    reader: LabelReader
    """Of what most of its labels name."""
    left_alone: str | None = None
    """Why nothing is added for it unless it is named."""
    warning: str | None = None

    @classmethod
    def of(cls, column: pd.Series, decimal: str) -> "_Found":
        """Look at the labels of a column."""
        reader = LabelReader(None, decimal)
        kind = column.dtype
        if not (pd.api.types.is_object_dtype(kind) or isinstance(kind, _OF_TEXTS)):
            return cls(reader, f"its type is {kind}: values, no labels")
        distinct = [as_label(label) for label in column.unique()]
        named = [label for label in distinct if label not in (None, SUPPRESSED)]
        if not named:
            return cls(reader, "every record is * or missing" if distinct else "it has no records")
        as_numbers = [reader.read(label) for label in named]
        dates = replace(reader, meaning="date")
        as_dates = [dates.read(label) for label in named]
        numbers = sum(read.meaning == "number" for read in as_numbers)
        dated = sum(read.meaning == "date" for read in as_dates)
        reads = as_numbers if numbers >= dated else as_dates
        reader = replace(reader, meaning="number") if numbers >= dated else dates
        has_labels = any(read.kind in _STRUCTURED for read in reads)
        if max(numbers, dated) < len(named):
            others = counted(len(named) - max(numbers, dated), "label")
            why = f"{others} of {len(named)} name neither numbers nor dates"
            return cls(reader, why, f"{column.name}: {why}" if has_labels else None)
        if not has_labels and SUPPRESSED not in distinct:
            return cls(reader, f"each is a single {reader.meaning}: values, no labels")
        return cls(reader)


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
