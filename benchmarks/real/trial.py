"""One real table, from detection to a release and what it tells beside its promises."""

import tempfile
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from anon_dagster import Finding, Proposal, anonymize, auto_anonymize
from anon_dagster.errors import AnonError
from benchmarks._published import published_table
from benchmarks.real.joining import join, read_text
from benchmarks.real.recovery import Recovery, recoveries


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a table: figures and names of columns."""

    table: str
    records: int
    columns: int
    refused: str = ""
    """Why nothing came of it, in the words of the error."""
    auto_seconds: float = 0.0
    """Wall clock."""
    job_seconds: float = 0.0
    """CPU time."""
    bare_seconds: float = 0.0
    """CPU time of the same job without the examination."""
    recoding: str = ""
    measured: int = 0
    """Configurations that auto measured."""
    loss: float = 0.0
    """Of information, 0 to 1."""
    alone: float = 0.0
    """The share of released records that equal no other in what is released and not sensitive."""
    findings: tuple[Finding, ...] = ()
    """What the job reports."""
    recovered: tuple[Recovery, ...] = ()
    """What was found here, without the job."""

    @property
    def given_back(self) -> frozenset[str]:
        """The columns that the job reports as given back."""
        found = (f.protected for f in self.findings if f.examination == "given_back")
        return frozenset(chain.from_iterable(found))

    @property
    def unreported(self) -> tuple[Recovery, ...]:
        """What was found here of columns that the job does not report as given back."""
        return tuple(r for r in self.recovered if r.protected not in self.given_back)

    @property
    def unnamed(self) -> tuple[Recovery, ...]:
        """What was found here by columns that the job does not name beside what they give back."""
        named = {
            (column, protected)
            for finding in self.findings
            if finding.examination == "given_back"
            for column in finding.columns
            for protected in finding.protected
        }
        return tuple(
            r for r in self.recovered if any((c, r.protected) not in named for c in r.columns)
        )


def try_table(name: str, *, seconds: float) -> Trial:
    """Anonymize a published table as somebody would who knows nothing of it, and examine it.

    Parameters
    ----------
    seconds
        For auto to look for a configuration.
    """
    frame = published_table(name)
    with tempfile.TemporaryDirectory() as folder:
        source, released = Path(folder) / "table.csv", Path(folder) / "release.csv"
        frame.to_csv(source, index=False)
        try:
            start = time.perf_counter()
            proposal = auto_anonymize(source, seconds=seconds)
            auto_seconds = time.perf_counter() - start
            start = time.process_time()
            result = anonymize({**proposal.request, "target": {"path": str(released)}})
            job_seconds = time.process_time() - start
        except AnonError as error:
            return Trial(name, *frame.shape, refused=f"{type(error).__name__}: {error}")
        joined = join(source, proposal.request, released)
        return Trial(
            name,
            *frame.shape,
            auto_seconds=auto_seconds,
            job_seconds=job_seconds,
            bare_seconds=joined.seconds,
            recoding=str(result.decision.request.policy.recoding),
            measured=len(proposal.alternatives),
            loss=float(result.utility["release"].loc["infoLoss"]),
            alone=_alone(released, proposal),
            findings=result.residual.findings,
            recovered=tuple(recoveries(joined)),
        )


def _alone(released: Path, proposal: Proposal) -> float:
    attributes = proposal.request["policy"]["attributes"]
    table = read_text(released)
    known = [name for name in table if attributes[name]["role"] != "sensitive"]
    return float((~table.duplicated(known, keep=False)).mean()) if known and len(table) else 0.0
