"""The solution of a version: how records are recoded, and the reference that stays as it was."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_dagster.continuous.stream import StateFiles, Stream
from anon_dagster.core.ordering import Meaning
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.errors import UnreachableError
from anon_dagster.jobs.file_names import count_of
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.frozen import guarded_part, judged
from anon_dagster.planning.plan import plan
from anon_dagster.reading.counting import Count
from anon_dagster.reading.packed_counts import packed, unpacked
from anon_dagster.releasing.assignment import assign_open
from anon_dagster.releasing.stored_solution import StoredSolution, from_document, to_document
from anon_dagster.request import Policy, Request
from anon_dagster.request.privacy import KAnonymityRule

_OF_VERSION = ("judge_at", "records", "shares", "meanings", "asked")
_TIMES = (1, 2, 4, 8)
"""Classes are judged at so many times k people …"""
_LOST = 0.01
"""… the fewest at which no larger share of the reference's people would be lost."""
_MOST_ROWS = 500_000
"""So many records of the reference tell it, where nobody is named."""


@dataclass(frozen=True, slots=True, eq=False)
class Version(Discreet, shown=("number", "judge_at", "records")):
    """A solution with its number."""

    number: int
    document: Mapping[str, Any]
    stored: StoredSolution
    reference: Count
    """The sensitive attributes of the table that it was decided from."""
    judge_at: int
    """How many people a class has when it is judged."""
    records: int
    """How many records the reference has."""
    shares: Mapping[str, Mapping[str, float]]
    """Of each attribute the share of each label, or sensitive value, in the reference."""
    meanings: Mapping[str, Meaning]
    """What the values of attributes meant in the reference."""
    asked: str = ""
    """What it was decided for, see :attr:`Stream.asked`."""

    @property
    def policy(self) -> Policy:
        """What must hold, with a rule for every quasi-identifier."""
        return self.stored.policy


def smallest_class(policy: Policy) -> int:
    """Return how many people the promises about sizes ask for, at least 2."""
    rule = policy.privacy.k_anonymity
    sizes = [alpha.k for alpha in policy.privacy.alpha_k_anonymity]
    return max(2, *sizes, *([] if rule is None else [rule.k]))


def decided(number: int, stream: Stream, request: Request, counted: Count) -> Version | None:
    """Decide a solution from a table, which is its reference from now on.

    Its classes have as many people in the table as they have to have when they are judged. How
    many that are is found out: classes are cut into groups of as many people, in an order that is
    none of theirs; people in groups that break a promise would be lost.

    Returns
    -------
    Version or None
        It is kept then; None if no candidate keeps every promise: there are too few records yet.
    """
    judge_at = stream.settings.judge_at
    k, guarding = smallest_class(request.policy), request.policy.privacy.guarding
    sizes = (
        (judge_at,) if judge_at else tuple(k * times for times in _TIMES if guarding or times == 1)
    )
    best: tuple[float, Version] | None = None
    for size in sizes:
        version = _decided_at(size, number, request, counted)
        if version is None:
            break
        lost = _lost(version, counted) if len(sizes) > 1 else 0.0
        if best is None or lost < best[0]:
            best = lost, version
        if lost <= _LOST:
            break
    if best is None:
        return None
    found = replace(best[1], asked=stream.asked)
    save_version(stream.files, found)
    return found


def _decided_at(size: int, number: int, request: Request, counted: Count) -> Version | None:
    """Decide a solution whose classes have so many people; None if there is none."""
    if not counted.records:
        return None
    try:
        made = plan(_with_k(request, size), counted)
        made = replace(made, policy=request.policy)
        decision = Decision(request, counted, made, decide(made))
    except UnreachableError:
        return None
    document = to_document(decision)
    stored = from_document(document)
    of_reference = assign_open(stored, counted)[1]
    return Version(
        number,
        document,
        stored,
        guarded_part(stored.policy, counted),
        size,
        counted.records,
        shares_of(stored.policy, counted, of_reference),
        _meanings(counted),
    )


def _with_k(request: Request, k: int) -> Request:
    privacy = request.policy.privacy.model_copy(update={"k_anonymity": KAnonymityRule(k=k)})
    return request.model_copy(
        update={"policy": request.policy.model_copy(update={"privacy": privacy})}
    )


def _meanings(counted: Count) -> dict[str, Meaning]:
    found = {name: counted.columns[name].ordering.meaning for name in counted.attributes}
    return {name: meaning for name, meaning in found.items() if meaning is not Meaning.category}


def _lost(version: Version, counted: Count) -> float:
    """Return the share of people in groups that break a promise; 1 where there are none."""
    beside = judged(version.policy, counted, version.reference, apart=_MOST_ROWS)
    classes = assign_open(version.stored, counted)[1].classes[beside.tuples]
    groups = groups_of(classes, beside.owners, version.judge_at)
    number = int(groups.max(initial=-1)) + 1
    return float((~beside.keep(groups, number)).sum() / number) if number else 1.0


def groups_of(
    classes: NDArray[np.int64], persons: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Cut classes into groups of so many persons, by their order; of what is left over, -1.

    Parameters
    ----------
    classes, persons
        (rows,): the class of each, or -1, and whose it is.

    Returns
    -------
    NDArray[np.int64]
        (rows,): the group of each, numbered from 0.
    """
    space = int(persons.max(initial=-1)) + 1
    members, of_rows = np.unique((classes + 1) * space + persons, return_inverse=True)
    of_members = members // max(space, 1) - 1
    sizes = np.bincount(of_members + 1)
    ranks = np.arange(len(members)) - (np.cumsum(sizes) - sizes)[of_members + 1]
    whole = (of_members >= 0) & (ranks < sizes[of_members + 1] // size * size)
    groups = np.full(len(members), -1, dtype=np.int64)
    keys = of_members[whole] * (len(members) + 1) + ranks[whole] // size
    groups[whole] = np.unique(keys, return_inverse=True)[1].reshape(-1)
    found: NDArray[np.int64] = groups[of_rows.reshape(-1)]
    return found


# -- how values are spread -------------------------------------------------------------------


def shares_of(policy: Policy, counted: Count, solution: Solution) -> dict[str, dict[str, float]]:
    """Return the share of each released label, and of each sensitive value, among the records."""
    records = max(counted.records, 1)
    return {
        name: {label: count / records for label, count in counts.items()}
        for name, counts in label_counts(policy, counted, solution).items()
    }


def label_counts(policy: Policy, counted: Count, solution: Solution) -> dict[str, dict[str, int]]:
    """Count the records of each label of quasi-identifiers, and of each sensitive value."""
    told: dict[str, dict[str, int]] = {}
    inside = solution.classes >= 0
    outside = int(counted.table.counts[~inside].sum())
    for name, column in zip(policy.quasi_identifiers, solution.generalized, strict=True):
        sums = np.zeros(len(column.labels), dtype=np.int64)
        np.add.at(sums, column.codes[solution.classes[inside]], counted.table.counts[inside])
        told[name] = {_key(n): int(c) for n, c in zip(column.labels, sums, strict=True) if c}
        if outside:
            told[name]["\0outside"] = outside
    for name in policy.names("sensitive"):
        column_count = counted.columns[name]
        counts = column_count.counts.tolist()
        told[name] = {_key(n): c for n, c in zip(column_count.labels, counts, strict=True)}
    return told


def _key(label: str | None) -> str:
    return "\0missing" if label is None else label


# -- keeping -------------------------------------------------------------------------------


def save_version(files: StateFiles, version: Version) -> None:
    """Keep a version; nothing refers to it before its step is finished."""
    number = version.number
    files.save_document(f"solution.{number}.json", version.document)
    save_count(files, f"reference.{number}", version.reference)
    files.save_document(
        f"judged.{number}.json",
        {
            "judge_at": version.judge_at,
            "records": version.records,
            "shares": {name: dict(shares) for name, shares in version.shares.items()},
            "meanings": {name: meaning.value for name, meaning in version.meanings.items()},
            "asked": version.asked,
        },
    )


def load_version(stream: Stream, number: int) -> Version | None:
    """Return a version; none of number 0."""
    if not number:
        return None
    files = stream.files
    document = files.load_document(f"solution.{number}.json")
    told = files.load_document(f"judged.{number}.json", needs=_OF_VERSION)
    return Version(
        number,
        document,
        from_document(document),
        load_count(files, f"reference.{number}"),
        told["judge_at"],
        told["records"],
        told["shares"],
        {name: Meaning(value) for name, value in told["meanings"].items()},
        told["asked"],
    )


def save_count(files: StateFiles, name: str, counted: Count) -> None:
    """Keep a count."""
    columns, arrays = packed(counted)
    table, kept = count_of(name)
    files.save_table(table, columns)
    files.save_arrays(kept, arrays)


def load_count(files: StateFiles, name: str) -> Count:
    """Return a count that was kept."""
    table, kept = count_of(name)
    return unpacked(files.load_table(table), files.load_arrays(kept), decimal=".")
