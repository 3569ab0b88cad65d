"""The answers of this project's verification."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from anon_dagster.reading.counting import Count
from anon_dagster.request import Policy, Source
from anon_dagster.storage.sources import open_source
from anon_dagster.vectors.stored import StoredVector
from anon_dagster.verification import IDENTIFIERS, counted_release, verify


def ours(vector: StoredVector) -> list[bool | None]:
    """Verify each promise of a vector; one count serves all."""
    source = Source(path=str(vector.table))
    policies = [policy_of(vector, promise) for promise in vector.promises]
    counted = counted_release(open_source(source), counting_policy(policies), decimal=".")
    column = vector.document.get("count")
    if column is not None:
        counted = _multiplied(counted, vector, column)
    return [_holds(counted, policy) for policy in policies]


def counting_policy(policies: Sequence[Policy]) -> Policy:
    """Return the policy of a vector by which its table is counted: one with households, if any."""
    return max(policies, key=lambda policy: policy.household is not None)


def _holds(counted: Count, policy: Policy) -> bool:
    """Tell whether a table keeps a policy, but for identifiers: it has persons to be counted."""
    promises = verify(counted, policy).promises
    return all(promise.holds for promise in promises if promise.name != IDENTIFIERS)


def policy_of(vector: StoredVector, promise: Mapping[str, Any]) -> Policy:
    """Return a policy of one promise."""
    asked = {key: value for key, value in promise.items() if key not in {"model", "holds"}}
    document: dict[str, Any] = {
        "attributes": _attributes(vector),
        "privacy": {},
        "person": vector.document.get("person"),
        "population": _population(vector, asked.pop("population", None)),
    }
    if (without := vector.document.get("without_person")) is not None:
        document["without_person"] = without
    model = promise["model"]
    if model == "household":
        document["household"] = asked | {"by": vector.document["household"]}
    elif model == "trajectory":
        document["trajectory"] = asked
    else:
        document["privacy"] = {model: asked}
    return Policy.model_validate(document)


def _population(vector: StoredVector, size: int | None) -> int | dict[str, str] | None:
    if vector.population is None:
        return size
    person = vector.document.get("population_person")
    named = {} if person is None else {"person": str(person)}
    return {"path": str(vector.population)} | named


def _attributes(vector: StoredVector) -> dict[str, Any]:
    """Return the role of each column: sensitive where some promise guards it."""
    header = vector.header
    guarded = {promise.get("attribute") for promise in vector.promises}
    trees = vector.document.get("trees", {})
    attributes: dict[str, Any] = {name: {"role": "non_sensitive"} for name in header}
    attributes |= {name: {"role": "sensitive"} for name in header if name in guarded}
    for name, tree in trees.items():
        of_levels = isinstance(tree, dict)  # a list of leaves has nothing between them and the root
        rule = {"type": "tree", "nodes": tree} if of_levels else {"type": "suppress"}
        attributes[name]["hierarchy"] = rule
    for name in vector.document["quasi_identifiers"]:
        attributes[name] = {"role": "quasi_identifier"}
    owners = (vector.document.get(name) for name in ("person", "household"))
    return attributes | {n: {"role": "direct_identifier"} for n in owners if n is not None}


def _multiplied(counted: Count, vector: StoredVector, column: str) -> Count:
    """Return a count in which each row stands for as many records as its cell says."""
    *places, of_count = (vector.header.index(name) for name in (*counted.attributes, column))
    records: Counter[tuple[str | None, ...]] = Counter()
    for row in vector.rows:
        records[tuple(row[place] or None for place in places)] += int(row[of_count])
    labels = [counted.columns[name].labels for name in counted.attributes]
    tuples = [
        tuple(own[code] for own, code in zip(labels, codes, strict=True))
        for codes in np.column_stack(counted.table.codes.columns).tolist()
    ]
    counts = np.array([records[each] for each in tuples], dtype=np.int64)
    columns = dict(counted.columns)
    for name, codes in zip(counted.attributes, counted.table.codes.columns, strict=True):
        sums = np.zeros(len(columns[name].counts), dtype=np.int64)
        np.add.at(sums, codes, counts)
        columns[name] = replace(columns[name], counts=sums)
    return replace(counted, columns=columns, table=replace(counted.table, counts=counts))
