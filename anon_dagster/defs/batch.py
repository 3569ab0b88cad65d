"""The run that releases a batch of files: each by itself, whatever becomes of the others."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg

from anon_dagster import clock
from anon_dagster.arrivals import Arrival, Inbox, Registry, State
from anon_dagster.arrivals.tick import crashed, disagreed, given_back, tried_again
from anon_dagster.defs import metadata
from anon_dagster.defs.application import apply_stored
from anon_dagster.defs.failures import unexpected
from anon_dagster.defs.leftovers import sweep_target
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import FilesProgress
from anon_dagster.defs.stages import STAGES, Shown, Work
from anon_dagster.errors import (
    AnonError,
    ClusterUnavailableError,
    SourceChangedError,
    StoreAccessError,
    StoreUnavailableError,
)
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.ledger import Entry, Ledger
from anon_dagster.jobs.tags import FILES_TAG, USER_TAG
from anon_dagster.jobs.webhook import post
from anon_dagster.report.explanation import explain_policy
from anon_dagster.storage import listing
from anon_dagster.storage.failures import changed

if TYPE_CHECKING:
    from anon_dagster.jobs.folder import JobFolder

_STAGES = (
    "source",
    "frequency_table",
    "solution",
    "anonymized",
    names.RESIDUAL,
    "exploratory_statistics",
    "risk_metrics",
    "utility_statistics",
)
UNAVAILABLE = (StoreUnavailableError, StoreAccessError, ClusterUnavailableError)
"""What says nothing of a file."""
_PATIENCE = 3_600.0
"""Seconds that a run waits until it can write down what became of a file: if it gave up, a file
that is published would be published again."""
_LEFT = {State.SET_ASIDE: "were set aside", State.WAITING: "will be tried again"}
_STATUS = {
    State.RELEASED: "completed",
    State.READ: "completed",
    State.SET_ASIDE: "failed",
}
_LISTED = 20  # files in the words of a failure


@dataclass(frozen=True)
class FileRun:
    """What a run that releases files works with."""

    context: dg.OpExecutionContext
    store: JobStore
    dataset: str
    inbox: Inbox
    key: dg.AssetKey
    """The asset whose partitions are the releases of single files."""
    solution: Mapping[str, Any] | None
    """What is applied to every file; nothing if each is anonymized by itself."""

    not_of_files: ClassVar[tuple[type[AnonError], ...]] = UNAVAILABLE
    """Errors that say nothing about the file at hand, and would come with the others, too."""

    @property
    def registry(self) -> Registry:
        """What is known of every file."""
        return Registry(self.store.root, self.dataset)

    @property
    def _patient_registry(self) -> Registry:
        return replace(self.registry, seconds=_PATIENCE)

    def release_all(self, given: list[Arrival]) -> list[Arrival]:
        """Release the files that are given to this run, and say what became of each."""
        progress = FilesProgress(self.context.instance, self.context.run_id, len(given))
        ended: list[Arrival] = []
        lines: list[Entry] = []
        try:
            for position, arrival in enumerate(given):
                if (taken := self.registry.begin(arrival)) is not None:
                    try:
                        became, entry = self._end(taken, progress)
                    except self.not_of_files as error:
                        ended += self._give_back(taken, given[position + 1 :], str(error))
                        break
                    ended.append(became)
                    lines.append(entry)
                progress.next_file()
            else:
                progress.finish()
        finally:
            self._post(lines)
        self.context.instance.add_run_tags(self.context.run_id, {FILES_TAG: _counts(ended)})
        return ended

    def _post(self, lines: list[Entry]) -> None:
        if not post_all(lines):
            self.context.log.warning("the webhook did not take the lines of all files")

    def _give_back(self, failed: Arrival, left: list[Arrival], reason: str) -> list[Arrival]:
        """Let a file wait that failed through no fault of its own, and those after it."""
        now = clock.now()
        waiting = [(failed, tried_again(failed, reason, now))]
        waiting += [(each, given_back(each, reason, now)) for each in left]
        return [then for before, then in waiting if self._patient_registry.end(before, then)]

    def _end(self, taken: Arrival, progress: FilesProgress) -> tuple[Arrival, Entry]:
        """Release a file; return what became of it, and its line in the ledger."""
        started = clock.now()
        job = self.store.job(self.context.run_id, file=taken.key)
        shown: Shown = {}
        try:
            ended = self._as_it_lies(taken)
            if ended is taken:
                ended, shown = self._released(taken, job, progress)
        except self.not_of_files:
            raise
        except SourceChangedError as error:
            ended = self._changed(taken, str(error))
        except AnonError as error:
            ended = replace(taken, state=State.SET_ASIDE, reason=str(error))
        except MemoryError:
            ended = crashed(taken, clock.now())
        except Exception as error:  # noqa: BLE001 (whatever it is, its text may quote a cell)
            ended = replace(taken, state=State.SET_ASIDE, reason=unexpected(error))
        self._show(ended, shown)
        entry = self._line(ended, shown, job, started)
        write_down(self.store, entry, seconds=_PATIENCE)
        self._patient_registry.end(taken, ended)
        return ended, entry

    def _as_it_lies(self, taken: Arrival) -> Arrival:
        """Return a file as it was taken, if that version lies there; else what became of it."""
        found = listing.look_up(taken.path)
        if found is not None and found.version == taken.version:
            return taken
        if not _is_listed(taken):
            return replace(taken, state=State.GONE, reason="")
        had = "nothing" if found is None else "another version"
        reason = f"its store lists it, and gives {had} when it is asked for it"
        return disagreed(taken, reason, clock.now())

    def _changed(self, taken: Arrival, reason: str) -> Arrival:
        """Return a file of which something changed while it was read: itself, or what it needs."""
        if taken.path in reason and _is_listed(taken):  # as if nothing had
            return disagreed(taken, reason, clock.now())
        return tried_again(taken, reason, clock.now())

    def _released(
        self, taken: Arrival, job: "JobFolder", progress: FilesProgress
    ) -> tuple[Arrival, Shown]:
        """Release a file; return what became of it, and what is shown."""
        request = self.inbox.request_of(taken.path)
        if taken.failures or taken.crashes:  # else nobody left anything there
            sweep_target(self.context.instance, request)
        job.save_request(request)
        release = self._anonymize if self.solution is None else self._apply
        shown = release(taken, job, progress)
        return replace(taken, state=State.RELEASED, reason=""), shown

    def _anonymize(self, taken: Arrival, job: "JobFolder", progress: FilesProgress) -> Shown:
        work = Work(job, progress, self.key)
        first, *others = _STAGES
        STAGES[first].make(work)
        require_version(taken)  # later steps read what this one found, or nothing
        shown = {name: STAGES[name].make(work) for name in others}
        return {**shown[names.RESIDUAL], **shown["anonymized"], **shown["risk_metrics"]}

    def _apply(self, taken: Arrival, job: "JobFolder", progress: FilesProgress) -> Shown:
        settings = self.inbox.settings
        assert self.solution is not None, "there is one to apply"
        job.save_application(
            self.solution,
            lacking=settings.lacking,
            enforce=settings.enforce,
            suppress_at_most=settings.suppress_at_most,
        )
        told = apply_stored(job, progress, self.key, on_open=partial(require_version, taken))
        residual = STAGES[names.RESIDUAL].make(Work(job, progress, self.key))
        return {**residual, **told}

    def _show(self, ended: Arrival, shown: Shown) -> None:
        if ended.state is State.RELEASED:
            event: dg.AssetMaterialization | dg.AssetObservation = dg.AssetMaterialization(
                self.key, metadata=dict(shown), partition=ended.key
            )
        else:
            outcome = {"outcome": ended.state.value, "reason": ended.reason}
            event = dg.AssetObservation(self.key, metadata=outcome, partition=ended.key)
        self.context.log_event(event)

    def _line(self, ended: Arrival, shown: Shown, job: "JobFolder", started: float) -> Entry:
        """Return the line of a file that this run ended with, and the figures of its release."""
        entry = replace(
            line(ended, self.dataset, self.inbox),
            user=self.context.run.tags.get(USER_TAG, ""),
            started=started,
            ended=clock.now(),
        )
        return replace(entry, **self._figures(ended, shown, job)) if shown else entry

    def _figures(self, ended: Arrival, shown: Shown, job: "JobFolder") -> dict[str, Any]:
        """Return what the ledger tells of a file that is done with."""
        return {
            "risk": metadata.figures(job.load_statistics(file_names.RISK)),
            "utility": metadata.figures(job.load_statistics(file_names.UTILITY)),
            "target": self.inbox.target_of(ended.path),
            "checksum": str(shown["checksum"].value),
        }


def require_version(taken: Arrival) -> None:
    """Refuse a file that was replaced after its run took it and before it was opened.

    Raises
    ------
    SourceChangedError
        If it was: it is another version, whose turn comes.
    """
    if not _is_there(taken):
        raise changed(taken.path)


def _is_there(taken: Arrival) -> bool:
    """Tell whether the version that a run took lies there still."""
    found = listing.look_up(taken.path)
    return found is not None and found.version == taken.version


def line(arrival: Arrival, dataset: str, inbox: Inbox) -> Entry:
    """Return the line of a file in the ledger; a version has one, however often it is tried."""
    return Entry(
        job_id=f"{dataset}/{arrival.key}",
        kind=f"{inbox.settings.mode} file",
        dataset=dataset,
        request=inbox.request.fingerprint,
        user="",
        status=_STATUS.get(arrival.state, ""),
        started=None,
        ended=None,
        promises=explain_policy(inbox.request.policy),
        risk={},
        utility={},
        target="",
        checksum="",
        source=arrival.path,
        reason=arrival.reason,
    )


def _is_listed(taken: Arrival) -> bool:
    """Tell whether a listing shows the version of a file that was taken."""
    listed = listing.look_up_in_listing(taken.path)
    return listed is not None and listed.version == taken.version


def write_down(store: JobStore, entry: Entry, *, seconds: float = 10.0) -> None:
    """Write the line of a file that was released or set aside into the ledger."""
    if entry.status:
        Ledger(store.root, seconds).write(entry)


def post_all(entries: Iterable[Entry]) -> bool:
    """Post the lines of files that were released or set aside; tell whether all were taken.

    A webhook that does not take one is not asked again.
    """
    return all(post(entry) for entry in entries if entry.status)


def _counts(ended: list[Arrival]) -> str:
    states = Counter(each.state.value for each in ended)
    return ", ".join(f"{count:,} {state}" for state, count in states.most_common())


def words_of(ended: list[Arrival]) -> str:
    """Say what became of the files that were not released; nothing if all were."""
    left = {state: [a for a in ended if a.state is state] for state in _LEFT}
    counts = [f"{len(each)} {_LEFT[state]}" for state, each in left.items() if each]
    reasons = [f"{a.path}: {a.reason}" for each in left.values() for a in each]
    more = [f"and {len(reasons) - _LISTED} more"] if len(reasons) > _LISTED else []
    told = f"of {len(ended)} files, {' and '.join(counts)}"
    return "\n".join([told, *reasons[:_LISTED], *more]) if reasons else ""
