"""What an author may have meant: the keys and words that a request knows, by their likeness."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_ALIKE = 0.7  # of difflib's ratio
_LONGEST = 100  # characters that are worth a comparison
_MOST_NAMES = 2_000


def meant(given: object, among: Iterable[str]) -> str | None:
    """Return the most alike of several names: but for case and signs the same, or nearly so."""
    names = [name for name in among if len(name) <= _LONGEST][:_MOST_NAMES]
    if not isinstance(given, str) or len(given) > _LONGEST:
        return None
    if same := [name for name in names if _bare(name) == _bare(given)]:
        return same[0]
    if len(begun := [name for name in names if name.startswith(f"{given}_")]) == 1:
        return begun[0]
    by_bare = {_bare(name): name for name in names}
    close = get_close_matches(_bare(given), by_bare, n=1, cutoff=_ALIKE)
    return by_bare[close[0]] if close else None


def did_you_mean(given: object, among: Iterable[str], *, lead: str = "; ") -> str:
    """Return the question, to be appended to a message; nothing if no name is alike.

    Parameters
    ----------
    lead
        What stands before the question.
    """
    found = meant(given, among)
    return "" if found is None else f"{lead}did you mean {found}?"


def columns_meant(
    lacking: Iterable[str], among: Sequence[str], *, nearly: bool = True
) -> Iterator[str]:
    """Say which columns may be those that a table lacks.

    A header may be a record. So a column is named only where the request names it but for case and
    signs; of one that is nearly called so, the position is told.

    Parameters
    ----------
    lacking
        Names of the request.
    among
        Names of columns, in the order of the table; those that are no candidates are empty.
    nearly
        Whether names that are alike count, too.
    """
    for name in lacking:
        if (other := meant(name, filter(None, among))) is None:
            continue
        if _bare(other) == _bare(name):
            yield f"{name}: did you mean {other}?"
        elif nearly:
            yield f"{name}: column {among.index(other) + 1} is called nearly so"


def _bare(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum()) or name


# -- the keys of models ----------------------------------------------------------------------


def allowed_keys(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """Return the keys that a request may have at a place.

    Parameters
    ----------
    model
        What the path starts in.
    path
        As pydantic gives it, with the tags of unions in it.
    """
    models, named = [model], False
    for step in path:
        if named:
            named = False
            continue
        fields = [field for each in models if (field := _field(each, step)) is not None]
        if fields:
            models = [each for field in fields for each in _models(field.annotation)]
            named = any(_holds_dict(field.annotation) for field in fields)
        else:
            models = [each for each in models if _is_tag(each, step)] or models
    return list(dict.fromkeys(_written(name, f) for m in models for name, f in _fields(m).items()))


def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return model.model_fields


def _written(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _field(model: type[BaseModel], step: str | int) -> FieldInfo | None:
    return next((f for n, f in _fields(model).items() if step in {n, f.alias}), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from _models(each)


def _holds_dict(annotation: Any) -> bool:
    return get_origin(annotation) is dict


def _is_tag(model: type[BaseModel], step: str | int) -> bool:
    """Tell whether a step is the tag by which a union chose the model."""
    literals = [_fields(model)[key].annotation for key in ("role", "type") if key in _fields(model)]
    return step == model.__name__ or any(step in get_args(literal) for literal in literals)
