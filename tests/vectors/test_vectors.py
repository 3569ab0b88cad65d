"""The public vectors: made as they are stored, answered rightly, and put to other tools."""

import json
import sys
from fractions import Fraction
from math import exp, log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.errors import SourceError
from anon_dagster.vectors import StoredVector, score, stored_vectors
from anon_dagster.vectors.__main__ import main
from anon_dagster.vectors.of_pycanon import pycanon
from anon_dagster.vectors.ours import ours
from vectors.exact.numbers import (
    entropy_reaches,
    exp_bounds,
    is_at_most_ln,
    is_below_power_of_two,
    ln_bounds,
)
from vectors.making.writing import files

ratios = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000)


@pytest.fixture
def folder(project_folder: Path) -> Path:
    return project_folder / "vectors" / "data"


def test_ours_is_right_of_every_vector(folder: Path) -> None:
    found = score(stored_vectors(folder), ours)
    assert not found.not_right
    assert sum(counts["right"] for counts in found.outcomes.values()) > 2000
    assert not any(counts["not offered"] for counts in found.outcomes.values())


def test_the_files_are_made_again_bit_for_bit(folder: Path) -> None:
    stored = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert stored == files()


def test_there_are_as_many_as_the_page_says(folder: Path) -> None:
    vectors = list(stored_vectors(folder))
    promises = sum(len(vector.promises) for vector in vectors)
    page = (folder.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(vectors)} small tables with {promises:,} promises" in page
    assert all(len(vector.document["why"]) > 15 for vector in vectors)


def test_the_answers_use_nothing_of_the_library(folder: Path) -> None:
    programs = list(folder.parent.rglob("*.py"))
    assert len(programs) > 10
    for program in programs:
        text = program.read_text(encoding="utf-8")
        assert "import anon_dagster" not in text
        assert "from anon_dagster" not in text


@given(ratios)
def test_logarithms_and_powers_are_enclosed(x: Fraction) -> None:
    low, high = ln_bounds(x, 30)
    assert low <= high
    assert float(low) == pytest.approx(log(x), abs=1e-12)
    assert high - low < Fraction(1, 10**20)
    small = min(x, Fraction(20))
    low, high = exp_bounds(small, 100)
    assert low < high
    assert float(low) == pytest.approx(exp(small), rel=1e-9)


@given(ratios, st.fractions(min_value=0, max_value=12, max_denominator=10**6))
def test_comparisons_agree_with_floats_where_these_can_tell(x: Fraction, bound: Fraction) -> None:
    if abs(log(x) - float(bound)) > 1e-9:
        assert is_at_most_ln(bound, x) == (float(bound) <= log(x))
    if abs(log(x) - float(bound) * log(2)) > 1e-9:
        assert is_below_power_of_two(x, bound) == (log(x) < float(bound) * log(2))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(2, 9))
def test_entropies_agree_with_floats_where_these_can_tell(counts: list[int], l: int) -> None:  # noqa: E741
    n = sum(counts)
    excess = -sum(c / n * log(c / n) for c in counts) - log(l)
    if abs(excess) > 1e-9:
        assert entropy_reaches(counts, Fraction(l)) == (excess > 0)


# -- other tools -----------------------------------------------------------------------------


def test_pycanon_is_asked_what_it_offers(folder: Path) -> None:
    chosen = [v for v in stored_vectors(folder) if v.name in {"k-anonymity/glued", "persons/risk"}]
    found = score(chosen, pycanon())
    assert found.outcomes["k_anonymity"] == {"right": 2}
    assert set(found.outcomes["average_risk, persons"]) == {"not offered"}


def test_without_pycanon_it_is_said_how_to_have_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pycanon", None)  # what an import finds that is not there
    assert main(["--tool", "pycanon", "--vectors", str(folder)]) == 2
    assert "pip install" in capsys.readouterr().err


READ = "import json, sys; held = [p['holds'] for p in json.load(open(sys.argv[1]))['promises']]\n"
PROGRAMS = {
    "right": READ + "print(json.dumps(held))",
    "wrong": READ + "print(json.dumps([not each for each in held]))",
    "not offered": READ + "print(json.dumps([None for each in held]))",
    "failed": "raise SystemExit(3)",
}


@pytest.mark.parametrize("outcome", PROGRAMS)
def test_a_program_is_given_a_path_and_prints_answers(
    outcome: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (folder / "k-map").glob("exact*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    program = tmp_path / "tool.py"
    program.write_text(PROGRAMS[outcome], encoding="utf-8")
    command = f"{sys.executable} {program}"
    code = main(["--tool", "command", "--command", command, "--vectors", str(tmp_path)])
    assert code == (outcome in {"wrong", "failed"})
    header, _, whole, *_ = capsys.readouterr().out.splitlines()
    columns = header.replace("not offered", "not_offered").split()
    assert whole.split()[columns.index(outcome.replace(" ", "_"))] == "2"


@pytest.mark.parametrize("printed", ["no JSON", '{"a": 1}', "[1, 0]", "[true]"])
def test_what_is_no_list_of_answers_is_a_failure(
    printed: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (folder / "k-map").glob("exact*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    program = tmp_path / "tool.py"
    program.write_text(f"print({printed!r})", encoding="utf-8")
    command = f"{sys.executable} {program}"
    assert main(["--tool", "command", "--command", command, "--vectors", str(tmp_path)]) == 1
    assert "failed" in capsys.readouterr().out


def test_a_folder_without_vectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there are no vectors"):
        list(stored_vectors(tmp_path))
    assert main(["--vectors", str(tmp_path)]) == 2
    assert main(["--tool", "command"]) == 2


def test_a_vector_says_its_models(folder: Path) -> None:
    path = folder / "k-map" / "exact.json"
    assert StoredVector(path, json.loads(path.read_bytes())).models() == ["k_map", "k_map"]
