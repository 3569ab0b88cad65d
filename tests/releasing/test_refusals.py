"""What the second reading finds otherwise than it was counted or decided is never published."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster import (
    AnonError,
    PromiseBrokenError,
    RequestError,
    SourceError,
    TargetError,
    anonymize,
    apply,
    examine_residual,
)
from anon_dagster.errors import SourceChangedError
from anon_dagster.operations.preparation import as_request, count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.reading.persons import PERSON
from anon_dagster.reading.scanning import Scan
from anon_dagster.releasing import publication, recoder, shared_shelves, together
from anon_dagster.releasing.arrangement import Shelf, drawn_blocks
from anon_dagster.releasing.persons_file import JoinedPersons, PersonsFile
from anon_dagster.releasing.publication import write_release
from anon_dagster.releasing.recipe import plain, recipe
from anon_dagster.releasing.workspace import Workspace
from anon_dagster.storage.sources import open_frame
from anon_dagster.storage.targets.staging import StagedTarget
from anon_dagster.verification import Verification
from anon_dagster.verification.result import ClassMeasures, Promise
from tests.linked import request, tables

POLICY: dict[str, Any] = {
    "attributes": {
        "name": {"role": "direct_identifier", "redaction": "constant", "constant": "gone"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10, 40]}},
        "ill": {"role": "sensitive"},
    },
    "privacy": {"k_anonymity": {"k": 3}},
}


def people(records: int = 40) -> pd.DataFrame:
    dice = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "name": [f"hush {n}" for n in range(records)],
            "age": dice.integers(20, 60, records),
            "ill": dice.choice(["flu", "cold"], records),
        }
    )


def decided(frame: pd.DataFrame, **rest: Any) -> Decision:
    asked = as_request({"policy": POLICY, **rest})
    counted = count_records(asked, open_table(asked, frame=frame))
    made = plan(asked, counted)
    return Decision(asked, counted, made, decide(made))


def test_a_constant_stands_for_every_identifier() -> None:
    result = anonymize({"policy": POLICY}, frame=people())
    assert result.df is not None
    assert set(result.df["name"]) == {"gone"}


def test_a_release_without_columns_is_none() -> None:
    attributes = {"name": {"role": "direct_identifier", "redaction": "drop"}}
    policy = {**POLICY, "attributes": attributes}
    with pytest.raises(RequestError, match="every column is dropped"):
        anonymize({"policy": policy}, frame=people()[["name"]])


# -- a source that changed -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(people().assign(age=99), id="other values"),
        pytest.param(people().iloc[:-1], id="fewer records"),
        pytest.param(pd.concat([people(), people()]), id="more records"),
    ],
)
def test_other_records_than_were_counted_are_refused(changed: pd.DataFrame, tmp_path: Path) -> None:
    target = tmp_path / "release.csv"
    decision = decided(people(), target={"path": str(target)})
    source = open_table(decision.request, frame=changed.reset_index(drop=True))
    with pytest.raises(SourceChangedError) as caught:
        write_release(decision, source, Workspace("job", tmp_path))
    assert "hush" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_tuple_that_was_not_there_is_refused_though_its_values_were() -> None:
    frame = pd.DataFrame(
        {
            "name": "hush",
            "age": [20, 21, 22, 20, 21, 22],
            "sex": ["f", "f", "f", "m", "m", "m"],
            "ill": "flu",
        }
    )
    attributes = {**POLICY["attributes"], "sex": {"role": "quasi_identifier"}}
    policy = {**POLICY, "attributes": attributes, "recoding": "local"}
    decision = decided(frame, policy=policy)
    source = open_table(decision.request, frame=frame)
    writer = recipe(decision, source)
    (part,) = source.parts
    table = pa.Table.from_batches(source.batches(part))
    assert writer.recode(table).table.num_rows == 6
    missing = table.set_column(2, "sex", pa.nulls(6, table["sex"].type))
    with pytest.raises(SourceChangedError, match="6 records were not there"):
        writer.recode(missing)


def test_a_source_without_records_replaces_no_release(tmp_path: Path) -> None:
    target = tmp_path / "release.csv"
    target.write_text("the former release", encoding="utf-8")
    empty = people().iloc[:0].astype({"age": str})
    decision = decided(empty, target={"path": str(target)})
    with pytest.raises(SourceError, match="the source has no records"):
        write_release(decision, open_table(decision.request, frame=empty), Workspace("j", tmp_path))
    assert target.read_text(encoding="utf-8") == "the former release"


# -- a release that is not as decided --------------------------------------------------------


def test_a_stored_release_that_is_not_as_decided_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = decided(people(), target={"path": str(tmp_path / "release.csv")})
    monkeypatch.setattr(publication, "differences", lambda *_: ["age: not_decided (2 records)"])
    with pytest.raises(PromiseBrokenError, match=r"not as decided: age: not_decided \(2 records\)"):
        write_release(
            decision, open_table(decision.request, frame=people()), Workspace("job", tmp_path)
        )
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_does_not_answer_after_publishing_takes_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "release.csv"
    decision = decided(people(), target={"path": str(target)})
    answers = iter([()])

    def versions(_: Any) -> Any:
        try:
            return next(answers)
        except StopIteration:
            raise TargetError("the store does not answer") from None

    monkeypatch.setattr(publication, "versions_of", versions)
    made = write_release(
        decision, open_table(decision.request, frame=people()), Workspace("job", tmp_path)
    )
    assert made.versions == ()
    assert target.exists()


def test_more_persons_than_records_are_no_persons_of_a_release(tmp_path: Path) -> None:
    released = open_frame(pd.DataFrame({"age": ["[20, 60)"] * 2}))
    for records, fits in ((2, True), (3, False), (1, False)):
        path = tmp_path / f"persons {records}"
        file = PersonsFile(path)
        file.add(pa.table({PERSON: pa.array(range(records), pa.int64())}))
        file.close()
        joined = JoinedPersons(released, path, (PERSON,))

        def read_all(joined: JoinedPersons = joined) -> None:
            for part in joined.parts:
                list(joined.batches(part))
            joined.unchanged()

        if fits:
            read_all()
            continue
        with pytest.raises(PromiseBrokenError, match="nobody can tell how many persons"):
            read_all()


def test_whose_a_record_is_plays_no_part_in_its_block() -> None:
    table = pa.table({"age": [str(n % 7) for n in range(60)]})
    owned = table.append_column(PERSON, pa.array(range(60), pa.int64()))
    assert drawn_blocks(owned, 5).tolist() == drawn_blocks(table, 5).tolist()


def test_who_asks_for_attacks_gets_them_though_the_policy_does_not() -> None:
    for intruder, attacks in (("ignore", False), ("ignore", True), ("warn", False)):
        policy = {**POLICY, "residual": {"intruder": intruder}}
        result = anonymize({"policy": policy}, frame=people())
        found = examine_residual(result, frame=people(), attacks=attacks)
        assert bool(found.attacks) == (attacks or intruder == "warn")


# -- linked tables ---------------------------------------------------------------------------


def linked(folder: Path) -> dict[str, Any]:
    asked = request()
    for name, table in asked["tables"].items():
        table["target"] = {"path": str(folder / f"{name}.csv")}
    return asked


def test_what_linked_releases_break_together_publishes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Promise("2-anonymity", None, 2, 1, holds=False, classes_failing=1, records_failing=1)
    measures = ClassMeasures(1, 1, 1, 1, 1, 1)
    monkeypatch.setattr(together, "verify_together", lambda *_: Verification((broken,), measures))
    with pytest.raises(PromiseBrokenError, match="with what patients tells of its persons"):
        anonymize(linked(tmp_path), frame=tables())
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_cannot_be_taken_back_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = StagedTarget.publish
    published: list[str] = []

    def only_once(staged: StagedTarget) -> None:
        if published:
            raise TargetError("the place was taken")
        published.append(staged.target.path)
        publish(staged)

    def never(staged: StagedTarget) -> bool:
        if staged.target.path in published:
            raise TargetError("it cannot be put back")
        return False

    monkeypatch.setattr(StagedTarget, "publish", only_once)
    monkeypatch.setattr(StagedTarget, "take_back", never)
    with pytest.raises(TargetError, match="has the new release: remove it") as caught:
        anonymize(linked(tmp_path), frame=tables())
    (path,) = published
    assert path in str(caught.value)
    assert isinstance(caught.value, AnonError)


# -- later records ---------------------------------------------------------------------------


def test_an_order_that_the_table_declares_is_not_applied_to_later_records() -> None:
    frame = people().assign(
        size=pd.Categorical(["s", "m", "l", "m"] * 10, ["s", "m", "l"], ordered=True)
    )
    attributes = {
        **POLICY["attributes"],
        "size": {"role": "quasi_identifier", "hierarchy": {"type": "order", "sizes": [2]}},
    }
    result = anonymize({"policy": {**POLICY, "attributes": attributes}}, frame=frame)
    with pytest.raises(RequestError, match="the order of its values is one that the table"):
        apply(result, frame=frame)


def test_a_part_that_cannot_be_stored_for_others_is_told_and_its_file_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shared_shelves, "finish", refuse)
    shelf = Shelf.of(pa.table({"a": ["x", "y"]}), np.ones(2, dtype=np.bool_), 1)
    with pytest.raises(TargetError):
        shared_shelves.store_shelf(shelf, str(tmp_path), b"k" * 32)


def test_a_column_without_any_value_stays_one() -> None:
    frame = people().assign(note=pd.array([None] * 40, dtype="string"))
    attributes = {**POLICY["attributes"], "note": {"role": "non_sensitive"}}
    result = anonymize({"policy": {**POLICY, "attributes": attributes}}, frame=frame)
    assert result.df is not None
    assert result.df["note"].isna().all()


# -- what was counted, and what is recoded -----------------------------------------------------


def test_records_with_values_that_were_not_there_are_counted_once() -> None:
    frame = people()
    decision = decided(frame)
    source = open_table(decision.request, frame=frame)
    writer = recipe(decision, source)
    (part,) = source.parts
    table = pa.Table.from_batches(source.batches(part))
    ages, ills = table["age"].to_pylist(), table["ill"].to_pylist()
    for other_ages, other_ills, strangers in (
        ([99] * 3 + ages[3:], ills, 3),
        ([None] * 2 + ages[2:], ills, 2),
        ([99, None, *ages[2:]], ["gout"] * 3 + ills[3:], 3),
        (ages, [None, *ills[1:-1], "gout"], 2),
        ([99] * 40, ["gout"] * 40, 40),
    ):
        changed = table.set_column(1, "age", pa.array(other_ages, table["age"].type))
        changed = changed.set_column(2, "ill", pa.array(other_ills, table["ill"].type))
        with pytest.raises(SourceChangedError, match=f"{strangers} records were not there"):
            writer.recode(changed)
    assert writer.recode(table).stay.sum() == writer.records


@pytest.mark.parametrize("recoding", ["global", "local"])
@pytest.mark.parametrize("kept", ["drop", "keep"])
@pytest.mark.parametrize("block", [7, 2**18])
def test_what_is_encoded_says_what_it_says_written_out(
    recoding: str, kept: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recoder, "BLOCK", block)
    frame = people(80).assign(note=[f"n{n % 3}" for n in range(80)], row=range(80))
    more = {"note": {"role": "non_sensitive"}, "row": {"role": "non_sensitive"}}
    rules = {"recoding": recoding, "suppressed_records": kept, "suppression_limit": 0.2}
    policy = {**POLICY, **rules, "attributes": {**POLICY["attributes"], **more}}
    decision = decided(frame, policy=policy)
    tables = []
    for encoded in (False, True):
        source = open_table(decision.request, frame=frame)
        writer = recipe(decision, source)
        schema = writer.encoded_schema if encoded else writer.schema
        found = list(recoder.blocks(source, writer, Scan("write"), encoded=encoded))
        assert all(each.schema.equals(schema) for each in found)
        assert max(each.num_rows for each in found) <= max(3 * block, 7)
        tables.append([plain(each, writer.schema) for each in found])
    assert pa.types.is_dictionary(schema.field("note").type), "it has few values"
    assert not pa.types.is_dictionary(schema.field("row").type), "it has many"
    assert pa.concat_tables(tables[0]).equals(pa.concat_tables(tables[1]))
    rows = pa.concat_tables(tables[0])["row"].to_pylist()
    left = decision.suppressed if kept == "drop" else 0
    assert len(set(rows)) == len(rows) == 80 - left
