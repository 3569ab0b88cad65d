"""A deployment as ``deploy/`` describes it, without containers, and what may happen to one.

PostgreSQL, nginx with a login, webserver, daemon and code server of this machine's programs: a job,
an abort, a process that is killed, a database that crashes, a backup that is restored. All of it
lies in temporary folders, which are gone afterwards, and listens on loopback only.
"""

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anon_dagster.client import AnonClient, AnonJob
from anon_dagster.demos.running import demonstrate
from anon_dagster.demos.stack import Stack, lacking
from anon_dagster.errors import AnonError, DeploymentError, JobStateError, UnfinishedJobError
from anon_dagster.jobs import file_names
from anon_dagster.jobs.backup import back_up
from anon_dagster.request.documents import load_yaml
from anon_dagster.storage.locks import holder, is_locked

_DATASET = "patients"
_RECORDS = 600
_PATIENCE = 240.0  # seconds
_LOOK = 0.2  # seconds between two looks
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_QUESTION = b'{"query": "{version}"}'


@dataclass
class Findings:
    """What was looked at, and whether it was as it shall be."""

    begun: float = field(default_factory=time.monotonic)
    failed: int = 0

    def step(self, title: str) -> None:
        """Begin something."""
        print(f"\n{time.monotonic() - self.begun:5.0f} s  {title}", flush=True)

    def claim(self, text: str, *, holds: bool) -> None:
        """Print a claim, and whether it holds."""
        self.failed += not holds
        print(f"         {'yes' if holds else 'NO '}  {text}", flush=True)


def main(project: Path | None = None) -> int:
    """Run the demo and return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml``, ``data`` and ``deploy``; the working directory if left
        out.
    """
    return demonstrate(_demonstrate, project)


def _demonstrate(project: Path, folder: Path) -> int:
    """Start a deployment, let things happen to it, and tell what became of it."""
    if missing := lacking():
        print(f"The demo needs {missing}")
        return 2
    stack, found = Stack(project, folder, ["ann", "bob"]), Findings()
    try:
        request = _patients(project, folder)
        found.step("Starting PostgreSQL, code server, webserver, daemon and nginx …")
        with stack.running():
            show_login(stack, found)
            job = show_job(stack, found, request)
            show_abort(stack, found, request)
            show_killed(stack, found, request)
            show_logs(stack, found)
            show_crash(stack, found, request)
            dump = show_backup(stack, found)
        found.step(
            "Everything is stopped; database and store are lost, and restored from the copies"
        )
        restore(stack, dump)
        with stack.restored():
            show_restored(stack, found, job)
        show_silence(stack, found, dump)
    finally:
        stack.database.remove()
    print(f"\nAll of it is stopped; {found.failed or 'no'} claims failed. More: docs/deployment.md")
    return 1 if found.failed else 0


def show_login(stack: Stack, found: Findings) -> None:
    """Show who gets an answer, and to what."""
    found.step("Who gets in?")
    known = {"Authorization": stack.authorization("ann")}
    foreign = {"Origin": "https://elsewhere.example"}
    mutation = "/graphql?query=mutation{deleteRun(runId:%22x%22){__typename}}"
    asked = [
        ("a page, with a login", 200, "/", {"headers": known}),
        ("a question, with a login", 200, "/graphql", _posted(known | _JSON)),
        ("a page, without one", 401, "/", {}),
        ("a question, without one", 401, "/graphql", _posted(_JSON)),
        ("a link that deletes a run", 405, mutation, {"headers": known}),
        ("a form of another site", 405, "/graphql", _posted(known | _FORM)),
        ("a script of another site", 403, "/graphql", _posted(known | _JSON | foreign)),
        ("what reports assets", 405, "/report_asset_materialization/x", _posted(known | _JSON)),
    ]
    for what, expected, path, options in asked:
        status = stack.ask(path, **options)
        found.claim(f"{what} is answered by {status}", holds=status == expected)
    sockets = [
        ("a WebSocket, with a login", 101, known),
        ("a WebSocket, without one", 401, {}),
        ("a WebSocket of another site", 403, known | foreign),
    ]
    for what, expected, headers in sockets:
        status = stack.upgrade(headers)
        found.claim(f"{what} is answered by {status}", holds=status == expected)


def _posted(headers: dict[str, str]) -> dict[str, Any]:
    return {"data": _QUESTION, "headers": headers}


def show_job(stack: Stack, found: Findings, request: dict[str, Any]) -> AnonJob:
    """Release the patients through the proxy; return the job."""
    found.step("A job through the proxy, of a client that claims to be somebody else")
    client = stack.client("ann", **{"X-Forwarded-User": "mallory"})
    job = client.anonymize(request, dataset=_DATASET)
    status = job.wait(_PATIENCE)
    found.claim(f"it is {status}, and its release is there", holds=_target(request).exists())
    who = job.status()["info"]["requested_by"]
    found.claim(f"it is the job of {who}", holds=who == "ann")
    return job


def show_abort(stack: Stack, found: Findings, request: dict[str, Any]) -> None:
    """Abort a job in the middle of its work."""
    found.step("An abort in the middle of a search")
    before = _target(request).read_bytes()
    job = stack.client("ann").anonymize(_long(request), dataset=_DATASET)
    _process_of(stack, job)
    begun = time.monotonic()
    status = _aborted(job)
    seconds = time.monotonic() - begun
    found.claim(f"it is {status} after {seconds:.0f} s", holds=status == "aborted")
    found.claim("the target is as before", holds=_is_as(request, before))


def show_killed(stack: Stack, found: Findings, request: dict[str, Any]) -> None:
    """Kill the process of a job, as a machine does that runs out of memory."""
    found.step("kill -9 of the process of a job")
    before = _target(request).read_bytes()
    job = stack.client("ann").anonymize(_long(request), dataset=_DATASET)
    os.kill(_process_of(stack, job), signal.SIGKILL)
    status, why = job.wait(_PATIENCE), _reason(job)
    found.claim(f"it is {status}: {why}", holds=status == "failed" and "killed" in why)
    found.claim("the target is as before", holds=_is_as(request, before))


def show_logs(stack: Stack, found: Findings) -> None:
    """Show that a machine can read the logs; a lost database adds lines of others to them."""
    found.step("The logs")
    logs = _logs(stack)
    for name in ("webserver", "daemon", "proxy"):
        lines = logs[name].splitlines()
        found.claim(f"the {name} wrote {len(lines)} lines of JSON", holds=_are_json(lines))


def show_crash(stack: Stack, found: Findings, request: dict[str, Any]) -> None:
    """Let the database crash while a job runs, and come back."""
    found.step("A crash of the database in the middle of a job")
    before = _target(request).read_bytes()
    job = stack.client("ann").anonymize(_long(request, seconds=6), dataset=_DATASET)
    _process_of(stack, job)
    stack.database.crash()
    while_down = stack.ask("/graphql", **_question_of(stack))
    stack.database.start()
    found.claim("the proxy answers meanwhile, also if with an error", holds=while_down > 0)
    found.claim("the webserver answers again", holds=_answers_again(stack))
    status, why = _status(job), _reason(job)
    said = f"the job is {status}" + (f": {why}" if why else "")
    found.claim(said, holds=status == "completed" or (status == "failed" and bool(why)))
    whole = _target(request).read_bytes() != before if status == "completed" else True
    found.claim(
        "the target is whole: the new release or the former one",
        holds=whole if status == "completed" else _is_as(request, before),
    )
    after = _status(stack.client("bob").anonymize(request, dataset=_DATASET))
    found.claim(f"the next job is {after}", holds=after == "completed")


def show_backup(stack: Stack, found: Findings) -> Path:
    """Copy the database and what jobs keep, while all of it runs; return the dump."""
    found.step("A backup while it runs: pg_dump first, then anon backup")
    dump = stack.folder / "dagster.dump"
    stack.database.dump(dump)
    made = back_up(stack.store, stack.folder / "backup")
    found.claim(
        f"{made.jobs} jobs, {made.databases} databases and {made.files} files are in the copy",
        holds=made.jobs > 0 and made.databases > 0,
    )
    return dump


def restore(stack: Stack, dump: Path) -> None:
    """Lose database and store, and put the copies in their place."""
    shutil.rmtree(stack.store)
    shutil.copytree(stack.folder / "backup", stack.store)
    stack.database.create()
    stack.database.restore(dump)


def show_restored(stack: Stack, found: Findings, job: AnonJob) -> None:
    """Read in a restored deployment what was made before."""
    client = stack.client("bob")
    again = client.job(job.job_id)
    found.claim(f"the list has {len(client.jobs())} jobs", holds=job.job_id in client.job_ids())
    found.claim(f"the first is {again.status()['status']}", holds=_has_result(again))
    report = again.report()
    found.claim("its report is there", holds="<html" in report[:200].lower())


def _has_result(job: AnonJob) -> bool:
    try:
        return bool(job.result(_PATIENCE, watch=lambda _: None).paths)
    except AnonError as error:
        print(f"              {error}")
        return False


def show_silence(stack: Stack, found: Findings, dump: Path) -> None:
    """Look for what no log and no database may tell."""
    found.step("What was written meanwhile")
    told = "\n".join([*_logs(stack).values(), stack.database.text(dump)])
    cells = _cells(stack.folder)
    found.claim("no password is in a log", holds=not any(each in told for each in stack.secrets))
    found.claim(
        f"none of {len(cells)} cells is in a log or the database",
        holds=not any(cell in told for cell in cells),
    )
    beside = {each.name for each in (stack.folder / "home").iterdir()}
    found.claim(
        "nothing was written beside the settings",
        holds=beside == {"dagster.yaml", "workspace.yaml"},
    )


# -- what is asked for ---------------------------------------------------------------------------


def _patients(project: Path, folder: Path) -> dict[str, Any]:
    """Copy some of the bundled patients, and return the request to release them."""
    import pandas as pd

    dataset = folder / "data" / _DATASET
    left_out = shutil.ignore_patterns("out", f"{_DATASET}.csv")
    shutil.copytree(project / "data" / _DATASET, dataset, ignore=left_out)
    source = project / "data" / _DATASET / f"{_DATASET}.csv"
    records = pd.read_csv(source, dtype=str, keep_default_na=False).head(_RECORDS)
    records.to_csv(dataset / f"{_DATASET}.csv", index=False)
    request: dict[str, Any] = load_yaml(dataset / "request.yaml")
    request["source"]["path"] = str(dataset / f"{_DATASET}.csv")
    request["target"]["path"] = str(folder / "released" / "patients.parquet")
    request["policy"] |= {"suppression_limit": 0.2, "search": {"seconds": 3}}
    for attribute in request["policy"]["attributes"].values():
        rule = attribute.get("hierarchy", {})
        if rule.get("path"):
            rule["path"] = str(dataset / rule["path"])
    return request


def _long(request: dict[str, Any], *, seconds: float | None = None) -> dict[str, Any]:
    """Return a request of the same target whose search takes its time."""
    import numpy as np
    import pandas as pd

    dice = np.random.default_rng(1)
    names = [f"q{place}" for place in range(12)]
    source = _target(request).with_name("many.parquet")
    if not source.exists():
        frame = pd.DataFrame({name: dice.integers(0, 1000, 20_000) for name in names})
        frame["s"] = dice.integers(0, 50, len(frame))
        frame.to_parquet(source)
    widths = [2, 4, 8, 16, 32, 64, 128, 256, 512]
    rule = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": widths}}
    policy: dict[str, Any] = {
        "attributes": {**dict.fromkeys(names, rule), "s": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 5}, "t_closeness": {"attribute": "s", "t": 0.3}},
        "suppression_limit": 0.3,
    }
    if seconds is not None:
        policy["search"] = {"seconds": seconds}
    return {"source": {"path": str(source)}, "target": request["target"], "policy": policy}


def _target(request: dict[str, Any]) -> Path:
    return Path(request["target"]["path"])


def _is_as(request: dict[str, Any], before: bytes) -> bool:
    """Tell whether the target is as it was, and alone but for the source of the long jobs."""
    target = _target(request)
    beside = {each.name for each in target.parent.iterdir()} - {"many.parquet"}
    return target.read_bytes() == before and beside == {target.name}


def _cells(folder: Path) -> list[str]:
    """Return cells that are found nowhere by chance."""
    import pandas as pd

    source = folder / "data" / _DATASET / f"{_DATASET}.csv"
    records = pd.read_csv(source, dtype=str, keep_default_na=False)
    return [cell for name in ("email", "ssn") for cell in records[name].unique() if len(cell) > 8]


# -- jobs and their processes --------------------------------------------------------------------


def _process_of(stack: Stack, job: AnonJob) -> int:
    """Wait until a job works, and return its process."""
    lock = stack.store / file_names.JOBS / job.job_id / file_names.LOCK
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if is_locked(lock) and (found := holder(lock)):
            return found
        time.sleep(_LOOK)
    raise TimeoutError("the job did not begin")


def _aborted(job: AnonJob) -> str:
    """Abort a job, again if a busy machine does not answer in time; return its status."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            return str(job.abort()["status"])
        except (DeploymentError, UnfinishedJobError):
            time.sleep(_LOOK)
        except JobStateError:  # it was over by an earlier question
            return _status(job)
    raise TimeoutError("the job did not end")


def _status(job: AnonJob) -> str:
    """Wait until a job is over, also while nobody answers."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(DeploymentError):
            return job.wait(_PATIENCE)
        time.sleep(_LOOK)
    raise TimeoutError("the deployment does not answer any more")


def _reason(job: AnonJob) -> str:
    """Return why a job failed; nothing if it did not."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            job.result(_PATIENCE, watch=lambda _: None)
        except DeploymentError:
            time.sleep(_LOOK)
        except AnonError as error:
            return str(error)
        else:
            return ""
    raise TimeoutError("the deployment does not answer any more")


def _question_of(stack: Stack) -> dict[str, Any]:
    return _posted({"Authorization": stack.authorization("bob"), **_JSON})


def _answers_again(stack: Stack) -> bool:
    """Wait until a client is told of the jobs."""
    client: AnonClient = stack.client("bob")
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(AnonError):
            return bool(client.jobs())
        time.sleep(_LOOK)
    return False


def _logs(stack: Stack) -> dict[str, str]:
    """Return what each process wrote."""
    return {each.stem: each.read_text("utf-8") for each in (stack.folder / "log").iterdir()}


def _are_json(lines: list[str]) -> bool:
    try:
        return all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
