"""Where runs work on the parts of their tables: the resource ``anon_engine``."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from anon_dagster.defs import metadata
from anon_dagster.defs.runs import most_at_once
from anon_dagster.engine import Engine, EngineSettings, keeping, opened
from anon_dagster.jobs.tags import ENGINE_TAG

RunContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext


class EngineResource(dg.ConfigurableResource["EngineResource"]):
    """Where the parts of tables are worked on; it changes no result.

    What is left out altogether is as ``ANON_ENGINE`` says in the environment of the deployment.
    The first step of a run that needs it opens it, and the end of the run closes it.
    """

    # Any keeps Dagster from looking for {env: NAME}: see the configuration of a request.
    type: Any = Field(
        default=None,
        description="local: threads of the process of the run. dask: processes of a cluster.",
    )
    threads: Any = Field(
        default=None,
        description="Parts that the run, or each worker that it starts, works on at once.",
    )
    memory: Any = Field(
        default=None,
        description="What grows with the records may take so much of the run's memory, such as "
        "2GiB; left out, all runs that may run at once keep to a quarter of the machine's.",
    )
    workers: Any = Field(
        default=None, description="dask: so many processes of this machine, started for the run."
    )
    address: Any = Field(
        default=None,
        description="dask: the scheduler of a cluster that runs, such as tcp://scheduler:8786.",
    )
    _opened: ExitStack = PrivateAttr(default_factory=ExitStack)
    _engine: Any = PrivateAttr(default=None)
    _copies: Any = PrivateAttr(default=None)

    def settings(self, instance: dg.DagsterInstance) -> EngineSettings:
        """Return what is set, for one of the runs that may run at once.

        Raises
        ------
        RequestError
            If it does not go together.
        """
        told = {name: getattr(self, name) for name in type(self).model_fields}
        told = {name: value for name, value in told.items() if value is not None}
        settings = EngineSettings.of(told) if told else EngineSettings.of_environment()
        return settings.shared_by(most_at_once(instance))

    @contextmanager
    def at_work(self, context: RunContext) -> Iterator[metadata.Shown]:
        """Have the engine in use for a step; give what is shown of it.

        Raises
        ------
        AnonError
            If it cannot be opened.
        """
        from anon_dagster.storage.copies import keeping_copies

        engine = self._of_run(context)
        with keeping(engine), keeping_copies(self._copies):
            yield metadata.of_engine(engine.shown)

    def _of_run(self, context: RunContext) -> Engine:
        from anon_dagster.storage.copies import Copies

        if self._engine is None:
            settings = self.settings(context.instance)
            self._engine = self._opened.enter_context(opened(settings))
            self._copies = self._opened.enter_context(closing(Copies()))
            tag = metadata.engine_in_words(self._engine.shown)
            context.instance.add_run_tags(context.run.run_id, {ENGINE_TAG: tag})
        engine: Engine = self._engine
        return engine

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close what was opened for the run."""
        del context
        self._engine = self._copies = None
        self._opened.close()
