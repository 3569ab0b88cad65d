"""A solution that outlives its job, written down as a document.

The document says how every released class reads, and by which rules values were generalized. It is
a function of the release and its request: of two sources that give the same release by the same
request the documents are equal, whatever else the sources held.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.core.local import Anything, Cells, Members, Range, Value, parse_label
from anon_dagster.core.ordering import Meaning
from anon_dagster.discreet import Discreet
from anon_dagster.errors import HierarchyError, RequestError
from anon_dagster.hierarchies import default_rule
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import domain_of
from anon_dagster.releasing.later_meaning import later_meaning
from anon_dagster.request import (
    DateRule,
    HierarchyRule,
    IntervalRule,
    MaskRule,
    OrderRule,
    Policy,
    QuasiIdentifier,
    SuppressRule,
    parse_policy,
)
from anon_dagster.storage.meaning import ordering_of

_VERSION = 2
FORMAT = f"anon-dagster solution {_VERSION}"
_READ = ("policy", "levels", "cells")
_VERSIONED = re.compile(r"anon-dagster solution ([0-9]+)")


@dataclass(frozen=True, eq=False)
class StoredSolution(Discreet, shown=("levels",)):
    """What was decided once, ready to be applied to other records."""

    policy: Policy
    """With a rule for every quasi-identifier."""
    released: tuple[tuple[Label, ...], ...]
    """(quasi-identifiers,) of (labels,): how they read, averages among them."""
    codes: NDArray[np.int32]
    """(classes, quasi-identifiers): the label of each class."""
    cells: Cells
    """What each class covers: any value of an attribute that it averages."""
    levels: tuple[int, ...] | None
    """Level of each quasi-identifier, for full-domain generalization."""

    @property
    def classes(self) -> int:
        """How many classes were released."""
        return len(self.cells.order)

    @cached_property
    def named(self) -> tuple[set[Label], ...]:
        """The values that released labels name, of each quasi-identifier."""
        return tuple(set(_named(self.cells, q)) for q in range(len(self.cells.labels)))

    @cached_property
    def meanings(self) -> dict[str, Meaning]:
        """What later values mean, of each quasi-identifier whose rule or labels tell it."""
        told = {
            name: later_meaning(attribute.hierarchy, self.named[q], self.cells.labels[q])
            for q, (name, attribute) in enumerate(self.policy.quasi_identifiers.items())
        }
        return {name: meaning for name, meaning in told.items() if meaning is not None}


def _named(cells: Cells, q: int) -> Iterable[Label]:
    levels, labels = cells.levels[q], cells.labels[q]
    if levels is None:
        return chain.from_iterable(map(values_in, labels))
    return (label for level, label in zip(levels, labels, strict=True) if level == 0)


def values_in(label: Label) -> tuple[Label, ...]:
    """Return the values that a label of a range or a set names."""
    parsed = parse_label(label)
    if isinstance(parsed, Range):
        return (parsed.low, parsed.high)
    if isinstance(parsed, Members):
        return tuple(parsed.values)
    return (parsed.value,) if isinstance(parsed, Value) else ()


# -- writing -------------------------------------------------------------------------------


def to_document(decision: Decision) -> dict[str, Any]:
    """Write down a solution as JSON can hold it.

    Raises
    ------
    RequestError
        If it is of those records alone: clusters made by MDAV, a secret sample.
    """
    _require_applicable(decision)
    plan, solution = decision.plan, decision.solution
    cells = Cells.of(plan.problem, solution)
    columns = []
    attributes = dict(plan.policy.attributes)
    for q, (name, attribute) in enumerate(plan.policy.quasi_identifiers.items()):
        rule, column = _visible(decision, name, cells, q)
        columns.append(column)
        attributes[name] = attribute.model_copy(update={"hierarchy": rule})
    policy = plan.policy.model_copy(update={"attributes": attributes})
    rows = sorted(set(zip(*(column.codes for column in columns), strict=True)))
    global_levels = None
    if solution.levels is not None:
        global_levels = [max(column.levels or [0]) for column in columns]
    content = {
        "policy": policy.model_dump(mode="json", by_alias=True),
        "levels": global_levels,
        "cells": {
            "labels": [list(column.labels) for column in columns],
            "levels": [column.levels for column in columns],
            "codes": [list(row) for row in rows],
        },
    }
    head = {"format": FORMAT, "software": version("anon-dagster")}
    return {**head, **content, "checksum": _checksum(content)}


def _checksum(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a solution is read from."""
    content = json.dumps([document[key] for key in _READ], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _require_applicable(decision: Decision) -> None:
    plan = decision.plan
    if decision.own is not None:
        raise RequestError(
            "the solution of linked tables is of their persons together and cannot be applied to "
            "other records: anonymize all of the tables again"
        )
    for name, attribute in plan.policy.quasi_identifiers.items():
        rule = attribute.hierarchy
        in_order = attribute.local_labels == "ranges" and plan.policy.recoding == "local"
        in_order |= isinstance(rule, OrderRule) and rule.order is None
        if in_order and decision.counted.columns[name].ordering.meaning is Meaning.category:
            raise RequestError(
                f"{name}: the order of its values is one that the table declares, and later "
                "records may come without it; write it into the request, as the order of a "
                "hierarchy of the type order"
            )
    if plan.clusters is not None:
        raise RequestError(
            f"{', '.join(plan.clusters.labels)}: clusters made by MDAV are those of their records "
            "and cannot be applied to others; use groups: classes"
        )
    if plan.policy.privacy.differential_privacy is not None:
        raise RequestError(
            "a differentially private release is of the records that were drawn for it; its "
            "solution cannot be applied to others: anonymize them"
        )


@dataclass(frozen=True, slots=True)
class _Column(Discreet):
    """How one quasi-identifier reads in the released classes."""

    labels: tuple[Label, ...]  # (labels,): in alphabetical order, a missing value last
    levels: list[int] | None  # (labels,): of their nodes; None: ranges or sets
    codes: list[int]  # (classes,): label of each class


def _visible(decision: Decision, name: str, cells: Cells, q: int) -> tuple[HierarchyRule, _Column]:
    """Return the rule of a quasi-identifier, as far as its released labels show it, and these."""
    attribute = decision.plan.policy.quasi_identifiers[name]
    used = set(decision.solution.classes.tolist()) - {-1}
    codes = cells.codes[sorted(used), q].tolist() if used else []
    levels = cells.levels[q]
    if attribute.aggregate is not None:
        return SuppressRule(), _column(cells.labels[q], None, codes)
    shown = {} if levels is None else {code: levels[code] for code in codes}
    top = decision.plan.hierarchies[name].levels - 1
    rule = attribute.hierarchy
    if rule is None:
        column = domain_of(decision.plan.policy, decision.counted, name)
        rule = default_rule(column.labels, column.ordering, decimal=column.decimal)
    visible, renumbered = _as_far_as_shown(
        rule, sorted(set(shown.values()) - {0, top}), top, own=attribute.hierarchy is not None
    )
    of_label = None if levels is None else {c: renumbered[level] for c, level in shown.items()}
    return visible, _column(cells.labels[q], of_label, codes)


def _as_far_as_shown(
    rule: HierarchyRule, inner: Sequence[int], top: int, *, own: bool
) -> tuple[HierarchyRule, dict[int, int]]:
    """Return what released labels show of a rule, and the new number of each level.

    A rule of the request is no secret, but for how many characters a mask without levels hides:
    as many as the longest value has. A rule that was made out of the values keeps the levels that
    labels have.

    Parameters
    ----------
    inner
        The levels of released labels between the values and ``*``.
    """
    every_level = {level: level for level in range(top + 1)}
    if isinstance(rule, MaskRule) and rule.levels is None and rule.keep is None:
        highest = max(inner, default=0)
        shown = rule.model_copy(update={"levels": highest}) if highest else SuppressRule()
        return shown, {**{level: level for level in range(highest + 1)}, top: highest + 1}
    if own or (inner and not isinstance(rule, IntervalRule | DateRule)):
        return rule, every_level
    renumbered = {0: 0, **{level: n for n, level in enumerate(inner, 1)}, top: len(inner) + 1}
    if not inner:
        return SuppressRule(), renumbered
    steps = "widths" if isinstance(rule, IntervalRule) else "levels"
    kept = tuple(getattr(rule, steps)[level - 1] for level in inner)
    return rule.model_copy(update={steps: kept}), renumbered


def _column(
    labels: Sequence[Label],
    levels: Mapping[int, int] | None,
    codes: Sequence[int],
) -> _Column:
    """Put labels in the order of the alphabet, those that read alike on one level joined."""

    def key(code: int) -> tuple[bool, str, int]:
        label = labels[code]
        return label is None, label or "", 0 if levels is None else levels[code]

    keys = sorted({key(code) for code in codes})
    place = {each: n for n, each in enumerate(keys)}
    shown = tuple(None if missing else text for missing, text, _ in keys)
    of_shown = None if levels is None else [level for *_, level in keys]
    return _Column(shown, of_shown, [place[key(code)] for code in codes])


# -- reading -------------------------------------------------------------------------------

_Number = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
_LEVELS: TypeAdapter[tuple[_Number, ...] | None] = TypeAdapter(tuple[_Number, ...] | None)


class _CellsDocument(BaseModel):
    """How the released classes read, as it is written down."""

    labels: tuple[tuple[str | None, ...], ...]  # (quasi-identifiers,) of (labels,)
    levels: tuple[tuple[_Number, ...] | None, ...]  # of the nodes; None: ranges or sets
    codes: tuple[tuple[_Number, ...], ...]  # (classes,) of (quasi-identifiers,)


def from_document(document: Mapping[str, Any]) -> StoredSolution:
    """Read a solution back.

    Raises
    ------
    RequestError
        If it is no solution, one of another version, or damaged.
    """
    _require_format(document.get("format"))
    try:
        if document["checksum"] == _checksum(document):
            return _stored(document)
        problem = "the solution is damaged, or was altered: it is not as it was written down"
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, HierarchyError):
        problem = "the solution is damaged: a part of it is missing or unfit"
    raise RequestError(problem)


def _require_format(name: object) -> None:
    """Refuse what is no solution, and a version of them that is not understood."""
    if name == FORMAT:
        return
    if isinstance(name, str) and (match := _VERSIONED.fullmatch(name)):
        raise RequestError(
            f"the solution is written in version {match[1]} of its format, and only version "
            f"{_VERSION} can be applied: use the software that wrote it, or decide anew"
        )
    raise RequestError(f"this is no solution that can be applied: its format is not {FORMAT}")


def _stored(document: Mapping[str, Any]) -> StoredSolution:
    policy = parse_policy(document["policy"])
    attributes = tuple(policy.quasi_identifiers.values())
    told = _CellsDocument.model_validate(document["cells"])
    asked = _LEVELS.validate_python(document["levels"])
    labels, levels, rows = told.labels, told.levels, told.codes
    if asked is None and policy.recoding != "local":
        raise ValueError("levels go with a global recoding")
    if asked is not None and len(asked) != len(attributes):
        raise ValueError("a quasi-identifier without a level")
    for level, own in zip(asked or (), levels, strict=False):
        if own is not None and set(own) - {level}:
            raise ValueError("a label of another level than its quasi-identifier")
    codes = np.array(rows, dtype=np.int32).reshape(len(rows), len(attributes))
    _require_consistent(attributes, labels, levels, codes)
    covering = [
        _covering(attribute, labels[q], levels[q]) for q, attribute in enumerate(attributes)
    ]
    aggregated = np.array([a.aggregate is not None for a in attributes], dtype=np.bool_)
    placed = np.where(aggregated, np.int32(0), codes)
    breadth = sum(
        (a.importance * _breadth(*covering[q])[placed[:, q]] for q, a in enumerate(attributes)),
        start=np.zeros(len(rows)),
    )
    cells = Cells(
        tuple(shown for shown, _ in covering),
        tuple(of_shown for _, of_shown in covering),
        placed,
        np.argsort(breadth, kind="stable"),
    )
    return StoredSolution(policy, labels, codes, cells, asked)


def _breadth(labels: Sequence[Label], levels: Sequence[int] | None) -> NDArray[np.float64]:
    """Return how much each label covers, (labels,), as far as the labels themselves tell.

    Of a node it is its level, of a range or a set the values of all labels that it covers; each as
    a share of the largest there is.
    """
    if levels is not None:
        return np.array(levels, dtype=np.float64) / max(1, *levels)
    named = pa.array(
        sorted({v for label in labels for v in values_in(label) if v is not None}), pa.string()
    )
    ranks = dict(zip(named.to_pylist(), ordering_of(named).ranks.tolist(), strict=True))
    return np.array([_share(label, ranks) for label in labels])


def _share(label: Label, ranks: Mapping[str, int]) -> float:
    parsed = parse_label(label)
    if isinstance(parsed, Anything):
        return 1.0
    if isinstance(parsed, Range):
        return (ranks[parsed.high] - ranks[parsed.low] + 1) / len(ranks)
    return len(values_in(label)) / (len(ranks) + 1)


def _covering(
    attribute: QuasiIdentifier, labels: tuple[Label, ...], levels: tuple[int, ...] | None
) -> tuple[tuple[Label, ...], tuple[int, ...] | None]:
    """Return the labels by which values are placed: of an average all are as good."""
    if attribute.aggregate is not None:
        return (SUPPRESSED,), (1,)
    return labels, levels


def _require_consistent(
    attributes: Sequence[QuasiIdentifier],
    labels: Sequence[tuple[Label, ...]],
    levels: Sequence[tuple[int, ...] | None],
    codes: NDArray[np.int32],
) -> None:
    """Raise a ValueError unless each class has a label and each label a level, if it has nodes."""
    if not len(attributes) == len(labels) == len(levels) == len(codes.T):
        raise ValueError("another number of quasi-identifiers")
    if any(attribute.hierarchy is None for attribute in attributes):
        raise ValueError("a quasi-identifier without a rule")
    for q, of_attribute in enumerate(labels):
        own = levels[q]
        if own is not None and len(own) != len(of_attribute):
            raise ValueError("labels without a level")
        if own is None:
            list(map(parse_label, of_attribute))
        if len(codes) and codes[:, q].max() >= len(of_attribute):
            raise ValueError("a class without a label")
