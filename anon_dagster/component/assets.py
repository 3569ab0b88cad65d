"""A dataset among the assets of a project of your own."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from anon_dagster.defs.datasets import define_dataset
from anon_dagster.defs.graph import Group
from anon_dagster.defs.partitions import require_partitioned
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.specs import with_specs
from anon_dagster.defs.stages import ANONYMIZE
from anon_dagster.defs.upkeep import decisions, places
from anon_dagster.defs.upkeep import upkeep as upkeep_of
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.jobs import names
from anon_dagster.request import Request, load_request, parse_request

AssetKey = dg.AssetKey | str | Sequence[str]
SpecChange = Callable[[dg.AssetSpec], dg.AssetSpec]
RequestLike = str | Path | Mapping[str, Any] | Request

_NAME = re.compile(r"[A-Za-z0-9_]+")


def build_anonymized_assets(  # noqa: PLR0913 (what an asset of Dagster takes, too)
    name: str,
    request: RequestLike,
    *,
    deps: Iterable[AssetKey] = (),
    source_asset: AssetKey | None = None,
    key_prefix: Sequence[str] = (),
    group_name: str | None = None,
    owners: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    kinds: Iterable[str] = (),
    automation_condition: dg.AutomationCondition[Any] | None = None,
    freshness_policy: dg.FreshnessPolicy | None = None,
    partitions_def: dg.PartitionsDefinition[Any] | None = None,
    get_asset_spec: SpecChange | None = None,
    upkeep: bool = True,
) -> dg.Definitions:
    """Define the assets, checks and jobs that anonymize a table, to be merged with your own.

    They bring resources of their own, ``anon_store``, ``anon_engine`` and ``anon_releases``, and
    the sensors that look after jobs; definitions of several datasets merge and have these once.

    Parameters
    ----------
    name
        What the dataset is called: the keys are ``name/request``, ``name/anonymized`` and so on,
        and a job is ``name_anonymize_job``.
    request
        What is asked for: the path of a YAML file, which is read anew in each run, a mapping, or
        a request. A relative path starts at the working directory.
    deps
        Assets of your own that the source rests on, such as what writes its file.
    source_asset
        The asset whose table is the source, if the request names none. Dagster loads it, and it
        is kept in the private folder of the job as long as the job is.
    key_prefix
        What the keys begin with.
    group_name
        The group of all assets; the name if left out.
    owners, tags, kinds
        Of all assets, besides their own.
    automation_condition
        When Dagster makes the release anew by itself, with all that leads to it and follows it.
    freshness_policy
        How old the release may become; as ``fresh_within_hours`` of the request if left out.
    partitions_def
        The partitions of all assets; ``{partition_key}`` in the paths of source and target then
        stands for the key.
    get_asset_spec
        Changes what Dagster is told of each asset; all but its key and its partitions may change.
    upkeep
        Whether the sensors and jobs that look after runs come with it. Definitions that are merged
        have them once; where ``dg`` loads a module each, or components beside them, it copies them,
        and only one may have them.

    Returns
    -------
    dagster.Definitions
        Without an executor: each job names its own.

    Raises
    ------
    RequestError
        If the request cannot be run, or does not go with the other arguments.
    """
    settings = _Settings(
        group_name or name,
        tuple(owners),
        dict(tags or {}),
        set(kinds),
        automation_condition,
        freshness_policy,
        get_asset_spec,
    )
    group = Group(
        _valid(name),
        partitions_def,
        prefix=tuple(key_prefix),
        deps=tuple(map(_key, deps)),
        table=None if source_asset is None else _key(source_asset),
    )
    defined = _defined(group, _reader(request), settings, name=_named(request))
    return dg.Definitions.merge(defined, looked_after()) if upkeep else defined


def looked_after() -> dg.Definitions:
    """Define what looks after the runs of all datasets, and decides on releases that wait."""
    return dg.Definitions.merge(decisions(), upkeep_of(JobStore.of_environment()))


@dataclass(frozen=True, eq=False)
class _Settings:
    """What a project says of all assets of a dataset."""

    group_name: str
    owners: tuple[str, ...]
    tags: Mapping[str, str]
    kinds: set[str]
    automation_condition: dg.AutomationCondition[Any] | None
    freshness_policy: dg.FreshnessPolicy | None
    change: SpecChange | None

    def of(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        """Return what Dagster is told of an asset."""
        step = spec.key.path[-1]
        told = spec.replace_attributes(group_name=self.group_name).merge_attributes(
            owners=self.owners, tags=self.tags, kinds=self.kinds
        )
        if step in ANONYMIZE and self.automation_condition is not None:
            told = told.replace_attributes(automation_condition=self.automation_condition)
        if step == names.ANONYMIZED and self.freshness_policy is not None:
            told = told.replace_attributes(freshness_policy=self.freshness_policy)
        return told if self.change is None else _changed(told, self.change(told))


def _changed(before: dg.AssetSpec, after: dg.AssetSpec) -> dg.AssetSpec:
    """Refuse what the steps of a dataset find each other by."""
    if (before.key, before.partitions_def) != (after.key, after.partitions_def):
        raise RequestError(
            f"the spec of {before.key.to_user_string()} may change in all but its key and its "
            "partitions: give key_prefix or partitions_def for all assets"
        )
    return after


def _defined(
    group: Group, load: Callable[[], Request], settings: _Settings, *, name: str
) -> dg.Definitions:
    """Define a dataset, with the resources of its steps."""
    request = load()
    _require_one_source(request, group)
    if group.partitions is not None:
        require_partitioned(request)
    return dg.Definitions.merge(
        with_specs(define_dataset(group, load, name=name), settings.of),
        places(JobStore.of_environment()),
    )


def _require_one_source(request: Request, group: Group) -> None:
    """Refuse a request whose records come from nowhere, or from two places."""
    if group.table is None and request.source is None:
        told = "is missing: name a file, or give source_asset, whose table it is"
        raise RequestError([Complaint("source", told)])
    if group.table is not None and request.source is not None:
        told = f"is the table of {group.table.to_user_string()}: leave it out here, or there"
        raise RequestError([Complaint("source", told)])


def _reader(request: RequestLike) -> Callable[[], Request]:
    """Return what reads a request: a file whenever it is asked for, all else at once."""
    if isinstance(request, str | Path):
        return lambda: load_request(request)
    parsed = request if isinstance(request, Request) else parse_request(request)
    return lambda: parsed


def _named(request: RequestLike) -> str:
    """Return what a request is called in descriptions."""
    return Path(request).name if isinstance(request, str | Path) else "the project"


def _valid(name: str) -> str:
    if not _NAME.fullmatch(name) or name == names.ADHOC:
        raise RequestError(
            f"the name of a dataset has letters, digits and _ only, and is not {names.ADHOC}"
        )
    return name


def _key(key: AssetKey) -> dg.AssetKey:
    """Return a key, also of a text as Dagster shows it: ``raw/patients``."""
    return dg.AssetKey.from_user_string(key) if isinstance(key, str) else dg.AssetKey(_path(key))


def _path(key: dg.AssetKey | Sequence[str]) -> Sequence[str]:
    return key.path if isinstance(key, dg.AssetKey) else list(key)
