"""The names in a store; what lies under those of a job is said in :mod:`anon_dagster.jobs`."""

from anon_dagster.releasing import workspace
from anon_dagster.storage.targets import holding

JOBS = "jobs"
"""The folder of the jobs."""
FILES = "files"
"""In the folder of a job: those of the files that it releases each by itself."""
HANDED = "handed"
"""The folder of what clients handed over."""
SOLUTIONS = "solutions"
"""The folder of solutions that outlive their jobs."""
HOST = "host"
"""The folder of the host."""
HOST_ADDRESS = "host.json"
HOST_LOG = "host.log"
HOST_LOCK = "host.lock"
LEDGER = "ledger.sqlite"
UNSWEPT = "unswept"
"""The folder of targets beside which something was left."""

OWNER = "owner.json"
LOCK = "job.lock"
ASKED_TO_END = "asked.to_end"

REQUEST = "request.json"
LINKED = "linked.json"
APPLICATION = "application.json"
SOURCE = "source.json"
COUNT, RELEASED = "count", "released"
"""Of each a table and arrays: see :func:`count_of`."""
SOLUTION = "solution.json"
SOLUTION_ARRAYS = "solution.npz"
HELD = holding.HELD
"""The folder of a release that a person has to approve."""
HOLD = "hold.json"
HOLD_LOCK = "hold.lock"
APPROVAL = "approval.json"
ANNOUNCED = "announced.json"
RELEASE = "release.json"
PERSONS = workspace.PERSONS
RESIDUAL = "residual_disclosure.json"
VERIFIED, VERIFIED_TOGETHER = "verified.json", "verified_together.json"

EXPLORATORY_VALUES = "exploratory_values.parquet"
EXPLORATORY_SUMMARY = "exploratory_summary.parquet"
RISK = "risk.json"
RISK_DETAILS = "risk_details.json"
RISK_OF_SOURCE_RECORDS = "risk_of_source_records.parquet"
RISK_OF_RELEASED_RECORDS = "risk_of_released_records.parquet"
UTILITY = "utility.json"
REPORT = "report.html"
EVIDENCE = "evidence.json"

MEASUREMENT = "measurement.parquet"
DETECTION = "detection.parquet"
HIERARCHIES = "hierarchies.json"
PROPOSAL = "proposal.yaml"
FRONTIER = "frontier.svg"
VERIFICATION = "verification.parquet"


def count_of(name: str) -> tuple[str, str]:
    """Return the two files of a count: the table of its columns, and arrays."""
    return f"{name}.parquet", f"{name}.npz"
