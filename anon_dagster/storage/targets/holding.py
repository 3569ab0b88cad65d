"""Where a release waits that a person has to approve: with its job, in the format of its target."""

from pathlib import Path

from anon_dagster.request import Target
from anon_dagster.storage.targets.formats import ending_of, is_gzip, require_format


def held_target(target: Target, place: Path) -> Target:
    """Return a target in a folder of a job, of the same bytes as the one that is asked for.

    The folder is made, for its owner only.

    Raises
    ------
    TargetError
        If the format of the target is unknown.
    """
    require_format(target)
    packed = target.format_found == "csv" and is_gzip(target)
    place.mkdir(mode=0o700, exist_ok=True)
    return target.model_copy(
        update={
            "path": str(place / f"release{ending_of(target)}"),
            "format": target.format_found,
            "compression": "gzip" if packed else target.compression,
            "hold": False,
        }
    )
