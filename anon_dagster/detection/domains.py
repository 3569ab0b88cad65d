"""What a column can be: the domains, those of the project and those of a caller."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from anon_dagster.detection.patterns import is_linear
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.request.documents import load_yaml, parse_yaml
from anon_dagster.request.problems import problems_of
from anon_dagster.request.yaml_reading import Below

Role = Literal["direct_identifier", "quasi_identifier", "sensitive", "non_sensitive", "weight"]
Text = Annotated[str, Field(min_length=1)]

_OWN = {"own": True}
"""Says that a domain is one of the project's."""


class Domain(BaseModel):
    """What a column can be, and how it is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Text
    examples: tuple[str, ...] = ()
    """Invented ones."""
    kind: str = "custom"
    role: Role | None = None
    """Of the columns of this domain; left out where it depends on the data."""
    names: tuple[str, ...] = ()
    """What such columns are called; ``~`` marks a word that says little, ``*`` an open end."""
    name_pattern: str | None = None
    """A regular expression that whole names of such columns match, in any case."""
    shape: str = "any"
    """What values must look like for a name alone to be believed."""
    coded: bool = False
    """Whether a survey may hold numbers instead of the values."""
    pattern: str | None = None
    """A regular expression that whole values match."""
    check: str | None = None
    """A check digit or the like, by the name of a function of this package."""
    values: str | tuple[str, ...] | None = None
    """A closed vocabulary: the name of a shipped one, or the values themselves."""
    strength: Annotated[float, Field(ge=0, le=1)] = 0.9
    """How much a match of all values says."""
    priority: int = 0
    """Of several domains that fit a column, the one of the highest priority is taken."""

    @field_validator("pattern", "name_pattern")
    @classmethod
    def _is_linear(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        """Refuse what a cell could keep busy for ever; our own are known, and Python's."""
        own = info.context is _OWN or pattern is None or is_own(pattern)
        if not own and not is_linear(pattern or ""):
            raise ValueError(
                "no regular expression that is understood: it is written as RE2 has it, without "
                "(?=…), (?<=…), backreferences, and repetitions of more than 1,000"
            )
        return pattern


Domains = Mapping[str, Domain]


@cache
def built_in() -> Domains:
    """Return the domains of the project, by name."""
    text = files(__package__).joinpath("domains.yaml").read_text(encoding="utf-8")
    documents = parse_yaml(text, name="domains.yaml", top=Below.names)
    return {n: Domain.model_validate(d, context=_OWN) for n, d in documents.items()}


def with_custom(custom: Mapping[str, Any] | str | Path | None) -> Domains:
    """Return the domains of the project and those of a caller, which win over namesakes.

    Parameters
    ----------
    custom
        Domains by name, in the form of ``domains.yaml``; or the path of such a YAML file.

    Raises
    ------
    RequestError
        With every problem of the custom domains.
    """
    return {**built_in(), **_parsed(custom)}


def custom_document(custom: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """Return the domains of a caller as a document that can be sent, after the same checks."""
    return {n: d.model_dump(mode="json", exclude_unset=True) for n, d in _parsed(custom).items()}


def _parsed(custom: Mapping[str, Any] | str | Path | None) -> dict[str, Domain]:
    """Return the domains of a caller by name, after all problems of them are collected."""
    if custom is None:
        return {}
    if isinstance(custom, str | Path):
        custom = load_yaml(Path(custom), top=Below.names)
    if not isinstance(custom, Mapping):
        raise RequestError(
            "custom domains are a mapping by name, or the path of a YAML file of one"
        )
    problems: list[Complaint] = []
    domains: dict[str, Domain] = {}
    for name, described in custom.items():
        try:
            domain = (
                described if isinstance(described, Domain) else Domain.model_validate(described)
            )
            domains[str(name)] = domain if domain.priority else domain.model_copy(update=_FIRST)
        except ValidationError as error:
            problems += problems_of(error, Domain, str(name))
    if problems:
        raise RequestError(problems)
    return domains


_FIRST = {"priority": 1}


def is_own(pattern: str) -> bool:
    """Tell whether a regular expression is one of the project's, which Python's engine matches."""
    return pattern in _own_patterns()


@cache
def _own_patterns() -> frozenset[str]:
    own = built_in().values()
    return frozenset(p for d in own for p in (d.pattern, d.name_pattern) if p is not None)


def data_domains(custom: Mapping[str, Any] | str | Path | None = None) -> pd.DataFrame:
    """List what a column can be detected as.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``name``: ``description``, ``examples`` (invented ones), ``kind`` and ``role``
        (missing where it depends on the data).
    """
    rows = [
        (name, d.description, ", ".join(d.examples), d.kind, d.role)
        for name, d in with_custom(custom).items()
    ]
    columns = ["name", "description", "examples", "kind", "role"]
    return pd.DataFrame(rows, columns=columns).set_index("name")
