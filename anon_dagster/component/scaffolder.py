"""What ``dg scaffold defs`` writes: a request to start from, and a file that explains itself."""

from pathlib import Path
from typing import Any

import click
import dagster as dg
from pydantic import BaseModel, Field

from anon_dagster.errors import AnonError, TargetError
from anon_dagster.jobs.names import REQUEST_FILE

_DEFS = """\
type: {type}

attributes:
  # What is asked for: a file beside this one, or the request itself. Relative paths in it start
  # at this folder. Look through it: it says what each column is, and what is promised.
  request: {request}

  # Assets of your own that the source rests on, such as the one that writes its file:
  # deps: [raw/patients]
  # Or the asset whose table is the source; the request then names none:
  # source_asset: raw/patients

  # name: patients                 # what the dataset is called; the name of this folder if left out
  # key_prefix: [hospital]         # what the keys of assets begin with
  # group_name: releases
  # owners: [team:data]
  # tags: {{domain: health}}
  # kinds: [parquet]

  # When Dagster makes the release anew by itself:
  # automation_condition: "{{{{ dg.AutomationCondition.eager() }}}}"
  # How old the release may become:
  # freshness_policy: "{{{{ dg.FreshnessPolicy.time_window(datetime.timedelta(days=1)) }}}}"
  # With {{partition_key}} in the paths of source and target:
  # partitions_def: "{{{{ dg.DailyPartitionsDefinition(start_date='2026-01-01') }}}}"

  # upkeep: false                  # if something else in the project has what looks after runs
"""
_REQUEST = """\
# Say where the records are, what each of their columns is, and what is promised.
# `anon init FILE` proposes all of it for a table of yours.

source: {path: patients.csv}
target: {path: released/patients.csv}  # left out, the release stays with its job

policy:
  attributes:                          # every column of the source
    name: {role: direct_identifier}    # left out
    age:                               # generalized as far as the promises need
      role: quasi_identifier
      hierarchy: {type: interval, widths: [5, 10, 20, 40], lower: 0, upper: 100}
    sex: {role: quasi_identifier}
    diagnosis: {role: sensitive}
  privacy:
    k_anonymity: {k: 5}
"""


class ScaffoldingParams(BaseModel):
    """What a request is written of."""

    source: str | None = Field(
        default=None, description="A table to propose a request for, as `anon init` does."
    )
    target: str | None = Field(default=None, description="Where its release shall go.")


class AnonymizeScaffolder(dg.Scaffolder[ScaffoldingParams]):
    """Writes ``request.yaml`` and an annotated ``defs.yaml``."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldingParams]:
        """Return what may be said when a component is scaffolded."""
        return ScaffoldingParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldingParams]) -> None:
        """Write the files of a component.

        Raises
        ------
        click.ClickException
            If the table cannot be read, or there is a request already. ``dg`` shows its words, and
            no traceback.
        """
        folder = request.target_path
        try:
            text = _proposed(request.params, folder)
        except AnonError as error:
            _remove_if_empty(folder)
            raise click.ClickException(str(error)) from None
        if request.scaffold_format == "python":
            _write_component(request)
        else:
            defs = _DEFS.format(type=request.type_name, request=REQUEST_FILE)
            (folder / "defs.yaml").write_text(defs, encoding="utf-8")
        (folder / REQUEST_FILE).write_text(text, encoding="utf-8")


def _write_component(request: dg.ScaffoldRequest[Any]) -> None:
    module, _, name = request.type_name.rpartition(".")
    text = f"""\
import dagster as dg
from {module} import {name}


@dg.component_instance
def load(context: dg.ComponentLoadContext) -> {name}:
    return {name}(request="{REQUEST_FILE}")
"""
    (request.target_path / "component.py").write_text(text, encoding="utf-8")


def _proposed(params: ScaffoldingParams, folder: Path) -> str:
    """Return the request to start from, proposed for a table if one is named.

    Raises
    ------
    AnonError
        If the table cannot be read, or there is a request already.
    """
    if (folder / REQUEST_FILE).exists():
        raise TargetError(f"{folder / REQUEST_FILE} exists: move it away, or name it yourself")
    if params.source is None:
        return _REQUEST
    from anon_dagster.detection import detect
    from anon_dagster.detection.starting import request_to_start_from

    return request_to_start_from(detect(params.source), folder, params.target)


def _remove_if_empty(folder: Path) -> None:
    """Remove the folder that ``dg`` made, which would refuse the next try: it exists."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
