"""The run that reads files which add up to one release, one after the other."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg

from anon_dagster import clock
from anon_dagster.arrivals import Arrival, State
from anon_dagster.arrivals.tick import given_back
from anon_dagster.defs.batch import UNAVAILABLE, FileRun
from anon_dagster.defs.delta_events import of_step, tell_deltas
from anon_dagster.defs.failures import unexpected
from anon_dagster.defs.run_progress import FilesProgress, require_wanted
from anon_dagster.defs.stages import Shown
from anon_dagster.errors import AnonError, BusyError, JobError, TargetError, counted

if TYPE_CHECKING:
    from anon_dagster.continuous import Line, Stream
    from anon_dagster.jobs.folder import JobFolder


@dataclass(frozen=True)
class AppendRun(FileRun):
    """What a run works with that reads files which add up to one release."""

    not_of_files: ClassVar[tuple[type[AnonError], ...]] = (
        *UNAVAILABLE,
        BusyError,
        JobError,
        TargetError,
    )

    @property
    def stream(self) -> "Stream":
        """What the files add up to."""
        from anon_dagster.continuous import Stream

        return Stream(self.dataset, self.inbox.request, self.store.root)

    def release_all(self, given: list[Arrival]) -> list[Arrival]:
        """Read the files that are given to this run, and say what became of each."""
        tell_deltas(self.context, self.key, self.stream)  # those of a run that was killed
        return super().release_all(given)

    def _released(
        self, taken: Arrival, job: "JobFolder", progress: FilesProgress
    ) -> tuple[Arrival, Shown]:
        from anon_dagster.continuous import Kind

        del job, progress  # a step keeps what it makes with the dataset, and takes seconds
        require_wanted(self.context.instance, self.context.run_id)
        step = self._appended(taken)
        if step.kind is Kind.SET_ASIDE:
            return replace(taken, state=State.SET_ASIDE, reason=step.reason), {}
        return replace(taken, state=State.READ, reason=_reason(step)), of_step(self.stream, step)

    def _appended(self, taken: Arrival) -> "Line":
        """Read a file. Once its step is begun it is finished, by this run or by a later one."""
        from anon_dagster.continuous import append_file

        stream = self.stream
        try:
            return append_file(stream, taken.path)
        except AnonError:
            raise
        except dg.DagsterExecutionInterruptedError:
            if stream.ledger.intent() is not None:
                reason = "its run was aborted while it was at it, and another one goes on"
                self.registry.end(taken, given_back(taken, reason, clock.now()))
            raise dg.DagsterExecutionInterruptedError from None
        except Exception as error:
            if stream.ledger.intent() is None:
                raise
            raise JobError(f"a step is begun and not finished: {unexpected(error)}") from None

    def _show(self, ended: Arrival, shown: Shown) -> None:
        if ended.state is not State.READ:
            outcome = {"outcome": ended.state.value, "reason": ended.reason, "file": ended.path}
            self.context.log_event(dg.AssetObservation(self.key, metadata=outcome))
            return
        tell_deltas(self.context, self.key, self.stream)
        if "checksum" not in shown:
            told = {"outcome": dg.MetadataValue.text(ended.reason), **shown}
            self.context.log_event(dg.AssetObservation(self.key, metadata=told))

    def _figures(self, ended: Arrival, shown: Shown, job: "JobFolder") -> dict[str, Any]:
        del ended, job
        if "checksum" not in shown:
            return {}
        return {
            "utility": {"loss": shown["loss"].value},
            "target": str(shown["dagster/uri"].value),
            "checksum": str(shown["checksum"].value),
        }


def _reason(step: "Line") -> str:
    """Say of a step that released nothing that its file is done with all the same."""
    if step.released:
        return ""
    return f"nothing could be released yet: {counted(step.waiting, 'record')} wait for others"
