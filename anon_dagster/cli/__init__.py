"""Jobs from the shell.

Exit codes: 0 done; 1 the job failed, or what it made cannot be read from here; 2 the command is
not understood; 3 the request cannot be run; 4 there is no such job; 5 the job is of another kind;
6 the job was aborted; 7 the job is not over in time; 8 the deployment does not answer; 9 the
records cannot be handed over; 10 a file cannot be read or written, or was set aside; 11 the job is
over already, or not yet; 12 the job published nothing, as its release tells what the request
refuses to tell; 13 an audit or a verification found a claim that does not hold, or people with
fewer candidates or values than are to be left, or evidence does not fit its release; 14 the job
awaits approval, and nothing is published yet; 130 interrupted, the job goes on. What was made goes
to stdout, what is said of it to stderr.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from anon_dagster.cli import (
    auditing,
    backing_up,
    checking,
    continuous,
    deciding,
    evidence,
    examples,
    exporting,
    inspecting,
    reporting,
    submitting,
)
from anon_dagster.cli.arguments import Parser, UsageError
from anon_dagster.cli.exit_codes import (
    AUDIT_FAILED,
    CODES,
    FAILED,
    INTERRUPTED,
    MISUNDERSTOOD,
    code_of,
)
from anon_dagster.cli.printing import print_error
from anon_dagster.cli.suggesting import command_meant
from anon_dagster.errors import AnonError

_COMMANDS = (
    checking,
    submitting,
    inspecting,
    deciding,
    exporting,
    auditing,
    reporting,
    evidence,
    continuous,
    backing_up,
)
"""The modules of the commands, in the order in which the help has them."""

__all__ = ["AUDIT_FAILED", "CODES", "FAILED", "INTERRUPTED", "MISUNDERSTOOD", "code_of", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given:
        _parser().print_help()
        return 0
    try:
        asked = _parsed(given)
    except UsageError as error:
        text = f"{error.usage}anon: error: {error}"
        return _complain(error, text, MISUNDERSTOOD, as_json="--json" in given)
    try:
        code: int = asked.run(asked)
    except UsageError as error:
        text = f"{error.usage}anon: error: {error}"
        return _complain(error, text, MISUNDERSTOOD, as_json=asked.json)
    except AnonError as error:
        return _complain(error, f"anon: {error}", code_of(error), as_json=asked.json)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _complain(error: Exception, text: str, code: int, *, as_json: bool) -> int:
    document = {"error": type(error).__name__, "message": str(error), "code": code}
    print_error(document, text, as_json=as_json)
    return code


def _parsed(given: Sequence[str]) -> argparse.Namespace:
    """Understand a command.

    Raises
    ------
    UsageError
        If it is not one, or an option of it would play no part.
    """
    parser = _parser()
    try:
        asked = parser.parse_args(given)
    except UsageError as error:
        options = (option for each in parser.of_commands(given) for option in each.options())
        meant = command_meant(str(error), given, options)
        raise UsageError(f"{error}{meant}", error.usage) from None
    if not getattr(asked, "wait", True):
        for name in ("output", "timeout"):
            if getattr(asked, name) is not None:
                asked.refuse(f"--{name} needs --wait; or say it later: anon result ID --{name} …")
    if not getattr(asked, "attacks", True) and asked.timeout is not None:
        asked.refuse("--timeout needs --attacks: what the job found is there already")
    if getattr(asked, "check", None) is not None:
        asked.check(asked)
    return asked


def _parser() -> Parser:
    """Return what understands every command."""
    about, _, codes = (__doc__ or "").partition("\n\n")
    parser = Parser(prog="anon", description=about, epilog=codes)
    parser.add_argument("--version", action="version", version=f"anon {version('anon-dagster')}")
    parser.add_argument(
        "--url",
        default=os.environ.get("ANON_URL"),
        help="the deployment that runs the jobs (ANON_URL); this machine if left out. What it is "
        "told as Authorization is ANON_AUTHORIZATION",
    )
    parser.add_argument(
        "--location",
        default=os.environ.get("ANON_LOCATION"),
        help="its code location that has the jobs (ANON_LOCATION); the only one that offers them "
        "if left out",
    )
    parser.add_argument("--home", type=Path, help="the folder of dagster.yaml (DAGSTER_HOME)")
    parser.add_argument("--store", type=Path, help="the folder of the jobs (ANON_STORE)")
    parser.add_argument("--json", action="store_true", help="speak to machines")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for each in _COMMANDS:
        each.add_commands(commands)
    for name, command in commands.choices.items():
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        command.epilog = examples.of_command(name)
    parser.commands = commands.choices
    return parser
