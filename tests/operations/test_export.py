"""A hierarchy of a request, written to a file, and named in another request."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.cli import main
from anon_dagster.core.hierarchy import fingerprint
from anon_dagster.errors import HierarchyError, RequestError
from anon_dagster.request import load_request

QI = {"role": "quasi_identifier"}
RULES: dict[str, dict[str, Any]] = {
    "age": {"type": "interval", "widths": [5, 10], "lower": 20, "upper": 60, "outside": "group"},
    "born": {"type": "date", "levels": ["month", "year"], "other": "other"},
    "zip": {"type": "mask", "levels": 3},
    "town": {"type": "frequency", "keep": [3, 1], "rest": "elsewhere"},
    "pay": {"type": "rounding", "steps": [100, 500]},
    "grade": {"type": "order", "sizes": [2, 2]},
    "country": {"type": "known", "tree": "country", "other": "other"},
}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    dice, n = np.random.default_rng(5), 120
    return pd.DataFrame(
        {
            "age": [None if n % 11 == 0 else str(n % 70) for n in range(n)],
            "born": [f"19{40 + n % 50}-0{1 + n % 9}-11" if n % 50 else "unknown" for n in range(n)],
            "zip": dice.integers(10_000, 10_060, n).astype(str),
            "town": dice.choice(["Ulm", "Bern; old", "Graz, new", 'the "Hague"', "NULL"], n),
            "pay": dice.integers(900, 5_000, n),
            "grade": dice.choice(list("ABCDEF"), n),
            "country": dice.choice(["France", "Peru", "Atlantis"], n),
        }
    )


def document(rules: dict[str, Any]) -> dict[str, Any]:
    attributes = {name: {**QI, "hierarchy": rule} for name, rule in rules.items()}
    privacy = {"k_anonymity": {"k": 3}}
    return {"policy": {"attributes": attributes, "privacy": privacy, "suppression_limit": 0.3}}


@pytest.mark.parametrize("form", ["tree", "arx"])
def test_a_request_with_the_files_gives_the_same_release(
    tmp_path: Path, people: pd.DataFrame, form: Any
) -> None:
    files = {}
    for name in RULES:
        files[name] = {"type": "tree", "path": str(tmp_path / f"{name}.csv")}
        text = anon_dagster.export_hierarchy(document(RULES), name, form=form, frame=people)
        Path(files[name]["path"]).write_text(text, encoding="utf-8", newline="")
    first = anon_dagster.anonymize(document(RULES), frame=people)
    second = anon_dagster.anonymize(document(files), frame=people)
    assert first.df is not None
    assert second.df is not None
    assert first.levels == second.levels
    pd.testing.assert_frame_equal(first.df.astype("string"), second.df.astype("string"))
    for name, built in first.decision.plan.hierarchies.items():
        assert fingerprint(second.decision.plan.hierarchies[name]) == fingerprint(built), name


@pytest.mark.parametrize(
    ("column", "form", "message"),
    [
        ("agee", "tree", "the request names no column agee; did you mean age?"),
        (5, "tree", "the request names no column int"),
        ("town", "tree", "town has no hierarchy: it is sensitive"),
        ("age", "xml", "form must be one of tree, arx"),
    ],
)
def test_what_cannot_be_exported_is_said(
    people: pd.DataFrame, column: Any, form: Any, message: str
) -> None:
    attributes = {"age": QI, "town": {"role": "sensitive"}}
    asked = {"policy": {"attributes": attributes, "privacy": {"k_anonymity": {"k": 3}}}}
    with pytest.raises(RequestError) as caught:
        anon_dagster.export_hierarchy(asked, column, form=form, frame=people[["age", "town"]])
    assert message in str(caught.value)


def test_the_error_of_a_hierarchy_that_cannot_be_written_has_no_value() -> None:
    frame = pd.DataFrame({"v": ["canary", "NULL", None] * 4})
    asked = {"policy": {"attributes": {"v": QI}, "privacy": {"k_anonymity": {"k": 2}}}}
    with pytest.raises(HierarchyError, match="v: the hierarchy of 3 values") as caught:
        anon_dagster.export_hierarchy(asked, "v", form="arx", frame=frame)
    assert "canary" not in str(caught.value)


def test_the_shell_writes_a_file_for_its_owner_alone_and_says_where(
    tmp_path: Path, project_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(project_folder)
    request, output = Path("data/patients/request.yaml"), tmp_path / "hierarchy.csv"
    column = next(iter(load_request(request).policy.quasi_identifiers))
    asked = ["hierarchy", str(request), column, "--output", str(output)]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{output}\n", "")
    assert output.stat().st_mode & 0o777 == 0o600
    text = output.read_text(encoding="utf-8")
    assert text == anon_dagster.export_hierarchy(request, column)
    assert main([*asked, "--form", "arx"]) == 0
    assert output.read_text(encoding="utf-8") != text
    assert main(["hierarchy", str(request), "nothing", "--output", str(output)]) == 3
    assert main(["hierarchy", str(request), column]) == 2
    assert "required: --output" in capsys.readouterr().err
