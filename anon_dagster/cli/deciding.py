"""Commands of whoever decides whether a release that waits is published."""

import argparse
from typing import TYPE_CHECKING, Any

from anon_dagster.cli.arguments import job_of, seconds
from anon_dagster.cli.printing import print_result

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands


def add_commands(commands: "Commands") -> None:
    """Add the commands that approve and reject."""
    approve = commands.add_parser("approve", help="publish a release that awaits approval")
    approve.set_defaults(run=_approve)
    reject = commands.add_parser("reject", help="discard a release that awaits approval")
    reject.add_argument(
        "--why", required=True, help="kept with the job and in the ledger; no value of a person"
    )
    reject.set_defaults(run=_reject)
    for command in (approve, reject):
        command.add_argument("id", help="the id of the job")
        command.add_argument("--timeout", type=seconds, help="seconds to wait until it is done")


def _approve(asked: argparse.Namespace) -> int:
    done = job_of(asked).approve(asked.timeout)
    print_result(asked, done, "\n".join(done["paths"]))
    return 0


def _reject(asked: argparse.Namespace) -> int:
    done: dict[str, Any] = job_of(asked).reject(why=asked.why, timeout=asked.timeout)
    print_result(asked, done, f"the release of job {done['id']} is rejected and discarded")
    return 0
