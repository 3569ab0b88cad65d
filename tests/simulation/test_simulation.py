"""Whatever fails and whoever dies, at whichever step: what must hold does, in every seed."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.parameters import slow_but
from tests.simulation.defects import FOUND_WITHIN, Defect
from tests.simulation.simulate import simulate

_SEEDS = 500
_PARTS = 25
_FAST = {"written_in_place", "never_told_to_the_registry"}
_REPLAY = "python -m tests.simulation"


def failures(folder: Path, seeds: Iterable[int]) -> dict[str, str]:
    """Return what did not hold, by the command that replays it."""
    outcomes = [simulate(folder, seed) for seed in seeds]
    return {f"{_REPLAY} {each.seed}": each.error for each in outcomes if each.error}


@pytest.mark.parametrize("part", slow_but({"0"}, map(str, range(_PARTS)), range(_PARTS)))
def test_all_holds_in_every_seed(tmp_path: Path, part: int) -> None:
    size = _SEEDS // _PARTS
    assert failures(tmp_path, range(part * size, (part + 1) * size)) == {}


@pytest.mark.parametrize("seed", [8, 9])
def test_a_seed_replays_to_the_step(tmp_path: Path, seed: int) -> None:
    once, again = (simulate(tmp_path, seed) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    "defect", slow_but(_FAST, [each.__name__ for each in FOUND_WITHIN], FOUND_WITHIN)
)
def test_a_defect_that_there_was_is_found(tmp_path: Path, defect: Defect) -> None:
    with defect():
        found = any(simulate(tmp_path, seed).error for seed in range(FOUND_WITHIN[defect]))
    assert found, defect.__doc__
