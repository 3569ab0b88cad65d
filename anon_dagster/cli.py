"""Jobs from the shell.

Exit codes: 0 done; 1 the job failed, or what it made cannot be read from here; 2 the command is
not understood; 3 the request cannot be run; 4 there is no such job; 5 the job is of another kind;
6 the job was aborted; 7 the job is not over in time; 8 the deployment does not answer; 9 the
records cannot be handed over; 10 a file cannot be read or written; 11 the job is over already, or
not yet; 130 interrupted, the job goes on. What was made goes to stdout, what is said of it to
stderr.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from anon_dagster.client import AnonClient, AnonJob, JobResult
from anon_dagster.client.handover import withheld
from anon_dagster.errors import (
    AbortedJobError,
    AnonError,
    DeploymentError,
    HandoverError,
    HierarchyError,
    JobKindError,
    JobStateError,
    RequestError,
    SourceError,
    TargetError,
    UnfinishedJobError,
    UnknownJobError,
)

if TYPE_CHECKING:
    import pandas as pd

FAILED, MISUNDERSTOOD, INTERRUPTED = 1, 2, 130
CODES: dict[type[AnonError], int] = {  # the first that fits
    UnknownJobError: 4,
    AbortedJobError: 6,
    UnfinishedJobError: 7,
    JobKindError: 5,
    JobStateError: 11,
    RequestError: 3,
    HierarchyError: 3,
    DeploymentError: 8,
    HandoverError: 9,
    SourceError: 10,
    TargetError: 10,
}
_RECORDS = {"source_records": "source", "released_records": "release"}
_TABLES, _PROPOSALS = (".csv", ".parquet", ".pq"), (".yaml", ".yml")
_SHOWN = 50  # rows of a table of details; --output writes all
_EXPLORATORY = ["role", "kind", "records", "distinct", "missing"]  # no cell among them


class UsageError(Exception):
    """A command that is not understood, and how it is written."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        asked = _read(given)
    except UsageError as error:
        return _misunderstood(error, as_json="--json" in given)
    try:
        code: int = asked.run(asked)
    except AnonError as error:
        return _complain(asked, error, code_of(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def code_of(error: AnonError) -> int:
    """Return the exit code that stands for an error; that of a failed job is always the same."""
    if error.job_id:
        return FAILED
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), FAILED)


# -- commands ------------------------------------------------------------------------------


def _submit(asked: argparse.Namespace) -> int:
    client = _client(asked)
    job = _SUBMITTED[asked.command](client, asked)
    if not asked.wait:
        _say(asked, {"id": job.job_id}, job.job_id)
        return 0
    return _follow(asked, job)


def _anonymize(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.anonymize(asked.request, dataset=asked.dataset)


def _measure(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    measurement = {
        name: values
        for name in ("k", "l", "t", "suppression_limit", "recoding")
        if (values := getattr(asked, name))
    }
    return client.measure(asked.request, measurement=measurement or None, dataset=asked.dataset)


def _detect(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.detect(
        asked.source, mode=asked.mode, domains=asked.domains, dataset=asked.dataset
    )


def _auto(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.auto_anonymize(
        asked.source,
        acceptable_risk=asked.acceptable_risk,
        seconds=asked.seconds,
        domains=asked.domains,
        dataset=asked.dataset,
    )


def _apply(client: AnonClient, asked: argparse.Namespace) -> AnonJob:
    return client.apply(
        asked.solution,
        source=asked.source,
        target=asked.target,
        lacking=asked.lacking,
        enforce=asked.enforce,
        dataset=asked.dataset,
    )


_SUBMITTED: dict[str, Callable[[AnonClient, argparse.Namespace], AnonJob]] = {
    "anonymize": _anonymize,
    "apply": _apply,
    "auto": _auto,
    "detect": _detect,
    "measure": _measure,
}


def _jobs(asked: argparse.Namespace) -> int:
    jobs = _client(asked).jobs(asked.limit)
    rows = [[str("" if v is None else v) for v in job.values()] for job in jobs]
    _say(asked, jobs, _aligned([["id", "kind", "dataset", "status", "start", "seconds"], *rows]))
    return 0


def _domains(asked: argparse.Namespace) -> int:
    known = _client(asked).data_domains(asked.domains)
    rows = json.loads(known.reset_index().to_json(orient="records"))
    _say(asked, rows, known.to_string(na_rep=""))
    return 0


def _status(asked: argparse.Namespace) -> int:
    _print(json.dumps(_job(asked).status(), indent=None if asked.json else 1))
    return 0


def _metadata(asked: argparse.Namespace) -> int:
    _print(json.dumps(withheld(_job(asked).metadata()), indent=None if asked.json else 1))
    return 0


def _result(asked: argparse.Namespace) -> int:
    return _follow(asked, _job(asked))


def _statistics(asked: argparse.Namespace) -> int:
    job = _job(asked)
    if asked.command == "exploratory":
        found = job.exploratory_statistics()
        whole, shown = found.values, found.summary[_EXPLORATORY]  # noqa: PD011 (a field)
    elif getattr(asked, "details", None):
        whole = _details(job, asked.details)
        shown = whole.head(_SHOWN)
    else:
        whole = shown = getattr(job, f"{asked.command}_statistics")()
    if asked.output is not None:
        _save(whole, asked.output)
    else:
        rows = json.loads(_flat(shown).to_json(orient="records"))
        _say(asked, rows, shown.to_string(na_rep=""))
    return 0


def _details(job: AnonJob, name: str) -> "pd.DataFrame":
    if name in _RECORDS:
        records: pd.DataFrame = getattr(job.risk_per_record(), _RECORDS[name])
        return records.set_index("row")
    found = job.risk_details().tables
    if name not in found:
        raise JobKindError(
            f"the request of job {job.job_id} did not ask for {name}: see risk_analysis"
        )
    return found[name]


def _abort(asked: argparse.Namespace) -> int:
    done = _job(asked).abort()
    gone = "".join(f"; {path} is removed" for path in done["targets_removed"])
    _say(asked, done, f"job {done['id']} was {done['was']}, and {done['done']}{gone}")
    return 0 if done["status"] == "aborted" else CODES[JobStateError]


def _delete(asked: argparse.Namespace) -> int:
    done = _job(asked).delete(target=asked.target)
    gone = ["its record", *(["its files"] if done["files_removed"] else [])]
    kept = "".join(f"; {_why_kept(path)}" for path in done["targets_kept"])
    said = ", ".join([*gone, *done["targets_removed"]])
    _say(asked, done, f"job {done['id']} is deleted: {said}{kept}")
    return 0


def _why_kept(target: str) -> str:
    from anon_dagster.storage.addresses import exists

    with suppress(AnonError, OSError):  # the job is gone, and that is what counts
        if not exists(target):
            return f"nothing is at {target}, as seen from here"
    return f"{target} is not what it published, as seen from here, and stays"


# -- waiting -------------------------------------------------------------------------------


def _follow(asked: argparse.Namespace, job: AnonJob) -> int:
    """Wait for a job and say what it made; an interrupt asks whether to abort it."""
    try:
        result = job.result(asked.timeout)
    except KeyboardInterrupt as interrupt:
        said = str(interrupt) or f"job {job.job_id} may go on"
        document = {"error": "KeyboardInterrupt", "id": job.job_id, "message": said}
        _tell(asked, document | {"code": INTERRUPTED}, said)
        return INTERRUPTED
    if asked.output is not None:
        _keep(job, result, asked.output)
    made: dict[str, Any] = {"id": job.job_id, "paths": result.paths, "checksum": result.checksum}
    text = "\n".join(result.paths)
    if asked.output is None and result.df is not None and not result.paths:  # no records: findings
        made["table"] = json.loads(_flat(result.df).to_json(orient="records"))
        text = result.df.to_string(na_rep="")
    _say(asked, made, text)
    if not asked.json:
        print(_summary(job, result, asked.output), file=sys.stderr)
    return 0


def _keep(job: AnonJob, result: JobResult, output: Path) -> None:
    if output.suffix.lower() in _PROPOSALS:
        if result.proposal is None:
            known = ", ".join(_TABLES)
            raise JobKindError(f"job {job.job_id} proposed no request: --output takes {known}")
        proposal = result.proposal.encode()
        _write(output, lambda file: file.write(proposal))
    elif result.df is not None:
        _save(result.df, output)


def _summary(job: AnonJob, result: JobResult, output: Path | None) -> str:
    """Return what is said of a completed job; of one that proposed, how to get at its request."""
    said = f"job {job.job_id} is completed"
    if output is not None and result.df is None:
        said += f"; {output} is not written, as the release is in its target"
    if result.proposal is None or (output is not None and output.suffix.lower() in _PROPOSALS):
        return said
    which = "the request that it proposes"
    if result.df is not None and "chosen" in result.df:
        which = f"row {result.df.index[result.df['chosen']][0]} was chosen; its request"
    return f"{said}; {which} is written by: anon result {job.job_id} --output proposal.yaml"


# -- saying --------------------------------------------------------------------------------


def _say(asked: argparse.Namespace, document: object, text: str) -> None:
    _print(json.dumps(document) if asked.json else text)


def _print(text: str) -> None:
    """Write to stdout, of which a reader such as head may have had enough."""
    try:
        if text:
            print(text, flush=True)
    except BrokenPipeError:  # what is left must not be tried again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(asked: argparse.Namespace, document: object, text: str) -> None:
    print(json.dumps(document) if asked.json else text, file=sys.stderr)


def _complain(asked: argparse.Namespace, error: AnonError, code: int) -> int:
    document = {"error": type(error).__name__, "message": str(error), "code": code}
    _tell(asked, document, f"anon: {error}")
    return code


def _misunderstood(error: UsageError, *, as_json: bool) -> int:
    document = {"error": "UsageError", "message": str(error), "code": MISUNDERSTOOD}
    text = f"{error.usage}anon: error: {error}"
    print(json.dumps(document) if as_json else text, file=sys.stderr)
    return MISUNDERSTOOD


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _flat(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table whose index is among its columns, if it says anything."""
    return frame if frame.index.names == [None] else frame.reset_index()


def _save(frame: "pd.DataFrame", path: Path) -> None:
    frame = _flat(frame)
    if path.suffix.lower() != ".csv":
        _write(path, lambda file: frame.to_parquet(file, index=False))
    else:
        _write(path, lambda file: frame.to_csv(file, index=False))


def _write(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
    except OSError as error:
        raise TargetError(f"cannot write {path}: {error.strerror}") from None


def _client(asked: argparse.Namespace) -> AnonClient:
    return AnonClient(asked.url, home=asked.home, store=asked.store)


def _job(asked: argparse.Namespace) -> AnonJob:
    return _client(asked).job(asked.id)


# -- what is understood --------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Leaves it to :func:`main` how something is said."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self.format_usage())

    def print_help(self, file: Any = None) -> None:  # noqa: ANN401 (as argparse has it)
        del file  # nobody asks for another than stdout
        _print(self.format_help().rstrip("\n"))


def _read(given: Sequence[str]) -> argparse.Namespace:
    """Understand a command.

    Raises
    ------
    UsageError
        If it is not one, or an option of it would play no part.
    """
    asked = _parser().parse_args(given)
    if asked.run is _submit and not asked.wait:
        for name in ("output", "timeout"):
            if getattr(asked, name) is not None:
                asked.refuse(f"--{name} needs --wait; or say it later: anon result ID --{name} …")
    return asked


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text}")
    return int(text)


def _file(*endings: str) -> Callable[[str], Path]:
    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in endings:
            raise argparse.ArgumentTypeError(f"{text} does not end in {', '.join(endings)}")
        return Path(text)

    return path


def _parser() -> argparse.ArgumentParser:
    about, _, codes = (__doc__ or "").partition("\n\n")
    parser = _Parser(prog="anon", description=about, epilog=codes)
    parser.add_argument(
        "--url",
        default=os.environ.get("ANON_URL"),
        help="the deployment that runs the jobs (ANON_URL); this machine if left out. What it is "
        "told as Authorization is ANON_AUTHORIZATION",
    )
    parser.add_argument("--home", type=Path, help="the folder of dagster.yaml (DAGSTER_HOME)")
    parser.add_argument("--store", type=Path, help="the folder of the jobs (ANON_STORE)")
    parser.add_argument("--json", action="store_true", help="speak to machines")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_submitting(commands)
    _add_reading(commands)
    return parser


def _add_submitting(commands: Any) -> None:  # noqa: ANN401 (argparse keeps the type to itself)
    anonymize = commands.add_parser("anonymize", help="anonymize a table")
    measure = commands.add_parser("measure", help="compare configurations; writes no record")
    for name, kind in (("k", int), ("l", float), ("t", float), ("suppression-limit", float)):
        measure.add_argument(f"--{name}", type=kind, nargs="+", help=f"values of {name} to compare")
    measure.add_argument("--recoding", nargs="+", help="global, local or both")
    detect = commands.add_parser("detect", help="find out what each column seems to be")
    modes = ("full", "classification", "hierarchies")
    detect.add_argument("--mode", choices=modes, default="full", help="what is wanted; all of it")
    auto = commands.add_parser("auto", help="propose a request, and measure what it would cost")
    auto.add_argument(
        "--acceptable-risk", type=float, default=0.1, help="largest probability of naming a record"
    )
    auto.add_argument("--seconds", type=float, default=60.0, help="how long it tries")
    for command in (detect, auto):
        command.add_argument("source", help="the file of the records")
        command.add_argument("--domains", type=Path, help="a YAML file of domains of your own")
    for command in (anonymize, measure):
        command.add_argument("request", type=Path, help="the YAML file of the request")
    apply = commands.add_parser("apply", help="recode later records by a finished job's solution")
    apply.add_argument("solution", help="the id of the job, or the .json file of a solution")
    apply.add_argument("source", help="the file of the later records")
    apply.add_argument("--target", help="where they go; they stay with the job if left out")
    apply.add_argument("--lacking", choices=("suppress", "refuse"), default="suppress")
    apply.add_argument(
        "--enforce", action="store_true", help="suppress classes that break a promise"
    )
    for command in (anonymize, measure, detect, auto, apply):
        command.add_argument("--dataset", help="what the records are called in lists of jobs")
        command.add_argument("--wait", action="store_true", help="wait until the job is over")
        _add_waiting(command, proposes=command in {detect, auto}, needs=", with --wait")
        command.set_defaults(run=_submit, refuse=command.error)


def _add_reading(commands: Any) -> None:  # noqa: ANN401 (argparse keeps the type to itself)
    domains = commands.add_parser("domains", help="list what a column can be detected as")
    domains.add_argument("--domains", type=Path, help="a YAML file of domains of your own")
    domains.set_defaults(run=_domains)
    jobs = commands.add_parser("jobs", help="list the last jobs, newest first")
    jobs.add_argument("--limit", type=_at_least_one, default=20, help="how many; 20 if left out")
    jobs.set_defaults(run=_jobs)
    statistics = ("exploratory", "risk", "utility")
    for name, run, text in (
        ("status", _status, "how far a job is, as JSON"),
        ("metadata", _metadata, "what was asked for, as JSON"),
        ("result", _result, "wait for a job and say what it made"),
        ("abort", _abort, "end a job; nothing of it remains in its target"),
        ("delete", _delete, "remove the record of a job and its files"),
        *((name, _statistics, f"the {name} statistics of a job") for name in statistics),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("id", help="the id of the job")
        command.set_defaults(run=run)
        if name == "result":
            _add_waiting(command, proposes=True)
        elif name == "delete":
            command.add_argument("--target", action="store_true", help="what was published, too")
        elif name in statistics:
            command.add_argument(
                "--output", type=_file(*_TABLES), help="where all of it goes (….csv, ….parquet)"
            )
        if name == "risk":
            details = ("suda", "suda_contributions", "combinations", "contributions", "attacks")
            choices = (*details, *_RECORDS)
            command.add_argument("--details", choices=choices, help="a table of risk_analysis")


def _add_waiting(command: argparse.ArgumentParser, *, proposes: bool, needs: str = "") -> None:
    command.add_argument("--timeout", type=float, help=f"seconds to wait{needs}")
    command.add_argument(
        "--output",
        type=_file(*_TABLES, *(_PROPOSALS if proposes else ())),
        help="where a table without a target goes (….csv, ….parquet)"
        + (", or a proposal (….yaml)" if proposes else "")
        + needs,
    )


if __name__ == "__main__":
    sys.exit(main())
