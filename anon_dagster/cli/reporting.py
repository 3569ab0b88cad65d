"""The command that writes the report of a job, or opens it in a browser."""

import argparse
from typing import TYPE_CHECKING

from anon_dagster.cli.arguments import job_of, path_ending_in
from anon_dagster.cli.opening import open_page
from anon_dagster.cli.printing import print_result, save

if TYPE_CHECKING:
    from pathlib import Path

    from anon_dagster.cli.arguments import Commands

_SHARE = "the one that goes with the release and tells nothing more; the other holds source data"


def add_commands(commands: "Commands") -> None:
    """Add the command about reports."""
    report = commands.add_parser("report", help="the report of a job, as one HTML page")
    report.add_argument("id", help="the id of the job")
    report.add_argument("--share", action="store_true", help=_SHARE)
    report.add_argument("--table", help="of linked tables, which one; left out, the one that joins")
    report.add_argument(
        "--output", type=path_ending_in(".html"), help="a file (….html); stdout if left out"
    )
    report.add_argument(
        "--open", action="store_true", help="open it in a browser; no file is left of it"
    )
    report.set_defaults(run=_report)


def _report(asked: argparse.Namespace) -> int:
    page = job_of(asked).report(share=asked.share, table=asked.table)
    encoded = page.encode("utf-8", "surrogatepass")
    output: Path | None = asked.output
    if output is not None:
        save(output, lambda file: file.write(encoded))
        print_result(asked, {"path": str(output)}, str(output))
    if asked.open:
        open_page(encoded)
    if output is None:
        document = {"opened": True} if asked.open else {"html": page}
        print_result(asked, document, "" if asked.open else page)
    return 0
