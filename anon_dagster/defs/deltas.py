"""The deltas of a dataset that is released continuously: asset, audit, and jobs by hand."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from anon_dagster.arrivals import Inbox
from anon_dagster.defs import descriptions, metadata
from anon_dagster.defs.delta_events import tell_deltas
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.freshness import freshness_policy
from anon_dagster.defs.graph import Group
from anon_dagster.defs.ownership import own
from anon_dagster.defs.plain import Text
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.timetable import scheduled
from anon_dagster.jobs import names
from anon_dagster.jobs.tags import DATASET_TAG, KIND_TAG
from anon_dagster.request import Arrivals, Request

if TYPE_CHECKING:
    from anon_dagster.continuous import Audit, Erasure, Stream

DELTAS = "deltas"
EVERY_DELTA_KEEPS_ITS_PROMISES = "every_delta_keeps_every_promise"
_PROMISE = {
    "delta": "Every delta keeps every promise by itself, and so do all unions of deltas of a "
    "version and what is taken out of one, against the reference that was frozen with the version.",
    "union": "All deltas of a version together keep every promise, at any time; **not each by "
    "itself**: whoever tells deltas apart learns more (`observer: union`).",
}
_AUDITED = {
    "delta": "Every delta keeps every promise, as do blocks and unions of them",
    "union": "All deltas of a version keep every promise together, at any time",
}
_SPREAD = (
    "over several versions, promises about the spread of values (t, β, δ) need not hold together."
)


class EraseConfig(dg.Config):
    """Whom to erase."""

    keys: Text = Field(
        description="The path of a file, in a store or on this machine, that names the people by "
        "the columns of policy.person; never the people themselves, for everybody who sees runs "
        "sees this. The file is read and not kept.",
    )


def deltas(group: Group, request: Request, load: Callable[[], Request]) -> dg.Definitions:
    """Define what shows and looks after the deltas of a dataset.

    Parameters
    ----------
    request
        As it is when the code is loaded.
    load
        Reads the request as it is when something is done.
    """
    settings = Inbox(request).settings
    check = _audit_check(group, settings, load)
    audits = dg.define_asset_job(
        names.audit_job(group.name),
        selection=dg.AssetSelection.checks(check),
        description=descriptions.of_chore(
            "Reads every delta from its store again, and measures what all of them promise."
        ),
        executor_def=dg.in_process_executor,
    )
    return dg.Definitions(
        assets=[_asset(group, request)],
        asset_checks=[check],
        jobs=[audits, _reopen_job(group, load), _erase_job(group, load)],
        schedules=scheduled(
            f"{group.name}_audit_schedule",
            names.audit_job(group.name),
            settings.audit,
            place="arrivals.audit",
        ),
    )


def _asset(group: Group, request: Request) -> dg.AssetSpec:
    """Return the deltas of a dataset, each a partition."""
    settings = Inbox(request).settings
    return dg.AssetSpec(
        group.key(DELTAS),
        group_name=group.name,
        partitions_def=dg.DynamicPartitionsDefinition(name=names.deltas_partitions(group.name)),
        description=_described(settings),
        kinds={settings.target.format_found or "csv"},
        freshness_policy=freshness_policy(request),
    )


def _described(settings: Arrivals) -> str:
    """Say in three lines what deltas promise, and what they do not."""
    named = settings.people_return is None
    who = "Each person is in one delta only" if named else "That nobody returns is taken on trust"
    erasable = named and settings.observer == "delta"
    gone = "An erasure rewrites deltas" if erasable else "Who was released cannot be erased"
    copies = "a copy that somebody kept of a delta cannot be taken back."
    lines = (_PROMISE[settings.observer], f"{who}; {_SPREAD}", f"{gone}; {copies}")
    return "\n".join(f"- {line}" for line in lines)


def _stream(group: Group, store: JobStore, load: Callable[[], Request]) -> "Stream":
    from anon_dagster.continuous import Stream

    return Stream(group.name, load(), store.root)


# -- the audit -----------------------------------------------------------------------------


def _audit_check(
    group: Group, settings: Arrivals, load: Callable[[], Request]
) -> dg.AssetChecksDefinition:
    """Define the claim that everything that was released keeps its promises as it lies there."""

    @dg.asset_check(
        asset=group.key(DELTAS),
        name=EVERY_DELTA_KEEPS_ITS_PROMISES,
        description=f"{_AUDITED[settings.observer]}, read from their stores again; nobody is in "
        "two of them; the ledger accounts for every record.",
        blocking=False,
    )
    def check(
        context: dg.AssetCheckExecutionContext,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> dg.AssetCheckResult:
        from anon_dagster.continuous import audit

        with failures_in_words(), anon_engine.at_work(context):
            seed = secrets.randbelow(2**31)  # each audit tries other unions
            return _audited(audit(_stream(group, anon_store, load), seed=seed), seed)

    return check


def _audited(found: "Audit", seed: int) -> dg.AssetCheckResult:
    failing = [claim for claim in found.claims if not claim.holds]
    told = [f"{c.name}: not {c.failing:,} of {c.tried:,}. {c.detail}".strip() for c in failing]
    return dg.AssetCheckResult(
        passed=found.holds,
        description="\n".join(f"- {line}" for line in told),  # Markdown
        metadata={
            "claims": metadata.table(found.to_frame()),
            "failing": len(failing),
            "seed": seed,
        },
    )


# -- by hand -------------------------------------------------------------------------------


def _reopen_job(group: Group, load: Callable[[], Request]) -> dg.JobDefinition:
    """Define what decides another solution for later deltas."""

    @dg.op(name=names.op_of(group.name, "reopen"), description="Decides another solution.")
    def renew(
        context: dg.OpExecutionContext,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> None:
        with failures_in_words():
            own(context, anon_store)
            with anon_engine.at_work(context):
                _reopen(context, group.key(DELTAS), _stream(group, anon_store, load))

    return _by_hand(
        group,
        "reopen",
        renew,
        "Decides another solution for later deltas from all that was read under the one in use. "
        "What was released stays, and who waits goes on waiting.",
        "",
    )


def _reopen(context: dg.OpExecutionContext, key: dg.AssetKey, stream: "Stream") -> None:
    from anon_dagster.continuous import reopen

    step = reopen(stream)
    if step is None:
        context.log.info("no other solution comes of what was read: it stays as it is")
        return
    shown = {"new_version": step.next_version, "waiting": step.waiting}
    context.log_event(dg.AssetObservation(key, metadata=shown))


def _erase_job(group: Group, load: Callable[[], Request]) -> dg.JobDefinition:
    """Define what erases people whom a file names."""

    @dg.op(name=names.op_of(group.name, "erase"), description="Erases the people of a file.")
    def remove(
        context: dg.OpExecutionContext,
        config: EraseConfig,
        anon_store: dg.ResourceParam[JobStore],
        anon_engine: EngineResource,
    ) -> None:
        with failures_in_words():
            own(context, anon_store)
            with anon_engine.at_work(context):
                _erase(context, group.key(DELTAS), _stream(group, anon_store, load), config)

    return _by_hand(
        group,
        "erase",
        remove,
        "Erases people: from those who wait, and from deltas with their whole block. Give the "
        "path of a file that names them:",
        "config: {keys: s3://erasures/2026-11-29.csv}",
    )


def _erase(
    context: dg.OpExecutionContext, key: dg.AssetKey, stream: "Stream", config: EraseConfig
) -> None:
    from anon_dagster.continuous import erase, keys_at

    erased = erase(stream, keys_at(stream, config.keys))
    context.log_event(dg.AssetObservation(key, metadata=_of_erasure(erased)))
    tell_deltas(context, key, stream)


def _by_hand(
    group: Group, kind: str, step: dg.OpDefinition, told: str, config: str
) -> dg.JobDefinition:
    """Define a job of one step that somebody starts."""
    description = descriptions.of_chore(told)
    if config:
        example = f"ops:\n  {step.name}:\n    {config}"
        description = descriptions.with_example(told, example)

    @dg.job(
        name=names.job_name(kind, group.name),
        description=description,
        tags={KIND_TAG: kind, DATASET_TAG: group.name},
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        step()

    return job


def _of_erasure(erased: "Erasure") -> dict[str, int | str]:
    """Show what an erasure did, in counts."""
    return {
        "asked": erased.asked,
        "were_waiting": erased.waiting,
        "were_released": erased.released,
        "unknown": erased.unknown,
        "companions": erased.companions,
        "records_taken_out": erased.records,
        "deltas_rewritten": erased.deltas,
        "told": str(erased),
    }
