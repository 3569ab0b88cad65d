"""Cells that a spreadsheet takes for formulas: written as text if asked for, and read back."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

import anon_dagster
from anon_dagster.storage.formulas import are_formulas, escaped, unescaped

TEXTS = st.lists(st.none() | st.text(alphabet="=+-@'\t\r\n1.,eA", max_size=6), max_size=8)
CELLS = ["=1+1", "@SUM(A1)", "-2+3", "+4", "'=1", "-5", "-1.5", "\tx", "fine", None]


@given(TEXTS)
def test_no_cell_that_is_escaped_is_a_formula_and_each_is_read_as_it_was(
    cells: list[str | None],
) -> None:
    texts = pa.array(cells, pa.string())
    written = escaped(texts)
    assert unescaped(written).equals(texts)
    for cell in written.drop_null().to_pylist():
        assert cell[:1] not in set("=+@\t\r\n")
        assert cell[:1] != "-" or re.fullmatch(r"-[0-9]*[.,]?[0-9]+(e[+-]?[0-9]+)?", cell)


def test_negative_numbers_are_no_formulas() -> None:
    texts = pa.array(["-5", "-1.5", "-1,5", "-1e-5", "-", "-5-5", "-A1", "--5", "+5", "5"])
    told = [False, False, False, False, True, True, True, True, True, False]
    assert are_formulas(texts).to_pylist() == told


def released(folder: Path, **csv: Any) -> anon_dagster.AnonResult:
    frame = pd.DataFrame({"age": [30] * len(CELLS), "=note": CELLS, "plain": "x"})
    roles = {"age": {"role": "quasi_identifier"}, "=note": {"role": "sensitive"}}
    attributes = {**roles, "plain": {"role": "non_sensitive"}}
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}}
    target = {"path": str(folder / "out.csv"), "csv": csv}
    return anon_dagster.anonymize({"policy": policy, "target": target}, frame=frame)


def test_a_release_holds_no_formula_and_is_verified_as_the_same_values(tmp_path: Path) -> None:
    result = released(tmp_path, formulas="escape")
    assert result.release.verification.holds
    raw = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert list(raw) == ["age", "'=note", "plain"]
    assert sorted(raw["'=note"].dropna()) == sorted(
        ["'=1+1", "'@SUM(A1)", "'-2+3", "'+4", "''=1", "-5", "-1.5", "'\tx", "fine"]
    )
    source = {"path": str(tmp_path / "out.csv"), "csv": {"formulas": "escape"}}
    again = anon_dagster.detect(source)
    assert [column.column for column in again.columns] == ["age", "=note", "plain"]
    assert "spreadsheet" not in result.report()


def test_the_report_names_the_columns_whose_cells_are_formulas(tmp_path: Path) -> None:
    page = released(tmp_path).report()
    assert "Cells of =note begin with a sign of a formula" in page
