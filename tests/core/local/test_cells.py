"""The cells of a local recoding survive their document, and take the records that they cover."""

import numpy as np
import pytest

from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.local import Cells, recode_locally
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Solution
from anon_dagster.errors import HierarchyError
from tests.core.local.examples import KINDS, covers, random_problem


@pytest.mark.parametrize("kind", KINDS)
def test_cells_take_rows_that_they_cover(kind: str) -> None:
    problem = random_problem(5, kind=kind, rows=200)
    solution = recode_locally(problem)
    cells = Cells.of(problem, solution)
    rows = np.stack(
        np.meshgrid(*(np.arange(-1, h.leaves) for h in problem.hierarchies)), axis=-1
    ).reshape(-1, 3)
    assigned = cells.assign(rows.astype(np.int32), problem.hierarchies, problem.orders)
    own = cells.assign(problem.codes.array, problem.hierarchies, problem.orders)
    assert (own >= 0).all()
    for row, of in zip(rows.tolist(), assigned.tolist(), strict=True):
        takers = [each for each in cells.order.tolist() if covered_by(problem, solution, each, row)]
        assert of == (takers[0] if takers else -1)


def covered_by(problem: Problem, solution: Solution, of: int, row: list[int]) -> bool:
    return all(
        leaf >= 0 and covers(problem, q, g.labels[g.codes[of]], int(g.covered[g.codes[of]]), leaf)
        for q, (g, leaf) in enumerate(zip(solution.generalized, row, strict=True))
    )


def test_cells_whose_labels_a_hierarchy_lacks_are_refused() -> None:
    problem = random_problem(5, kind="mixed", rows=200)
    cells = Cells.of(problem, recode_locally(problem))
    others = (Hierarchy.from_labels([["1", "2"]]), *problem.hierarchies[1:])
    with pytest.raises(HierarchyError, match="lacks"):
        cells.assign(np.zeros((1, 3), dtype=np.int32), others, (np.arange(2), None, None))
