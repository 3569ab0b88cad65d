"""A deployment behind Dagster's webserver, through its GraphQL."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from anon_dagster.client.deployment import Failure, JobRecord, Launch, RunRecord
from anon_dagster.errors import (
    DeploymentError,
    JobStateError,
    RequestError,
    UnfinishedJobError,
    UnknownJobError,
)
from anon_dagster.http_client import HttpClient
from anon_dagster.jobs.names import ANONYMIZE_JOB, APPLY_JOB, REQUESTS
from anon_dagster.jobs.tags import PARTITION_TAG

_OURS = frozenset({ANONYMIZE_JOB, APPLY_JOB})
_SECONDS, _SOON = 60.0, 10.0
_LOOK = 0.2  # seconds between two looks at a job
_ENDING = frozenset({"CANCELING", "CANCELED"})
_DEQUEUING = 1.0  # seconds in which Dagster starts a job that it saw in the queue
_EVENTS = 1000

_KILLED = (
    "the process of the job ended before the job did: it was killed, or the machine ran out of "
    "memory"
)
_SEEN = "fragment Seen on Run{runId jobName status tags{key value} creationTime startTime endTime}"
_RUNS = f"""
query($n:Int!){{runsOrError(limit:$n){{__typename ...on Runs{{results{{...Seen}}}}}}}} {_SEEN}"""
_ONE = f"""
query($id:ID!){{runOrError(runId:$id){{__typename ...on Run{{...Seen runConfig}}}}}} {_SEEN}"""
_PARTITION = """
mutation($name:String!,$key:String!,$at:RepositorySelector!){
  addDynamicPartition(partitionsDefName:$name,partitionKey:$key,repositorySelector:$at){
    __typename ...on PythonError{message} ...on UnauthorizedError{message}}}"""
_LAUNCH = """
mutation($run:ExecutionParams!){launchRun(executionParams:$run){__typename
  ...on LaunchRunSuccess{run{runId}}
  ...on RunConfigValidationInvalid{errors{message}}
  ...on UnauthorizedError{message} ...on PipelineNotFoundError{message}}}"""
_EVENTS_OF = """
query($id:ID!,$after:String,$n:Int!){logsForRun(runId:$id,afterCursor:$after,limit:$n){__typename
  ...on EventConnection{cursor hasMore events{__typename
    ...on MaterializationEvent{assetKey{path} metadataEntries{...Shown}}
    ...on ExecutionStepFailureEvent{
      stepKey error{message} failureMetadata{description metadataEntries{...Shown}}}
    ...on RunFailureEvent{message}}}}}
fragment Shown on MetadataEntry{__typename label
  ...on TextMetadataEntry{text} ...on PathMetadataEntry{path} ...on MarkdownMetadataEntry{mdStr}
  ...on IntMetadataEntry{intRepr} ...on FloatMetadataEntry{floatRepr}
  ...on BoolMetadataEntry{boolValue} ...on JsonMetadataEntry{jsonString}
  ...on TableMetadataEntry{table{records}}}"""
_OFFERED = """{repositoriesOrError{__typename
  ...on RepositoryConnection{nodes{name location{name} jobs{name}}}}}"""
_TERMINATE = """
mutation($id:String!){terminateRun(runId:$id,terminatePolicy:SAFE_TERMINATE){__typename
  ...on TerminateRunFailure{message} ...on UnauthorizedError{message}}}"""
_DELETE = """
mutation($id:String!){deleteRun(runId:$id){__typename ...on UnauthorizedError{message}}}"""
_SHARING = """
query($key:String!,$value:String!){runsOrError(filter:{tags:[{key:$key,value:$value}]},limit:1){
  __typename ...on Runs{results{runId}}}}"""
_FORGET = """
mutation($name:String!,$keys:[String!]!,$at:RepositorySelector!){
  deleteDynamicPartitions(partitionsDefName:$name,partitionKeys:$keys,repositorySelector:$at){
    __typename}}"""


@dataclass
class RemoteDeployment:
    """Jobs of a running Dagster.

    Parameters
    ----------
    url
        Where the webserver, or the proxy before it, answers.
    headers
        Sent with every question, for a proxy that wants to know who asks.
    location
        The code location that has the jobs of this project; the only one that offers them if left
        out, whatever it is called.
    """

    url: str = field(repr=False)  # a password may be in it
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    location: str | None = None
    _repository: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = HttpClient(self.headers)
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise DeploymentError("the address of a deployment begins with http:// or https://")

    def close(self) -> None:
        """Close the connection; the next question opens another one."""
        self._http.close()

    def launch(self, launch: Launch) -> str:
        """Queue a job and return its id."""
        at = self._find_repository()
        self._ask(_PARTITION, name=REQUESTS, key=launch.partition, at=at)
        tags = {**launch.tags, PARTITION_TAG: launch.partition}
        run = {
            "selector": {**at, "pipelineName": launch.job},
            "runConfigData": launch.config,
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        data = self._answer(_LAUNCH, _SECONDS, run=run)
        try:
            self._require_granted(data)
        except DeploymentError:
            with suppress(DeploymentError):
                self._forget(launch.partition)
            raise
        answer = data["launchRun"]
        if answer["__typename"] == "RunConfigValidationInvalid":
            self._forget(launch.partition)
            raise RequestError("the deployment does not understand the request; is it older?")
        return str(answer["run"]["runId"])

    def records(self, limit: int) -> Sequence[JobRecord]:
        """Return the last jobs, newest first."""
        return [_record(each) for each in self._ask(_RUNS, n=limit)["runsOrError"]["results"]]

    def record(self, job_id: str) -> JobRecord:
        """Return one job."""
        return _record(self._run(job_id))

    def config(self, job_id: str) -> Mapping[str, Any]:
        """Return how a job was configured."""
        config: Mapping[str, Any] = self._run(job_id)["runConfig"] or {}
        return config

    def findings(self, job_id: str) -> RunRecord:
        """Return what a job showed by now."""
        steps: dict[str, dict[str, Any]] = {}
        failure = None
        for event in self._events(job_id):
            if event["__typename"] == "MaterializationEvent":
                steps[event["assetKey"]["path"][-1]] = _plain(event["metadataEntries"])
            elif failure is None:
                failure = _failure(event)
        return RunRecord(steps, failure)

    def abort(self, job_id: str, *, timeout: float) -> None:
        """Ask a job to end.

        A process that is about to begin and finds that its job shall end says that it failed, so
        it is asked when it has begun. And a job that is taken out of the queue at the moment when
        Dagster starts it is started all the same, so it is asked again.
        """
        until = time.monotonic() + timeout
        while (asked_as := self.record(job_id).dagster_status) == "STARTING":
            if time.monotonic() > until:
                raise UnfinishedJobError(f"job {job_id} is just being started; abort it again")
            time.sleep(_LOOK)
        self._terminate(job_id)
        if asked_as == "QUEUED" and self._came_back(job_id):
            self.abort(job_id, timeout=until - time.monotonic())

    def _terminate(self, job_id: str) -> None:
        try:
            answer = self._ask(_TERMINATE, _SOON, id=job_id)["terminateRun"]
        except DeploymentError:  # the answer waits for the process, which may be deaf
            if self.record(job_id).dagster_status not in {"STARTING", *_ENDING}:
                raise
            return
        if answer["__typename"] != "TerminateRunFailure":
            return
        # Where an earlier question is heard only now, this one is refused: the job ends already.
        if self.record(job_id).dagster_status not in _ENDING:
            raise JobStateError(f"job {job_id} cannot be aborted now: it is over, or about to be")

    def _came_back(self, job_id: str) -> bool:
        """Tell whether a job that was taken out of the queue was started at that moment."""
        until = time.monotonic() + _DEQUEUING
        while time.monotonic() < until:
            if self.record(job_id).dagster_status in {"STARTING", "STARTED"}:
                return True
            time.sleep(_LOOK)
        return False

    def delete(self, job_id: str) -> None:
        """Forget a job that is over, and the partition that was made for it."""
        record = self.record(job_id)
        if not record.is_over:
            raise JobStateError(f"job {job_id} is not over: abort it first")
        self._ask(_DELETE, id=job_id)
        partition = record.tags.get(PARTITION_TAG)
        if partition and not self._ask(_SHARING, key=PARTITION_TAG, value=partition)[
            "runsOrError"
        ].get("results"):
            self._forget(partition)

    def _forget(self, partition: str) -> None:
        self._ask(_FORGET, name=REQUESTS, keys=[partition], at=self._find_repository())

    def _find_repository(self) -> dict[str, str]:
        """Return which repository has the jobs of this project, by what it offers.

        Raises
        ------
        DeploymentError
            If none has them, or several do and none was chosen.
        """
        if not self._repository:
            told = self._ask(_OFFERED)["repositoriesOrError"]["nodes"]
            ours = [each for each in told if {job["name"] for job in each["jobs"]} >= _OURS]
            names = sorted(each["location"]["name"] for each in ours)
            chosen = [e for e in ours if self.location in {None, e["location"]["name"]}]
            if len(chosen) != 1:
                raise DeploymentError(self._no_location(names))
            self._repository = {
                "repositoryLocationName": chosen[0]["location"]["name"],
                "repositoryName": chosen[0]["name"],
            }
        return self._repository

    def _no_location(self, names: Sequence[str]) -> str:
        """Say which code locations have the jobs of this project."""
        if not names:
            return (
                f"{self._shown} is up, but has no jobs of this project: load the module "
                "anon_dagster.definitions, as workspace.yaml does"
            )
        listed = ", ".join(names)
        choose = "choose one by AnonClient(url, location=…), --location or ANON_LOCATION"
        if self.location is None:
            return f"several code locations have the jobs of this project: {listed}; {choose}"
        return (
            f"no code location {self.location} has the jobs of this project; these do: {listed}; "
            f"{choose}"
        )

    def _run(self, job_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self._ask(_ONE, id=job_id)["runOrError"]
        if run["__typename"] != "Run":
            raise UnknownJobError(f"there is no job {job_id}, or none any more")
        return run

    def _events(self, job_id: str) -> Iterator[dict[str, Any]]:
        cursor, more = None, True
        while more:
            page = self._ask(_EVENTS_OF, id=job_id, after=cursor, n=_EVENTS)["logsForRun"]
            if page["__typename"] != "EventConnection":
                raise UnknownJobError(f"there is no job {job_id}, or none any more")
            yield from (each for each in page["events"] if len(each) > 1)
            cursor, more = page["cursor"], page["hasMore"]

    def _ask(self, query: str, seconds: float = _SECONDS, /, **variables: object) -> dict[str, Any]:
        data = self._answer(query, seconds, **variables)
        self._require_granted(data)
        return data

    def _answer(self, query: str, seconds: float, /, **variables: object) -> dict[str, Any]:
        document = self._post({"query": query, "variables": variables}, seconds)
        if document.get("errors") or not document.get("data"):
            raise DeploymentError(f"{self._shown} refused the question; is it of another version?")
        data: dict[str, Any] = document["data"]
        return data

    def _require_granted(self, data: Mapping[str, Any]) -> None:
        for answer in data.values():
            kind = answer["__typename"]
            if kind == "UnauthorizedError":
                raise DeploymentError(
                    f"{self._shown} refuses: it is read-only, or did not load this project"
                )
            if kind in {"PipelineNotFoundError", "RepositoryNotFoundError"}:
                raise DeploymentError(f"{self._shown} is up, but has no jobs of this project")
            if kind == "PythonError":
                raise DeploymentError(
                    f"{self._shown} is up, but cannot answer this now: its database or its code "
                    "location may be out of reach, which its own log tells; ask again"
                )

    def _post(self, question: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Return the document that the webserver answers a question with."""
        parts = urlsplit(self.url)
        endpoint = parts._replace(path=f"{parts.path.rstrip('/')}/graphql", query="", fragment="")
        try:
            reply = self._http.post(endpoint.geturl(), question, seconds=seconds)
        except ConnectionError:
            raise DeploymentError(
                f"no deployment answers at {self._shown}: is it started, and is the address right?"
            ) from None
        if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise DeploymentError(
                f"{self._shown} lets nobody in who does not say who they are, or not them: "
                "AnonClient(url, headers=…), or ANON_AUTHORIZATION"
            )
        try:
            document: dict[str, Any] = json.loads(reply.content)
        except ValueError:
            raise DeploymentError(
                f"{self._shown} answers with status {reply.status}, but not as Dagster does"
            ) from None
        return document

    @property
    def _shown(self) -> str:
        """The address without what a password may be in."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _record(run: Mapping[str, Any]) -> JobRecord:
    return JobRecord(
        job_id=run["runId"],
        job=run["jobName"],
        dagster_status=run["status"],
        tags={tag["key"]: tag["value"] for tag in run["tags"]},
        created=run["creationTime"],
        started=run["startTime"],
        ended=run["endTime"],
    )


def _plain(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return metadata as values; leaves out what only a person in front of a screen sees."""
    plain: dict[str, Any] = {}
    for entry in entries:
        name = entry["label"]
        match entry["__typename"]:
            case "TableMetadataEntry":
                plain[name] = [json.loads(row) for row in entry["table"]["records"]]
            case "IntMetadataEntry":
                plain[name] = int(entry["intRepr"])
            case "FloatMetadataEntry":
                plain[name] = float(entry["floatRepr"])
            case "BoolMetadataEntry":
                plain[name] = entry["boolValue"]
            case "JsonMetadataEntry":
                plain[name] = json.loads(entry["jsonString"])
            case "TextMetadataEntry":
                plain[name] = entry["text"]
            case "PathMetadataEntry":
                plain[name] = entry["path"]
            case "MarkdownMetadataEntry":
                plain[name] = entry["mdStr"]
    return plain


def _failure(event: Mapping[str, Any]) -> Failure | None:
    if event["__typename"] == "RunFailureEvent":
        return Failure("", _KILLED if "from outside" in event["message"] else event["message"])
    if event["__typename"] != "ExecutionStepFailureEvent":
        return None
    told = event["failureMetadata"]
    if not told:
        return Failure("", f"the step {event['stepKey']} failed")
    kind = _plain(told["metadataEntries"] or []).get("error", "")
    return Failure(str(kind), told["description"] or "")
