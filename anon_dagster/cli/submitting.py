"""Commands that begin a job: each with its arguments and what it asks of the client."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from anon_dagster.cli.arguments import add_waiting, client_of, table_described
from anon_dagster.cli.printing import print_result
from anon_dagster.cli.waiting import follow
from anon_dagster.client import AnonClient, AnonJob

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands

Submit = Callable[[AnonClient, argparse.Namespace], AnonJob]


def add_commands(commands: "Commands") -> None:
    """Add the commands that begin a job."""
    _add_anonymize(commands)
    _add_measure(commands)
    _add_detect(commands)
    _add_auto(commands)
    _add_apply(commands)


def _add_submission(
    command: argparse.ArgumentParser, submit: Submit, *, proposes: bool = False
) -> None:
    """Add what all of them have, and let the command submit a job."""
    command.add_argument("--dataset", help="what the records are called in lists of jobs")
    command.add_argument("--wait", action="store_true", help="wait until the job is over")
    add_waiting(command, proposes=proposes, needs=", with --wait")
    command.set_defaults(run=_run, submit=submit, refuse=command.error)


def _run(asked: argparse.Namespace) -> int:
    job = asked.submit(client_of(asked), asked)
    if not asked.wait:
        print_result(asked, {"id": job.job_id}, job.job_id)
        return 0
    return follow(asked, job)


# -- commands ------------------------------------------------------------------------------


def _add_anonymize(commands: "Commands") -> None:
    anonymize = commands.add_parser("anonymize", help="anonymize a table")
    _add_request(anonymize)
    _add_submission(anonymize, _anonymize)


def _anonymize(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.anonymize(asked.request, dataset=asked.dataset)


def _add_measure(commands: "Commands") -> None:
    measure = commands.add_parser("measure", help="compare configurations; writes no record")
    for name, kind in (("k", int), ("l", float), ("t", float), ("suppression-limit", float)):
        measure.add_argument(f"--{name}", type=kind, nargs="+", help=f"values of {name} to compare")
    measure.add_argument("--recoding", nargs="+", help="global, local or both")
    _add_request(measure)
    _add_submission(measure, _measure)


def _measure(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    measurement = {
        name: values
        for name in ("k", "l", "t", "suppression_limit", "recoding")
        if (values := getattr(asked, name))
    }
    return client.measure(asked.request, measurement=measurement or None, dataset=asked.dataset)


def _add_detect(commands: "Commands") -> None:
    detect = commands.add_parser("detect", help="find out what each column seems to be")
    modes = ("full", "classification", "hierarchies")
    detect.add_argument("--mode", choices=modes, default="full", help="what is wanted; all of it")
    _add_records(detect)
    _add_submission(detect, _detect, proposes=True)


def _detect(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.detect(
        table_described(asked.source), mode=asked.mode, domains=asked.domains, dataset=asked.dataset
    )


def _add_auto(commands: "Commands") -> None:
    auto = commands.add_parser("auto", help="propose a request, and measure what it would cost")
    auto.add_argument(
        "--acceptable-risk", type=float, default=0.1, help="largest probability of naming a record"
    )
    auto.add_argument("--seconds", type=float, default=60.0, help="how long it tries")
    _add_records(auto)
    _add_submission(auto, _auto, proposes=True)


def _auto(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.auto_anonymize(
        table_described(asked.source),
        acceptable_risk=asked.acceptable_risk,
        seconds=asked.seconds,
        domains=asked.domains,
        dataset=asked.dataset,
    )


def _add_apply(commands: "Commands") -> None:
    apply = commands.add_parser("apply", help="recode later records by a finished job's solution")
    apply.add_argument("solution", help="the id of the job, or the .json file of a solution")
    apply.add_argument("source", help="the file of the later records")
    apply.add_argument("--target", help="where they go; they stay with the job if left out")
    apply.add_argument(
        "--hold",
        choices=("true", "two_people"),
        help="let it wait until a person approves it: anon approve",
    )
    apply.add_argument(
        "--lacking",
        choices=("suppress", "refuse"),
        default="suppress",
        help="what becomes of records with a value that a hierarchy lacks",
    )
    apply.add_argument(
        "--enforce", action="store_true", help="suppress classes that break a promise"
    )
    apply.add_argument(
        "--suppress-at-most", type=float, help="share of the records that may be suppressed"
    )
    _add_submission(apply, _apply)
    apply.set_defaults(check=_check_apply)


def _check_apply(asked: argparse.Namespace) -> None:
    if asked.hold is not None and asked.target is None:
        asked.refuse("--hold needs --target: what stays with the job is not published anyway")


def target_of(asked: argparse.Namespace) -> str | dict[str, Any] | None:
    """Return where later records go, and whether they wait, as a request says it."""
    if asked.hold is None:
        return cast("str | None", asked.target)
    return {"path": asked.target, "hold": asked.hold == "true" or asked.hold}


def _apply(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.apply(
        asked.solution,
        source=asked.source,
        target=target_of(asked),
        lacking=asked.lacking,
        enforce=asked.enforce,
        suppress_at_most=asked.suppress_at_most,
        dataset=asked.dataset,
    )


def _add_request(command: argparse.ArgumentParser) -> None:
    command.add_argument("request", type=Path, help="the YAML file of the request")


def _add_records(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "source",
        help="the file of the records; or a source as in a request: "
        "'{path: people.csv, csv: {header: false, names: [age, sex]}}'",
    )
    command.add_argument("--domains", type=Path, help="a YAML file of domains of your own")
