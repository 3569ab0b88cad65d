"""What decides is held against the public vectors, too: a table is a candidate at level 0."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.planning.plan import plan
from anon_dagster.request import Request, Source
from anon_dagster.storage.sources import open_source
from anon_dagster.vectors import StoredVector, stored_vectors
from anon_dagster.vectors.ours import counting_policy, policy_of
from anon_dagster.verification import counted_release

OTHERWISE = {
    "k-anonymity/label-00": "an asterisk in a source is refused",
    "k-anonymity/spellings": "1 and 1.0 of a source are one number, and released as one",
    "k-anonymity/idle-zero": "so are 7 and 07 where they are all there is",
}
ESTIMATED = "population_uniqueness"


def in_question(vector: StoredVector) -> bool:
    """Tell whether a vector is a source of records; a population would be generalized anew."""
    return vector.name not in OTHERWISE and not {"count", "population"} & set(vector.document)


def verdicts(vector: StoredVector) -> Iterator[tuple[bool, bool]]:
    """Give for each promise whether the table would be released for it as it is, and the truth."""
    promises = [promise for promise in vector.promises if promise["model"] != ESTIMATED]
    policies = [policy_of(vector, promise) for promise in promises]
    if not policies:
        return
    table = open_source(Source(path=str(vector.table)))
    counted = counted_release(table, counting_policy(policies), decimal=".").understood()
    for promise, policy in zip(promises, policies, strict=True):
        problem = plan(Request(policy=policy), counted).problem
        found = evaluate(problem, [0] * len(problem.hierarchies))
        yield found.feasible and not found.failing.any(), bool(promise["holds"])


@pytest.mark.slow
def test_what_decides_is_right_of_every_vector(project_folder: Path) -> None:
    wrong, asked = [], 0
    for vector in filter(in_question, stored_vectors(project_folder / "vectors" / "data")):
        for place, (kept, truth) in enumerate(verdicts(vector)):
            asked += 1
            if kept is not truth:
                wrong.append(f"{vector.name}: {place + 1}")
    assert not wrong
    assert asked > 1900
