"""Who launches a run, as the proxy before Dagster's webserver knows it.

Dagster itself knows nobody. A proxy that lets people log in tells the webserver who each is, in a
header of the request, and the one place that sees it with the run is what queues the run.
"""

from collections.abc import Mapping
from typing import Any, cast

import dagster as dg

from anon_dagster.jobs.people import person_named
from anon_dagster.jobs.tags import REQUESTED_TAG


class LoginRunCoordinator(dg.QueuedRunCoordinator):
    """Queues runs as Dagster does, and tags each with who logged in, whatever it was tagged with.

    A run that comes without the header, as those of schedules and sensors do, is nobody's.

    Parameters
    ----------
    header
        In which the proxy tells the login; it must take away what others send under this name.
    """

    def __init__(self, header: str, **of_queue: Any) -> None:  # noqa: ANN401 (as Dagster has it)
        super().__init__(**of_queue)
        self._header = header

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """Describe the configuration: that of the queue, and the header."""
        return {
            **cast("dict[str, Any]", dg.QueuedRunCoordinator.config_type()),
            "header": dg.Field(str),
        }

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Make one as ``dagster.yaml`` describes it."""
        return cls(inst_data=inst_data, **config_value)

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Tag a run with who launches it, and queue it."""
        person = person_named(context.get_request_header(self._header))
        self._instance.add_run_tags(context.dagster_run.run_id, {REQUESTED_TAG: person})
        return super().submit_run(context)
