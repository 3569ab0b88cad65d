"""Jobs of a store that publish at the same target, or take back what is there, do so in turn.

Otherwise one may take for its own what another one has just put in its place, or remove it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from anon_dagster import clock
from anon_dagster.errors import StoreUnavailableError
from anon_dagster.jobs.file_names import TARGETS
from anon_dagster.storage.addresses import absolute
from anon_dagster.storage.locks import lock

_BETWEEN_LOOKS = 0.1  # seconds


@contextmanager
def alone_at(
    root: Path, addresses: Iterable[str], *, seconds: float | None = None
) -> Iterator[None]:
    """Keep other jobs of a store away from some targets meanwhile.

    Parameters
    ----------
    root
        The folder of the store.
    addresses
        The targets. Some share a lock, so that there are no more than 256.
    seconds
        How long others are waited for; as long as it takes by default.

    Raises
    ------
    StoreUnavailableError
        If another job is still there then.
    """
    until = None if seconds is None else clock.monotonic() + seconds
    places = {hashlib.sha256(absolute(each).encode()).hexdigest()[:2] for each in addresses}
    with ExitStack() as stack:
        for place in sorted(places):  # in one order, or two jobs might wait for each other
            stack.enter_context(_locked(root / TARGETS / f"{place}.lock", until))
        yield


def _locked(path: Path, until: float | None) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while (file := lock(path)) is None:
        if until is not None and clock.monotonic() >= until:
            raise StoreUnavailableError(
                "another job publishes at the target at this moment: try again when it is over"
            )
        clock.sleep(_BETWEEN_LOOKS)
    return file
