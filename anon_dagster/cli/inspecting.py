"""Commands about jobs that were begun: what they are, what they made, and that they end."""

import argparse
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.cli.arguments import (
    TABLES,
    add_waiting,
    at_least_one,
    client_of,
    job_of,
    path_ending_in,
    seconds,
)
from anon_dagster.cli.exit_codes import CODES
from anon_dagster.cli.printing import aligned, as_rows, print_result, print_text, save_table
from anon_dagster.cli.waiting import follow
from anon_dagster.client import AnonJob
from anon_dagster.client.handover import withheld
from anon_dagster.errors import AnonError, JobKindError, JobStateError
from anon_dagster.report import disclosure

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.cli.arguments import Commands

_RECORDS = {"source_records": "source", "released_records": "release"}
_DETAILS = ("suda", "suda_contributions", "combinations", "contributions", "attacks", *_RECORDS)
_VERSIONS = "the bucket of {} keeps a version of it, which these credentials may not delete"
_SHOWN = 50  # rows of a table of details; --output writes all
_EXPLORATORY = ["role", "kind", "records", "distinct", "missing"]  # no cell among them


def add_commands(commands: "Commands") -> None:
    """Add the commands about jobs that were begun."""
    domains = commands.add_parser("domains", help="list what a column can be detected as")
    domains.add_argument("--domains", type=Path, help="a YAML file of domains of your own")
    domains.set_defaults(run=_domains)
    jobs = commands.add_parser("jobs", help="list the last jobs, newest first")
    jobs.add_argument("--limit", type=at_least_one, default=20, help="how many; 20 if left out")
    jobs.set_defaults(run=_jobs)
    _add(commands, "status", _status, "how far a job is, as JSON")
    _add(commands, "metadata", _metadata, "what was asked for, as JSON")
    result = _add(commands, "result", _result, "wait for a job and say what it made")
    add_waiting(result, proposes=True)
    _add(commands, "abort", _abort, "end a job; nothing of it remains in its target")
    delete = _add(commands, "delete", _delete, "remove the record of a job and its files")
    delete.add_argument("--target", action="store_true", help="what was published, too")
    _add_statistics(commands, "exploratory", _exploratory)
    risk = _add_statistics(commands, "risk", _risk)
    risk.add_argument("--details", choices=_DETAILS, help="a table of risk_analysis")
    _add_statistics(commands, "utility", _utility)
    residual = _add(commands, "residual", _residual, "what a release tells beside its promises")
    residual.add_argument(
        "--attacks", action="store_true", help="examine it again, with a motivated intruder"
    )
    residual.add_argument("--timeout", type=seconds, help="seconds to wait, with --attacks")
    residual.set_defaults(refuse=residual.error)
    _add_output(residual)


def _add(
    commands: "Commands", name: str, run: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    """Add a command about one job."""
    command = commands.add_parser(name, help=text)
    command.add_argument("id", help="the id of the job")
    command.set_defaults(run=run)
    return command


def _add_statistics(
    commands: "Commands", name: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    command = _add(commands, name, run, f"the {name} statistics of a job")
    _add_output(command)
    return command


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--output", type=path_ending_in(*TABLES), help="where all of it goes (….csv, ….parquet)"
    )


# -- deployments and jobs ------------------------------------------------------------------


def _domains(asked: argparse.Namespace) -> int:
    domains = client_of(asked).data_domains(asked.domains)
    rows = json.loads(domains.reset_index().to_json(orient="records"))
    print_result(asked, rows, domains.to_string(na_rep=""))
    return 0


def _jobs(asked: argparse.Namespace) -> int:
    jobs = client_of(asked).jobs(asked.limit)
    rows = [[str("" if v is None else v) for v in job.values()] for job in jobs]
    header = ["id", "kind", "dataset", "status", "start", "seconds"]
    print_result(asked, jobs, aligned([header, *rows]))
    return 0


def _status(asked: argparse.Namespace) -> int:
    print_text(json.dumps(job_of(asked).status(), indent=None if asked.json else 1))
    return 0


def _metadata(asked: argparse.Namespace) -> int:
    metadata = withheld(job_of(asked).metadata())
    print_text(json.dumps(metadata, indent=None if asked.json else 1))
    return 0


def _result(asked: argparse.Namespace) -> int:
    return follow(asked, job_of(asked))


# -- ends ----------------------------------------------------------------------------------


def _abort(asked: argparse.Namespace) -> int:
    done = job_of(asked).abort()
    gone = "".join(f"; {path} is removed" for path in done["targets_removed"])
    print_result(asked, done, f"job {done['id']} was {done['was']}, and {done['done']}{gone}")
    return 0 if done["status"] == "aborted" else CODES[JobStateError]


def _delete(asked: argparse.Namespace) -> int:
    done = job_of(asked).delete(target=asked.target)
    gone = ["its record", *(["its files"] if done["files_removed"] else [])]
    kept = "".join(f"; {_why_kept(path)}" for path in done["targets_kept"])
    kept += "".join(f"; {_VERSIONS.format(path)}" for path in done.get("versions_kept", ()))
    said = ", ".join([*gone, *done["targets_removed"]])
    print_result(asked, done, f"job {done['id']} is deleted: {said}{kept}")
    return 0


def _why_kept(target: str) -> str:
    from anon_dagster.storage.addresses import exists

    with suppress(AnonError, OSError):  # the job is gone, and that is what counts
        if not exists(target):
            return f"nothing is at {target}, as seen from here"
    return f"{target} is not what it published, as seen from here, and stays"


# -- statistics ----------------------------------------------------------------------------


def _exploratory(asked: argparse.Namespace) -> int:
    job = job_of(asked)
    shown = job.exploratory_summary()[_EXPLORATORY]
    return _show(asked, job.exploratory_statistics(), shown=shown)


def _risk(asked: argparse.Namespace) -> int:
    job = job_of(asked)
    if asked.details is None:
        return _show(asked, job.risk_statistics())
    details = _details(job, asked.details)
    return _show(asked, details, shown=details.head(_SHOWN))


def _utility(asked: argparse.Namespace) -> int:
    return _show(asked, job_of(asked).utility_statistics())


def _residual(asked: argparse.Namespace) -> int:
    """Say what was found; write the findings as a table if an output is asked for."""
    found = job_of(asked).residual(attacks=asked.attacks, timeout=asked.timeout)
    if asked.output is not None:
        save_table(_with_texts(found.table), asked.output)
        return 0
    print_result(asked, found.to_document(), "\n".join(disclosure.lines_of(found)))
    return 0


def _with_texts(findings: "pd.DataFrame") -> "pd.DataFrame":
    """Return findings whose lists of columns are texts, as a CSV file has them."""
    return findings.assign(
        **{name: findings[name].map(", ".join) for name in ("columns", "protected")}
    )


def _details(job: AnonJob, name: str) -> "pd.DataFrame":
    """Return a table of what a request wanted examined of the risk."""
    if name in _RECORDS:
        records: pd.DataFrame = getattr(job.risk_per_record(), _RECORDS[name])
        return records.set_index("row")
    tables = job.risk_details().tables
    if name not in tables:
        raise JobKindError(
            f"the request of job {job.job_id} did not ask for {name}: see risk_analysis"
        )
    return tables[name]


def _show(
    asked: argparse.Namespace, table: "pd.DataFrame", *, shown: "pd.DataFrame | None" = None
) -> int:
    """Write a table to the output that was asked for, or print what is shown of it."""
    if asked.output is not None:
        save_table(table, asked.output)
        return 0
    shown = table if shown is None else shown
    print_result(asked, as_rows(shown), shown.to_string(na_rep=""))
    return 0
