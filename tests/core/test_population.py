"""Who of a population is behind classes, by plain sets; and by the two paths that count them."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.core.audit import persons_alike
from anon_dagster.core.codes import Codes
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.persons import Persons
from anon_dagster.core.population import Population

TREE = Hierarchy.from_labels([list("abcd"), list("xxyz"), ["*"] * 4])
ROW = st.tuples(st.integers(0, 3), st.integers(0, 3))


@given(
    st.lists(ROW, min_size=1, max_size=6, unique=True),
    st.lists(st.tuples(ROW, st.integers(0, 8)), min_size=1, max_size=40),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.sets(st.integers(0, 5)),
)
def test_people_behind_classes_are_those_of_sets(
    table: list[tuple[int, int]],
    records: list[tuple[tuple[int, int], int]],
    levels: tuple[int, int],
    chosen: set[int],
) -> None:
    kinds = sorted({row for row, _ in records})
    pairs = sorted({(kinds.index(row), who) for row, who in records})
    rows, owners = np.array(pairs).T
    counts = np.bincount([kinds.index(row) for row, _ in records])
    persons = Persons.of(rows, owners, len(kinds))
    population = Population(Codes.of(np.array(kinds, dtype=np.int32)), counts, persons)

    def read(row: tuple[int, int]) -> tuple[int, int]:
        first, second = (
            int(TREE.codes[level][leaf]) for level, leaf in zip(levels, row, strict=True)
        )
        return first, second

    labels = sorted({read(row) for row in table})
    ids = np.array([labels.index(read(row)) for row in table], dtype=np.int64)
    codes = Codes.of(np.array(table, dtype=np.int32))
    behind = population.behind(codes, ids, (TREE, TREE), levels)
    people: dict[tuple[int, int], set[int]] = defaultdict(set)
    for row, who in records:
        people[read(row)].add(who)
    expected = [len(people[label]) for label in labels]
    assert behind.counts.tolist() == expected
    assert population.people == len({who for _, who in records})
    released = np.array(sorted(c for c in chosen if c < len(labels)), dtype=np.int64)
    shown = {labels[c] for c in released}
    absent = {who for row, who in records if read(row) not in shown}
    assert behind.absent(released) == len(absent)
    audited, classes_of = persons_alike(
        [np.array(side) for side in zip(*labels, strict=True)],
        [np.array(side) for side in zip(*map(read, kinds), strict=True)],
        rows,
        owners,
    )
    assert audited.tolist() == expected
    expected_of = [labels.index(read(k)) if read(k) in labels else -1 for k in kinds]
    assert classes_of.tolist() == [expected_of[row] for row in rows]
    plain = Population(population.codes, population.counts)
    of_records = plain.behind(codes, ids, (TREE, TREE), levels)
    assert of_records.counts.tolist() == [
        sum(read(row) == label for row, _ in records) for label in labels
    ]
    assert of_records.absent(released) == sum(read(row) not in shown for row, _ in records)
