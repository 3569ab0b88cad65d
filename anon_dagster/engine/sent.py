"""Work that is on a cluster: submitted, waited for and called off."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from anon_dagster.engine import on_worker
from anon_dagster.engine.on_worker import Failed
from anon_dagster.engine.sealed import Sealed
from anon_dagster.errors import (
    AnonError,
    ClusterUnavailableError,
    RequestError,
    SourceChangedError,
    SourceError,
    TargetError,
)

if TYPE_CHECKING:
    from distributed import Client, Future

_TRIES = 2
_BEAT = 0.5
"""Seconds after which whoever waits is asked whether to go on."""
_PATIENCE = 60.0
"""Seconds without any worker, after which there will be none."""
_UNTIL_STOPPED = 20.0
"""Seconds that work is given to stop, once it was called off."""


class Sent:
    """Work that is on a cluster."""

    def __init__(
        self, client: "Client", work: Sealed, kind: str, on_wait: Callable[[], None]
    ) -> None:
        self._client, self._work, self.kind, self._on_wait = client, work, kind, on_wait
        self._token = token_hex(8)
        self._scattered = self._scatter()
        self._alive = time.monotonic()

    def close(self, futures: Sequence["Future[Any]"]) -> None:
        """Call off what is not done, and wait until it is left alone."""
        with suppress(Exception):  # a cluster that is gone does nothing any more
            if futures:
                self._client.cancel(futures, force=True)
                self._client.run(on_worker.call_off, self._token)
                self._until_stopped()
        with suppress(Exception):
            self._scattered.release()

    def _until_stopped(self) -> None:
        last = time.monotonic() + _UNTIL_STOPPED
        while time.monotonic() < last:
            if not any(self._client.run(on_worker.at_work, self._token).values()):
                return
            time.sleep(_BEAT / 5)

    def _scatter(self) -> "Future[Any]":
        with self._reaching():
            scattered: Future[Any] = self._client.scatter(
                self._work, broadcast=True, hash=False, timeout=int(_PATIENCE)
            )
            return scattered

    def submit(
        self, act: Callable[..., Any], given: Sealed | Sequence["Future[Any]"], *, more: str = ""
    ) -> "Future[Any]":
        """Let a function of :mod:`~anon_dagster.engine.on_worker` do the work on what is given.

        Parameters
        ----------
        more
            What it is beside the kind of work; it is done before what is nothing beside it.
        """
        if self._scattered.status != "finished":
            self._scattered = self._scatter()
        return self._submit(act, self._scattered, given, self._token, more=more)

    def tell(self, kept: "Future[Any]") -> "Future[Any]":
        """Let whatever is kept be told of, where it is."""
        return self._submit(on_worker.tell, kept, more="told")

    def _submit(self, act: Callable[..., Any], *given: object, more: str) -> "Future[Any]":
        key = "-".join(["anon", self.kind, *filter(None, [more]), token_hex(8)])
        with self._reaching():
            return self._client.submit(act, *given, key=key, pure=False, priority=int(bool(more)))

    def result(self, future: "Future[Any]") -> Any:  # noqa: ANN401 (of any function)
        """Wait for what a function returned, or how the cluster failed."""
        while True:
            try:
                result = future.result(timeout=_BEAT)
            except TimeoutError:
                self._on_wait()
                self._require_workers()
            except Exception as error:  # noqa: BLE001 (of the cluster, which knows keys alone)
                self._require_workers()
                return Failed(None, type(error).__name__)
            else:
                self._alive = time.monotonic()
                return result

    def _require_workers(self) -> None:
        with self._reaching():
            if self._client.nthreads():
                self._alive = time.monotonic()
        if time.monotonic() - self._alive > _PATIENCE:
            raise ClusterUnavailableError("the cluster has no worker left; see why they ended")

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Say that the scheduler is gone, in words of our own."""
        try:
            yield
        except AnonError:
            raise
        except Exception as error:  # noqa: BLE001 (of whatever carries messages)
            raise ClusterUnavailableError(
                f"the scheduler of the cluster does not answer ({type(error).__name__})"
            ) from None
        if self._client.status not in {"running", "connecting"}:
            raise ClusterUnavailableError("the scheduler of the cluster is gone")


def require_another_try(outcome: Failed, tries: int, kind: str, numbers: str) -> None:
    """Fail for good if work was tried often enough, or failed in a way that stays.

    Parameters
    ----------
    numbers
        Of the jobs, as a person counts them.
    """
    if tries < _TRIES and not isinstance(outcome.error, SourceChangedError | RequestError):
        return
    unit, error = _UNITS.get(kind, ("part", SourceError))
    named = f"{unit} {numbers}"
    if outcome.error is None:
        raise error(
            f"{named} failed {_TRIES} times on the cluster ({outcome.kind}): if its worker "
            "ended, it may need more memory"
        ) from None
    if type(outcome.error) in {SourceError, TargetError}:
        raise type(outcome.error)(f"{named}: {outcome.error}") from None
    raise outcome.error from None


_UNITS: Mapping[str, tuple[str, type[AnonError]]] = {
    "order": ("block", TargetError),
    "file": ("file", TargetError),
}
"""What the jobs of a kind are called, if not parts of a source."""
