"""What must hold whatever fails, and whoever dies, at whichever step."""

from tests.simulation.tables import CANARY
from tests.simulation.world import World


class BrokenError(AssertionError):
    """Something does not hold."""


def require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 (reads as an assertion)
    """Look whether something holds.

    Raises
    ------
    BrokenError
        Saying what is so instead.
    """
    if not holds:
        raise BrokenError(otherwise)


def require_clean(world: World) -> None:
    """Beside the targets lies nothing, and nobody was told what a person's table says."""
    forgotten = {run.run_id for run in world.history.deleted}
    left = [n for n in world.left_over() if not any(run_id in n for run_id in forgotten)]
    require(not left, f"beside the targets lie {left}")
    for run in world.history.get_runs():
        logs = world.history.all_logs(run.run_id)
        world.said.extend(repr(each) for each in logs)
    told = [text for text in world.said if CANARY in text]
    require(not told, f"{len(told)} messages hold what is private")
