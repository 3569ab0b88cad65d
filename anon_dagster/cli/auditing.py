"""The command that audits releases: a dataset's deltas, or what any of the same people tell."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.cli.continuous import add_dataset, check_store, stream_of_command
from anon_dagster.cli.exit_codes import AUDIT_FAILED
from anon_dagster.cli.printing import print_result

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands
    from anon_dagster.operations.audit import VersionsAudit

_ATTACK = (
    "Who knows the quasi-identifiers of a person has kept {releases} releases, and asks who is in "
    "all classes that may hold her, with the same values of the columns that are released as they "
    "are ({columns})."
)
_BY_SOURCE = (
    "People are those of the source. In their own classes: each is looked for in the class of each "
    "release that has her values; by labels alone: in all that her quasi-identifiers fit."
)
_BY_LABELS = (
    "People are those behind the records of each release. Nothing but its labels is known of them, "
    "so these are the fewest who can have so few candidates; words that are no range, set, mask or "
    "`*` stand for themselves, unless a request names a tree of them."
)


def add_commands(commands: "Commands") -> None:
    """Add the command."""
    audit = commands.add_parser(
        "audit",
        help="measure again all that was released continuously of a dataset; or count who has few "
        "candidates over several releases of the same people",
    )
    add_dataset(audit, optional=True)
    audit.add_argument(
        "--versions", nargs="+", metavar="FILE", help="releases of the same people, two at least"
    )
    audit.add_argument("--source", help="the people, with their own values")
    audit.add_argument("--request", type=Path, help="the request that the releases were made by")
    audit.add_argument("--quasi-identifiers", nargs="+", default=[], help="without a request")
    audit.add_argument("--sensitive", nargs="+", default=[], help="without a request")
    audit.add_argument("-k", type=int, help="candidates to be left; those of the request")
    audit.add_argument("-l", type=int, help="sensitive values to be left; of the request, or 2")
    audit.set_defaults(run=_audit, check=_check, refuse=audit.error)


def _check(asked: argparse.Namespace) -> None:
    """Refuse a command that audits neither a dataset nor releases, or both."""
    if (asked.dataset is None) == (asked.versions is None):
        asked.refuse("name either a dataset or --versions")
    if asked.versions is None:
        of_versions = ("source", "request", "quasi_identifiers", "sensitive", "k", "l")
        if told := [name for name in of_versions if getattr(asked, name)]:
            asked.refuse(f"{told[0].replace('_', '-')} goes with --versions")
        check_store(asked)


def _audit(asked: argparse.Namespace) -> int:
    return _of_deltas(asked) if asked.versions is None else _of_versions(asked)


def _of_deltas(asked: argparse.Namespace) -> int:
    """Measure again all that was released continuously."""
    from anon_dagster.continuous.declared import audit_of

    found = audit_of(stream_of_command(asked))
    claims = [asdict(claim) | {"holds": claim.holds} for claim in found.claims]
    document = {"dataset": found.dataset, "holds": found.holds, "claims": claims}
    print_result(asked, document, str(found))
    return 0 if found.holds else AUDIT_FAILED


def _of_versions(asked: argparse.Namespace) -> int:
    """Say how many people have few candidates over all releases, in counts."""
    from anon_dagster.operations.audit import audit_versions

    found = audit_versions(
        asked.versions,
        request=asked.request,
        source=asked.source,
        quasi_identifiers=asked.quasi_identifiers,
        sensitive=asked.sensitive,
        k=asked.k,
        l=asked.l,
    )
    print_result(asked, {**asdict(found), "holds": found.holds}, _words(found))
    return 0 if found.holds else AUDIT_FAILED


def _words(found: "VersionsAudit") -> str:
    told = ", ".join(found.columns) or "none"
    return "\n".join(
        [
            found.table.T.to_string(),
            _ATTACK.format(releases=len(found.versions), columns=told),
            _BY_SOURCE if found.by_source else _BY_LABELS,
        ]
    )
