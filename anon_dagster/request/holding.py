"""What a release that waits for an approval does not go with."""

from collections.abc import Iterator, Mapping
from typing import Any

from anon_dagster.errors import Complaint
from anon_dagster.request.strict import document

_OF_FILES = (
    "does not go with arrivals: files are released one by one as they come in, and nobody could "
    "approve each; leave it out, or declare a dataset without arrivals and run its job"
)
_BY_THE_CLOCK = (
    "two_people does not go with schedule: nobody is known to ask for what the clock begins; say "
    "hold: true, or let a person run the job"
)


def hold_problems(request: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what does not go with ``hold``."""
    held, arrivals = document(request.get("target")).get("hold"), document(request.get("arrivals"))
    if held and arrivals:
        yield Complaint("target.hold", _OF_FILES)
    if document(arrivals.get("target")).get("hold"):
        yield Complaint("arrivals.target.hold", _OF_FILES)
    if held == "two_people" and request.get("schedule"):
        yield Complaint("target.hold", _BY_THE_CLOCK)


def hold_problems_of(targets: Mapping[str, Mapping[str, Any]]) -> Iterator[Complaint]:
    """Find targets of linked tables of which not all are held alike."""
    said = {repr(target.get("hold", False)) for target in targets.values()}
    if len(said) > 1:
        why = "they appear together, so one approval is for all of them"
        yield Complaint("tables", f"hold is not the same in all targets: {why}")
