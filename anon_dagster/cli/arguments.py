"""The arguments that several commands have, and how a command is understood."""

import argparse
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from anon_dagster.cli.printing import print_text
from anon_dagster.cli.suggesting import job_named
from anon_dagster.client import AnonClient, AnonJob
from anon_dagster.request.documents import parse_yaml

TABLES, PROPOSALS, PICTURES = (".csv", ".parquet", ".pq"), (".yaml", ".yml"), (".svg",)
"""Endings of the files that an output may go to."""


class UsageError(Exception):
    """A command that is not understood, and how it is written."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """Leaves it to who parses how a mistake is told."""

    commands: Mapping[str, "Parser"] = MappingProxyType({})
    """By name."""

    def of_commands(self, given: Sequence[str]) -> "list[Parser]":
        """Return what understands a command: this, and the one that it names."""
        named = [self.commands[each] for each in given if each in self.commands]
        return [self, *named[:1]]

    def options(self) -> list[str]:
        """Return the options that it knows."""
        return re.findall(r"(?<![\w-])--[a-z][\w-]*", self.format_usage())

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with a command."""
        raise UsageError(message, self.format_usage())

    def print_help(self, file: Any = None) -> None:  # noqa: ANN401 (as argparse has it)
        """Print the help to stdout."""
        del file  # nobody asks for another than stdout
        print_text(self.format_help().rstrip("\n"))


if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]  # noqa: SLF001 (has no other name)


def add_waiting(command: argparse.ArgumentParser, *, proposes: bool, needs: str = "") -> None:
    """Add the options of a command that waits for a job and takes what it made."""
    command.add_argument("--timeout", type=seconds, help=f"seconds to wait{needs}")
    command.add_argument(
        "--output",
        type=path_ending_in(*TABLES, *((*PROPOSALS, *PICTURES) if proposes else ())),
        help="where a table without a target goes (….csv, ….parquet)"
        + (", or a proposal (….yaml) or its picture (….svg)" if proposes else "")
        + needs,
    )


def seconds(text: str) -> float:
    """Read how many seconds to wait."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from 0 on, got {text}")
    return value


def at_least_one(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text}")
    return int(text)


def path_ending_in(*endings: str) -> Callable[[str], Path]:
    """Return what reads the path of a file of certain kinds."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in endings:
            raise argparse.ArgumentTypeError(f"{text} does not end in {', '.join(endings)}")
        return Path(text)

    return path


def table_described(text: str) -> str | dict[str, Any]:
    """Return the table that is named by its path, or described as in a request."""
    return parse_yaml(text, name="the source") if text.lstrip().startswith("{") else text


def client_of(asked: argparse.Namespace) -> AnonClient:
    """Return the client of the deployment that a command is for."""
    return AnonClient(asked.url, home=asked.home, store=asked.store, location=asked.location)


def job_of(asked: argparse.Namespace) -> AnonJob:
    """Return the job that a command names."""
    return job_named(client_of(asked), asked.id)
