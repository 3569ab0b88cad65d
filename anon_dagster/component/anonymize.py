"""The component that anonymizes a table in a Dagster project."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import dagster as dg
from pydantic import ConfigDict, Field

from anon_dagster.component.assets import build_anonymized_assets
from anon_dagster.component.scaffolder import AnonymizeScaffolder
from anon_dagster.request import Request, parse_request

_Condition: TypeAlias = dg.AutomationCondition  # whose parameter would keep pydantic from it
_Partitions: TypeAlias = dg.PartitionsDefinition
_IN_WORDS = dg.Resolver.default(model_field_type=str | None)
"""Of what a file of YAML has as a template: ``{{ dg.AutomationCondition.eager() }}``."""


@dg.scaffold_with(AnonymizeScaffolder)
class Anonymize(dg.Component, dg.Model, dg.Resolvable):
    """Anonymizes a table, proves that the release keeps its promises, and publishes it.

    Scaffolded with ``--source FILE --target PLACE``, it begins with a request that is proposed for
    that table, as ``anon init`` does.

    Derive a class of your own to change what Dagster is told of the assets, by
    :meth:`get_asset_spec`, or what is defined at all, by :meth:`build_defs`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    request: str | dict[str, Any] = Field(
        description="What is asked for: the path of a YAML file, beside this one, or the request "
        "itself. Relative paths in it start at this folder."
    )
    name: str | None = Field(
        default=None, description="What the dataset is called; the name of the folder if left out."
    )
    deps: Annotated[
        Sequence[dg.ResolvedAssetKey], Field(description="Assets that the source rests on.")
    ] = ()
    source_asset: Annotated[
        dg.ResolvedAssetKey | None,
        Field(description="The asset whose table is the source, if the request names none."),
    ] = None
    key_prefix: Sequence[str] = Field(default=(), description="What the keys of assets begin with.")
    group_name: str | None = Field(
        default=None, description="The group of all assets; the name if left out."
    )
    owners: Sequence[str] = Field(default=(), description="Of all assets: me@us.org, team:data.")
    tags: dict[str, str] = Field(default={}, description="Of all assets.")
    kinds: Sequence[str] = Field(default=(), description="Of all assets, besides their own.")
    automation_condition: Annotated[_Condition | None, _IN_WORDS] = None  # type: ignore[type-arg]
    freshness_policy: Annotated[dg.FreshnessPolicy | None, _IN_WORDS] = None
    partitions_def: Annotated[_Partitions | None, _IN_WORDS] = None
    upkeep: bool = Field(
        default=True,
        description="Whether the sensors that look after runs come with it. The first of several "
        "files of YAML has them by itself; of several components in Python only one may.",
    )

    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        """Return what Dagster is told of an asset; its key and its partitions stay."""
        return spec

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Define the assets, checks and jobs."""
        folder = context.path.parent if context.path.suffix == ".py" else context.path
        return build_anonymized_assets(
            self.name or folder.name,
            self._request(folder),
            deps=self.deps,
            source_asset=self.source_asset,
            key_prefix=self.key_prefix,
            group_name=self.group_name,
            owners=self.owners,
            tags=self.tags,
            kinds=self.kinds,
            automation_condition=self.automation_condition,
            freshness_policy=self.freshness_policy,
            partitions_def=self.partitions_def,
            get_asset_spec=self.get_asset_spec,
            upkeep=self.upkeep and self._is_first(context),
        )

    def _is_first(self, context: dg.ComponentLoadContext) -> bool:
        """Tell whether no other component of a project has what looks after all of their runs."""
        every = context.component_tree.get_all_components(Anonymize)
        return not any(each is self for each in every) or every[0] is self

    def _request(self, folder: Path) -> Path | Request:
        """Return the file of the request, or the request itself."""
        if isinstance(self.request, str):
            return folder / self.request
        return parse_request(self.request, folder=folder)
