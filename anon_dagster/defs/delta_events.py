"""What Dagster is told of a continuous release: each delta, and what came of each step."""

from contextlib import suppress
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.defs import metadata
from anon_dagster.defs.stages import Shown
from anon_dagster.errors import AnonError
from anon_dagster.jobs import names

if TYPE_CHECKING:
    from anon_dagster.continuous import Line, StoredDelta, Stream


def tell_deltas(context: dg.OpExecutionContext, key: dg.AssetKey, stream: "Stream") -> None:
    """Tell of the deltas that Dagster does not know as they are now, each a partition.

    They are those of the step at hand, and those of a run that was killed before it told them.
    """
    instance, partitions = context.instance, names.deltas_partitions(stream.dataset)
    known = set(instance.get_dynamic_partitions(partitions))
    steps = {line.number: line for line in stream.ledger.lines()}
    for delta in stream.ledger.deltas():
        if not delta.target and delta.name in known:  # all of its records were taken back
            instance.delete_dynamic_partition(partitions, delta.name)
        if not delta.target or (delta.name in known and _is_told(instance, key, delta)):
            continue
        shown = {**of_step(stream, steps[delta.number]), **_of_delta(stream, delta)}
        context.log_event(dg.AssetMaterialization(key, partition=delta.name, metadata=shown))
        instance.add_dynamic_partitions(partitions, [delta.name])


def _is_told(instance: dg.DagsterInstance, key: dg.AssetKey, delta: "StoredDelta") -> bool:
    """Tell whether the last that was told of a delta is how it is; most are never rewritten."""
    if not delta.is_rewritten:
        return True
    asked = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[delta.name])
    for record in instance.fetch_materializations(asked, limit=1).records:
        made = record.asset_materialization
        return made is not None and made.metadata["checksum"].value == delta.checksum
    return False


def of_step(stream: "Stream", step: "Line") -> dict[str, dg.MetadataValue]:
    """Show what came of a step, in counts of records."""
    from anon_dagster.continuous import standing

    counts = {
        "read": step.read,
        "released": step.released,
        "waiting": step.waiting,
        "waiting_people": step.waiting_people,
        "expired": step.expired,
        "refused": step.set_aside,
        "version": step.version,
    }
    shown: dict[str, dg.MetadataValue] = {
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
        "loss_of_all": dg.MetadataValue.float(standing(stream, step=step.number).loss),
        "read_from": dg.MetadataValue.text(step.file),
    }
    if step.waiting:
        shown["oldest"] = dg.MetadataValue.timestamp(step.oldest)
    if step.target:
        shown["loss"] = dg.MetadataValue.float(step.loss)
        shown["checksum"] = dg.MetadataValue.text(step.checksum)
        shown["dagster/uri"] = dg.MetadataValue.text(step.target)
    return shown


def _of_delta(stream: "Stream", delta: "StoredDelta") -> Shown:
    """Show a delta as it lies at its target now."""
    from anon_dagster.continuous import schema_of

    shown: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(delta.records),
        "checksum": dg.MetadataValue.text(delta.checksum),
    }
    with suppress(AnonError):  # it is released all the same if its store does not answer now
        schema, policy = schema_of(stream, delta)
        shown["dagster/column_schema"] = metadata.column_schema(schema, policy)
    return shown
