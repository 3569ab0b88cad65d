"""What linked releases promise together, measured on stored records, held against pandas."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster.errors import PromiseBrokenError
from anon_dagster.operations.tables import LinkedCounts, count_linked, open_linked
from anon_dagster.reading.persons import PERSON
from anon_dagster.releasing.persons_file import JoinedPersons, PersonsFile
from anon_dagster.request import LinkedRequest, Source, parse_tables
from anon_dagster.storage.sources import open_frame, open_source
from anon_dagster.verification import Verification
from anon_dagster.verification.linked import StoredLabels, _WithLabels, verify_linked
from tests.linked import QUASI, breaking, few_alike, request, tables

PRIVACY = {"k_anonymity": {"k": 2}, "l_diversity": [{"attribute": "ill", "l": 2}]}
LABELS = [*QUASI["patients"], *QUASI["visits"]]


@pytest.fixture(scope="module")
def asked() -> LinkedRequest:
    return parse_tables(request(privacy=PRIVACY, trajectory={"k": 2}))


@pytest.fixture(scope="module")
def counts(asked: LinkedRequest) -> LinkedCounts:
    return count_linked(asked, open_linked(asked, tables()))


def release(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make records as they might be stored, with whose each is."""
    dice = np.random.default_rng(seed)
    persons = int(dice.integers(1, 12))
    patients = pd.DataFrame(
        {
            "age": dice.choice(["[20, 30)", "*"], persons),
            "town": "*",
            "blood": dice.choice(["A", "B"], persons),
            "patient_row": np.arange(persons),
            "who": dice.permutation(100)[:persons] - 50,
        }
    )
    whose = patients["who"].to_numpy()[dice.integers(0, persons, int(dice.integers(1, 40)))]
    visits = pd.DataFrame(
        {
            "ward": dice.choice(["w1", "*"], len(whose), p=[0.8, 0.2]),
            "day": "*",
            "ill": dice.choice(["d1", "d2"], len(whose)),
            "visit_row": np.arange(len(whose)),
            "who": whose,
        }
    )
    return patients, visits


def stored(folder: Path, name: str, frame: pd.DataFrame) -> JoinedPersons:
    """Store records, and whose each is beside them, as a job does."""
    path = folder / f"{name}.parquet"
    frame.drop(columns="who").to_parquet(path, index=False)
    persons = PersonsFile(folder / f"{name}.bin")
    persons.add(pa.table({PERSON: frame["who"].to_numpy().astype(np.int64)}))
    persons.close()
    return JoinedPersons(open_source(Source(path=str(path))), persons.path, (PERSON,))


def measured(
    folder: Path,
    asked: LinkedRequest,
    counts: LinkedCounts,
    patients: pd.DataFrame,
    visits: pd.DataFrame,
) -> Verification:
    master, detail = stored(folder, "patients", patients), stored(folder, "visits", visits)
    return verify_linked(detail, master, asked.joined().policy, source_count=counts.joined)


def test_promises_hold_if_they_do_by_definition(
    asked: LinkedRequest, counts: LinkedCounts, tmp_path: Path
) -> None:
    seen = set()
    for seed in range(60):
        patients, visits = release(seed)
        found = measured(tmp_path, asked, counts, patients, visits)
        told = {promise.name: promise.holds for promise in found.promises}
        both = visits.merge(patients, on="who")
        k_holds = not breaking(both, LABELS, {"k_anonymity": {"k": 2}}).any()
        assert told["2-anonymity"] == k_holds
        assert (told["2-anonymity"] and told["distinct 2-diversity"]) == (
            not breaking(both, LABELS, PRIVACY).any()
        )
        of_persons = [holds for name, holds in told.items() if "of each trajectory" in name]
        assert all(of_persons) != few_alike(patients, visits, 2)
        seen.add((k_holds, all(of_persons)))
    assert len(seen) > 2


def test_records_of_persons_who_are_not_stored_break_the_promises(
    asked: LinkedRequest, counts: LinkedCounts, tmp_path: Path
) -> None:
    patients, visits = release(3)
    for gone in sorted(set(visits["who"])):
        lost = int((visits["who"] == gone).sum())
        with pytest.raises(
            PromiseBrokenError, match=f"{lost} stored records? are of persons whose"
        ):
            measured(tmp_path, asked, counts, patients[patients["who"] != gone], visits)
    for one in sorted(patients["who"]):
        twice = pd.concat([patients, patients[patients["who"] == one]])
        with pytest.raises(PromiseBrokenError, match="1 record are of persons who have another"):
            measured(tmp_path, asked, counts, twice, visits)


def test_persons_without_other_records_hide_among_each_other(
    asked: LinkedRequest, counts: LinkedCounts, tmp_path: Path
) -> None:
    ages = ["[20, 30)", "[20, 30)", "*", "*", "*"]
    patients = pd.DataFrame(
        {
            "age": ages,
            "town": "*",
            "blood": "A",
            "patient_row": range(5),
            "who": [3, -7, 11, 20, -4],
        }
    )
    for heard, fewest in (([], 2), ([3], 1), ([3, -7], 3), ([3, -7, 20, 11], 1), ([11], 2)):
        visits = pd.DataFrame({"who": [*heard, *heard]})
        visits = visits.assign(ward="*", day="*", ill="d1", visit_row=range(len(visits)))
        found = measured(tmp_path, asked, counts, patients, visits).promises[-1]
        assert "persons without other records" in found.name
        assert (found.asked, found.reached, found.holds) == (2, min(fewest, 2), fewest >= 2)


def test_a_part_is_read_anywhere_once_its_place_is_known(tmp_path: Path) -> None:
    known = StoredLabels(np.array([-3, 5, 9]), pa.table({"age": ["x", "y", "z"]}))
    persons = PersonsFile(tmp_path / "persons.bin")
    persons.add(pa.table({PERSON: np.array([9, 9, -3, 5])}))
    persons.close()
    for number, wards in enumerate((["a", "b", "c"], ["d"])):
        pd.DataFrame({"ward": wards}).to_parquet(tmp_path / f"{number}.parquet", index=False)
    files = open_source(Source(path=str(tmp_path / "*.parquet")))
    placed = _WithLabels(JoinedPersons(files, persons.path, (PERSON,)), known).placed()
    (tmp_path / "0.parquet").unlink()  # nobody reads it again
    (batch,) = placed.batches(placed.parts[1])
    assert batch.to_pylist() == [{"ward": "d", PERSON: 5, "age": "y"}]
    anywhere = open_frame(pd.DataFrame({"ward": ["a"]}))
    assert _WithLabels(anywhere, known).placed().source is anywhere
