"""Targets that are tables and no files: who stages, checks and sweeps which of them.

What is published there has an address of its own (``database://…``, ``delta://…``), under which
:mod:`anon_dagster.storage.addresses` finds it: to tell its version, to read it, and to remove it.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from anon_dagster.request import Target

if TYPE_CHECKING:
    from anon_dagster.storage.targets.staging import StagedTarget


@dataclass(frozen=True, slots=True)
class TableKind:
    """What is done with targets of a kind, see the functions of the same names for files."""

    stage: Callable[[Target, pa.Schema, str], "StagedTarget"]
    """Of a target, a schema and a token."""
    check: Callable[[Target, Sequence[str]], None]
    """Of a target and the sources."""
    sweep: Callable[[Target, Container[str]], tuple[str, ...]]
    """Of a target and the tokens of the jobs that are still writing."""


def table_kind(target: Target) -> TableKind | None:
    """Return what is done with a target that is a table; none of files."""
    if target.connection is not None:
        from anon_dagster.storage.lakehouse.iceberg_catalogs import catalog_at

        if catalog_at(target.path) is not None:
            from anon_dagster.storage.lakehouse.iceberg_staging import ICEBERG_TABLES

            return ICEBERG_TABLES
        from anon_dagster.storage.databases.staging import TABLES

        return TABLES
    if target.is_table:
        from anon_dagster.storage.lakehouse.staging import DELTA_TABLES

        return DELTA_TABLES
    return None
