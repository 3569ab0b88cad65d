"""What all parts of a request have in common."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from numbers import Integral, Real
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Character = Annotated[str, StringConstraints(min_length=1, max_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Flag = Annotated[bool, Field(strict=True)]
SUPPRESSED = "*"
CRON = r"^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|\S+( \S+){4})$"
KEY_VARIABLE = r"^ANON_KEY(_[A-Z0-9_]+)?$"
COUNTRY = r"^[A-Z]{2}$"


_DEEPEST = 100  # mappings and lists within each other
_MOST_REPEATED = 100_000  # labels that stand for what an earlier place says


def as_text(value: Any) -> Any:
    """Return the text that a value of a table stands for in a request made in Python.

    A number is the text that Python writes (``1``, ``1.0``), a truth value ``true`` or ``false``,
    a date that of ISO 8601. In YAML a value is the text that was written, whatever it looks like.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Integral):
        return _digits(int(value))
    if isinstance(value, Real) and math.isfinite(value):
        return repr(float(value))
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) and value.is_finite() else value


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        raise ValueError("has a number that is too long: put it in quotes") from None


ValueText = Annotated[
    str, BeforeValidator(as_text, json_schema_input_type=str | int | float | bool)
]
"""A value of a table."""


def tree_of_texts(value: Any) -> Any:
    """Return nested mappings and lists of values with texts for labels; ``None`` stays.

    Raises
    ------
    ValueError
        If there is anything else among them, or they do not end.
    """
    repeated, seen = 0, set[int]()

    def enter(node: Any, depth: int) -> None:
        nonlocal repeated
        if depth > _DEEPEST:
            raise ValueError("are nested too deep, or contain themselves")
        repeated += 1 + len(node) if id(node) in seen else 0
        if repeated > _MOST_REPEATED:
            raise ValueError("repeat too much: the same mapping or list stands in too many places")
        seen.add(id(node))

    def copied(node: Any, depth: int) -> Any:
        if isinstance(node, Mapping | list | tuple):
            enter(node, depth)
        if isinstance(node, Mapping):
            below = {_label(label): copied(each, depth + 1) for label, each in node.items()}
            if len(below) < len(node):
                raise ValueError("have a label twice, once as text and once as a number")
            return below
        if isinstance(node, list | tuple):
            return [copied(each, depth + 1) for each in node]
        return None if node is None else _label(node)

    return copied(value, 0) if isinstance(value, Mapping) else value


def _label(value: Any) -> str:
    text = as_text(value)
    if not isinstance(text, str):
        raise ValueError("hold something that is no text: put it in quotes")  # noqa: TRY004 (pydantic's)
    return text


class StrictModel(BaseModel):
    """A part of a request: frozen, and strict about what it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Give what is shown of it: not the values of tables, such as the labels of a tree."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            field = fields.get(name or "")
            if field is None or not _holds_values((field.annotation, *field.metadata)):
                yield name, value


def _holds_values(annotations: Iterable[Any]) -> bool:
    """Tell whether a field holds values of a table, by what reads them."""
    return any(
        getattr(each, "func", None) in {as_text, tree_of_texts} or _holds_values(get_args(each))
        for each in annotations
    )


def document(value: Any) -> Mapping[str, Any]:
    """Return what may be a document, or a part of a request that was validated already."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    return value if isinstance(value, Mapping) else {}


def _listed(names: object) -> object:
    """Take one name for a list of it."""
    return [names] if isinstance(names, str) else names


Names = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
]
"""A name, or several that belong together."""


def names_listed(names: object) -> list[str]:
    """Return what of a list of names, or of one, is a name."""
    if isinstance(names, str):
        return [names]
    return [n for n in names if isinstance(n, str)] if isinstance(names, list | tuple) else []
