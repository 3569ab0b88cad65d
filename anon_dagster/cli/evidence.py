"""Commands about evidence: make it of a job, check it against a release, draw keys to sign it."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.cli.arguments import job_of, path_ending_in
from anon_dagster.cli.exit_codes import AUDIT_FAILED
from anon_dagster.cli.printing import aligned, print_result, print_text, save

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands

_SHARE = (
    "those that go with the release and tell nothing more; internal ones hold data of the source"
)


def add_commands(commands: "Commands") -> None:
    """Add the commands about evidence."""
    evidence = commands.add_parser(
        "evidence", help="the facts of a report as JSON, to go with a release and be checked"
    )
    actions = evidence.add_subparsers(dest="action", required=True, metavar="ACTION")
    write = actions.add_parser("write", help="write the evidence of a job")
    write.add_argument("id", help="the id of the job")
    write.add_argument("--share", action="store_true", help=_SHARE)
    write.add_argument("--table", help="of linked tables, which one; left out, the one that joins")
    write.add_argument(
        "--sign-with", type=Path, help="the PEM file of a private key (ANON_SIGNING_KEY): keygen"
    )
    write.add_argument("--output", type=path_ending_in(".json"), help="a file; stdout if left out")
    write.set_defaults(run=_write)
    check = actions.add_parser("check", help="hold evidence against a release, without the source")
    check.add_argument("evidence", type=Path, help="the JSON file")
    check.add_argument("release", help="the file, the folder of part files, or a glob")
    check.add_argument("--public-key", type=Path, help="the PEM file of who is to have signed it")
    check.set_defaults(run=_check)
    keygen = actions.add_parser("keygen", help="draw a key to sign evidence with")
    keygen.add_argument(
        "key",
        type=path_ending_in(".pem"),
        help="the file of the private key; the public one is written beside it (….pub.pem)",
    )
    keygen.set_defaults(run=_keygen)


def _write(asked: argparse.Namespace) -> int:
    document = job_of(asked).evidence(
        share=asked.share, sign_with=asked.sign_with, table=asked.table
    )
    text = json.dumps(document, indent=1)  # ASCII alone, whatever the labels are
    if asked.output is None:
        print_text(text)
        return 0
    save(asked.output, lambda file: file.write(text.encode()))
    path = str(asked.output)
    print_result(asked, {"path": path, "signed": "signature" in document}, path)
    return 0


def _check(asked: argparse.Namespace) -> int:
    """Say what was looked at; an exit code tells whether anything is not as the evidence says."""
    from anon_dagster.operations.evidence import check_evidence

    found = check_evidence(asked.evidence, asked.release, public_key=asked.public_key)
    document = {"holds": found.holds, "checks": [asdict(each) for each in found.checks]}
    rows = [[each.found, each.name, each.says] for each in found.checks]
    verdict = "it holds, as far as it can be told" if found.holds else "it does not hold"
    print_result(asked, document, f"{aligned(rows)}\n{verdict}")
    return 0 if found.holds else AUDIT_FAILED


def _keygen(asked: argparse.Namespace) -> int:
    from anon_dagster.report.handover import make_keys

    public = make_keys(asked.key)
    document = {"private": str(asked.key), "public": str(public)}
    print_result(asked, document, f"{public} is for everybody, {asked.key} for nobody else")
    return 0
