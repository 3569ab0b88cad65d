"""The page of a report that goes with a release: made of its evidence, and of nothing else."""

from collections.abc import Mapping
from typing import Any

from anon_dagster.report import page
from anon_dagster.report.handover.document import facts_of


def html(document: Mapping[str, Any]) -> str:
    """Write evidence that is handed over as one HTML page that needs nothing else.

    Raises
    ------
    EvidenceError
        If it is damaged.
    """
    return page.html(facts_of(document))
