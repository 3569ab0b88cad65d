"""Trials: each mutant lives in a process of its own, with the tests that run its line."""

import gc
import os
import pickle
import resource
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from pathlib import Path
from types import FunctionType

import pytest
from coverage import Coverage

from tests.mutants.generation import Mutant

_MOST_MEMORY = 8 * 2**30
_POLL = 0.01
KILLED, SURVIVED, UNTESTED = "killed", "survived", "untested"


@dataclass
class Runner:
    """A pytest plugin that runs tests in processes of their own, instead of one after the other."""

    work: Callable[["Runner", pytest.Session], None]
    jobs: int
    failed: bool = False
    passed: bool = False
    seconds: float = 0.0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Work with what was collected."""
        self.work(self, session)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of how a test ended."""
        self.failed |= report.failed
        if report.when == "call":
            self.passed = report.passed
        self.seconds += report.duration

    def run(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        """Run a test in silence, and tell whether it failed."""
        if item.config.pluginmanager.has_plugin("terminalreporter"):
            item.config.pluginmanager.unregister(name="terminalreporter")
        self.failed, self.passed, self.seconds = False, False, 0.0
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return self.failed


@dataclass
class Tests:
    """What is known of the tests: how long they take, and which lines they run."""

    items: dict[str, pytest.Item]
    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[tuple[str, int], set[str]] = field(default_factory=dict)

    def of_lines(self, path: Path, lines: Iterable[int], folders: Sequence[str]) -> list[str]:
        """Return the tests of some folders that run any of some lines, the fastest first."""
        names = {n for line in lines for n in self.by_line.get((str(path), line), ())}
        own = [name for name in names if name.removeprefix("tests/").startswith(tuple(folders))]
        return sorted(own, key=lambda name: (self.seconds[name], name))


# -- which tests run which lines -------------------------------------------------------------


def trace(runner: Runner, items: Sequence[pytest.Item], paths: Sequence[Path]) -> Tests:
    """Run all tests once, and see which lines they run."""
    tests = Tests({item.nodeid: item for item in items})
    folder = Path(items[0].config.rootpath / ".mutants")
    folder.mkdir(exist_ok=True)
    shares = [list(items[n :: runner.jobs]) for n in range(runner.jobs)]
    files = [folder / str(n) for n in range(runner.jobs)]
    children = [
        _fork(lambda s=share, f=file: _trace_here(runner, s, paths, f))  # type: ignore[misc]
        for share, file in zip(shares, files, strict=True)
    ]
    for child, file in zip(children, files, strict=True):
        _, status = os.waitpid(child, 0)
        assert status == 0, "the tests could not be traced"
        seconds, by_line = pickle.loads(file.read_bytes())  # noqa: S301 (our own)
        file.unlink()
        tests.seconds |= seconds
        for line, names in by_line.items():
            tests.by_line.setdefault(line, set()).update(names)
    folder.rmdir()
    return tests


def _trace_here(
    runner: Runner, items: Sequence[pytest.Item], paths: Sequence[Path], into: Path
) -> None:
    coverage = Coverage(data_file=None, config_file=False, include=[str(path) for path in paths])
    seconds: dict[str, float] = {}
    coverage.start()
    for item, following in zip(items, [*items[1:], None], strict=True):
        _forget_what_was_computed()
        coverage.switch_context(item.nodeid)
        if not runner.run(item, following) and runner.passed:
            seconds[item.nodeid] = runner.seconds
    coverage.stop()
    data = coverage.get_data()
    by_line = {
        (file, line): {name for name in names if name in seconds}
        for file in data.measured_files()
        for line, names in data.contexts_by_lineno(file).items()
    }
    into.write_bytes(pickle.dumps((seconds, by_line)))


def _forget_what_was_computed() -> None:
    """Let a test compute what an earlier one did already, so that it is seen to."""
    for cached in gc.get_objects():
        if isinstance(cached, _lru_cache_wrapper) and cached.__module__.startswith("anon_dagster"):
            cached.cache_clear()


# -- mutants ---------------------------------------------------------------------------------


def try_all(
    runner: Runner, tests: Tests, chosen: Iterable[tuple[Mutant, Sequence[str]]]
) -> Iterator[tuple[Mutant, str]]:
    """Try mutants, each with some tests, and say what became of it."""
    running: dict[int, tuple[Mutant, float]] = {}
    for mutant, names in chosen:
        if not names:
            yield mutant, UNTESTED
            continue
        while len(running) >= runner.jobs:
            yield from _ended(running)
        items = [tests.items[name] for name in names]
        child = _fork(lambda m=mutant, i=items: _try_here(runner, m, i))  # type: ignore[misc]
        patience = 20 + 10 * sum(tests.seconds[name] for name in names)
        running[child] = (mutant, time.monotonic() + patience)
    while running:
        yield from _ended(running)


def _ended(running: dict[int, tuple[Mutant, float]]) -> Iterator[tuple[Mutant, str]]:
    """Take those from the running ones that ended, or take too long: they never would."""
    time.sleep(_POLL)
    for child, (mutant, deadline) in list(running.items()):
        ended, status = os.waitpid(child, os.WNOHANG)
        late = not ended and time.monotonic() > deadline
        if late:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if ended or late:
            del running[child]
            yield mutant, KILLED if late or status else SURVIVED


def _try_here(runner: Runner, mutant: Mutant, items: Sequence[pytest.Item]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    _become(mutant)
    for item, following in zip(items, [*items[1:], None], strict=True):
        if runner.run(item, following):
            os._exit(1)


def _become(mutant: Mutant) -> None:
    """Put the changed code into the functions of this process."""
    functions = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == str(mutant.path)
    ]
    changed = 0
    for function in functions:
        key = function.__code__.co_qualname, function.__code__.co_firstlineno
        if key in mutant.functions:
            function.__code__ = mutant.functions[key]
            changed += 1
    assert changed, "the function is there"
    _forget_what_was_computed()


def _fork(work: Callable[[], None]) -> int:
    """Work in a process of its own, in a group of its own."""
    child = os.fork()
    if child == 0:
        status = 3
        try:
            os.setsid()
            work()
            status = 0
        finally:
            os._exit(status)
    return child
