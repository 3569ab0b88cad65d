"""A held release that a person approves: brought beside its target, proven again, and published.

What waits was measured as it is stored. Its bytes are copied beside the target, and must be those
that were measured; every promise is measured on the copy once more. Then it is published as any
release is. One document of the job that held it says whether it was, see
:mod:`anon_dagster.jobs.holding`: who dies before that is written has published nothing that stays,
and what is left to do of one who dies after it is done by whoever looks next.
"""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from anon_dagster import clock
from anon_dagster.errors import AnonError, PromiseBrokenError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.alone import alone_at
from anon_dagster.jobs.announcement import announce_at, hand_on
from anon_dagster.jobs.folder import JobFolder, LinkedJob, tables_of
from anon_dagster.jobs.holding import Hold, deciding, keep
from anon_dagster.jobs.seen import require_nothing_new
from anon_dagster.jobs.unswept import remember
from anon_dagster.progress import ProgressSink, ignore_progress
from anon_dagster.releasing.persons_file import StoredPersons
from anon_dagster.releasing.publication import (
    StagedRelease,
    checksum_of,
    count_release,
    differences,
    verify_release,
    versions_of,
)
from anon_dagster.releasing.together import publish_together, verify_together
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.storage.addresses import is_local
from anon_dagster.storage.targets import StagedTarget, check_target, stage
from anon_dagster.verification import verify

if TYPE_CHECKING:
    from anon_dagster.planning.decision import Decision
    from anon_dagster.reading.counting import Count
    from anon_dagster.request import Target

_HELD_FILES = (file_names.REQUEST, file_names.LINKED)
_CHANGED = (
    "what waits is not what was measured: {} of job {} was changed or damaged in its store since; "
    "nothing is published: reject it, and run the job again"
)


@dataclass(frozen=True, slots=True)
class _Table:
    """One of the releases that are published together."""

    folder: JobFolder
    target: "Target"
    decision: "Decision | None"
    """None where a solution was applied to later records."""

    @property
    def persons(self) -> StoredPersons | None:
        """Whose its records are, where persons count."""
        path = self.folder.path / file_names.PERSONS
        return StoredPersons(path) if path.exists() else None


def approve(
    held: JobFolder,
    approving: JobFolder,
    *,
    person: str,
    on_progress: ProgressSink = ignore_progress,
) -> Hold:
    """Publish what a job holds; return what became of it.

    Parameters
    ----------
    approving
        The folder of the job that does it: until it is done, that job answers for the target.
    person
        Who approves; empty if nobody is known.

    Raises
    ------
    JobError
        If the job holds nothing, it was decided already, or by the same person where it takes two.
    PromiseBrokenError
        If what waits was changed, or breaks a promise.
    DisclosureError
        If releases that came since tell more together with it than its report says.
    TargetError
        If it cannot be published any more. In each of these cases it still waits.
    """
    with deciding(held) as hold:
        hold.require_approver(person)
        approving.adopt(held, _HELD_FILES)
        approving.save_document(file_names.APPROVAL, {"job": held.job_id})
        tables = _tables(held)
        with ExitStack() as stack:
            staged = {
                name: stack.enter_context(_beside(table, approving.job_id))
                for name, table in tables.items()
            }
            releases = {n: _proven(tables[n], each) for n, each in staged.items()}
            _prove_together(held.linked, staged)
            stored = {name: each.staged_source() for name, each in staged.items()}
            require_nothing_new(held, stored, hold.seen)
            with alone_at(held.root, [each.target.address for each in tables.values()]):
                _publish(releases, _workspaces(tables, approving, on_progress))
                published = {name: _told(each) for name, each in staged.items()}
            for each in staged.values():
                if each.left_behind:
                    remember(held.root, each.target)
            told = replace(
                hold,
                state="approved",
                decided_by=person,
                decided=clock.now(),
                by_job=approving.job_id,
                published=published,
            )
            keep(held, told)
    return told


def take_over(held: JobFolder, hold: Hold) -> None:
    """Let a job stand for what was approved as if it had published it; may be repeated."""
    approving = tables_of(JobFolder(held.root, hold.by_job))
    for name, folder in tables_of(held).items():
        told = hold.published[name]
        folder.tell_published(told["paths"], told["versions"])
        if name in approving:  # else it was deleted
            hand_on(approving[name], folder)


def _tables(held: JobFolder) -> dict[str, _Table]:
    """Return what is published, in this order."""
    linked, is_applied = held.linked, held.has((file_names.APPLICATION,))
    decisions: Mapping[str, Decision | None]
    if linked is not None:
        decisions = linked.load_decisions()
    else:
        decisions = {"": None if is_applied else held.load_decision()}
    tables = {}
    for name, folder in tables_of(held).items():
        target = folder.load_request().target
        assert target is not None, "what is held has a target"
        check_target(target, _local_inputs(held) if is_local(target.path) else ())
        tables[name] = _Table(folder, target, decisions[name])
    return tables


def _local_inputs(held: JobFolder) -> list[str]:
    """Return what was read on this machine, which a link may lead the target to by now."""
    linked = held.linked
    request = held.load_request() if linked is None else linked.request
    return [path for path in request.inputs if is_local(path)]


def _beside(table: _Table, token: str) -> StagedTarget:
    """Bring what waits beside its target, byte for byte."""
    staged = stage(table.target, pa.schema([]), token=token)
    try:
        staged.take(table.folder.load_release()["source"]["path"])
        staged.seal()
    except BaseException:
        staged.discard()
        raise
    return staged


def _proven(table: _Table, staged: StagedTarget) -> StagedRelease:
    """Measure what lies beside a target, which must be what was measured before.

    Raises
    ------
    PromiseBrokenError
        If it is not, or breaks a promise.
    """
    folder, stored = table.folder, staged.staged_source()
    told, found = folder.load_release(), checksum_of(stored.path)
    if found != told["checksum"]:
        raise PromiseBrokenError(_CHANGED.format("the release", folder.job_id))
    policy = folder.load_request().policy
    if table.decision is not None:
        policy = table.decision.released.policy
    counted = count_release(policy, stored, persons=table.persons)
    if table.decision is None:
        _judge_applied(folder, counted)
    else:
        verify_release(table.decision, counted).require()
        if problems := differences(table.decision, counted, folder.load_kept()):
            raise PromiseBrokenError(f"the release is not as decided: {'; '.join(problems)}")
    return StagedRelease(staged, found, counted)


def _judge_applied(folder: JobFolder, stored: "Count") -> None:
    """Let later records pass as they passed when a solution was applied to them."""
    application = folder.load_application()
    policy, levels = application.request.policy, application.stored.levels
    named = None
    if levels is not None:
        named = dict(zip(policy.quasi_identifiers, levels, strict=True))
    application.judge(verify(stored, policy, source_count=folder.load_count(), levels=named))


def _prove_together(linked: LinkedJob | None, staged: Mapping[str, StagedTarget]) -> None:
    """Measure what linked tables promise together."""
    if linked is None:
        return
    stored = {
        name: (staged[name].staged_source(), folder.path / file_names.PERSONS)
        for name, folder in linked.folders.items()
    }
    counted = linked.load_decisions()[linked.request.detail].counted
    verify_together(linked.request, stored, counted).require()


def _workspaces(
    tables: Mapping[str, _Table], approving: JobFolder, on_progress: ProgressSink
) -> dict[str, Workspace]:
    folders = tables_of(approving)
    return {
        name: Workspace(
            approving.job_id,
            folders[name].create(),
            on_progress,
            partial(announce_at, table.target, folders[name]),
        )
        for name, table in tables.items()
    }


def _publish(releases: Mapping[str, StagedRelease], workspaces: Mapping[str, Workspace]) -> None:
    if len(releases) > 1:
        publish_together(releases, workspaces)
        return
    for name, release in releases.items():
        release.publish(workspaces[name])


def _told(staged: StagedTarget) -> dict[str, object]:
    """Return where a release is, for who has to find it again."""
    paths = staged.final_paths
    versions: list[list[str]] = []
    with suppress(AnonError):  # its store does not tell now
        versions = [list(each) for each in versions_of(paths)]
    return {"paths": list(paths), "versions": versions}
