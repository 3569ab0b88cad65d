"""Put the public vectors to a tool: ``python -m anon_dagster.vectors --tool ours``."""

import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from anon_dagster.errors import AnonError
from anon_dagster.vectors.command import program
from anon_dagster.vectors.of_pycanon import pycanon
from anon_dagster.vectors.ours import ours
from anon_dagster.vectors.score import Tool, score
from anon_dagster.vectors.stored import BESIDE_THE_PACKAGE, stored_vectors

_SHOWN = 20


def main(words: Sequence[str] | None = None) -> int:
    """Print the score of a tool; 1 if an answer is wrong, 2 if there is nothing to ask."""
    asked = _parser().parse_args(words)
    try:
        found = score(stored_vectors(asked.vectors), _tool(asked))
    except AnonError as error:
        print(error, file=sys.stderr)
        return 2
    shown = found.not_right if asked.all else found.not_right[:_SHOWN]
    more = len(found.not_right) - len(shown)
    for line in (*found.lines(), *shown, *([f"… and {more} more: --all"] if more else [])):
        print(line)
    return 0 if found.perfect else 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m anon_dagster.vectors", description=__doc__)
    parser.add_argument("--tool", choices=["ours", "pycanon", "command"], default="ours")
    parser.add_argument("--command", help="the program, which is given the path of a vector")
    parser.add_argument("--vectors", type=Path, default=BESIDE_THE_PACKAGE, metavar="FOLDER")
    parser.add_argument("--all", action="store_true", help="list every answer that is not right")
    return parser


def _tool(asked: Namespace) -> Tool:
    if asked.tool == "pycanon":
        return pycanon()
    if asked.tool == "ours":
        return ours
    if not asked.command:
        raise AnonError('--tool command needs a program: --command "program and its words"')
    return program(shlex.split(asked.command))


if __name__ == "__main__":
    sys.exit(main())
