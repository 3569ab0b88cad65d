"""What a proposed request would leave to be found, by a release that nobody sees."""

from dataclasses import dataclass

from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.operations.writing import passing_workspace
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import Plan
from anon_dagster.reading.counting import Count
from anon_dagster.releasing.publication import write_release
from anon_dagster.request import Request
from anon_dagster.residual import ResidualDisclosure
from anon_dagster.storage.sources import OpenSource


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal(Discreet):
    """What becomes of a table by a configuration that was measured."""

    plan: Plan
    solution: Solution

    def examine(self, request: Request, counted: Count, source: OpenSource) -> ResidualDisclosure:
        """Release the table into a folder of its own, examine it, and leave nothing there.

        Parameters
        ----------
        request
            What is proposed; where it would send the release plays no part.

        Raises
        ------
        AnonError
            If it cannot be released as it was measured.
        """
        asked = request.model_copy(update={"target": None, "policy": self.plan.policy})
        decision = Decision(asked, counted, self.plan, self.solution)
        with passing_workspace() as workspace:
            return write_release(decision, source, workspace).residual
