"""One job: how far it is, what it found, and its end."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from anon_dagster.client.deployment import Deployment, JobRecord, RunRecord
from anon_dagster.client.handover import Handover, given
from anon_dagster.client.outcome import (
    failure_of,
    is_held,
    notes_of,
    published_of,
    published_result,
    residual_of,
    with_approval,
    with_places,
)
from anon_dagster.client.progress_bar import ProgressBar, wants_abort
from anon_dagster.client.result import JobResult, read_result
from anon_dagster.client.status import metadata_of, running_of, status_of, step
from anon_dagster.discreet import table_html
from anon_dagster.errors import (
    AbortedJobError,
    AnonError,
    AwaitingApprovalError,
    JobError,
    JobKindError,
    JobStateError,
    RequestError,
    UnfinishedJobError,
    UnknownJobError,
)
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.people import reason_given
from anon_dagster.jobs.tags import APPROVED_TAG, HANDED_TAG

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.assessment.records import RecordRisks
    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.operations.pictures import ReleasePictures
    from anon_dagster.residual import ResidualDisclosure
    from anon_dagster.statistics import RiskDetails

_SOONEST, _LATEST = 0.1, 1.0  # seconds between two looks at a job
RELEASING = frozenset({"anonymize", "apply"})
"""The kinds of jobs that make a release."""

_UNPUBLISHED = {
    "awaiting approval": "job {0} awaits approval, and nothing is published: look at its report, "
    "then say anon approve {0}, or anon reject {0} --why …",
    "rejected": "the release of job {} was rejected; nothing was published",
    "discarded": "nobody approved the release of job {} in time; nothing was published",
}

Watch = Callable[[Mapping[str, Any]], None]
"""Shown the status of a job whenever it was looked at."""


class Context(Protocol):
    """What a job needs of the client that it belongs to."""

    deployment: Deployment
    store: Path | None

    def examine_residual(self, job: str, *, attacks: bool = False) -> "AnonJob":
        """Submit the release of a finished job, to be examined again."""

    def decide(self, job: "AnonJob", *, why: str | None = None) -> "AnonJob":
        """Submit the approval of a release that waits, or its rejection."""


@dataclass(frozen=True)
class AnonJob:
    """A job that was submitted; everything is asked anew each time."""

    job_id: str
    context: Context

    def __repr__(self) -> str:
        return f"AnonJob({self.job_id!r})"

    def _repr_html_(self) -> str:
        """Return what the job is and how far, for notebooks; its id alone if nobody answers."""
        told: dict[str, object] = {"id": self.job_id}
        with suppress(AnonError):
            record = self._record()
            done = f"{running_of(record)['job_percent']}%"
            told |= {"kind": record.kind, "status": record.status, "done": done}
        return table_html("AnonJob", [*told], [[*told.values()]])

    def id(self) -> str:
        """Return the id of the job."""
        return self.job_id

    # -- how far it is -----------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return what the job is doing and what came of it, as JSON holds it.

        Returns
        -------
        dict
            With exactly the keys ``completed`` (``data``, ``statistics`` and ``summary``, which
            are empty until the job is completed, and ``time_spent`` in seconds), ``id``, ``info``,
            ``running`` (``work``, ``job_percent``, ``step_percent``, ``last_progress``) and
            ``status`` (``queued``, ``running``, ``completed``, ``failed`` or ``aborted``; of a job
            that holds its release ``awaiting approval``, ``rejected`` or ``discarded``).
        """
        return status_of(self._record(), self._findings(), self._config())

    def metadata(self) -> dict[str, Any]:
        """Return the fields, the request as it was submitted, the source and the versions.

        The request spells out the values of trees that are written in it.
        """
        config = self._config()
        request = config.get("request", config)
        whole = metadata_of(self._record(), self._findings(), config)
        return whole | {"configuration": request}

    def wait(self, timeout: float | None = None, *, watch: Watch | None = None) -> str:
        """Wait until the job is over, and return its status.

        Parameters
        ----------
        timeout
            Seconds.
        watch
            Shown the status at every look.

        Raises
        ------
        UnfinishedJobError
            If it is not over in time; it goes on.
        RequestError
            If the timeout is no number of seconds.
        """
        if timeout is not None and not timeout >= 0:  # nor is nan, by which it would wait for ever
            raise RequestError("timeout is a number of seconds from 0 on")
        until = None if timeout is None else time.monotonic() + timeout
        pause = _SOONEST
        while True:
            record = self._record()
            if watch is not None:
                watch({"status": record.status, **running_of(record)})
            if record.is_over:
                return record.status
            if until is not None and time.monotonic() + pause > until:
                raise UnfinishedJobError(
                    f"job {self.job_id} is {record.status} and was not done within "
                    f"{timeout:g} seconds; it goes on"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LATEST)

    def follow(self, timeout: float | None = None) -> str:
        """Wait as :meth:`wait` does, with a progress bar in a terminal or a notebook.

        An interrupt asks there whether to abort the job; elsewhere it ends the waiting alone.

        Raises
        ------
        KeyboardInterrupt
            If the job goes on after an interrupt.
        """
        try:
            with ProgressBar() as bar:
                return self.wait(timeout, watch=bar)
        except KeyboardInterrupt:
            if not wants_abort(self.job_id):
                raise KeyboardInterrupt(f"job {self.job_id} goes on") from None
        try:
            return str(self.abort()["status"])
        except JobStateError:  # it was over before the answer came
            return self.wait()

    # -- what it found -----------------------------------------------------------------------

    def result(self, timeout: float | None = None, *, watch: Watch | None = None) -> JobResult:
        """Wait until the job is over, and return what it made.

        Parameters
        ----------
        timeout
            Seconds.
        watch
            Shown the status at every look; waits as :meth:`follow` does if left out.

        Raises
        ------
        AnonError
            The job's own, if it failed.
        AbortedJobError
            If it was aborted.
        AwaitingApprovalError
            If a person has to approve what it made; a JobStateError if it was rejected.
        UnfinishedJobError
            If it is not over in time; it goes on.
        """
        if watch is None:
            self.follow(timeout)
        else:
            self.wait(timeout, watch=watch)
        record, run = self._completed(), self._findings()
        if record.status != "completed":
            waits = record.status == "awaiting approval"
            error = AwaitingApprovalError if waits else JobStateError
            raise error(_UNPUBLISHED[record.status].format(self.job_id))
        residual = residual_of(run)
        if record.kind == "residual" and residual is not None:
            return JobResult(residual.table, residual=residual)
        if published := published_of(run):
            return replace(published_result(run, published), notes=notes_of(run))
        handed = self._handed(record)
        like = None if handed is None else handed.like()
        made = read_result(self._folder(run), record.kind, like)
        return replace(made, notes=notes_of(run))

    def exploratory_statistics(self) -> "pd.DataFrame":
        """Return how often each value occurs: ``attribute``, ``value``, ``source``, ``release``.

        A row per value of an attribute, as ``exploratory.values`` of a result has them; see
        :class:`anon_dagster.statistics.ExploratoryStatistics`.
        """
        return self._explored(file_names.EXPLORATORY_VALUES)

    def exploratory_summary(self) -> "pd.DataFrame":
        """Return how the values of each attribute lie, in the source and in the release.

        A row per attribute and table, as ``exploratory.summary`` of a result has them.
        """
        return self._explored(file_names.EXPLORATORY_SUMMARY)

    def _explored(self, name: str) -> "pd.DataFrame":
        return self._folder(self._released("exploratory statistics")).load_frame(name)

    @property
    def plot(self) -> "ReleasePictures":
        """The pictures of the release: ``job.plot.risk()``, ``job.plot.attribute("age")``.

        Raises
        ------
        JobKindError
            If the job decided on no release.
        JobError
            If what it made cannot be read from here.
        """
        from anon_dagster.jobs.reporting import findings_of
        from anon_dagster.operations.pictures import ReleasePictures
        from anon_dagster.report.findings import NOWHERE

        run, kind = self._released("pictures"), self._completed().kind
        if kind != "anonymize":
            raise JobKindError(
                f"job {self.job_id} is of kind {kind} and keeps no decision to draw: draw the job "
                "that decided, or anon_dagster.plots.risk(job.risk_statistics())"
            )
        folder = self._folder(run)
        decision = folder.load_decision()
        return ReleasePictures(decision, self._shown, lambda: findings_of(folder, NOWHERE))

    def risk_statistics(self) -> "pd.DataFrame":
        """Return the risks of re-identification, and the promises reached."""
        return self._shown("risk")

    def risk_details(self) -> "RiskDetails":
        """Return what the request's ``risk_analysis`` asks for, but the risk of each record."""
        return self._folder(self._released("risk details")).load_risk_details()

    def risk_per_record(self) -> "RecordRisks":
        """Return the risk of every record of the source and of the release.

        Raises
        ------
        JobKindError
            If the request did not ask for it.
        """
        return self._folder(self._released("risk per record")).load_record_risks()

    def utility_statistics(self) -> "pd.DataFrame":
        """Return what the source and the release are worth."""
        return self._shown("utility")

    def residual(
        self, *, attacks: bool = False, timeout: float | None = None
    ) -> "ResidualDisclosure":
        """Return what the release tells although every promise holds.

        Parameters
        ----------
        attacks
            Examine it again, in a job of its own, with the attacks of a motivated intruder.
        timeout
            Seconds to wait for that job.

        Raises
        ------
        JobKindError
            If the job made no release, and examined none.
        UnfinishedJobError
            If the examination is not over in time; it goes on.
        """
        record, run = self._completed(), self._findings()
        if attacks:
            again = self.context.examine_residual(self.job_id, attacks=True)
            again.follow(timeout)
            return again.residual()
        if record.kind not in {*RELEASING, "residual"}:
            raise JobKindError(f"job {self.job_id} is of kind {record.kind} and has no release")
        return residual_of(run) or self._folder(run).load_residual()

    # -- whether it is published ---------------------------------------------------------------

    def approve(self, timeout: float | None = None) -> dict[str, Any]:
        """Publish the release, which awaits approval; return what was published.

        It is measured again as it is stored, in a job of its own.

        Parameters
        ----------
        timeout
            Seconds to wait for that job.

        Raises
        ------
        JobStateError
            If it does not await approval, or whoever approves must be another one.
        PromiseBrokenError, DisclosureError, TargetError
            If it cannot be published any more; it waits still.
        UnfinishedJobError
            If it is not published in time; that job goes on.
        """
        return self._decide(self.context.decide(self), timeout)

    def reject(self, *, why: str, timeout: float | None = None) -> dict[str, Any]:
        """Discard the release, which awaits approval; nothing is published.

        Parameters
        ----------
        why
            Kept with the job and in the ledger, for those who may read these; no value of a person.
        timeout
            Seconds to wait for that.

        Raises
        ------
        JobStateError
            If it does not await approval, or there is no reason, or a longer one than is kept.
        HandoverError
            If the reason cannot be handed over.
        UnfinishedJobError
            If it is not over in time.
        """
        return self._decide(self.context.decide(self, why=reason_given(why)), timeout)

    def _decide(self, deciding: "AnonJob", timeout: float | None) -> dict[str, Any]:
        """Wait for the job that approves or rejects this one, and say what came of it."""
        deciding.wait(timeout)
        if (ended := deciding._record()).status != "completed":  # noqa: SLF001 (of this class)
            if ended.status == "aborted":
                raise AbortedJobError(f"job {deciding.job_id} was aborted; nothing was decided")
            raise failure_of(deciding.job_id, deciding._findings())  # noqa: SLF001
        told = step(deciding._findings(), names.APPROVED, names.REJECTED)  # noqa: SLF001
        tables = told.get("tables", {"": told}) if "paths" in told else {}
        return {
            "id": self.job_id,
            "state": told["state"],
            "requested_by": told["requested_by"],
            "decided_by": told["decided_by"],
            "job": deciding.job_id,
            "paths": [path for each in tables.values() for path in each["paths"]],
        }

    def report(self, *, share: bool = False, table: str | None = None) -> str:
        """Return the page for a privacy officer, as HTML that needs nothing else.

        It shows values of the source and their counts, so it is as private as the source.

        Parameters
        ----------
        share
            Return the page that goes with the release, and tells nothing but what this and the
            request do.
        table
            Of linked tables, which one; the one that joins if left out.

        Raises
        ------
        JobKindError
            If the job made none.
        """
        from anon_dagster.jobs.handing_over import folder_of, shared_evidence
        from anon_dagster.report.handover import html

        folder = folder_of(self._folder(self._released("report")), table)
        if share:
            return html(shared_evidence(folder))
        return folder.existing(file_names.REPORT).read_text(encoding="utf-8")

    def evidence(
        self,
        *,
        share: bool = False,
        sign_with: str | Path | None = None,
        table: str | None = None,
    ) -> dict[str, Any]:
        """Return the facts of the report as JSON can hold them.

        Parameters
        ----------
        share
            Return those that go with the release, and tell nothing but what this and the request
            do; the release is read. Others are as private as the source.
        sign_with
            The PEM file of an Ed25519 private key; that of ``ANON_SIGNING_KEY`` if left out.
        table
            Of linked tables, which one; the one that joins if left out.

        Raises
        ------
        JobKindError
            If the job made no report.
        EvidenceError
            If the key cannot be read.
        SourceError
            If the release is no longer there, or cannot be read from here.
        """
        from anon_dagster.jobs.handing_over import folder_of, internal_evidence, shared_evidence
        from anon_dagster.report.handover import signed

        folder = folder_of(self._folder(self._released("evidence")), table)
        return signed(shared_evidence(folder) if share else internal_evidence(folder), sign_with)

    # -- its end -----------------------------------------------------------------------------

    def abort(self, timeout: float = 60.0) -> dict[str, Any]:
        """End the job; nothing of it remains in its target. Say what it did.

        Raises
        ------
        JobStateError
            If it is over.
        UnfinishedJobError
            If it did not end in time.
        """
        before = self._record()
        if before.is_over:
            raise JobStateError(f"job {self.job_id} is {before.status}: there is nothing to abort")
        until = time.monotonic() + timeout
        try:
            self._deployment.abort(self.job_id, timeout=timeout)
        except JobStateError:
            if not self._record().is_over:  # or it ended while it was asked to
                raise
        ended = self.wait(max(until - time.monotonic(), 1.0))
        gone: list[str] = []
        work = running_of(before)["work"]
        done = f"ended at: {work or 'its start'}"
        if before.status == "queued":
            done = "taken out of the queue"
        if ended != "aborted":
            done = "was over before it could be aborted"
        else:
            gone = self._withdraw()
        said = {"id": self.job_id, "was": before.status, "status": ended, "done": done}
        return {**said, "targets_removed": gone}

    def delete(self, *, target: bool = False) -> dict[str, Any]:
        """Remove the record of the job, its statistics and files. Say what it did.

        Parameters
        ----------
        target
            Whether to remove what was published, too; what a later job put in its place stays.
            Of what is told as ``versions_kept``, a bucket keeps a version that may not be deleted.

        Raises
        ------
        JobStateError
            If it is not over.
        TargetError
            If what was published cannot be removed; the job stays.
        """
        record = self._record()
        if not record.is_over:
            raise JobStateError(f"job {self.job_id} is {record.status}: abort it first")
        run = self._findings()
        published = published_of(run).values() if target else ()
        gone = {each.target: each.withdraw() for each in published}
        folder, handed = self._anywhere(run), self._handed(record)
        was_there = folder is not None and folder.path.exists()
        self._deployment.delete(self.job_id)
        if folder is not None:
            folder.empty()
        if handed is not None:
            handed.delete()
        return {
            "id": self.job_id,
            "files_removed": was_there,
            "targets_removed": [name for name, removed in gone.items() if removed],
            "targets_kept": [name for name, removed in gone.items() if not removed],
            "versions_kept": [name for name, removed in gone.items() if removed.leaves_versions],
        }

    # -- the names of the original -------------------------------------------------------------

    exploratoryStats = exploratory_statistics  # noqa: N815 (as its documentation has it)
    riskStat = risk_statistics  # noqa: N815
    utilityStat = utility_statistics  # noqa: N815

    # -- what it is made of --------------------------------------------------------------------

    @property
    def _deployment(self) -> Deployment:
        return self.context.deployment

    def _record(self) -> JobRecord:
        return self._deployment.record(self.job_id)

    def _findings(self) -> RunRecord:
        """Return what the job showed; of one that held its release where it is by now."""
        run = self._deployment.findings(self.job_id)
        approved_in = self._record().tags.get(APPROVED_TAG) if is_held(run) else None
        if approved_in is None:
            return run
        approved = RunRecord()
        with suppress(UnknownJobError):  # the job that approved it was deleted
            approved = self._deployment.findings(approved_in)
        told = with_approval(run, approved, self.job_id)
        return self._as_kept(run) if is_held(told) else told

    def _as_kept(self, run: RunRecord) -> RunRecord:
        """Return what the job showed, with where its approved release is as its folder tells."""
        from anon_dagster.jobs.holding import hold_of, places_of

        folder = self._anywhere(run)
        hold = None if folder is None else hold_of(folder)
        if folder is None or hold is None or hold.state != "approved":
            return run
        return with_places(run, places_of(folder, hold))

    def _config(self) -> Mapping[str, Any]:
        """Return how the job was configured; with what was handed over, if that can be read."""
        ops = self._deployment.config(self.job_id).get("ops", {}).values()
        asked: dict[str, Any] = next((op["config"] for op in ops if "config" in op), {})
        request = asked.get("request")
        if isinstance(request, Mapping):
            return asked | {"request": given(request, self.context.store)}
        return asked

    def _completed(self) -> JobRecord:
        """Return the record of a job that is completed; raise what it ended with if it is not."""
        record = self._record()
        if record.status == "aborted":
            raise AbortedJobError(f"job {self.job_id} was aborted; it has no result")
        if record.status == "failed":
            raise failure_of(self.job_id, self._findings())
        if not record.is_done:
            raise UnfinishedJobError(f"job {self.job_id} is {record.status}; wait for its result")
        return record

    def _released(self, what: str) -> RunRecord:
        """Return what a job that made a release showed."""
        kind = self._completed().kind
        if kind not in RELEASING:
            raise JobKindError(f"job {self.job_id} is of kind {kind} and has no {what}")
        return self._findings()

    def _shown(self, name: str) -> "pd.DataFrame":
        """Return statistics that hold no value: Dagster has them, so no store is needed."""
        from anon_dagster.jobs.statistics_json import statistics_of

        run = self._released(f"{name} statistics")
        shown = step(run, *(each for each in run.steps if f"exact_{name}" in run.steps[each]))
        if shown:
            return statistics_of(shown[f"exact_{name}"])
        return self._folder(run).load_statistics(f"{name}.json")

    def _folder(self, run: RunRecord) -> "JobFolder":
        folder = self._anywhere(run)
        if folder is None or not folder.path.exists():
            where = "" if folder is None else f" ({folder.path})"
            raise JobError(
                f"what job {self.job_id} made lies in the store of its deployment{where}, which "
                "cannot be read from here: mount it and say AnonClient(url, store=…) or ANON_STORE"
            )
        return folder

    def _anywhere(self, run: RunRecord) -> "JobFolder | None":
        from anon_dagster.jobs.folder import JobFolder

        if self.context.store is not None:
            return JobFolder(self.context.store, self.job_id)
        file = next((each["file"] for each in run.steps.values() if "file" in each), None)
        folder = None if file is None else JobFolder(Path(file).parents[2], self.job_id)
        # It may be of another machine, or of another user of this one.
        seen = folder is not None and os.access(folder.path, os.R_OK | os.W_OK | os.X_OK)
        return folder if seen else None

    def _withdraw(self) -> list[str]:
        """Remove what the job published; return the targets at which it was."""
        from anon_dagster.jobs.announcement import withdraw_whole

        run = self._findings()
        folder = self._anywhere(run)
        if folder is not None and (gone := withdraw_whole(folder)):
            return gone
        return [each.target for each in published_of(run).values() if each.withdraw()]

    def _handed(self, record: JobRecord) -> Handover | None:
        name, store = record.tags.get(HANDED_TAG), self.context.store
        return Handover(store, name) if store and name and Handover.is_name(name) else None
