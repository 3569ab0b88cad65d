"""Trials: each mutant lives in a process of its own, with the tests that run its line."""

import gc
import importlib
import os
import pickle
import resource
import signal
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from itertools import accumulate
from math import inf
from pathlib import Path
from tempfile import mkdtemp
from types import FunctionType
from typing import Any, NamedTuple

import pytest
from coverage import Coverage

from tests.mutants.generation import Mutant

_MOST_MEMORY = 8 * 2**30
_CPU, _CLOCK = (2, 10), (60, 20)
"""Seconds that a test may take: so many, and so many times what it takes as the code is."""
_OF_ITS_OWN = 5
"""How much likelier a test in the file of a module's own kills, than one that only runs it."""
_OVERHEAD = 0.005  # seconds that pytest needs around a test
_FAILED, _UNCHANGED = 1, 4  # exit codes; others are crashes
KILLED, SURVIVED, UNTESTED = "killed", "survived", "untested"


@dataclass(eq=False)  # pytest asks whether it is in a set of plugins
class Runner:
    """A pytest plugin that runs tests in processes of their own, instead of one after the other."""

    work: Callable[["Runner", pytest.Session], None]
    jobs: int
    failed: bool = False
    passed: bool = False
    seconds: float = 0.0
    """Of computing, in this process and those that a test started."""
    waited: float = 0.0
    """By the clock, which a busy machine makes longer."""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Work with what was collected."""
        self.work(self, session)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of how a test ended."""
        self.failed |= report.failed
        if report.when == "call":
            self.passed = report.passed
        self.waited += report.duration

    def run(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        """Run a test in silence, and tell whether it failed."""
        if item.config.pluginmanager.has_plugin("terminalreporter"):
            item.config.pluginmanager.unregister(name="terminalreporter")
        self.failed, self.passed, self.waited = False, False, 0.0
        before = sum(os.times()[:4])
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        self.seconds = sum(os.times()[:4]) - before
        return self.failed


@dataclass
class Tests:
    """What is known of the tests: how long they take, and which lines they run."""

    items: dict[str, pytest.Item]
    seconds: dict[str, float] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)
    by_line: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    tries: Counter[tuple[Path, str]] = field(default_factory=Counter)
    kills: Counter[tuple[Path, str]] = field(default_factory=Counter)

    def of_lines(self, path: Path, lines: Iterable[int], folders: Sequence[str]) -> set[str]:
        """Return the tests of some folders that run any of some lines."""
        names = {n for line in lines for n in self.by_line.get((str(path), line), ())}
        return {name for name in names if name.removeprefix("tests/").startswith(tuple(folders))}

    def in_order(self, path: Path, names: Iterable[str]) -> list[str]:
        """Sort tests by the time that each takes for a mutant of a module that it kills.

        That is the order in which the first kill is expected soonest. Before anything is known,
        each test kills every other mutant, and those of the module's own file far more.
        """
        own = f"/test_{path.stem}.py::"

        def seconds_for_a_kill(name: str) -> float:
            tries, kills = self.tries[path, name] + 2, self.kills[path, name] + 1
            seconds = (self.seconds[name] + _OVERHEAD) * tries / kills
            return seconds / _OF_ITS_OWN if own in name else seconds

        return sorted(names, key=lambda name: (seconds_for_a_kill(name), name))

    def within(self, seconds: float, names: Sequence[str]) -> Sequence[str]:
        """Return the first tests, one at least, that take no more than so many seconds."""
        ends = list(accumulate(self.seconds[name] for name in names))
        return names[: max(bisect_right(ends, seconds), 1)]

    def learn(self, path: Path, names: Sequence[str], killer: int | None) -> None:
        """Take note of which of the tests that were run killed a mutant of a module, if any."""
        for name in names if killer is None else names[: killer + 1]:
            self.tries[path, name] += 1
        if killer is not None:
            self.kills[path, names[killer]] += 1


# -- which tests run which lines -------------------------------------------------------------


def trace(runner: Runner, items: Sequence[pytest.Item], paths: Sequence[Path]) -> Tests:
    """Run all tests once, and see which lines they run."""
    tests = Tests({item.nodeid: item for item in items})
    shares = [list(items[n :: runner.jobs]) for n in range(runner.jobs)]
    folder = Path(mkdtemp(prefix="mutants-"))
    files = [folder / str(n) for n in range(runner.jobs)]
    children = [
        _fork(lambda s=share, f=file: _trace_here(runner, s, paths, f))  # type: ignore[misc]
        for share, file in zip(shares, files, strict=True)
    ]
    for child, file in zip(children, files, strict=True):
        _, status = os.waitpid(child, 0)
        assert status == 0, "the tests could not be traced"
        seconds, waited, by_line, modules = pickle.loads(file.read_bytes())  # noqa: S301 (our own)
        file.unlink()
        _import(modules)
        tests.seconds |= seconds
        tests.waited |= waited
        for line, names in by_line.items():
            tests.by_line.setdefault(line, set()).update(names)
    folder.rmdir()
    return tests


def _trace_here(
    runner: Runner, items: Sequence[pytest.Item], paths: Sequence[Path], into: Path
) -> None:
    coverage = Coverage(data_file=None, config_file=False, include=[str(path) for path in paths])
    seconds: dict[str, float] = {}
    waited: dict[str, float] = {}
    coverage.start()
    for item, following in zip(items, [*items[1:], None], strict=True):
        _forget_what_was_computed()
        coverage.switch_context(item.nodeid)
        if runner.run(item, following):
            print(f"fails as the code is, and tells nothing: {item.nodeid}", flush=True)
        elif runner.passed:
            seconds[item.nodeid], waited[item.nodeid] = runner.seconds, runner.waited
    coverage.stop()
    data = coverage.get_data()
    by_line = {
        (file, line): {name for name in names if name in seconds}
        for file in data.measured_files()
        for line, names in data.contexts_by_lineno(file).items()
    }
    into.write_bytes(pickle.dumps((seconds, waited, by_line, list(sys.modules))))


def _import(modules: Iterable[str]) -> None:
    """Import what tests do on their way, once for all mutants."""
    for name in modules:
        if name not in sys.modules and not name.startswith("tests."):
            with suppress(ImportError):  # what a test made itself
                importlib.import_module(name)


def _forget_what_was_computed() -> None:
    """Let a test compute what an earlier one did already, so that it is seen to."""
    _forget(_caches())


def _caches() -> "list[_lru_cache_wrapper[Any]]":
    return [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, _lru_cache_wrapper) and thing.__module__.startswith("anon_dagster")
    ]


def _forget(caches: "Iterable[_lru_cache_wrapper[Any]]") -> None:
    for cache in caches:
        cache.cache_clear()


# -- mutants ---------------------------------------------------------------------------------


class _Timed(NamedTuple):
    """A test, and the seconds that it takes as the code is: of computing, and by the clock."""

    item: pytest.Item
    seconds: float
    waited: float

    def end_late(self) -> None:
        """Let this process die where the test takes far longer.

        Computing decides, which a busy machine makes no longer; the clock ends what only waits.
        """
        for timer, (some, times), took in (
            (signal.ITIMER_PROF, _CPU, self.seconds),
            (signal.ITIMER_REAL, _CLOCK, self.waited),
        ):
            signal.setitimer(timer, some + times * took)


class _Trial(NamedTuple):
    """A mutant whose tests run in another process."""

    mutant: Mutant
    names: Sequence[str]
    reader: int
    """A file that the process writes the place of each test to, before it runs it."""


def try_all(
    runner: Runner,
    tests: Tests,
    chosen: Sequence[tuple[Mutant, Iterable[str]]],
    *,
    seconds: float = inf,
) -> Iterator[tuple[Mutant, str]]:
    """Try mutants, each with some tests of so many seconds, and say what became of it."""
    subjects = _Subjects.of(mutant.path for mutant, _ in chosen)
    gc.collect()
    gc.freeze()  # or each child's collector would copy the memory that it shares
    running: dict[int, _Trial] = {}
    for mutant, names in chosen:
        if not names:
            yield mutant, UNTESTED
            continue
        while len(running) >= runner.jobs:
            yield from _ended(running, tests)
        ordered = tests.within(seconds, tests.in_order(mutant.path, names))
        items = [
            _Timed(tests.items[name], tests.seconds[name], tests.waited[name]) for name in ordered
        ]
        reader, writer = os.pipe()
        child = _fork(lambda m=mutant, i=items, w=writer: _try_here(runner, subjects, m, i, w))  # type: ignore[misc]
        os.close(writer)
        running[child] = _Trial(mutant, ordered, reader)
    while running:
        yield from _ended(running, tests)


def _ended(running: dict[int, _Trial], tests: Tests) -> Iterator[tuple[Mutant, str]]:
    """Wait for one of the running ones to end, and take it from them."""
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    assert ended, "some are running"
    child = ended.si_pid
    os.killpg(child, signal.SIGKILL)  # what its tests started
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) != _UNCHANGED, "the functions are there"
    trial = running.pop(child)
    place = _last_place(trial.reader) if status else None
    os.close(trial.reader)
    tests.learn(trial.mutant.path, trial.names, place)
    yield trial.mutant, KILLED if status else SURVIVED


def _last_place(reader: int) -> int:
    """Return the place of the last test that a process began."""
    os.set_blocking(reader, False)  # what a test started may hold the other end
    return int(os.read(reader, 2**16).split()[-1])


@dataclass(frozen=True, slots=True)
class _Subjects:
    """The functions that may be changed, by file, and the caches of what they returned."""

    functions: dict[str, list[FunctionType]]
    caches: "list[_lru_cache_wrapper[Any]]"

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "_Subjects":
        files = {str(path) for path in paths}
        functions = defaultdict(list)
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename in files:
                functions[thing.__code__.co_filename].append(thing)
        return cls(functions, _caches())

    def become(self, mutant: Mutant) -> None:
        """Put the changed code into the functions of this process."""
        changed = 0
        for function in self.functions[str(mutant.path)]:
            key = function.__code__.co_qualname, function.__code__.co_firstlineno
            if key in mutant.functions:
                function.__code__ = mutant.functions[key]
                changed += 1
        if changed < len(mutant.functions):
            os._exit(_UNCHANGED)
        _forget(self.caches)


def _try_here(
    runner: Runner,
    subjects: _Subjects,
    mutant: Mutant,
    tests: Sequence[_Timed],
    writer: int,
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    subjects.become(mutant)
    following = [*(test.item for test in tests[1:]), None]
    for place, test in enumerate(tests):
        os.write(writer, b"%d " % place)
        test.end_late()
        if runner.run(test.item, following[place]):
            os._exit(_FAILED)


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
