"""Cells of a release that a spreadsheet would take for formulas."""

import pyarrow as pa

from anon_dagster.report.findings import Findings
from anon_dagster.storage.formulas import are_formulas


def formulas(findings: Findings) -> list[str]:
    """Return the columns of a CSV release that have such cells."""
    target, values = findings.decision.request.target, findings.exploratory.values
    if target is None or target.format_found != "csv" or target.csv.formulas == "escape":
        return []
    released = values[values["release"].fillna(0) > 0]
    texts = pa.array(released["value"].astype("string"), pa.string())
    found = are_formulas(texts).fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return sorted(map(str, released["attribute"][found].unique()))
