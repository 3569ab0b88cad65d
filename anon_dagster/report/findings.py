"""What a report is made of: a decision, what was measured of its release, and where both lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anon_dagster.discreet import Discreet
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count
from anon_dagster.report.evidence import HoldFact, PointFact, StoredFile
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.statistics import ExploratoryStatistics, RiskDetails
from anon_dagster.verification import Verification

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Stored(Discreet, shown=("sha256",)):
    """A table as it is stored: its files, and what tells whether they are still the same."""

    files: tuple[StoredFile, ...] = ()
    """None: it is a table in memory."""
    sha256: str | None = None
    """Over the files in their order."""
    unknown: str = ""
    """Why there is no checksum."""


@dataclass(frozen=True, slots=True)
class Provenance(Discreet, shown=("dataset", "job", "made")):
    """Which release it is, of what, for whom, and when."""

    dataset: str
    made: float
    """Seconds since the epoch."""
    source: Stored
    release: Stored
    job: str | None = None
    """``None``: a call of the library."""
    table: str | None = None
    """Of linked tables, which one."""
    requested_by: str | None = None
    request_file: str | None = None
    """Where the request lies, if that is known."""
    points: tuple[PointFact, ...] = ()
    """Other configurations that were measured on the same records."""
    hold: HoldFact | None = None
    """``None``: nobody has to approve the release."""


NOWHERE = Provenance("", 0.0, Stored(), Stored())
"""Of findings of which nobody asks where they come from, which takes a reading of the source."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings(Discreet, shown=("provenance",)):
    """What was decided, what was released, and what was measured on it."""

    decision: Decision
    released: Count
    """The stored release, counted."""
    verification: Verification
    exploratory: ExploratoryStatistics
    risk: "pd.DataFrame"
    utility: "pd.DataFrame"
    residual: ResidualDisclosure
    provenance: Provenance
    risk_details: RiskDetails = field(default_factory=RiskDetails)
    together: Verification | None = None
    """Of linked tables: what the one that joins promises with the labels of the other beside it."""
    versions: Mapping[str, str] = field(default_factory=dict)
