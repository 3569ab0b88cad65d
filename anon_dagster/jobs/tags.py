"""The tags of a run: what may be asked of every job, also of one in the queue; no cell is in them.

Whoever launches a run can set any of them, so nothing that is done with one may trust it.
"""

KIND_TAG = "anon/kind"
"""Which operation a job is; runs without it are chores, or those of others."""
DATASET_TAG = "anon/dataset"
REQUEST_TAG = "anon/request"
"""The fingerprint of the request."""
HANDED_TAG = "anon/handed"
"""The folder of what a client handed over."""
VERSION_TAG = "anon/version"
"""Of the client that submitted the job."""
HOST_TAG = "anon/host"
"""Which host runs the job, of those that share a history."""

PERCENT_TAG = "anon/progress"
PHASE_TAG = "anon/phase"
STEP_TAG = "anon/step"
"""Percent of the phase, if its length is known."""
TIME_TAG = "anon/progressed"
"""When progress was last told: by it a stalled job can be told from a slow one."""

ENGINE_TAG = "anon/engine"
"""Where the parts of tables are worked on, and by how many."""

BATCH_TAG = "anon/batch"
"""The files that a tick of a sensor gave to a run."""
FILES_TAG = "anon/files"
"""How many files of a run were released, and what became of the others."""

REQUESTED_TAG = "anon/requested_by"
"""Who asked for a job, as far as that is known."""

USER_TAG = "user"
"""Whom Dagster takes a run for; who submitted it says so, and nobody checks it."""
PARTITION_TAG = "dagster/partition"
PARENT_TAG = "dagster/parent_run_id"
"""Of a run that is executed again."""
SCHEDULE_TAG = "dagster/schedule_name"
SENSOR_TAG = "dagster/sensor_name"
