"""The page of every public function and class, which mkdocstrings fills from their docstrings."""

import inspect
from types import ModuleType
from typing import Any

import anon_dagster
from anon_dagster import client, labels

HEAD = """# Functions and classes

For whoever programs: every public name with its arguments, what it gives and what it raises, from the code.
[Names](../python.md) is the short list of them.
"""


def page() -> str:
    """Return the page: functions first, then what they give, then clients and labels."""
    own = {name: getattr(anon_dagster, name) for name in anon_dagster.__all__}
    functions = {name: each for name, each in own.items() if inspect.isfunction(each)}
    classes = {
        name: each
        for name, each in own.items()
        if inspect.isclass(each) and not issubclass(each, Exception)
    }
    return HEAD + "".join(
        (
            _group("Functions", functions),
            _group("What they give", classes),
            _group("Jobs", _public(client)),
            _group("Labels", _public(labels)),
        )
    )


def _public(module: ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in module.__all__}


def _group(title: str, members: dict[str, Any]) -> str:
    return f"\n## {title}\n\n" + "\n".join(
        _entry(member) for _, member in sorted(members.items()) if hasattr(member, "__qualname__")
    )


def _entry(member: Any) -> str:  # noqa: ANN401 (a function or a class)
    """Return what mkdocstrings puts the docstring in place of."""
    return f"::: {member.__module__}.{member.__qualname__}\n"
