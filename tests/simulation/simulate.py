"""One seed, from the empty world to the quiet after all."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.simulation.arriving import Arrivals
from tests.simulation.laws import require, require_clean
from tests.simulation.queueing import Queueing
from tests.simulation.world import World, make, running

_ROUNDS = 40
"""Of daemons, until all must be quiet once nothing fails any more."""
_SPARED = 0.2
"""How many seeds let nothing fail, nobody die and nothing be aborted."""
_PAUSES = 0.3, 3.0
"""Seconds between two deeds, on average."""
_BETWEEN = 4_000.0
"""Seconds between them: longer than anything is put off."""


class Scenario(Protocol):
    """Who does what in a world."""

    world: World

    @property
    def deeds(self) -> Mapping[Callable[[], None], int]:
        """What may happen next, and how likely it is."""

    def leave(self) -> None:
        """Let nobody begin anything any more, as far as nothing else does."""

    def is_quiet(self) -> bool:
        """Tell whether nothing is left to be done."""

    def keep_going(self) -> None:
        """Let everybody who works on their own accord do so once."""

    def require_right(self) -> None:
        """Look whether all is as it should be once it is quiet."""


_SCENARIOS: tuple[Callable[[World], Scenario], ...] = (Arrivals, Queueing)


@dataclass(frozen=True)
class Outcome:
    """What came of a seed."""

    seed: int
    trace: list[str]
    error: str = ""
    """What did not hold; nothing if all did."""


def simulate(folder: Path, seed: int) -> Outcome:
    """Let everything happen that a seed says, and look whether what must hold does."""
    world = make(folder, seed)
    with running(world):
        try:
            _play(_SCENARIOS[seed % len(_SCENARIOS)](world))
        except AssertionError as error:
            return Outcome(seed, world.scheduler.trace, str(error))
        except Exception as error:  # noqa: BLE001 (a defect of what is simulated, or of this)
            return Outcome(seed, world.scheduler.trace, "".join(traceback.format_exception(error)))
        finally:
            world.scheduler.stop()
    return Outcome(seed, world.scheduler.trace)


def _play(scenario: Scenario) -> None:
    world = scenario.world
    random = world.random
    world.is_spared = random.random() < _SPARED
    if not world.is_spared:
        world.deaths = random.choice((0.0, 0.1, 0.3))
        world.store.failing = random.choice((0.0, 0.01, 0.05))
        world.disk.failing = random.choice((0.0, 0.0, 0.01))
    world.scheduler.start("people", lambda: _act(scenario))
    world.scheduler.run()
    world.deaths = world.store.failing = world.disk.failing = 0.0
    world.note("nothing fails any more")
    for _ in range(_ROUNDS):
        if scenario.is_quiet():
            break
        world.scheduler.time += _BETWEEN
        scenario.keep_going()
    require(scenario.is_quiet(), "it does not become quiet")
    scenario.keep_going()
    world.look()
    scenario.require_right()
    require_clean(world)


def _act(scenario: Scenario) -> None:
    """Do one thing after the other, while others work on their own."""
    random, deeds = scenario.world.random, scenario.deeds
    pause = random.choice(_PAUSES)
    for _ in range(random.randrange(6, 16)):
        (deed,) = random.choices([*deeds], weights=[*deeds.values()])
        deed()
        scenario.world.scheduler.sleep(random.expovariate(1 / pause))
    scenario.leave()
