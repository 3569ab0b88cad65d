"""Tables that nobody has described yet: what they seem to be, and a request that suits them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import dagster as dg
from pydantic import Field

from anon_dagster.defs import metadata
from anon_dagster.defs.adhoc import ADHOC, source_of, step_job
from anon_dagster.defs.engine import EngineResource
from anon_dagster.defs.failures import failures_in_words
from anon_dagster.defs.ownership import own
from anon_dagster.defs.plain import Whole, between
from anon_dagster.defs.resources import JobStore
from anon_dagster.defs.run_progress import RunProgress
from anon_dagster.defs.stages import Shown
from anon_dagster.errors import AnonError
from anon_dagster.jobs import file_names, names
from anon_dagster.jobs.tags import KIND_TAG
from anon_dagster.request import Source, parse_request

if TYPE_CHECKING:
    from anon_dagster.detection import Detection
    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.operations.propose import Proposal
    from anon_dagster.progress import Progress

Mode = Literal["full", "classification", "hierarchies", "domains", "auto"]
_PROPOSAL = ADHOC.key(names.PROPOSAL)


class ProposalConfig(dg.Config):
    """Which table is looked at, and what is wanted of it."""

    # Any: nothing is looked up in the environment, see plain.
    source: Any = Field(
        default="data/patients/patients.csv",
        description="A path, whose dialect is guessed if it is a CSV file; or as in a request.",
    )
    mode: Mode = Field(
        default="auto",
        description="classification: domains and roles. hierarchies: a rule for each column. "
        "full: both, and a request. domains: what a column can be, whatever the source. auto: all "
        "of it, and the most useful request whose risk is acceptable, with what others would cost.",
    )
    domains: Any = Field(
        default=None,
        description="Domains of your own, by name, or the path of a YAML file of them.",
    )
    sample: Annotated[Whole, between(1)] = Field(
        default=20_000, description="Records that are looked at."
    )
    seed: Annotated[Whole, between(0)] = Field(
        default=0, description="Of the draw of these records."
    )
    acceptable_risk: Annotated[float, between(0, 1)] = Field(
        default=0.1, description="auto: the largest probability of naming a record."
    )
    seconds: Annotated[float, between(0)] = Field(
        default=60.0, description="auto: how long it tries."
    )


@dataclass(frozen=True)
class Look:
    """A table that is looked at, and where what is found is kept."""

    source: Source | str
    config: ProposalConfig
    job: "JobFolder"
    on_progress: "Callable[[Progress], None]"

    @property
    def options(self) -> dict[str, Any]:
        """What is said of the sample and of further domains."""
        config = self.config
        return {"sample": config.sample, "seed": config.seed, "domains": config.domains}


def proposing() -> dg.Definitions:
    """Define the job that proposes a request for a table."""
    return step_job(names.PROPOSE_JOB, "auto_anonymize", _proposal)


@dg.asset(key=_PROPOSAL, group_name=ADHOC.name, partitions_def=ADHOC.partitions, kinds={"yaml"})
def _proposal(
    context: dg.AssetExecutionContext,
    anon_store: dg.ResourceParam[JobStore],
    anon_engine: EngineResource,
    config: ProposalConfig,
) -> dg.MaterializeResult[None]:
    """What a table seems to be, and a request to start from; for a person to check."""
    with failures_in_words():
        progress = RunProgress(context)
        progress.begin("detection")
        if config.mode != "auto":
            context.instance.add_run_tags(context.run.run_id, {KIND_TAG: "detect"})
        job = own(context, anon_store)
        source = source_of(config.source)
        with anon_engine.at_work(context) as where:
            shown = {**_MODES[config.mode](Look(source, config, job, progress)), **where}
        progress.finish()
    path = source if isinstance(source, str) else source.path
    where = {"source": dg.MetadataValue.text(path if isinstance(path, str) else ", ".join(path))}
    return dg.MaterializeResult(metadata={**where, **shown})


def classify(look: Look) -> Shown:
    """Find out domain and role of each column."""
    from anon_dagster.detection import classify_columns

    found = classify_columns(look.source, **look.options)
    path = look.job.save_frame(file_names.DETECTION, found)
    return {"columns": metadata.table(found)} | metadata.file(path)


def propose_rules(look: Look) -> Shown:
    """Propose a hierarchy for each column."""
    import pandas as pd

    from anon_dagster.detection import propose_hierarchies

    rules = propose_hierarchies(look.source, **look.options)
    kinds = {"column": list(rules), "hierarchy": [rule.type for rule in rules.values()]}
    found = pd.DataFrame(kinds).set_index("column")
    look.job.save_frame(file_names.DETECTION, found)
    documents = {n: r.model_dump(mode="json", exclude_none=True) for n, r in rules.items()}
    text = json.dumps(documents, indent=1, ensure_ascii=False).encode()
    path = look.job.write(file_names.HIERARCHIES, lambda file: file.write(text))
    return {"columns": metadata.table(found)} | metadata.file(path)


def detect_all(look: Look) -> Shown:
    """Find out everything, and propose a request if there is something to anonymize."""
    from anon_dagster.detection import detect

    found = detect(look.source, **look.options)
    shown = _shown(found, look.job)
    try:
        text = found.yaml().encode()
    except AnonError as error:
        return {**shown, "note": dg.MetadataValue.text(str(error))}
    return {**shown, **metadata.file(look.job.write(file_names.PROPOSAL, lambda f: f.write(text)))}


def detect_and_measure(look: Look) -> Shown:
    """Propose the most useful request whose risk is acceptable, and say what others would cost.

    Raises
    ------
    RequestError
        If there is nothing to anonymize.
    UnreachableError
        If no configuration is acceptable.
    """
    from anon_dagster.operations.propose import auto_anonymize

    chosen = auto_anonymize(
        look.source,
        acceptable_risk=look.config.acceptable_risk,
        seconds=look.config.seconds,
        on_progress=look.on_progress,
        **look.options,
    )
    return _keep_proposal(chosen, look.job)


def _keep_proposal(proposal: "Proposal", job: "JobFolder") -> Shown:
    """Keep a proposed request with what was measured for it, and return what is shown of both."""
    text = proposal.yaml.encode()
    job.save_frame(file_names.MEASUREMENT, proposal.alternatives)
    path = job.write(file_names.PROPOSAL, lambda file: file.write(text))
    picture = proposal.picture
    job.write(file_names.FRONTIER, lambda file: file.write(picture.svg.encode()))
    return {
        **_shown(proposal.detection, job),
        "configurations": metadata.table(proposal.alternatives),
        **metadata.pictures(picture),
        "reasons": dg.MetadataValue.text(" ".join(proposal.reasons)),
        **metadata.of_request(parse_request(proposal.request)),
        **metadata.file(path),
    }


def _shown(found: "Detection", job: "JobFolder") -> Shown:
    path = job.save_frame(file_names.DETECTION, found.table)
    return metadata.of_detection(found) | metadata.file(path)


def list_domains(look: Look) -> Shown:
    """Say what columns can be detected as."""
    from anon_dagster.detection import data_domains

    return {"domains": metadata.table(data_domains(look.config.domains))}


_MODES: dict[Mode, Callable[[Look], Shown]] = {
    "full": detect_all,
    "classification": classify,
    "hierarchies": propose_rules,
    "domains": list_domains,
    "auto": detect_and_measure,
}
assert set(_MODES) == set(get_args(Mode))
