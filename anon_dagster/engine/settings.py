"""What can be set of an engine. It is no part of a request: the same request runs anywhere."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from anon_dagster.errors import RequestError

VARIABLE = "ANON_ENGINE"
"""Holds settings in the environment, such as ``{type: local, threads: 4}``."""
_PAIR = re.compile(r"\s*([a-z]+)\s*[:=]\s*(\S+)\s*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B|B|)", re.IGNORECASE)
_UNITS = {"": 1, "B": 1}
_UNITS |= {f"{letter}IB": 1024**n for n, letter in enumerate("KMGT", start=1)}
_UNITS |= {f"{letter}B": 1000**n for n, letter in enumerate("KMGT", start=1)}
_LIMIT_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
"""What a container may use; ``max`` if nothing is said."""
_TYPES = ("local",)
_MOST_THREADS = 1024


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which engine works on parts, and how much of a machine it may take."""

    type: str = "local"
    """``local``: this process."""
    threads: int | None = None
    """How many parts are worked on at once; left out: one for each processor that it may use."""
    memory: int | str | None = None
    """Bytes that what grows with the records may take, such as ``2GiB``, where it can go into
    files; left out: a quarter of the machine's."""

    def __post_init__(self) -> None:
        if self.type not in _TYPES:
            raise RequestError(f"engine.type must be one of {', '.join(_TYPES)}")
        if self.threads is not None and not _is_number(self.threads):
            raise RequestError(f"engine.threads must be a number from 1 to {_MOST_THREADS}")
        if self.memory is not None and _bytes(self.memory) is None:
            raise RequestError("engine.memory must be a size such as 2GiB, or a number of bytes")

    @classmethod
    def of(cls, document: object) -> "EngineSettings":
        """Read settings from a mapping.

        Raises
        ------
        RequestError
            Naming what cannot be set, or is no fit value.
        """
        if isinstance(document, cls):
            return document
        if not isinstance(document, Mapping):
            raise RequestError("engine must be a mapping, such as {type: local, threads: 4}")
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
        told = environment.get(VARIABLE, "").strip()
        try:
            return cls.of(dict(_pairs(told)))
        except RequestError as error:
            raise RequestError(f"{VARIABLE}: {error}") from None

    @property
    def threads_found(self) -> int:
        """How many parts are worked on at once."""
        return self.threads or _processors()

    @property
    def memory_found(self) -> int:
        """How many bytes what grows with the records may take."""
        told = None if self.memory is None else _bytes(self.memory)
        return told if told is not None else _machine_memory() // 4


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


def _is_number(threads: object) -> bool:
    is_integer = isinstance(threads, int) and not isinstance(threads, bool)
    return is_integer and threads in range(1, _MOST_THREADS + 1)


def _pairs(told: str) -> Iterator[tuple[str, Any]]:
    inner = told.removeprefix("{").removesuffix("}").strip()
    if inner and not _PAIR.fullmatch(inner.split(",")[0]):
        yield "type", inner.split(",")[0].strip()
        inner = ",".join(inner.split(",")[1:])
    for pair in filter(None, inner.split(",")):
        match = _PAIR.fullmatch(pair)
        if match is None:
            raise RequestError("write it as {type: local, threads: 4}")
        yield match[1], int(match[2]) if match[2].isdecimal() else match[2]


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
