"""What can be set of an engine. It is no part of a request: the same request runs anywhere."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from anon_dagster.errors import RequestError

VARIABLE = "ANON_ENGINE"
"""Holds settings in the environment, such as ``{type: local, threads: 4}``."""
LOCAL, DASK = "local", "dask"
_TYPES = (LOCAL, DASK)
_PAIR = re.compile(r"""([A-Za-z_]+)\s*[:=]\s*(?:'([^']*)'|"([^"]*)"|([^\s'"{}]+))""")
_WORD = re.compile(r"""[^\s:='"{}]+""")
_DIGITS = re.compile(r"[0-9]{1,18}")
_WRITTEN = "write it as {type: local, threads: 4}"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([KMGT]i?B|B|)", re.IGNORECASE)
_UNITS = {"": 1, "B": 1}
_UNITS |= {f"{letter}IB": 1024**n for n, letter in enumerate("KMGT", start=1)}
_UNITS |= {f"{letter}B": 1000**n for n, letter in enumerate("KMGT", start=1)}
_ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):(\d{1,5})")
_LIMIT_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
"""What a container may use; ``max`` if nothing is said."""
_MOST_THREADS = _MOST_WORKERS = 1024
_SHARE = 4
"""Of so many equal shares of the machine's memory, what grows with the records may take one."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which engine works on parts, and how much of a machine it may take."""

    type: str = LOCAL
    """``local``: threads of this process. ``dask``: processes of a cluster."""
    threads: int | None = None
    """How many parts are worked on at once by this process, or by each of the ``workers`` that it
    starts; left out: one for each processor that it may use, or one for each worker."""
    memory: int | str | None = None
    """Bytes that what grows with the records may take in the process of the job, such as
    ``2GiB``, where it can go into files; left out: a quarter of the machine's."""
    workers: int | None = None
    """Of ``dask``: so many processes of this machine, started for the job."""
    address: str | None = None
    """Of ``dask``: the scheduler of a cluster that runs, such as ``tcp://scheduler:8786``."""

    def __post_init__(self) -> None:
        _require_fit(self)
        _require_consistent(self)

    @classmethod
    def of(cls, document: object) -> "EngineSettings":
        """Read settings from a mapping, or from a text as ``ANON_ENGINE`` has it.

        Raises
        ------
        RequestError
            Naming what cannot be set, is no fit value, or does not go together.
        """
        if isinstance(document, cls):
            return document
        if isinstance(document, str):
            document = _mapping(document.strip())
        if not isinstance(document, Mapping):
            raise RequestError(
                "engine must be a mapping, such as {type: local, threads: 4}, or a text such as "
                f"dask, workers: 4; not {type(document).__name__}"
            )
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(map(str, document)) - known):
            raise RequestError(
                f"engine has no {', '.join(unknown)}; it has {', '.join(sorted(known))}"
            )
        return cls(**document)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "EngineSettings":
        """Read settings from ``ANON_ENGINE``: ``local``, or ``{type: local, threads: 4}``.

        Raises
        ------
        RequestError
            If it cannot be read so.
        """
        try:
            return cls.of(environment.get(VARIABLE, ""))
        except RequestError as error:
            raise RequestError(f"{VARIABLE}: {error}") from None

    @property
    def document(self) -> dict[str, str | int]:
        """What is said, as a mapping that :meth:`of` reads."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in told.items() if value is not None}

    @property
    def threads_found(self) -> int:
        """How many parts are worked on at once by a process."""
        return self.threads or (1 if self.type == DASK else _processors())

    @property
    def memory_found(self) -> int:
        """How many bytes what grows with the records may take in the process of the job."""
        told = None if self.memory is None else _bytes(self.memory)
        return told if told is not None else _machine_memory() // _SHARE

    def shared_by(self, jobs: int) -> "EngineSettings":
        """Return the settings of one of so many jobs that run at once on this machine.

        What is left to be found of the memory is shared; what is said holds for each job.
        """
        if self.memory is not None:
            return self
        return replace(self, memory=max(1, self.memory_found // max(1, jobs)))


def _require_fit(settings: EngineSettings) -> None:
    """Refuse values that are none, by their names."""
    if settings.type not in _TYPES:
        raise RequestError(f"engine.type must be one of {', '.join(_TYPES)}")
    for name, value, most in (
        ("threads", settings.threads, _MOST_THREADS),
        ("workers", settings.workers, _MOST_WORKERS),
    ):
        if value is not None and not _is_number(value, most):
            raise RequestError(f"engine.{name} must be a number from 1 to {most}")
    if settings.memory is not None and _bytes(settings.memory) is None:
        raise RequestError("engine.memory must be a size such as 2GiB, or a number of bytes")
    if settings.address is not None and not _is_address(settings.address):
        raise RequestError(
            "engine.address must be tcp://host:port, or tls://host:port, of a scheduler of dask; "
            "keys and certificates come from the configuration of dask, and other protocols, such "
            "as ucx, are not supported"
        )


def _require_consistent(settings: EngineSettings) -> None:
    """Refuse what does not go together."""
    where = [name for name in ("address", "workers") if getattr(settings, name) is not None]
    if settings.type != DASK and where:
        raise RequestError(f"engine.{where[0]} is for a cluster: say type: dask, or leave it out")
    if settings.type == DASK and not where:
        raise RequestError(
            "engine says dask, but not where: give it the address of a scheduler, such as "
            "tcp://scheduler:8786, or a number of workers to start on this machine"
        )
    if len(where) > 1:
        raise RequestError(
            "engine has an address and workers: an address is that of a cluster that has its "
            "workers, a number of workers starts a new one on this machine; leave one of them out"
        )
    if settings.address is not None and settings.threads is not None:
        raise RequestError(
            "engine.threads is said where the workers of a cluster are started: "
            "dask worker --nthreads; leave it out beside an address"
        )


def _bytes(memory: object) -> int | None:
    """Read a size; ``None`` if it is none."""
    match = _SIZE.fullmatch(str(memory)) if not isinstance(memory, bool) else None
    return int(float(match[1]) * _UNITS[match[2].upper()]) if match else None


def _machine_memory() -> int:
    """Return how many bytes of memory this process may use."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError):
        found.append(int(_LIMIT_OF_GROUP.read_text(encoding="ascii")))
    return min(found)


def _is_number(value: object, most: int) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and value in range(1, most + 1)


def _is_address(address: object) -> bool:
    match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    return match is not None and 0 < int(match[1]) < 2**16


def _mapping(told: str) -> dict[str, Any]:
    """Read settings from one line, in braces or not, the first of which may be the type alone."""
    if told.startswith("{") != told.endswith("}"):
        raise RequestError(f"engine has one brace without the other: {_WRITTEN}")
    inner = told.removeprefix("{").removesuffix("}").strip()
    found: dict[str, Any] = {}
    for place, item in enumerate(inner.split(",") if inner else [], start=1):
        name, value = _pair(item.strip(), place)
        if name in found:
            raise RequestError(f"engine has {name} twice; leave one of them out")
        found[name] = value
    return found


def _pair(item: str, place: int) -> tuple[str, Any]:
    """Read one of the settings."""
    if place == 1 and _WORD.fullmatch(item):
        return "type", item
    match = _PAIR.fullmatch(item)
    if match is None:
        what = "no name with a value" if item else "empty"
        raise RequestError(f"item {place} of engine is {what}: {_WRITTEN}")
    value = next(filter(None, match.groups()[1:]), "")
    return match[1], int(value) if _DIGITS.fullmatch(value) else value


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
