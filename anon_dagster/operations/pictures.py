"""The pictures of a release, drawn when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from anon_dagster import plots
from anon_dagster.assessment.comparison import measures, risk_of
from anon_dagster.discreet import Discreet
from anon_dagster.errors import RequestError
from anon_dagster.operations.measure import measure_counted, measurement_of
from anon_dagster.operations.preparation import require_one_table
from anon_dagster.planning.decision import Decision
from anon_dagster.plots import Picture
from anon_dagster.report.findings import Findings
from anon_dagster.report.gathering.attributes import attribute_of, names_of
from anon_dagster.report.pictures import attribute_picture
from anon_dagster.request.arguments import require_a, require_word
from anon_dagster.statistics.class_sizes import sizes_of_classes


@dataclass(frozen=True, slots=True)
class ReleasePictures(Discreet):
    """The pictures of a release: ``result.plot.risk()``.

    Each is a :class:`anon_dagster.plots.Picture`: a notebook shows it, ``save`` writes it as SVG.
    """

    decision: Decision
    _statistics: Callable[[str], pd.DataFrame]
    """Gives those named ``risk`` or ``utility``."""
    _findings: Callable[[], Findings]
    """Gives all that is known of the release."""

    def risk(self) -> Picture:
        """Draw how likely it is that somebody is identified, before and after."""
        return risk_picture(self.decision, self._statistics("risk"))

    def utility(self) -> Picture:
        """Draw how much of the source's quality is left, by every measure."""
        return plots.utility(self._statistics("utility"))

    def classes(self) -> Picture:
        """Draw in how large equivalence classes records, or persons, are, before and after."""
        return classes_picture(self.decision)

    def attribute(self, name: str) -> Picture:
        """Draw how often each label of an attribute occurs, before and after.

        The source is counted at the labels of the release. The picture shows labels, which are
        values of the source where nothing was done to them: it is as private as these.

        Raises
        ------
        RequestError
            If there is no such attribute, or it is not released.
        """
        require_word(name, names_of(self.decision.released.policy), "name")
        picture = attribute_picture(attribute_of(self._findings(), name))
        if picture is None:
            raise RequestError(f"{name} is not released, so there is nothing to draw of it")
        return picture

    def frontier(self, measured: pd.DataFrame | None = None) -> Picture:
        """Draw what other configurations risk and lose, with this release among them.

        Parameters
        ----------
        measured
            What :func:`anon_dagster.measure` returned for the same source. Left out, the
            request's own ``measurement``, or several k, are measured now; nothing is read for it.

        Raises
        ------
        RequestError
            If it is no table of measurements, or the release is one of linked tables.
        """
        table = self._measured() if measured is None else measured
        require_a(pd.DataFrame, table, "measured", "what measure returned")
        if not {"reachable", "infoLoss"} <= {*table.columns}:
            raise RequestError("measured is no table that measure returned: it lacks its columns")
        return plots.frontier(with_chosen(table, self.decision), risk=risk_of(table))

    def _measured(self) -> pd.DataFrame:
        require_one_table(self.decision, "a measurement of other configurations")
        request = self.decision.request
        return measure_counted(request, self.decision.counted, measurement_of(request))


def risk_picture(decision: Decision, statistics: pd.DataFrame) -> Picture:
    """Draw the risks of a release against the threshold of its request."""
    return plots.risk(statistics, threshold=decision.request.policy.risk_threshold)


def classes_picture(decision: Decision) -> Picture:
    """Draw the sizes of the classes of a release, and its k."""
    sizes = sizes_of_classes(decision.plan.problem, decision.solution)
    asked = decision.request.policy.privacy.k_anonymity
    k = None if asked is None else asked.k
    return plots.class_sizes(sizes.release, source=sizes.source, k=k, persons=sizes.persons)


def with_chosen(measured: pd.DataFrame, decision: Decision) -> pd.DataFrame:
    """Mark the row that has the figures of a release; add one if none has them."""
    own, risk = measures(decision.plan, decision.solution), risk_of(measured)
    policy = decision.request.policy
    asked = policy.privacy.k_anonymity
    settings = {"recoding": policy.recoding} | ({} if asked is None else {"k": asked.k})
    judged = {**{name: own[name] for name in (risk, "infoLoss")}, **settings}
    known = [name for name in judged if name in measured.columns]
    same = (measured[known] == pd.Series(judged)[known]).all(axis=1) & measured["reachable"]
    table = measured.assign(chosen=same & (same.cumsum() == 1))
    if not same.any():
        added = pd.DataFrame([judged | {"reachable": True, "chosen": True}])
        table = pd.concat([table.dropna(axis=1, how="all"), added], ignore_index=True)
    return table
