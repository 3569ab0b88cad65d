"""How benchmarks end that are told to: as by an error, so that folders and processes are gone."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 60.0
"""Seconds that a process is given to end."""


def end_when_told() -> None:
    """Let this process clean up before it ends by a signal; a second one changes nothing."""
    for number in _SIGNALS:
        signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run a process; if this one ends before, it is told to end, too, and may clean up."""
    with subprocess.Popen(command, cwd=cwd, env=env, stdout=stdout) as process:  # noqa: S603 (ours)
        try:
            told, _ = process.communicate()
        except BaseException:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, told)
