"""Commands of datasets that are released continuously: append files, erase people."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_dagster.cli.exit_codes import CODES
from anon_dagster.cli.printing import print_result
from anon_dagster.errors import SourceError, counted
from anon_dagster.jobs.places import chosen_store

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands
    from anon_dagster.continuous import Line, Stream

_TOLD = (
    *("number", "kind", "file", "version", "next_version", "read", "released", "waiting"),
    *("set_aside", "expired", "withdrawn", "erased", "oldest", "target", "checksum", "reason"),
)
"""What a document tells of a step."""


def add_commands(commands: "Commands") -> None:
    """Add the commands of datasets that are released continuously."""
    append = commands.add_parser(
        "append",
        help="read files of a dataset with arrivals: {mode: append}, and release whoever can be "
        "released by now; done by this command itself",
    )
    add_dataset(append)
    append.add_argument(
        "files", nargs="*", help="in this order; all that were not read yet, if left out"
    )
    append.set_defaults(run=_append, check=check_store, refuse=append.error)
    erase = commands.add_parser("erase", help="erase people from what was released continuously")
    add_dataset(erase)
    erase.add_argument(
        "--keys",
        required=True,
        help="a file of whom to erase, or - for standard input: a key in each line; of several "
        "attributes a CSV file with a header",
    )
    erase.set_defaults(run=_erase, check=check_store, refuse=erase.error)


def add_dataset(command: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the arguments that name a dataset."""
    command.add_argument(
        "dataset",
        nargs="?" if optional else None,
        help="the name of a declared dataset (below ANON_DATA, or data), its folder, or the YAML "
        "file of its request",
    )
    command.add_argument("--name", help="what the dataset is called; its folder if left out")


def check_store(asked: argparse.Namespace) -> None:
    """Refuse a command that does not say where the folder of the jobs lies."""
    if asked.url is not None and chosen_store(asked.store) is None:
        asked.refuse(
            f"{asked.command} works on the folder of the jobs itself: name that of the deployment "
            "with --store (ANON_STORE), or leave out --url (ANON_URL)"
        )


def stream_of_command(asked: argparse.Namespace) -> "Stream":
    """Return the dataset that a command is of; what was released of it lies in the store."""
    from anon_dagster.continuous.declared import stream_of

    return stream_of(asked.dataset, dataset=asked.name, store=asked.store, home=asked.home)


def _append(asked: argparse.Namespace) -> int:
    """Append files; a file that is set aside is told, and makes the exit code that of a source."""
    from anon_dagster.continuous import Kind
    from anon_dagster.continuous.declared import append_to, unread

    stream = stream_of_command(asked)
    lines = append_to(stream, asked.files or None)
    print_result(asked, [_document(line) for line in lines], "\n".join(map(str, lines)))
    if not asked.files and (growing := len(unread(stream).growing)):
        settle = stream.settings.settle_seconds
        _say(
            f"{counted(growing, 'file')} changed less than {settle:g} seconds ago (settle_seconds) "
            "and may still grow: left for the next call; name one to read it now"
        )
    elif not lines:
        _say("no file came in that was not read yet")
    return CODES[SourceError] if any(line.kind is Kind.SET_ASIDE for line in lines) else 0


def _document(line: "Line") -> dict[str, Any]:
    told = asdict(line)
    return {name: told[name] for name in _TOLD}


def _erase(asked: argparse.Namespace) -> int:
    from anon_dagster.continuous.declared import erase_from
    from anon_dagster.continuous.erasing import require_named
    from anon_dagster.continuous.given_keys import read_keys

    stream = stream_of_command(asked)
    done = erase_from(stream, read_keys(require_named(stream), _content(asked.keys)))
    print_result(asked, asdict(done) | {"unknown": done.unknown}, str(done))
    return 0


def _content(path: str) -> bytes:
    """Return what a file or standard input has."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None


def _say(text: str) -> None:
    print(text, file=sys.stderr)
