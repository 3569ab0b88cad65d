"""The risk of every record, by its place, against pandas and brute force."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import SourceError, anonymize, risk_per_record
from tests.core.risk.test_special_uniques import msus
from tests.statistics.test_risk_details import NAMES, people, released


def class_sizes(frame: pd.DataFrame) -> list[int]:
    return frame.groupby(NAMES, dropna=False)[NAMES[0]].transform("size").tolist()


def test_each_record_has_the_risk_of_its_class_where_it_stands() -> None:
    frame = people()
    frame.loc[3, "town"] = None
    shuffled = frame.sample(frac=1, random_state=2)  # rows are places, whatever the labels
    result = released(shuffled)
    assert result.df is not None
    risks = risk_per_record(result, frame=shuffled)
    assert risks.source["row"].tolist() == list(range(len(frame)))
    assert risks.source["class_size"].tolist() == class_sizes(shuffled)
    assert risks.release["class_size"].tolist() == class_sizes(result.df)
    for table in (risks.source, risks.release):
        assert (table["prosecutor_risk"] == 1 / table["class_size"]).all()
    kept = risks.source["released_class_size"]
    assert (kept == 0).sum() == result.decision.suppressed
    assert sorted(kept[kept > 0]) == sorted(risks.release["class_size"])


def test_suda_scores_stand_beside_their_records() -> None:
    frame = people(40)
    risks = risk_per_record(released(frame, population=400), frame=frame)
    rows = frame[NAMES].apply(lambda column: pd.factorize(column)[0]).to_numpy().tolist()
    weights = {1: 2, 2: 1, 3: 1}  # (3 - 1) (3 - 2), (3 - 2), 1
    for row, told in zip(rows, risks.source.to_dict("records"), strict=True):
        found = [len(each) for each in msus(rows, row, 3)]
        assert told["suda_score"] == sum(weights[size] for size in found)
        assert told["smallest_msu"] == min(found, default=0)
        assert (told["dis_score"] > 0) == bool(found)
    assert (risks.release["suda_score"] == 0).all()


def test_without_suda_or_a_sampling_fraction_their_columns_are_empty_or_absent() -> None:
    frame = people()
    plain = risk_per_record(released(frame, risk_analysis={"records": True}), frame=frame)
    assert list(plain.release) == ["row", "class_size", "prosecutor_risk"]
    scored = risk_per_record(released(frame), frame=frame)
    assert scored.source["dis_score"].isna().all()


def test_a_source_that_changed_is_refused_without_being_quoted(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    people().to_csv(source, index=False)
    target: dict[str, Any] = {"path": str(tmp_path / "out.parquet")}
    attributes = {name: {"role": "quasi_identifier"} for name in NAMES}
    policy = {
        "attributes": {**attributes, "illness": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 2}},
    }
    result = anonymize({"source": {"path": str(source)}, "target": target, "policy": policy})
    assert len(risk_per_record(result).release) == result.release.count.records
    people().assign(town="Zeisig").to_csv(source, index=False)
    with pytest.raises(SourceError, match="80 records were not there") as refused:
        risk_per_record(result)
    assert "Zeisig" not in str(refused.value)


def test_of_a_sample_the_records_that_were_drawn_are_measured() -> None:
    frame = people()
    result = released(frame, sampling={"fraction": 0.5, "seed": 1})
    risks = risk_per_record(result, frame=frame)
    assert 20 < len(risks.source) < 60
    assert len(risks.source) == result.decision.counted.records
    assert risks.source["row"].tolist() == list(range(len(risks.source)))
    assert len(risks.release) == result.release.count.records
