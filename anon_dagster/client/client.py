"""The client: submits jobs and finds them again."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from anon_dagster.client.embedded import EmbeddedDeployment
from anon_dagster.client.handover import LARGEST
from anon_dagster.client.inputs import (
    DomainsLike,
    RequestLike,
    TableLike,
    name_of,
    read_any_request,
    read_domains,
    read_location,
    read_measurement,
    read_request,
    read_table,
)
from anon_dagster.client.job import RELEASING, AnonJob
from anon_dagster.client.remote import RemoteDeployment
from anon_dagster.client.status import summary
from anon_dagster.client.submission import Submission
from anon_dagster.client.tasks import (
    ApplyTask,
    ApprovalTask,
    DetectTask,
    ExamineTask,
    RejectionTask,
    RequestTask,
    Task,
)
from anon_dagster.errors import JobKindError, JobStateError, RequestError, UnknownJobError
from anon_dagster.jobs.places import chosen_store, home_folder, store_folder
from anon_dagster.jobs.tags import DATASET_TAG
from anon_dagster.request import LinkedRequest, Measurement, Source, Target, require_proposable
from anon_dagster.request.arguments import require_a, require_share

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.client.deployment import Deployment, JobRecord
    from anon_dagster.storage.tables_in_memory import Tabular

Lacking = Literal["suppress", "refuse"]
DetectionMode = Literal["full", "classification", "hierarchies"]


class AnonClient:
    """Submits jobs to a deployment, and finds them again.

    Parameters
    ----------
    url
        The address of a running deployment; without one, jobs run in processes of their own on
        this machine.
    home
        Embedded: the folder of ``dagster.yaml``; ``DAGSTER_HOME`` if left out, or the working
        directory if it has that file, or else the store.
    store
        The folder of the jobs; ``ANON_STORE`` if left out, or ``.anon`` in the home. A client of
        a deployment needs it to hand over DataFrames, and to read results on another machine.
    headers
        Sent to a deployment with every question, for a proxy that wants to know who asks;
        ``Authorization`` as ``ANON_AUTHORIZATION`` has it if left out.
    location
        The code location of a deployment that has the jobs; ``ANON_LOCATION`` if left out, or the
        only one that offers them.
    largest
        Bytes that a DataFrame may take in memory to be handed over.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        home: str | Path | None = None,
        store: str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        location: str | None = None,
        largest: int = LARGEST,
    ) -> None:
        self.store = chosen_store(store)
        self.largest = largest
        self.deployment: Deployment
        if url is not None:
            self.deployment = RemoteDeployment(
                url,
                _authorization() if headers is None else headers,
                location or os.environ.get("ANON_LOCATION") or None,
            )
            return
        self.store = store_folder(store, home)
        self.deployment = EmbeddedDeployment(home_folder(home) or self.store, self.store)

    # -- jobs ----------------------------------------------------------------------------------

    def anonymize(
        self,
        request: RequestLike | LinkedRequest,
        *,
        frame: "Tabular | None" = None,
        dataset: str | None = None,
    ) -> AnonJob:
        """Submit a request to anonymize a table, or tables that are linked.

        Parameters
        ----------
        request
            What is asked for: a request, its document, or the path of its YAML file. Linked tables
            have a source each.
        frame
            The records, if the request has no source.
        dataset
            What the records are called in lists of jobs.

        Raises
        ------
        RequestError
            With every problem of the request; nothing is queued then.
        HandoverError
            If the DataFrame cannot be handed over.
        DeploymentError
            If the deployment does not answer.
        """
        parsed, name = read_any_request(request)
        return self._submit(RequestTask(parsed, "anonymize"), dataset or name, frame)

    def apply(  # noqa: PLR0913 (all are named)
        self,
        solution: "AnonJob | str | Path | Mapping[str, Any]",
        *,
        source: Source | Mapping[str, Any] | str | None = None,
        frame: "Tabular | None" = None,
        target: Target | Mapping[str, Any] | str | None = None,
        lacking: Lacking = "suppress",
        enforce: bool = False,
        suppress_at_most: float | None = None,
        dataset: str | None = None,
    ) -> AnonJob:
        """Submit later records, to be recoded by the solution of a finished job.

        Parameters
        ----------
        solution
            The job or its id; or a solution as a document, or the path of one (``….json``).
        source, frame
            The later records; they have the columns of the first ones.
        target
            Where they go; left out, they stay with the job.
        lacking
            What becomes of records with a value that a hierarchy lacks.
        enforce
            Suppress the records of classes that break a promise by themselves.
        suppress_at_most
            Share of the records that may be suppressed, for ever, 0 to 1; all, if left out.

        Raises
        ------
        JobKindError
            If the job is of another kind.
        JobStateError
            If it is not completed.
        RequestError
            If an option is unknown, or there is not one table.
        """
        if lacking not in get_args(Lacking):
            raise RequestError(f"lacking is one of {', '.join(get_args(Lacking))}, not {lacking}")
        require_share(suppress_at_most, "suppress_at_most")
        task = ApplyTask(
            solution=self._solution(solution),
            source=read_location(Source, source),
            target=read_location(Target, target),
            options={
                "lacking": lacking,
                "enforce": enforce,
                **({} if suppress_at_most is None else {"suppress_at_most": suppress_at_most}),
            },
        )
        return self._submit(task, dataset or name_of(task.source), frame)

    def _solution(
        self, solution: "AnonJob | str | Path | Mapping[str, Any]"
    ) -> str | Mapping[str, Any]:
        """Return a solution as the job takes it; refuse a job that has none."""
        if isinstance(solution, Mapping):
            return solution
        if isinstance(solution, Path) or str(solution).endswith(".json"):
            return str(Path(str(solution)).absolute())
        job_id = solution.job_id if isinstance(solution, AnonJob) else solution
        record = self._record(job_id)
        if record.kind != "anonymize":
            raise JobKindError(f"job {job_id} is of kind {record.kind} and decided no solution")
        if record.status != "completed":
            raise JobStateError(f"job {job_id} is {record.status}: it has no solution to apply")
        return job_id

    def examine_residual(
        self, job: "AnonJob | str", *, attacks: bool = False, dataset: str | None = None
    ) -> AnonJob:
        """Submit the release of a finished job, to be examined again for what it tells.

        Source and release are read once more, where the jobs run.

        Parameters
        ----------
        job
            The job that released, or its id.
        attacks
            Whether to carry out the attacks of a motivated intruder, too.

        Raises
        ------
        JobKindError
            If the job is of a kind that releases nothing.
        JobStateError
            If it is not completed.
        RequestError
            If an option is unknown.
        """
        require_a(bool, attacks, "attacks", "true or false")
        job_id = job.job_id if isinstance(job, AnonJob) else job
        record = self._record(job_id)
        if record.kind not in RELEASING:
            raise JobKindError(f"job {job_id} is of kind {record.kind} and has no release")
        if not record.is_done:
            raise JobStateError(f"job {job_id} is {record.status}: it has no release to examine")
        of_job = record.tags.get(DATASET_TAG, "")
        return self._submit(ExamineTask(job_id, attacks), dataset or of_job, None)

    def decide(self, job: "AnonJob | str", *, why: str | None = None) -> AnonJob:
        """Submit the approval of the release of a job that awaits it; its rejection, if told why.

        Parameters
        ----------
        job
            The job that holds its release, or its id.
        why
            Kept with the job and in its ledger; handed over, so that Dagster does not keep it.

        Raises
        ------
        JobStateError
            If it does not await approval.
        HandoverError
            If the reason cannot be handed over.
        """
        job_id = job.job_id if isinstance(job, AnonJob) else job
        record = self._record(job_id)
        if record.status != "awaiting approval":
            raise JobStateError(f"job {job_id} is {record.status}: it does not await approval")
        task: Task = ApprovalTask(job_id) if why is None else RejectionTask(job_id, why)
        return self._submit(task, record.tags.get(DATASET_TAG, ""), None)

    def measure(
        self,
        request: RequestLike,
        *,
        measurement: Measurement | Mapping[str, Any] | None = None,
        frame: "Tabular | None" = None,
        dataset: str | None = None,
    ) -> AnonJob:
        """Submit a comparison of configurations; no record is written.

        Parameters
        ----------
        measurement
            The values to compare; the request's own if left out.

        Raises
        ------
        RequestError
            As of :meth:`anonymize`, or if a value is of a model that the policy does not have.
        """
        parsed, name = read_request(request)
        if measurement is not None:
            compared = read_measurement(parsed.policy, measurement)
            parsed = parsed.model_copy(update={"measurement": compared})
        return self._submit(RequestTask(parsed, "measure"), dataset or name, frame)

    def detect(
        self,
        source: TableLike | None = None,
        *,
        frame: "Tabular | None" = None,
        mode: DetectionMode = "full",
        domains: DomainsLike | None = None,
        dataset: str | None = None,
    ) -> AnonJob:
        """Submit a table, to find out what each of its columns seems to be.

        Parameters
        ----------
        source, frame
            The records; how a CSV file at a path is written is guessed.
        mode
            ``classification``: domains and roles. ``hierarchies``: a rule for each column.
            ``full``: both, and a request to start from.
        domains
            Domains of your own, by name, or the path of a YAML file of them.

        Raises
        ------
        RequestError
            If the mode or the domains are not valid, or there is not one table.
        """
        if mode not in get_args(DetectionMode):
            raise RequestError(f"mode is one of {', '.join(get_args(DetectionMode))}, not {mode}")
        task = DetectTask(read_table(source), {"mode": mode} | read_domains(domains))
        return self._submit(task, dataset or name_of(task.source), frame)

    def auto_anonymize(
        self,
        source: TableLike | None = None,
        *,
        frame: "Tabular | None" = None,
        acceptable_risk: float = 0.1,
        seconds: float = 60.0,
        domains: DomainsLike | None = None,
        dataset: str | None = None,
    ) -> AnonJob:
        """Submit a table, for the most useful request whose risk is acceptable.

        Its result has the request as ``proposal``, for a person to check, and the configurations
        that were measured as ``df``. No record is written.

        Parameters
        ----------
        acceptable_risk
            The largest probability of identifying a record that may be, above 0 to 1.
        seconds
            How long configurations are tried.
        domains
            Domains of your own, by name, or the path of a YAML file of them.

        Raises
        ------
        RequestError
            As of :meth:`detect`, or if the risk is not a probability or the time is none.
        """
        require_proposable(acceptable_risk=acceptable_risk, seconds=seconds)
        options = {
            "mode": "auto",
            "acceptable_risk": float(acceptable_risk),
            "seconds": float(seconds),
        }
        task = DetectTask(read_table(source), options | read_domains(domains))
        return self._submit(task, dataset or name_of(task.source), frame)

    def data_domains(self, domains: DomainsLike | None = None) -> "pd.DataFrame":
        """Return the domains that detection knows, those of your own among them."""
        from anon_dagster.detection import data_domains

        return data_domains(domains)

    def _submit(self, task: Task, dataset: str, frame: "Tabular | None") -> AnonJob:
        submission = Submission(task, dataset, frame, self.store, self.largest)
        return AnonJob(self.deployment.launch(submission.launch()), self)

    # -- finding them again ----------------------------------------------------------------------

    def job(self, job_id: str) -> AnonJob:
        """Return a job by its id.

        Raises
        ------
        UnknownJobError
            If there is none.
        """
        self._record(job_id)
        return AnonJob(job_id, self)

    def _record(self, job_id: object) -> "JobRecord":
        if not isinstance(job_id, str):
            raise UnknownJobError(f"the id of a job is a text, not {type(job_id).__name__}")
        return self.deployment.record(job_id)

    def jobs(self, limit: int = 20) -> list[dict[str, Any]]:
        """Return the last jobs, newest first: id, kind, dataset, status, start, duration."""
        return [summary(record) for record in self._operations(limit)]

    def job_ids(self, limit: int = 20) -> list[str]:
        """Return the ids of the last jobs, newest first."""
        return [record.job_id for record in self._operations(limit)]

    def _operations(self, limit: int) -> "list[JobRecord]":
        if limit < 0:
            raise RequestError(f"limit must be at least 0, got {limit}")
        window = limit
        while True:
            records = self.deployment.records(window)
            operations = [record for record in records if record.is_operation]
            if len(operations) >= limit or len(records) < window:
                return operations[:limit]
            window *= 4

    def close(self) -> None:
        """End the host of an embedded client, unless it has jobs; it would end by itself.

        Of a client of a deployment, close the connection.
        """
        self.deployment.close()

    jobIds = job_ids  # noqa: N815 (as the original's documentation has it)


def _authorization() -> dict[str, str]:
    said = os.environ.get("ANON_AUTHORIZATION", "").strip()
    return {"Authorization": said} if said else {}
