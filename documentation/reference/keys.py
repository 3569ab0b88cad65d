"""What the code says of each key of a request."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from anon_dagster.request.documents import load_yaml
from anon_dagster.request.strict import StrictModel
from documentation.reference.markdown import prose


@cache
def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each field of a model, and of those that it inherits from."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, StrictModel) and each is not StrictModel:
            found |= dict(_documented(each))
    return found


def _documented(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(tree, ast.ClassDef)
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = text.value if isinstance(text, ast.Expr) else None
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                yield field.target.id, prose(told.value)


def models(kind: type[BaseModel] = StrictModel) -> dict[str, type[BaseModel]]:
    """Return every part of a request by its name."""
    found: dict[str, type[BaseModel]] = {}
    for each in kind.__subclasses__():
        found |= {each.__name__: each, **models(each)}
    return found


@cache
def _plain() -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = load_yaml(Path(__file__).with_name("plain.yaml"))
    return words


def meaning(model: type[BaseModel], field: str) -> str:
    """Return what a key means, from the code, or in the plain words of this folder.

    Raises
    ------
    KeyError
        If nothing is said of it.
    """
    told = meanings(model).get(field) or _plain().get(model.__name__, {}).get(field)
    return told or _plain()["everywhere"][field]
