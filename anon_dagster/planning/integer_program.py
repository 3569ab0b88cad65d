"""Integer programs, solved by HiGHS, which the extra ``exact`` brings with SciPy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local import Program

WORK = 3 * 10**7
"""How many pairs of variables all nodes of the search have together: steps, so that no result
depends on the time. A node takes about as long as it has pairs; one is always looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The best values that were found, and what all others cost at least."""

    values: NDArray[np.float64]  # (variables,)
    bound: float
    """No values cost less, but for the solver's tolerances."""


def has_solver() -> bool:
    """Tell whether the extra is installed."""
    try:
        import scipy.optimize  # noqa: F401 (whether it is there)
    except ImportError:
        return False
    return True


def solve(program: Program, *, work: int = WORK) -> Answer | None:
    """Solve a program; ``None`` if no values were found, which says nothing of whether there are.

    The same program has the same answer: the solver is deterministic, and limited by nodes.
    Needs :func:`has_solver`.
    """
    nodes = max(work // len(program.costs) ** 2, 1)
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    shape = (len(program.low), len(program.costs))
    matrix = csr_array((program.entries, (program.rows, program.columns)), shape=shape)
    result = milp(
        program.costs,
        integrality=program.integral.astype(np.uint8),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, program.low, program.high),
        options={"node_limit": nodes, "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    bound = float(result.fun if result.status == 0 else result.mip_dual_bound)
    return Answer(np.asarray(result.x, dtype=np.float64), bound)
