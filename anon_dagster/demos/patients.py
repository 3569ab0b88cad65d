"""Run the main job on the bundled patients, through Dagster, and print what came out.

The run is kept by the instance that ``dagster.yaml`` describes, so the UI shows it afterwards.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from anon_dagster.definitions import definitions
from anon_dagster.defs.resources import JobStore
from anon_dagster.demos.running import is_project
from anon_dagster.jobs import file_names, names

if TYPE_CHECKING:
    import pandas as pd

    from anon_dagster.jobs.folder import JobFolder
    from anon_dagster.report.findings import Findings

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def main(project: Path | None = None, *, dataset: str = "patients") -> int:
    """Anonymize a declared dataset and print what came out; return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml`` and ``data``; the working directory if left out.
    """
    folder = project or Path.cwd()
    if not is_project(folder):
        return 2
    store = JobStore.of_environment()
    job = definitions(folder / "data", store).resolve_job_def(names.job_name("anonymize", dataset))
    print(f"Running {job.name} through Dagster …", flush=True)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        result = job.execute_in_process(instance=instance, run_config=_QUIET, raise_on_error=False)
    if not result.success:
        print(_reason(result))
        return 1
    _print_findings(store.job(result.run_id))
    return 0


def _reason(result: dg.ExecuteInProcessResult) -> str:
    reasons = [
        f"{event.step_key}: {event.step_failure_data.user_failure_data.description}"
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    ]
    return "The job failed.\n" + "\n".join(reasons)


def _print_findings(job: "JobFolder") -> None:
    """Print the statistics of a job, and where everything lies."""
    from anon_dagster.jobs.reporting import findings_of

    findings = findings_of(job)
    _section("Values: how many there are, and how numbers lie", _summary(findings))
    _section("Risk of re-identification, and the promises reached", _statistics(findings.risk))
    _section("Utility (quality: 1 is as good as the source)", _statistics(findings.utility))
    _section("What became of each quasi-identifier", _levels(findings))
    decision = findings.decision
    print(
        f"{decision.counted.records:,} records came in; {decision.suppressed:,} were suppressed.\n"
        f"\nRelease     {', '.join(file.address for file in findings.provenance.release.files)}"
        f"\nStatistics  {job.path}"
        f"\nReport      {job.path / file_names.REPORT}"
        "\nIn the UI   make dev, then http://127.0.0.1:3000 "
        f"(run {job.job_id[:8]})"
    )


def _section(title: str, table: "pd.DataFrame") -> None:
    shown = table.to_string(index=False, na_rep="", justify="left")
    print(f"\n{title}\n{'-' * len(title)}\n{shown}\n")


def _summary(findings: "Findings") -> "pd.DataFrame":
    """Lay source and release side by side, for the columns that are released."""
    import pandas as pd

    summary = findings.exploratory.summary
    columns: dict[str, dict[str, object]] = {}
    for attribute, table in summary.index:
        row = summary.loc[(attribute, table)]
        cells = columns.setdefault(attribute, {"attribute": attribute, "role": row["role"]})
        for name in ("distinct", "missing", "mean"):
            cells[f"{name} ({table})"] = _number(row[name])
    order = [f"{n} ({t})" for n in ("distinct", "missing", "mean") for t in ("source", "release")]
    return pd.DataFrame(columns.values(), columns=["attribute", "role", *order]).fillna("")


def _statistics(statistics: "pd.DataFrame") -> "pd.DataFrame":
    columns = [c for c in ("source", "release", "better", "quality") if c in statistics]
    return statistics[columns].map(_number).reset_index()


def _number(value: object) -> str:
    import pandas as pd

    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    number = float(value)  # type: ignore[arg-type]
    return f"{int(number):,}" if number == int(number) else f"{number:,.4g}"


def _levels(findings: "Findings") -> "pd.DataFrame":
    import pandas as pd

    from anon_dagster.report.gathering.attributes import level_rows

    return pd.DataFrame(level_rows(findings.decision))


if __name__ == "__main__":
    sys.exit(main())
