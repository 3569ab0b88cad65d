"""Waiting for a job, and what is done with what it made."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anon_dagster.cli.arguments import PICTURES, PROPOSALS, TABLES
from anon_dagster.cli.exit_codes import INTERRUPTED
from anon_dagster.cli.printing import as_rows, print_error, print_result, save, save_table
from anon_dagster.client import AnonJob, JobResult
from anon_dagster.errors import JobKindError
from anon_dagster.report.disclosure import warnings_of


def follow(asked: argparse.Namespace, job: AnonJob) -> int:
    """Wait for a job and say what it made; an interrupt asks whether to abort it."""
    try:
        result = job.result(asked.timeout)
    except KeyboardInterrupt as interrupt:
        said = str(interrupt) or f"job {job.job_id} may go on"
        document = {"error": "KeyboardInterrupt", "id": job.job_id, "message": said}
        print_error(document | {"code": INTERRUPTED}, said, as_json=asked.json)
        return INTERRUPTED
    if asked.output is not None:
        _save_result(job, result, asked.output)
    made: dict[str, Any] = {"id": job.job_id, "paths": result.paths, "checksum": result.checksum}
    text = "\n".join(result.paths)
    if result.residual is not None:
        made["residual"] = result.residual.to_document()
    if result.notes:
        made["notes"] = result.notes
    if asked.output is None and result.df is not None and not result.paths:  # no records: findings
        made["table"] = as_rows(result.df)
        text = result.df.to_string(na_rep="")
    print_result(asked, made, text)
    if not asked.json:
        print("\n".join(_told(job, result, asked.output)), file=sys.stderr)
    return 0


def _save_result(job: AnonJob, result: JobResult, output: Path) -> None:
    kind = output.suffix.lower()
    if kind in PROPOSALS:
        _save_text(job, result.proposal, "proposed no request", output)
    elif kind in PICTURES:
        _save_text(job, result.picture, "measured nothing for a proposal", output)
    elif result.df is not None:
        save_table(result.df, output)


def _told(job: AnonJob, result: JobResult, output: Path | None) -> Iterator[str]:
    """Give what is said of a completed job: its end, notes, and a warning for each finding."""
    yield _summary(job, result, output)
    for note in result.notes:
        yield f"note: {note}"
    if result.residual is not None:
        for warning in warnings_of(result.residual):
            yield f"warning: {warning}"


def _save_text(job: AnonJob, text: str | None, lacks: str, output: Path) -> None:
    if text is None:
        endings = ", ".join(TABLES)
        raise JobKindError(f"job {job.job_id} {lacks}: --output takes {endings}")
    content = text.encode()
    save(output, lambda file: file.write(content))


def _summary(job: AnonJob, result: JobResult, output: Path | None) -> str:
    """Return what is said of a completed job; of one that proposed, how to get at its request."""
    said = f"job {job.job_id} is completed"
    if output is not None and result.df is None:
        said += f"; {output} is not written, as the release is in its target"
    if result.proposal is None or (output is not None and output.suffix.lower() in PROPOSALS):
        return said
    which = "the request that it proposes"
    if result.df is not None and "chosen" in result.df:
        which = f"row {result.df.index[result.df['chosen']][0]} was chosen; its request"
    return f"{said}; {which} is written by: anon result {job.job_id} --output proposal.yaml"
