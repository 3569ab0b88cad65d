"""Improve classes round by round: regroup neighbours, then move single tuples."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.local.axis import NodeAxis
from anon_dagster.core.local.extent import class_losses
from anon_dagster.core.local.moving import move
from anon_dagster.core.local.points import Points
from anon_dagster.core.local.regrouping import TREES, regroup
from anon_dagster.core.objectives import TIE

Ints = NDArray[np.int64]

WORK = 1_600_000
"""Tuples regrouped over all rounds: a large table gets fewer rounds, but one at least."""
LARGE = 100_000
"""With more tuples than so many, one tree has to do, and single tuples are not moved."""
MOST_ROUNDS = 48
"""So many rounds at most, whatever the size."""
PATIENCE = 3
"""Over so many rounds something must be gained, or no more is expected."""
LEAST_GAIN, LEAST_GAIN_OF_SETS = 0.004, 0.001
"""What must be gained over these rounds, as a share of the loss; else it is time to stop. Ranges
and sets, which fit closer than nodes, gain for longer."""
SEED = 0


@dataclass(frozen=True, slots=True)
class Effort:
    """How long classes are improved; left out, as long as it pays on a table of such a size."""

    rounds: int | None = None
    seconds: float | None = None
    """The result then depends on the speed of the machine."""
    seed: int = SEED

    def most_rounds(self, tuples: int) -> int | None:
        """Return how many rounds there are at most; ``None`` if only the clock ends them."""
        if self.rounds is not None or self.seconds is not None:
            return self.rounds
        return min(MOST_ROUNDS, max(1, WORK // max(tuples, 1)))


@dataclass(slots=True, eq=False)
class Improvement:
    """Rounds of improvement on one table, and how many there were."""

    points: Points
    effort: Effort
    on_share: Callable[[float], None]
    """Told how much is done at most, 0 to 1."""
    spent: int = 0
    """Rounds."""
    generator: np.random.Generator = field(init=False)
    _started: float = field(default_factory=monotonic)
    _told: float = 0.0

    def __post_init__(self) -> None:
        self.generator = np.random.Generator(np.random.PCG64(self.effort.seed))

    def improve(self, cells: Ints, *, most: int | None = None) -> Ints:
        """Return classes that lose no more than the given ones, (tuples,).

        Parameters
        ----------
        cells
            (tuples,): the class of each tuple, from 0 without a gap; -1 stays suppressed.
        most
            So many rounds at most, within what the effort leaves.
        """
        losses = [self._loss(cells)]
        allowed = self.effort.most_rounds(len(cells))
        limit = allowed if most is None else min(most, allowed if allowed is not None else most)
        done = 0
        while not self.has_spent(1.0) and (limit is None or done < limit):
            self._tell(self._share(done, limit))
            cells = self._round(cells)
            losses.append(self._loss(cells))
            done += 1
            if self._idle(losses):
                break
        self.spent += done
        return cells

    def _tell(self, share: float) -> None:
        """Tell how much is done, never less than before."""
        self._told = max(self._told, share)
        self.on_share(self._told)

    def _round(self, cells: Ints) -> Ints:
        large = len(cells) > LARGE
        regrouped = regroup(
            self.points, cells, generator=self.generator, trees=1 if large else TREES
        )
        return regrouped if large else move(self.points, regrouped, generator=self.generator)

    def _loss(self, cells: Ints) -> float:
        return float(class_losses(self.points, cells).sum())

    def _idle(self, losses: list[float]) -> bool:
        """Tell whether the last rounds gained too little for another one."""
        if losses[-1] <= TIE * self.points.problem.records:
            return True
        if len(losses) <= PATIENCE:
            return False
        gained = losses[-1 - PATIENCE] - losses[-1]
        asked = self.effort.rounds is not None or self.effort.seconds is not None
        nodes = all(isinstance(axis, NodeAxis) for axis in self.points.axes)
        least = LEAST_GAIN if nodes else LEAST_GAIN_OF_SETS
        return gained <= (0.0 if asked else least * losses[-1])

    def has_spent(self, share: float) -> bool:
        """Tell whether such a share of the seconds is over, if any were given."""
        seconds = self.effort.seconds
        return seconds is not None and monotonic() - self._started >= share * seconds

    def _share(self, done: int, limit: int | None) -> float:
        """Return how much of the rounds, or of the seconds, is over."""
        of_rounds = done / limit if limit else 0.0
        seconds = self.effort.seconds
        of_seconds = (monotonic() - self._started) / seconds if seconds else 0.0
        return min(max(of_rounds, of_seconds), 1.0)
