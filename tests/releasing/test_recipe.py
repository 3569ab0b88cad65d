"""What becomes of records: only of those that were counted, in the types of their columns."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from anon_dagster import anonymize
from anon_dagster.errors import RequestError, SourceChangedError
from anon_dagster.reading.counting import count
from anon_dagster.reading.scanning import Scan
from anon_dagster.releasing.recipe import KnownValues, Recipe, plain, recipe
from anon_dagster.releasing.recoder import blocks
from anon_dagster.storage.sources import open_frame

QI: dict[str, Any] = {"role": "quasi_identifier"}
HARMLESS = {"role": "non_sensitive"}
AGE = QI | {"hierarchy": {"type": "interval", "widths": [10]}}


def made(frame: pd.DataFrame, attributes: dict[str, Any], **rest: Any) -> Recipe:
    policy = {"attributes": attributes, "privacy": {"k_anonymity": {"k": 2}}, **rest}
    return recipe(anonymize({"policy": policy}, frame=frame).decision, open_frame(frame))


def table_of(frame: pd.DataFrame) -> pa.Table:
    source = open_frame(frame)
    return pa.Table.from_batches(source.batches(source.parts[0]))


@pytest.mark.parametrize("ages", [["39", "39.0", "41", "7"] * 4, ["39", "40", "41", "7"] * 4])
@pytest.mark.parametrize("strangers", [["8"], [None], ["8", None, "40.5"]])
def test_a_value_that_nobody_counted_is_of_a_source_that_changed(
    ages: list[str], strangers: list[str | None]
) -> None:
    frame = pd.DataFrame({"age": pd.array(ages, dtype="string")})
    known = KnownValues.of(count(open_frame(frame), ["age"]).columns["age"])
    places = known.locate(pa.array([*ages, *strangers], pa.string()))
    assert all(places[: len(ages)] >= 0)
    assert places[len(ages) :].tolist() == [-1] * len(strangers)
    later = pd.DataFrame({"age": pd.array([*ages, *strangers, strangers[0]], dtype="string")})
    for attributes in ({"age": AGE}, {"age": AGE, "sex": QI}, {"sex": QI, "age": AGE}):
        counted, changed = (each.assign(sex="f")[[*attributes]] for each in (frame, later))
        with pytest.raises(SourceChangedError) as told:
            made(counted, attributes).recode(table_of(changed))
        assert f"{len(strangers) + 1} record" in str(told.value)


@pytest.mark.parametrize("ordered", [False, True])
def test_columns_keep_the_types_that_their_values_had(*, ordered: bool) -> None:
    dice = np.random.default_rng(4)
    sizes = pd.CategoricalDtype(["small", "large", "huge"], ordered=ordered)
    frame = pd.DataFrame(
        {
            "age": dice.integers(0, 60, 200),
            "size": pd.Categorical(dice.choice(["small", "large"], 200), dtype=sizes),
            "group": dice.choice(np.array(["x", "y", None], dtype=object), 200),
            "note": [f"note {n}" for n in range(200)],
            "row": np.arange(200),
        }
    )
    attributes = {
        "age": AGE | {"lowest_level": 1},
        **dict.fromkeys(("size", "group", "note", "row"), HARMLESS),
    }
    writer = made(frame, attributes, suppression_limit=0.5)
    table = table_of(frame)
    recoded = writer.recode(table)
    assert set(writer.orders) == ({"size"} if ordered else set())
    assert writer.few == {"size", "group"}
    released = plain(recoded.table, writer.schema)
    assert released.schema == writer.schema
    for name in ("size", "group", "note", "row"):
        assert released[name].to_pylist() == table[name].to_pylist()
        assert (name in writer.few) == pa.types.is_dictionary(recoded.table[name].type)
    for field, plainly in zip(writer.encoded_schema, writer.schema, strict=True):
        if field.name in {"age", "group"}:
            assert field.type == pa.dictionary(pa.int32(), plainly.type)
        else:
            assert field.equals(plainly)
    assert writer.schema.field("size").type.ordered == ordered
    written = pa.concat_tables(blocks(open_frame(frame), writer, Scan("write")))
    in_use = written["size"].combine_chunks().dictionary.to_pylist()
    assert (in_use if ordered else sorted(in_use, reverse=True)) == ["small", "large"]
    records, paired = writer.paired(table)
    assert records.equals(table.filter(pa.array(recoded.stay)))
    assert paired.equals(released.filter(pa.array(recoded.stay)))


@pytest.mark.parametrize("rule", ["drop", "keep"])
def test_what_is_suppressed_is_so_in_each_column_also_where_others_read_as_they_are(
    rule: str,
) -> None:
    frame = pd.DataFrame(
        {
            "age": [31, 31, 31, 44, 47, 52, 52],
            "weight": [1.5] * 7,
            "town": ["a", "a", "a", "b", "d", "c", "c"],
            "note": list("tuvwxyz"),
        }
    )
    plainly = QI | {"lowest_level": 0, "highest_level": 0}
    roles = {"age": plainly, "weight": {"role": "weight"}, "town": plainly, "note": HARMLESS}
    writer = made(frame, roles, suppressed_records=rule, suppression_limit=1.0)
    assert writer.keeps_suppressed == (rule == "keep")
    assert writer.kept == (("note",) if rule == "keep" else ("age", "town", "note"))
    _, released = writer.paired(table_of(frame))
    read = [["31", "a"]] * 3 + [["*", "*"]] * (2 if rule == "keep" else 0) + [["52", "c"]] * 2
    assert released.schema.names == ["age", "town", "note"]
    assert [[str(row["age"]), row["town"]] for row in released.to_pylist()] == read


@pytest.mark.parametrize(
    ("pays", "fractions"),
    [
        (["1.0", "20", "-3.00", "1e2", "1.5e1", ""], 0),
        (["1.0", "20", "-3.00", "1e2", "1.5e1", *"abcdefgh"], 0),
        (["1.5", "odd", "-10.5"], 2),
        (["1.50", "-1.05", "0.7", "20", "-3.00", *"abcdefgh"], 3),
    ],
)
def test_a_number_is_whole_whose_fraction_is_none(pays: list[str], fractions: int) -> None:
    frame = pd.DataFrame({"pay": pd.array(pays * 3, dtype="string")})
    rule = {"type": "interval", "widths": [50], "other": "none"}
    attributes = {"pay": QI | {"hierarchy": rule}}
    rest = {"release": {"numbers": "bounds", "columns": {"pay": "whole"}}}
    if not fractions:
        assert made(frame, attributes, **rest).records
        return
    counted = rf"{fractions} values of it \({3 * fractions} records\) have a fraction"
    with pytest.raises(RequestError, match=rf"{counted}: say pay: number"):
        made(frame, attributes, **rest)
