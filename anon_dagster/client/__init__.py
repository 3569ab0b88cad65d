"""Jobs from Python, on this machine or on a running deployment; imports no Dagster.

>>> from anon_dagster.client import AnonClient
>>> job = AnonClient().anonymize("data/patients/request.yaml")  # doctest: +SKIP
>>> job.status()["status"]  # doctest: +SKIP
>>> job.result().df, job.risk_statistics()  # doctest: +SKIP
"""

from anon_dagster.client.client import AnonClient
from anon_dagster.client.job import AnonJob
from anon_dagster.client.result import JobResult

__all__ = ["AnonClient", "AnonJob", "JobResult"]
