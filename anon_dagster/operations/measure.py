"""Compare configurations of a policy without writing any record."""

from collections.abc import Mapping
from typing import Any

from anon_dagster.assessment.comparison import compare, configurations
from anon_dagster.assessment.measured import MeasuredConfigurations
from anon_dagster.core.search import ClassSizes
from anon_dagster.core.solution import Solution
from anon_dagster.engine import EngineLike, using
from anon_dagster.operations.preparation import (
    RequestLike,
    as_request,
    count_records,
    open_to_count,
)
from anon_dagster.planning.deciding import decide, decide_best
from anon_dagster.planning.plan import Plan, plan
from anon_dagster.progress import Progress, ProgressSink, ignore_progress, steady
from anon_dagster.reading.counting import Count
from anon_dagster.request import (
    Measurement,
    Request,
)
from anon_dagster.request.arguments import as_measurement, require_function
from anon_dagster.storage.copies import keeping_copies
from anon_dagster.storage.tables_in_memory import Tabular

_KS = (2, 3, 5, 10, 20, 50)


def measure(
    request: RequestLike,
    *,
    measurement: Measurement | Mapping[str, Any] | None = None,
    frame: Tabular | None = None,
    on_progress: ProgressSink = ignore_progress,
    engine: EngineLike | None = None,
) -> MeasuredConfigurations:
    """Compare configurations of a policy without writing any record.

    The source is read once, whatever the number of configurations.

    Parameters
    ----------
    request
        What is asked for; its target plays no part.
    measurement
        The values to compare; the request's own ``measurement`` if left out, and the request as
        it stands if it has none.
    frame, on_progress, engine
        See :func:`anonymize`.

    Returns
    -------
    pandas.DataFrame
        A row per configuration, see :func:`anon_dagster.assessment.comparison.compare`; its
        ``plot.frontier()`` draws them, and a notebook shows both.
    """
    request = as_request(request)
    require_function(on_progress, "on_progress")
    on_progress = steady(on_progress)
    asked = as_measurement(measurement) or request.measurement or Measurement()
    list(configurations(request.policy, asked))  # what does not fit is refused before the work
    with using(engine), keeping_copies():
        source = open_to_count(request, frame=frame)
        counted = count_records(request, source, on_progress=on_progress)
        return measure_counted(request, counted, asked, on_progress=on_progress)


def measure_counted(
    request: Request,
    counted: Count,
    measurement: Measurement,
    *,
    on_progress: ProgressSink = ignore_progress,
) -> MeasuredConfigurations:
    """Compare configurations on a source that was counted."""
    grid = list(configurations(request.policy, measurement))
    done, sizes = 0, ClassSizes()

    def within(progress: Progress) -> None:
        # What is recoded locally is searched first.
        share = ((progress.share or 0.0) + (progress.phase == "recode")) / 2
        on_progress(Progress("measure", done - 1, len(grid), within=share))

    def decide_one(plan: Plan) -> list[Solution]:
        nonlocal done
        on_progress(Progress("measure", done, len(grid)))
        done += 1
        if measurement.best == 1 or plan.policy.recoding == "local":
            return [decide(plan, on_progress=within, sizes=sizes)]
        return decide_best(plan, measurement.best)

    made = plan(request, counted)
    return MeasuredConfigurations(compare(iter(grid), counted, made, decide_one))


def measurement_of(request: Request) -> Measurement:
    """Return what a request wants compared: several k, if it does not say."""
    asked = request.policy.privacy.k_anonymity
    ks = sorted({*_KS, asked.k} if asked else _KS)
    return request.measurement or Measurement(k=tuple(ks))
