"""The pictures of a report, drawn from its facts alone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from anon_dagster.core.hierarchy import SUPPRESSED
from anon_dagster.report.advice import promises_of
from anon_dagster.report.evidence import (
    AssociationFact,
    AttributeEvidence,
    Bin,
    Evidence,
    Figure,
    SizeCount,
    TableFact,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from anon_dagster.plots import Picture


def risk_picture(evidence: Evidence) -> "Picture":
    """Draw how likely it is that somebody is found, before and after."""
    import pandas as pd

    from anon_dagster import plots

    before, after = both_risks(evidence)
    names = list(dict.fromkeys([*after, *before]))
    tables = {"source": before} if evidence.risk.of_source is not None else {}
    frame = pd.DataFrame(
        {
            table: [figures.get(name) for name in names]
            for table, figures in {**tables, "release": after}.items()
        },
        index=pd.Index(names, name="statistic"),
        dtype=object,
    )
    return plots.risk(frame, threshold=evidence.risk.of_request.threshold)


def both_risks(
    evidence: Evidence,
) -> tuple[dict[str, float | int | None], dict[str, float | int | None]]:
    """Return the figures of risk before and after, by name; those of the stored release first."""
    of_source, of_release = evidence.risk.of_source, evidence.risk.of_release
    after = _by_name(of_source.after if of_source is not None else ())
    before = _by_name(of_source.before if of_source is not None else ())
    return before, after | _by_name(of_release.figures)


def _by_name(figures: Iterable[Figure]) -> dict[str, float | int | None]:
    return {figure.name: figure.value for figure in figures}


def class_sizes_picture(evidence: Evidence) -> "Picture":
    """Draw in how large classes records are, before and after."""
    from anon_dagster import plots

    k = _promised(evidence)
    of_source = evidence.risk.of_source
    before = None if of_source is None else _repeated(of_source.class_sizes)
    return plots.class_sizes(_repeated(evidence.risk.of_release.class_sizes), source=before, k=k)


def _promised(evidence: Evidence) -> int | None:
    """Return the k that is promised of records, to be marked among the sizes of classes."""
    asked = [p.asked for p in promises_of(evidence) if p.name.endswith("-anonymity")]
    whole = [int(k) for k in asked if k == int(k) and k > 1]
    return None if evidence.risk.of_request.counts_persons else max(whole, default=None)


def _repeated(sizes: Iterable[SizeCount]) -> "NDArray[np.int64]":
    """Return the size of each class, (classes,)."""
    import numpy as np

    pairs = np.array([(each.size, each.classes) for each in sizes], dtype=np.int64).reshape(-1, 2)
    return np.repeat(pairs[:, 0], pairs[:, 1])


def utility_picture(table: TableFact) -> "Picture":
    """Draw how much of the source's worth the release has, by every measure."""
    import pandas as pd

    from anon_dagster import plots

    frame = pd.DataFrame(table.rows, columns=list(table.columns)).set_index(table.columns[0])
    return plots.utility(frame)


def attribute_picture(attribute: AttributeEvidence) -> "Picture | None":
    """Draw how often each label of an attribute occurs, before and after; none without labels."""
    from anon_dagster import plots

    of_release, of_source = attribute.of_release, attribute.of_source
    if of_source is not None and of_source.bins:
        return plots.attribute(_of_bins(of_source.bins, of_source.bins_after), name=attribute.name)
    if of_release is not None and of_release.bins and of_source is None:
        return plots.attribute(_of_bins((), of_release.bins), name=attribute.name)
    frame = _of_labels(attribute)
    if frame is None:
        return None
    left_off = 0 if of_release is None else of_release.labels_left_off
    return plots.attribute(frame, name=attribute.name, left_off=left_off)


def has_picture(attribute: AttributeEvidence) -> bool:
    """Tell whether an attribute is released with labels or numbers that are told."""
    of_release = attribute.of_release
    return of_release is not None and bool(of_release.labels or of_release.bins)


def _of_labels(attribute: AttributeEvidence) -> "pd.DataFrame | None":
    import pandas as pd

    of_release, of_source = attribute.of_release, attribute.of_source
    after = {each.label: each.records for each in of_release.labels} if of_release else {}
    before = {each.label: each.records for each in of_source.labels} if of_source else {}
    if of_release is not None and of_release.labels_left_off:  # of others nobody knows how many
        before = {label: records for label, records in before.items() if label in after}
    labels = list(dict.fromkeys([*after, *before]))
    if not labels:
        return None
    frame = pd.DataFrame({"label": pd.Series(labels, dtype=object)})
    if of_source is not None:
        if before and SUPPRESSED in after:  # of records that stay; none of the source reads so
            before.setdefault(SUPPRESSED, 0)
        frame["source"] = [before.get(label) for label in labels]
    return frame.assign(release=[after.get(label, 0) for label in labels])


def _of_bins(before: Iterable[Bin], after: Iterable[Bin]) -> "pd.DataFrame":
    """Return bins as they are drawn; without a source of which nothing is told."""
    import pandas as pd

    bins, others = list(after), list(before)
    return pd.DataFrame(
        {
            "lower": [each.low for each in bins],
            "upper": [each.high for each in bins],
            **({"source": [each.records for each in others]} if others else {}),
            "release": [each.records for each in bins],
        }
    )


def associations_picture(evidence: Evidence) -> "Picture | None":
    """Draw how strongly columns go together, before and after; none of a single column."""
    from anon_dagster import plots

    of_release, of_source = evidence.damage.of_release, evidence.damage.of_source
    if of_release is None or of_source is None or not of_release.associations:
        return None
    return plots.associations(*map(_square, (of_source.associations, of_release.associations)))


def _square(pairs: Iterable[AssociationFact]) -> "pd.DataFrame":
    import pandas as pd

    pairs = list(pairs)
    names = list(dict.fromkeys(name for pair in pairs for name in (pair.left, pair.right)))
    square = pd.DataFrame(float("nan"), index=names, columns=names)
    for pair in pairs:
        value = float("nan") if pair.value is None else pair.value
        square.loc[pair.left, pair.right] = square.loc[pair.right, pair.left] = value
    return square


def frontier_picture(evidence: Evidence) -> "Picture | None":
    """Draw what was measured, with the chosen one; none if nothing was."""
    import pandas as pd

    from anon_dagster import plots

    choice = evidence.choice.of_source
    if choice is None or not choice.points:
        return None
    rows = [(p.risk, p.loss, p.is_chosen) for p in choice.points]
    frame = pd.DataFrame(rows, columns=["risk", "loss", "chosen"])
    threshold = evidence.risk.of_request
    acceptable = threshold.threshold if threshold.is_stated else None
    return plots.frontier(frame, risk="risk", loss="loss", acceptable=acceptable)
