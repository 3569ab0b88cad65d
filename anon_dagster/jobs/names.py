"""What Dagster calls the jobs of this project, their steps and their partitions."""

REQUEST_FILE = "request.yaml"
"""What declares a dataset, in a folder that is called as it."""

REQUESTS = "request"
"""The partitions of requests that nobody declared: one for each."""
ADHOC = "adhoc"
"""The group of these requests."""

REQUEST, APPLICATION, PROPOSAL = "request", "application", "proposal"
"""The steps that a job may begin with: each takes what is asked for from the configuration."""
ANONYMIZED = "anonymized"
"""The step that releases."""
APPLIED, EXAMINED = "applied", "examined"
"""The steps that release later records, and that examine a release again."""
APPROVED, REJECTED = "approved", "rejected"
"""The steps that publish and discard a release that waits."""
RESIDUAL = "residual_disclosure"
"""The step that tells what a release tells although every promise holds."""

STORE, ENGINE, RELEASES = "anon_store", "anon_engine", "anon_releases"
"""Resources: where jobs keep what they make, where tables are worked on, what loads releases."""

ANONYMIZE_JOB = "anonymize_job"
APPLY_JOB = "apply_job"
PROPOSE_JOB = "propose_job"
VERIFY_JOB = "verify_job"
RESIDUAL_JOB = "residual_job"
APPROVE_JOB = "approve_job"
REJECT_JOB = "reject_job"
RETENTION_JOB = "anon_retention_job"
_FORMER_RETENTION_JOB, _FORMER_FRESHNESS_JOB = "retention_job", "_freshness_job"  # until 0.1
_JOB, _FILES_JOB, _AUDIT_JOB = "_job", "_files_job", "_audit_job"


def job_name(kind: str, dataset: str = "") -> str:
    """Return the job of an operation, of a declared dataset or of all other requests."""
    return f"{dataset}_{kind}{_JOB}" if dataset else f"{kind}{_JOB}"


def kind_of(job: str) -> str:
    """Return the operation that a job is of."""
    return job.removesuffix(_JOB)


def files_job(dataset: str) -> str:
    """Return the job that releases the files of a dataset as they arrive."""
    return f"{dataset}{_FILES_JOB}"


def audit_job(dataset: str) -> str:
    """Return the job that measures all deltas of a dataset again."""
    return f"{dataset}{_AUDIT_JOB}"


def is_chore(job: str) -> bool:
    """Tell whether a job makes nothing: it looks after releases or other jobs."""
    by_itself = {RETENTION_JOB, _FORMER_RETENTION_JOB}
    return job in by_itself or job.endswith((_AUDIT_JOB, _FORMER_FRESHNESS_JOB))


def deltas_partitions(dataset: str) -> str:
    """Return the name of the partitions of a dataset that is released delta by delta."""
    return f"{dataset}_deltas"


def files_partitions(dataset: str) -> str:
    """Return the name of the partitions of a dataset: one for each version of a file."""
    return f"{dataset}_files"


def op_of(group: str, step: str) -> str:
    """Return the op that Dagster makes of a step."""
    return f"{group}__{step}"
