"""One real table, from detection to a release and what it tells beside its promises."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from anon_dagster import AnonResult, Proposal, anonymize, auto_anonymize
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
    seconds: dict[str, float] = field(default_factory=dict)
    """Of ``auto`` and of ``anonymize``, wall clock."""
    recoding: str = ""
    measured: int = 0
    """Configurations that auto measured."""
    loss: float = 0.0
    """Of information, 0 to 1."""
    alone: float = 0.0
    """The share of released records that equal no other in what is released and not sensitive."""
    given_back: tuple[str, ...] = ()
    """Columns that the job reports as given back."""
    findings: int = 0
    """That the job reports, of all kinds."""
    recovered: tuple[Recovery, ...] = ()
    """What was found here, without the job."""

    @property
    def unreported(self) -> tuple[Recovery, ...]:
        """What was found here of columns that the job does not report as given back."""
        return tuple(r for r in self.recovered if r.protected not in self.given_back)


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
            proposed = time.perf_counter()
            result = anonymize({**proposal.request, "target": {"path": str(released)}})
            done = time.perf_counter()
        except AnonError as error:
            return Trial(name, *frame.shape, refused=f"{type(error).__name__}: {error}")
        joined = join(source, proposal.request, released)
        return Trial(
            name,
            *frame.shape,
            seconds={"auto": proposed - start, "anonymize": done - proposed},
            recoding=str(result.decision.request.policy.recoding),
            measured=len(proposal.alternatives),
            loss=float(result.utility["release"].loc["infoLoss"]),
            alone=_alone(released, proposal),
            given_back=_reported(result),
            findings=len(result.residual.findings),
            recovered=tuple(recoveries(joined)),
        )


def _alone(released: Path, proposal: Proposal) -> float:
    attributes = proposal.request["policy"]["attributes"]
    table = read_text(released)
    known = [name for name in table if attributes[name]["role"] != "sensitive"]
    return float((~table.duplicated(known, keep=False)).mean()) if known and len(table) else 0.0


def _reported(result: AnonResult) -> tuple[str, ...]:
    found = result.residual.of("given_back")
    return tuple(sorted({name for finding in found for name in finding.protected}))
