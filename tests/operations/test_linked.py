"""Linked tables: what both releases promise, by themselves and together, by definition."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import (
    AnonResult,
    HierarchyError,
    RequestError,
    SchemaMismatchError,
    SourceError,
    TargetError,
    UnreachableError,
    anonymize,
    examine_residual,
    measure,
    risk_per_record,
)
from anon_dagster.engine import keeping
from anon_dagster.progress import Progress
from tests.engine.travelling import TravellingEngine
from tests.linked import QUASI, Tables, breaking, few_alike, panel, request, tables

LABELS = [*QUASI["patients"], *QUASI["visits"]]


def named(result: AnonResult, sources: Tables) -> Tables:
    """Return both releases with whose each record is, by the number of its row."""
    told = {}
    for name, row in (("patients", "patient_row"), ("visits", "visit_row")):
        frame = result.tables[name].df
        assert frame is not None
        told[name] = frame.assign(who=sources[name]["who"].to_numpy()[frame[row]])
    return told


def beside(released: Tables) -> pd.DataFrame:
    """Return the released visits with the released columns of the patients."""
    return released["visits"].merge(released["patients"], on="who", how="left", validate="m:1")


def policy_of(seed: int) -> dict[str, Any]:
    """Draw the policy of one of many requests."""
    dice = np.random.default_rng(seed)
    privacy: dict[str, Any] = {"k_anonymity": {"k": int(dice.integers(2, 5))}}
    attribute = str(dice.choice(["ill", "blood"]))
    match int(dice.integers(4)):
        case 1:
            privacy["l_diversity"] = [{"attribute": attribute, "l": 2}]
        case 2:
            privacy["alpha_k_anonymity"] = [{"attribute": attribute, "alpha": 0.7, "k": 2}]
        case 3:
            privacy["t_closeness"] = [{"attribute": attribute, "t": 0.4}]
    return {"privacy": privacy, "suppression_limit": float(dice.choice([0.0, 0.1, 0.4]))}


def tables_of(seed: int) -> Tables:
    dice = np.random.default_rng(seed)
    persons, rows = int(dice.integers(8, 40)), int(dice.integers(10, 90))
    return tables(seed, persons=persons, rows=rows, values=int(dice.integers(2, 5)))


def require_promises(seeds: range) -> None:
    """Hold releases against the definitions, each and both together; most have to be possible."""
    released = 0
    for seed in seeds:
        sources, policy = tables_of(seed), policy_of(seed)
        try:
            result = anonymize(request(**policy), frame=sources)
        except UnreachableError:
            continue
        released += 1
        privacy, found = policy["privacy"], named(result, sources)
        for name, frame in found.items():
            left_out = len(sources[name]) - len(frame)
            assert left_out <= policy["suppression_limit"] * len(sources[name]) + 1e-9
            assert not breaking(frame, QUASI[name], privacy).any()
        both = beside(found)
        assert not both["patient_row"].isna().any()
        assert not breaking(both, LABELS, privacy).any()
        assert result.linked is not None
        assert result.linked.holds
    assert released > len(seeds) / 2


def test_each_release_and_both_together_keep_the_promises() -> None:
    require_promises(range(5))


@pytest.mark.slow
def test_random_tables_and_policies_keep_the_promises() -> None:
    require_promises(range(5, 205))


def test_the_release_has_the_columns_of_its_own_table_alone() -> None:
    result = anonymize(request(), frame=tables())
    columns = {name: list(each.df) for name, each in result.tables.items() if each.df is not None}
    assert columns == {
        "patients": ["age", "town", "blood", "patient_row"],
        "visits": ["ward", "day", "ill", "visit_row"],
    }
    assert result.df is result.tables["visits"].df


def test_what_the_detail_drops_may_be_a_column_of_the_master() -> None:
    sources, asked = tables(), request()
    plain = anonymize(asked, frame=sources)
    asked["tables"]["visits"]["policy"]["attributes"]["age"] = {"role": "direct_identifier"}
    repeated = {**sources, "visits": sources["visits"].assign(age=range(len(sources["visits"])))}
    result = anonymize(asked, frame=repeated)
    assert result.levels == plain.levels
    for name, each in plain.tables.items():
        before, after = each.df, result.tables[name].df
        assert before is not None
        assert after is not None
        assert after.equals(before)


def test_statistics_are_told_of_both_and_the_risk_is_that_of_all_columns() -> None:
    sources = tables()
    result = anonymize(request(), frame=sources)
    both = beside(named(result, sources))
    fewest = both.groupby(LABELS, dropna=False)["who"].nunique().min()
    assert result.risk.loc["k", "release"] == fewest
    for name, each in result.tables.items():
        assert set(each.exploratory.summary.index.get_level_values(0)) == set(sources[name].columns)
        assert not each.utility.empty
        assert each.residual.records == each.release.count.records


# -- pseudonyms, which link --------------------------------------------------------------------


def with_pseudonyms(k: int) -> dict[str, Any]:
    document = request(trajectory={"k": k}, suppression_limit=0.1)
    for table in document["tables"].values():
        table["policy"]["attributes"]["who"]["redaction"] = "pseudonym"
    return document


def test_pseudonyms_link_the_tables_only_where_several_persons_read_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANON_KEY", "a key that nobody knows")
    released = 0
    for seed in range(4):
        sources = panel(seed)
        try:
            result = anonymize(with_pseudonyms(3), frame=sources)
        except UnreachableError:
            continue
        patients, visits = (result.tables[name].df for name in ("patients", "visits"))
        assert patients is not None
        assert visits is not None
        released += 1
        assert set(visits["who"]) <= set(patients["who"])
        assert patients["who"].is_unique
        assert not few_alike(patients, visits, 3)
        assert result.linked is not None
        names = [promise.name for promise in result.linked.promises]
        assert "3 persons of each trajectory of persons without other records" in names
    assert released


def test_pseudonyms_of_names_that_the_tables_write_differently_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANON_KEY", "a key that nobody knows")
    sources, document = panel(0), with_pseudonyms(3)
    for name, frame in sources.items():
        sources[name] = frame.assign(who=frame["who"].str.removeprefix("person "))
    wanted = anonymize(document, frame=sources)
    numbers = {**sources, "patients": sources["patients"].astype({"who": int})}
    assert anonymize(document, frame=numbers).levels == wanted.levels
    padded = {**sources, "visits": sources["visits"].assign(who=sources["visits"]["who"] + ".0")}
    with pytest.raises(SourceError, match="of visits write who otherwise than patients does"):
        anonymize(document, frame=padded)
    own = document["tables"]["visits"]["policy"]["attributes"]["who"]
    own["scope"] = "visits"
    assert anonymize(document, frame=padded).levels == wanted.levels


def test_a_person_without_visits_would_stand_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_KEY", "a key that nobody knows")
    sources = panel(1)
    silent = ~sources["patients"]["who"].isin(sources["visits"]["who"])
    kept = sources["patients"][~silent | (silent.cumsum() == 1)]
    with pytest.raises(UnreachableError, match="patients, released at the same levels"):
        anonymize(with_pseudonyms(3), frame={**sources, "patients": kept})


# -- what the releases follow from ------------------------------------------------------------


def with_targets(folder: Path, ending: str = "csv", **policy: Any) -> dict[str, Any]:
    document = request(suppression_limit=0.1, **policy)
    for name, table in document["tables"].items():
        table["target"] = {"path": str(folder / f"{name}.{ending}")}
    return document


def bytes_of(folder: Path, sources: Tables, ending: str = "csv") -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    result = anonymize(with_targets(folder, ending), frame=sources)
    assert result.df is None
    assert sorted(file.name for file in folder.iterdir()) == [
        f"{name}.{ending}" for name in ("patients", "visits")
    ]
    return {name: (folder / f"{name}.{ending}").read_bytes() for name in result.tables}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_order_of_the_sources_changes_no_byte(tmp_path: Path, ending: str) -> None:
    sources = tables()
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in sources.items()}
    first = bytes_of(tmp_path / "first", sources, ending)
    assert bytes_of(tmp_path / "second", shuffled, ending) == first


def test_the_order_of_the_visits_tells_nothing_of_the_patients(tmp_path: Path) -> None:
    sources = tables()
    patients = sources["patients"]
    mirrored = patients.assign(
        town=(99 - patients["town"].astype(int)).astype(str), age=patients["age"] + 20
    )
    first = bytes_of(tmp_path / "first", sources)
    second = bytes_of(tmp_path / "second", {**sources, "patients": mirrored})
    assert second["patients"] != first["patients"]
    assert second["visits"] == first["visits"]


def test_numbers_that_are_written_differently_are_one_person(tmp_path: Path) -> None:
    sources = tables()
    number = sources["visits"]["who"].str.removeprefix("person ")
    plain = sources["patients"]["who"].str.removeprefix("person ").astype(int)
    written = {
        "patients": sources["patients"].assign(who=plain),
        "visits": sources["visits"].assign(who=number.str.zfill(4)),
    }
    assert bytes_of(tmp_path / "a", written) == bytes_of(tmp_path / "b", sources)


def test_files_give_what_frames_give(tmp_path: Path) -> None:
    sources, document = tables(), with_targets(tmp_path)
    wanted = bytes_of(tmp_path / "frames", sources)
    for name, frame in sources.items():
        frame.to_csv(tmp_path / f"source-{name}.csv", index=False)
        document["tables"][name]["source"] = {"path": f"source-{name}.csv"}
        document["tables"][name]["target"] = {"path": f"{name}.csv"}
    (tmp_path / "request.yaml").write_text(json.dumps(document))
    result = anonymize(tmp_path / "request.yaml")
    assert {name: (tmp_path / f"{name}.csv").read_bytes() for name in result.tables} == wanted


def test_who_has_no_visit_is_hidden_among_the_patients() -> None:
    sources = tables(persons=40, rows=300)
    stranger = pd.DataFrame(
        {"who": ["nobody"], "age": [97], "town": ["99"], "blood": ["A"], "patient_row": [-41]}
    )
    sources["patients"] = pd.concat([stranger, sources["patients"]], ignore_index=True)
    result = anonymize(request(), frame=sources)
    released = named(result, sources)["patients"]
    assert "nobody" in set(released["who"])
    assert released.groupby(QUASI["patients"], dropna=False)["who"].nunique().min() >= 3


def test_a_column_of_one_table_that_tells_one_of_the_other_is_found() -> None:
    sources = tables()
    attributes = request()
    told = sources["visits"].merge(sources["patients"][["who", "town"]], on="who")
    sources["visits"]["clinic"] = told["town"].to_numpy()
    attributes["tables"]["visits"]["policy"]["attributes"]["clinic"] = {"role": "non_sensitive"}
    findings = anonymize(attributes, frame=sources).residual.findings
    assert "clinic tells of town (copy)" in map(str, findings)


# -- targets together or not at all -----------------------------------------------------------


class TakesPlace:
    """Makes a folder of the last target at the moment before it is published."""

    def __init__(self, place: Path) -> None:
        self.place, self.seen = place, 0

    def __call__(self, progress: Progress) -> None:
        if progress.phase == "publish":
            self.seen += 1
            if self.seen == 2:
                self.place.unlink(missing_ok=True)
                self.place.mkdir()


@pytest.mark.parametrize("former", [None, b"former"])
def test_if_the_second_cannot_be_published_the_first_is_put_back(
    tmp_path: Path, former: bytes | None
) -> None:
    first, second = tmp_path / "patients.csv", tmp_path / "visits.csv"
    if former is not None:
        first.write_bytes(former)
    with pytest.raises(TargetError, match=r"visits\.csv is a folder"):
        anonymize(with_targets(tmp_path), frame=tables(), on_progress=TakesPlace(second))
    assert (first.read_bytes() if first.exists() else None) == former
    left = [file.name for file in tmp_path.iterdir()]
    assert sorted(left) == ["patients.csv", "visits.csv"][former is None :]


def test_an_unreachable_promise_leaves_both_targets_alone(tmp_path: Path) -> None:
    document = with_targets(tmp_path, privacy={"k_anonymity": {"k": 55}})
    with pytest.raises(UnreachableError, match="55-anonymity needs 55 persons"):
        anonymize(document, frame=tables())
    assert not list(tmp_path.iterdir())


# -- what is refused before the work ----------------------------------------------------------


def test_a_person_with_two_records_of_the_master_is_refused() -> None:
    sources = tables()
    sources["patients"] = pd.concat([sources["patients"], sources["patients"].head(2)])
    with pytest.raises(SourceError, match="2 values of who stand in several records of patients"):
        anonymize(request(), frame=sources)


def test_records_of_persons_whom_the_master_lacks_are_refused() -> None:
    sources = tables()
    gone = sources["visits"]["who"].iloc[0]
    sources["patients"] = sources["patients"].query("who != @gone")
    lost = int((sources["visits"]["who"] == gone).sum())
    with pytest.raises(SourceError, match=f"{lost} records of 200 of visits") as told:
        anonymize(request(), frame=sources)
    assert str(gone) not in str(told.value)


@pytest.mark.parametrize("name", ["patients", "visits"])
def test_records_that_do_not_tell_whose_they_are_are_refused(name: str) -> None:
    sources = tables()
    sources[name].loc[3, "who"] = None
    if name == "patients":
        gone = f"1 record of 60 of {name} have no value of who"
    else:
        gone = f"1 record of 200 of {name} have no value of who"
    with pytest.raises(SourceError, match=gone):
        anonymize(request(), frame=sources)


def test_what_is_wrong_with_one_table_says_which() -> None:
    sources = tables()
    with pytest.raises(SchemaMismatchError, match="visits: the request does not name column 6"):
        anonymize(request(), frame={**sources, "visits": sources["visits"].assign(more=1)})
    document = request()
    town = document["tables"]["patients"]["policy"]["attributes"]["town"]
    town["lowest_level"] = 9
    with pytest.raises(RequestError, match=r"tables\.patients\.policy\.attributes\.town\.lowest"):
        anonymize(document, frame=sources)
    town["lowest_level"], town["hierarchy"] = 0, {"type": "tree", "nodes": {"all": ["10"]}}
    with pytest.raises(HierarchyError, match=r"^patients: "):
        anonymize(document, frame=sources)
    linking = sources["visits"].assign(visit_row=sources["visits"]["who"].str[-2:])
    with pytest.raises(RequestError, match=r"tables\.visits\.policy\.attributes\.visit_row: links"):
        anonymize(request(), frame={**sources, "visits": linking})


def with_cards(cards: Any, **policy: Any) -> AnonResult:
    """Anonymize patients with a card each, and a visit of each of them that names one."""
    sources, document = tables(), request(suppression_limit=1.0, **policy)
    sources["patients"]["card"] = [f"card {number}" for number in range(60)]
    sources["visits"] = sources["visits"].drop_duplicates("who")
    whose = sources["visits"]["who"].str.removeprefix("person ").astype(int)
    sources["visits"]["paid_by"] = cards(whose)
    for table, name in (("patients", "card"), ("visits", "paid_by")):
        attributes = document["tables"][table]["policy"]["attributes"]
        attributes[name] = {"role": "non_sensitive"}
    return anonymize(document, frame=sources)


def test_columns_of_both_tables_that_join_the_releases_are_refused() -> None:
    told = (
        r"visits\.policy\.attributes\.paid_by: with card of patients links .* 49 of the 49 persons"
    )
    with pytest.raises(RequestError, match=told):
        with_cards(lambda whose: "card " + whose.astype(str))


@pytest.mark.parametrize(
    "cards",
    [
        lambda whose: "card " + ((whose + 1) % 60).astype(str),
        lambda whose: "card " + (whose // 2).astype(str),
        lambda whose: "card " + whose.where(whose % 3 == 0, whose + 1000).astype(str),
    ],
    ids=["of another person", "of two persons", "of a third of them"],
)
def test_columns_of_both_tables_that_join_few_records_are_released(cards: Any) -> None:
    assert with_cards(cards).linked is not None


def test_frames_are_those_of_the_tables() -> None:
    sources = tables()
    with pytest.raises(
        RequestError, match="none of the tables patients, visits; did you mean visits"
    ):
        anonymize(request(), frame={**sources, "visit": sources["visits"]})
    with pytest.raises(RequestError, match="takes a mapping of DataFrames by name"):
        anonymize(request(), frame=sources["visits"])
    with pytest.raises(RequestError, match="needs either a source or a DataFrame"):
        anonymize(request(), frame={"visits": sources["visits"]})


def test_targets_that_are_one_file_or_a_source_are_refused(tmp_path: Path) -> None:
    sources = tables()
    (tmp_path / "other").symlink_to(tmp_path)
    document = with_targets(tmp_path)
    document["tables"]["patients"]["target"]["path"] = str(tmp_path / "other" / "visits.csv")
    with pytest.raises(TargetError, match="are the same file"):
        anonymize(document, frame=sources)
    document["tables"]["patients"]["target"]["path"] = str(tmp_path / "visits.csv" / "patients.csv")
    with pytest.raises(TargetError, match="would lie in the target"):
        anonymize(document, frame=sources)
    assert not (tmp_path / "visits.csv").exists()
    sources["visits"].to_csv(tmp_path / "visits-source.csv", index=False)
    document["tables"]["visits"]["source"] = {"path": str(tmp_path / "visits-source.csv")}
    document["tables"]["patients"]["target"]["path"] = str(tmp_path / "visits-source.csv")
    with pytest.raises(TargetError, match="is also a source"):
        anonymize(document, frame={"patients": sources["patients"]})


def test_what_is_done_with_one_table_alone_is_refused() -> None:
    sources = tables()
    result = anonymize(request(), frame=sources)
    for each in (result, *result.tables.values()):
        with pytest.raises(RequestError, match="the solution of linked tables"):
            each.document()
        with pytest.raises(RequestError, match="is linked to another"):
            risk_per_record(each, frame=sources["visits"])
        with pytest.raises(RequestError, match="is linked to another"):
            examine_residual(each, frame=sources["visits"])
    with pytest.raises(RequestError, match="tables: linked tables go with anonymize alone"):
        measure(request(), frame=sources["visits"])


def test_a_cluster_gives_the_same_bytes(tmp_path: Path) -> None:
    sources, document = tables(rows=300), with_targets(tmp_path)
    for name, frame in sources.items():
        folder = tmp_path / f"source-{name}"
        folder.mkdir()
        for part, first in enumerate(range(0, len(frame), 100)):
            piece = frame.iloc[first : first + 100]
            piece.to_parquet(folder / f"{part}.parquet", index=False)
        document["tables"][name]["source"] = {"path": str(folder), "format": "parquet"}
    anonymize(document)
    wanted = {name: (tmp_path / f"{name}.csv").read_bytes() for name in sources}
    for name in sources:
        (tmp_path / f"{name}.csv").unlink()
    engine = TravellingEngine(1, 2**30)
    with keeping(engine):
        anonymize(document)
    assert {name: (tmp_path / f"{name}.csv").read_bytes() for name in sources} == wanted
    assert {"join", "count", "write", "verify"} <= set(engine.kinds)
