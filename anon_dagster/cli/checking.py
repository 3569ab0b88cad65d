"""Commands that need no job: a request begun, a request looked over, a released table measured."""

import argparse
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_dagster.cli.arguments import table_described
from anon_dagster.cli.exit_codes import AUDIT_FAILED
from anon_dagster.cli.printing import print_result, require_new, save_new
from anon_dagster.errors import RequestError, SchemaMismatchError, counted, of_table

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands
    from anon_dagster.request import LinkedRequest, Policy, Request, Source
    from anon_dagster.verification import Promise, Verification

PRESETS = ("safe-harbor",)
_BY_HAND = ("quasi_identifiers", "k", "sensitive", "l", "t")


def add_commands(commands: "Commands") -> None:
    """Add the commands."""
    init = commands.add_parser("init", help="write a request to start from, with why, for a table")
    init.add_argument(
        "file", help="the table: CSV or Parquet, here or in a store; or a source as in a request"
    )
    init.add_argument("--target", help="where the release shall go")
    init.add_argument("--domains", type=Path, help="a YAML file of domains of your own")
    init.add_argument("--output", type=Path, help="a new file to write it to, in place of stdout")
    init.add_argument(
        "--preset", choices=PRESETS, help="what the request follows: HIPAA's Safe Harbor"
    )
    init.add_argument(
        "--year", type=int, help="with it: in which the release is used; this one if left out"
    )
    init.set_defaults(run=_init, refuse=init.error)
    validate = commands.add_parser("validate", help="list every problem of a request, with places")
    validate.add_argument("request", type=Path, help="the YAML file of the request")
    validate.add_argument(
        "--source", action="store_true", help="look whether its sources have the columns, too"
    )
    validate.set_defaults(run=_validate)
    _add_verify(commands)


def _add_verify(commands: "Commands") -> None:
    verify = commands.add_parser("verify", help="measure what a released table promises")
    verify.add_argument("table", help="the released table")
    verify.add_argument("--request", type=Path, help="the request that says what is promised")
    for name in ("quasi-identifiers", "sensitive"):
        verify.add_argument(
            f"--{name}", type=_names, nargs="+", default=(), metavar="A", help="without a request"
        )
    verify.add_argument("--k", type=int, help="k-anonymity, without a request")
    verify.add_argument("--l", type=float, help="l-diversity of each sensitive column")
    verify.add_argument("--t", type=float, help="t-closeness of each sensitive column")
    verify.set_defaults(run=_verify, check=_check_verify, refuse=verify.error)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


# -- a request to start from -------------------------------------------------------------------


def _init(asked: argparse.Namespace) -> int:
    """Write the request that is proposed for a table; its comments say why."""
    from anon_dagster.clock import now
    from anon_dagster.detection import detect
    from anon_dagster.detection.safe_harbor import by_safe_harbor
    from anon_dagster.detection.starting import request_to_start_from

    if asked.output is not None:
        require_new(asked.output)  # before the work
    if asked.year is not None and asked.preset is None:
        asked.refuse("--year needs --preset safe-harbor: nothing else goes by it")
    found = detect(table_described(asked.file), domains=asked.domains)
    if asked.preset is not None:
        found = by_safe_harbor(found, year=asked.year or datetime.fromtimestamp(now(), UTC).year)
    beside = Path() if asked.output is None else asked.output.parent
    text = request_to_start_from(found, beside, asked.target)
    roles = {role: int(n) for role, n in found.table["role"].value_counts().items()}
    if asked.output is None:
        print_result(asked, {"yaml": text, "roles": roles}, text.rstrip("\n"))
        return 0
    save_new(asked.output, text.encode())
    told = ", ".join(f"{role} {number}" for role, number in roles.items())
    document = {"request": str(asked.output), "roles": roles}
    print_result(asked, document, f"{asked.output} is written; columns by role: {told}")
    return 0


# -- a request looked over ---------------------------------------------------------------------


def _validate(asked: argparse.Namespace) -> int:
    """Say that a request is valid, and what it promises; every problem is an error."""
    from anon_dagster.report.explanation import explain_policy
    from anon_dagster.request import LinkedRequest, load_any_request

    request = load_any_request(asked.request)
    alone = _tables(request)
    if asked.source:
        _require_columns(alone)
    whole = request.joined() if isinstance(request, LinkedRequest) else request
    promises = explain_policy(whole.policy)
    looked = ", and its sources have the columns" if asked.source else ""
    document = {"request": str(asked.request), "valid": True, "promises": promises.splitlines()}
    print_result(asked, document, f"{asked.request} is valid{looked}:\n{promises}")
    return 0


def _tables(request: "Request | LinkedRequest") -> "dict[str, Request]":
    from anon_dagster.request import LinkedRequest

    if isinstance(request, LinkedRequest):
        return {name: request.own(name) for name in request.tables}
    return {"": request}


def _require_columns(tables: "dict[str, Request]") -> None:
    """Refuse a request whose sources have other columns; no record is counted for that."""
    from contextlib import nullcontext

    from anon_dagster.operations.preparation import require_fitting_source

    for name, request in tables.items():
        if request.source is None:
            raise RequestError("--source needs a source in the request, to look at")
        with of_table(name) if name else nullcontext():
            require_fitting_source(request)


# -- a released table measured -----------------------------------------------------------------


def _check_verify(asked: argparse.Namespace) -> None:
    """Refuse a command that says no promise, or in which something would play no part."""
    for name in ("quasi_identifiers", "sensitive"):
        setattr(asked, name, tuple(chain.from_iterable(getattr(asked, name))))
    by_hand = [name for name in _BY_HAND if getattr(asked, name) not in (None, ())]
    if (asked.request is None) == (not by_hand):
        asked.refuse("say either --request, or --k and --quasi-identifiers")
    if asked.request is None and not {"k", "quasi_identifiers"} <= {*by_hand}:
        asked.refuse("without --request, --k and --quasi-identifiers are needed")
    if bool(asked.sensitive) == (asked.l is None and asked.t is None):
        asked.refuse("--l and --t are about --sensitive columns, which need one of both")
    if both := sorted({*asked.sensitive} & {*asked.quasi_identifiers}):
        asked.refuse(f"{', '.join(both)}: either --quasi-identifiers or --sensitive, not both")


def _verify(asked: argparse.Namespace) -> int:
    """Measure each promise on a table; the exit code says whether all hold."""
    from anon_dagster.operations.verify import verify_table

    policy, released = _promised(asked)
    found = verify_table(policy, released)
    promises = [{"promise": p.name, "holds": p.holds, "measured": str(p)} for p in found.promises]
    document = {"table": asked.table, "holds": found.holds, "promises": promises}
    print_result(asked, document, _in_words(asked.table, found))
    return 0 if found.holds else AUDIT_FAILED


def _promised(asked: argparse.Namespace) -> "tuple[Policy, Source]":
    from anon_dagster.detection.dialect import described
    from anon_dagster.request import load_request, parse_policy

    if asked.request is None:
        released = described(asked.table)
        return parse_policy(_policy(asked, released)), released
    request = load_request(asked.request)
    if request.target is None:
        return request.policy, described(asked.table)
    written = {"path": asked.table, "csv": request.target.csv}
    return request.policy, described(asked.table).model_copy(update=written)


def _policy(asked: argparse.Namespace, released: "Source") -> dict[str, Any]:
    """Return what is promised by a command without a request; other columns play no part."""
    from anon_dagster.request.suggestions import columns_meant
    from anon_dagster.storage.sources import open_source

    columns = open_source(released).columns
    named = (*asked.quasi_identifiers, *asked.sensitive)
    if lacking := [name for name in named if name not in columns]:
        meant = "".join(f"; {each}" for each in columns_meant(lacking, [*columns]))
        raise SchemaMismatchError(
            f"the table lacks {counted(len(lacking), 'column')}: {', '.join(lacking)}{meant}"
        )
    roles = dict.fromkeys(columns, "non_sensitive")
    roles |= dict.fromkeys(asked.quasi_identifiers, "quasi_identifier")
    roles |= dict.fromkeys(asked.sensitive, "sensitive")
    privacy: dict[str, Any] = {"k_anonymity": {"k": asked.k}}
    if asked.l is not None:
        privacy["l_diversity"] = [{"attribute": n, "l": asked.l} for n in asked.sensitive]
    if asked.t is not None:
        privacy["t_closeness"] = [{"attribute": n, "t": asked.t} for n in asked.sensitive]
    attributes = {name: {"role": role} for name, role in roles.items()}
    return {"attributes": attributes, "privacy": privacy, "suppression_limit": 1.0}


def _in_words(table: str, found: "Verification") -> str:
    verdict = "breaks a promise"
    if all(promise.untold is not None for promise in found.failures):
        verdict = "does not tell whether a promise holds"
    if found.holds:
        verdict = "keeps every promise"
    lines = [f"{_standing(promise):6}  {promise}" for promise in found.promises]
    return "\n".join([f"{table} {verdict}:", *lines])


def _standing(promise: "Promise") -> str:
    if promise.holds:
        return "holds"
    return "BROKEN" if promise.untold is None else "untold"
