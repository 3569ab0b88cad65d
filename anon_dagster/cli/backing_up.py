"""The command that copies what jobs keep, while they go on."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.cli.printing import print_result
from anon_dagster.errors import counted
from anon_dagster.jobs.places import store_folder

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands


def add_commands(commands: "Commands") -> None:
    """Add the command."""
    backup = commands.add_parser(
        "backup", help="copy what jobs keep, while others are at work; these are not in the copy"
    )
    backup.add_argument("to", type=Path, help="a folder that is not there yet")
    backup.add_argument(
        "--folder", type=Path, help="what to copy, such as .dagster; that of the jobs if left out"
    )
    backup.set_defaults(run=_back_up)


def _back_up(asked: argparse.Namespace) -> int:
    from anon_dagster.jobs.backup import back_up

    made = back_up(asked.folder or store_folder(asked.store, asked.home), asked.to)
    document = {**asdict(made), "path": str(made.path)}
    files = f"{counted(made.jobs, 'job')}, {counted(made.databases, 'database')}"
    left_out = f"; {made.running} at work are not in it" if made.running else ""
    print_result(asked, document, f"{made.path}: {files}{left_out}")
    return 0
