"""Jobs with survey weights: what is released, what is estimated, and that nobody gets them back."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import AnonResult, SourceError, anonymize, apply, verify
from anon_dagster.assessment.of_decision import assess_risk
from anon_dagster.engine import keeping
from anon_dagster.request import parse_request
from tests.engine.travelling import TravellingEngine

RECORDS = 400
BANDS = {"type": "interval", "widths": [50, 200]}


def survey(seed: int = 0, records: int = RECORDS) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    who = dice.integers(0, records // 2, records)
    return pd.DataFrame(
        {
            "who": who,
            "age": 20 + dice.integers(0, 30, records),
            "town": dice.choice(["a", "b", "c"], records),
            "ill": dice.choice(["flu", "gout"], records),
            "pw": 1 + who % 13 * 17.25,
        }
    )


def policy(*, person: bool = False, weight: dict[str, Any] | None = None, **more: Any) -> Any:
    return {
        "attributes": {
            "who": {"role": "direct_identifier"},
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [5, 10]},
            },
            "town": {"role": "quasi_identifier"},
            "ill": {"role": "sensitive"},
            "pw": {"role": "weight", **(weight or {})},
        },
        "privacy": {"k_anonymity": {"k": 4}},
        "suppression_limit": 0.1,
        **({"person": "who"} if person else {}),
        **more,
    }


def individual(size: int, people: float) -> float:
    """Return the mean of 1 / F, by the forms of the papers for one and two, else term by term."""
    p = size / people
    if p == 1:
        return 1 / size
    if size == 1:
        return p / (1 - p) * log(1 / p)
    if size == 2:
        return p / (1 - p) ** 2 * (p * log(p) + 1 - p)
    chance, total, h = p**size, 0.0, size
    while h < 100 / p:
        total += chance / h
        chance *= h * (1 - p) / (h - size + 1)
        h += 1
    return total


def expected(frame: pd.DataFrame, names: list[str], *, person: bool) -> dict[str, float]:
    """Compute every statistic by pandas, from the records and their definitions."""
    units = frame.drop_duplicates([*names, "who"]) if person else frame
    classes = units.groupby(names)["pw"].agg(["size", "sum"])
    risks = [individual(n, people) for n, people in classes.itertuples(index=False)]
    classes["risk"] = risks
    classes["unique"] = np.where(classes["size"] == 1, 1 / classes["sum"], 0)
    of_units = units.join(classes, on=names)
    if person:
        of_units = of_units.groupby("who")[["risk", "unique", "pw"]].max()
    return {
        "survey_population": of_units["pw"].sum(),
        "survey_smallest_class": classes["sum"].min(),
        "survey_expected": of_units["risk"].sum(),
        "survey_average": of_units["risk"].mean(),
        "survey_highest": of_units["risk"].max(),
        "survey_above_threshold": (of_units["risk"] > 0.1).sum(),
        "survey_uniques": of_units["unique"].sum(),
        "survey_uniqueness": of_units["unique"].mean(),
    }


def as_told(exact: dict[str, float]) -> dict[str, float]:
    """Round figures to two digits, to the side of more risk: so that none is a single weight."""
    told = {}
    for name, figure in exact.items():
        if name == "survey_population":
            told[name] = float(round(figure))
        elif name == "survey_above_threshold" or not figure:
            told[name] = float(figure)
        else:
            side = ROUND_FLOOR if name == "survey_smallest_class" else ROUND_CEILING
            plain = Decimal(f"{figure:.9g}")  # without what floats are apart
            told[name] = float(Context(prec=2, rounding=side).plus(plain))
    return told


def of_release(result: AnonResult, frame: pd.DataFrame) -> pd.DataFrame:
    """Join the keys and the weights to what records read as, by the levels that were decided."""
    assert result.levels is not None
    width = {0: 1, 1: 5, 2: 10}[result.levels["age"]]
    joined = frame.assign(
        age=frame["age"] // width if result.levels["age"] < 3 else 0,
        town=frame["town"] if result.levels["town"] == 0 else 0,
    )
    sizes = joined.groupby(["age", "town"])["who"].transform("size")
    people = joined.groupby(["age", "town"])["who"].transform("nunique")
    counts = people if result.decision.request.policy.person else sizes
    return joined[counts >= 4]


@pytest.mark.parametrize("person", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_statistics_are_those_of_pandas(seed: int, *, person: bool) -> None:
    frame = survey(seed)
    result = anonymize({"policy": policy(person=person)}, frame=frame)
    assert result.df is not None
    assert "pw" not in result.df
    stay = of_release(result, frame)
    assert len(stay) == len(result.df)
    for table, records in (("source", frame), ("release", stay)):
        wanted = expected(records, ["age", "town"], person=person)
        found = result.risk.loc[list(wanted), table].astype(float).to_dict()
        assert found == pytest.approx(as_told(wanted), rel=1e-12), table


def test_weights_of_one_are_a_census() -> None:
    result = anonymize({"policy": policy()}, frame=survey().assign(pw=1))
    risk = result.risk
    for table in ("source", "release"):
        for survey_row, plain in (
            ("survey_average", "prosecutor_average"),
            ("survey_highest", "prosecutor_highest"),
            ("survey_uniques", "unique_records"),
        ):
            wanted = as_told({survey_row: float(risk[table][plain])})
            assert risk[table][survey_row] == pytest.approx(wanted[survey_row])


def test_without_weights_nothing_is_estimated_of_them() -> None:
    asked = policy()
    asked["attributes"]["pw"] = {"role": "direct_identifier"}
    risk = anonymize({"policy": asked}, frame=survey()).risk
    assert not risk.index.str.startswith("survey").any()


def test_of_no_record_nothing_is_estimated() -> None:
    first = anonymize({"policy": policy()}, frame=survey())
    decision = apply(first.document(), frame=survey(7).assign(age=900)).decision
    risk = assess_risk(decision)
    assert risk.loc["records", "release"] == 0
    assert risk.loc["survey_population", "release"] == 0
    assert risk.loc[["survey_average", "survey_highest"], "release"].isna().all()


def test_nothing_else_depends_on_them() -> None:
    one = anonymize({"policy": policy()}, frame=survey())
    asked = policy()
    asked["attributes"]["pw"] = {"role": "direct_identifier"}
    other = anonymize({"policy": asked}, frame=survey())
    assert one.df is not None
    assert other.df is not None
    assert one.df.equals(other.df)
    assert one.risk.loc[other.risk.index].equals(other.risk)


def test_of_a_sample_of_the_source_a_record_stands_for_more_people() -> None:
    frame = survey(records=2_000)
    sampled = policy(sampling={"fraction": 0.25, "seed": 3})
    risk = anonymize({"policy": sampled}, frame=frame).risk
    whole = anonymize({"policy": policy()}, frame=frame).risk
    population = whole.loc["survey_population", "source"]
    assert risk.loc["survey_population", "source"] == pytest.approx(population, rel=0.05)


def test_a_released_weight_is_a_band_and_counts_for_the_promise() -> None:
    frame = survey()
    asked = policy(weight={"release": "generalize", "hierarchy": BANDS})
    result = anonymize({"policy": asked}, frame=frame)
    assert result.df is not None
    assert result.df["pw"].str.match(r"\[|\*").all()
    assert result.df.groupby(["age", "town", "pw"]).size().min() >= 4
    assert result.release.verification.holds
    assert result.risk.loc["survey_population", "source"] == round(frame["pw"].sum())


@pytest.mark.parametrize("lowest", [1, 2])
def test_the_bands_are_as_coarse_as_asked(lowest: int) -> None:
    weight = {"release": "generalize", "hierarchy": BANDS, "lowest_level": lowest}
    result = anonymize({"policy": policy(weight=weight)}, frame=survey())
    assert result.levels is not None
    assert result.levels["pw"] >= lowest


def test_a_table_that_still_has_the_weights_breaks_a_promise() -> None:
    result = anonymize({"policy": policy()}, frame=survey())
    assert result.df is not None
    request = parse_request({"policy": policy()})
    assert verify(request.policy, result.df).holds
    (broken,) = verify(request.policy, result.df.assign(pw=3.5)).failures
    assert (broken.name, broken.attribute) == ("survey weights are gone", "pw")
    assert broken.records_failing == len(result.df)


@pytest.mark.parametrize("release", ["drop", "generalize"])
def test_later_records_bring_their_own_weights(release: str) -> None:
    weight = {"release": release, **({"hierarchy": BANDS} if release == "generalize" else {})}
    first = anonymize({"policy": policy(weight=weight)}, frame=survey())
    later = survey(7)
    applied = apply(first.document(), frame=later)
    assert applied.df is not None
    assert ("pw" in applied.df) == (release == "generalize")
    assert applied.decision.counted.weights is not None
    total = applied.decision.counted.weights
    assert (total.weights * total.records).sum() == pytest.approx(later["pw"].sum())
    with pytest.raises(SourceError, match="1 record whose weight is zero"):
        apply(first.document(), frame=later.assign(pw=[0, *later["pw"][1:]]))


@pytest.mark.parametrize("person", [False, True])
def test_workers_count_the_same_weights(tmp_path: Path, *, person: bool) -> None:
    for number in range(3):
        part = survey()[number::3]
        part.to_csv(tmp_path / f"part{number}.csv", index=False)
    request = {
        "source": {"path": str(tmp_path / "*.csv")},
        "target": {"path": str(tmp_path / "out" / "release.csv")},
        "policy": policy(person=person),
    }
    here = anonymize(request)
    with keeping(TravellingEngine(1, 2**30)):
        there = anonymize(request)
    assert there.risk.equals(here.risk)
    whole = anonymize({"policy": policy(person=person)}, frame=survey())
    assert here.risk.astype(str).equals(whole.risk.astype(str))


def test_the_statistics_show_no_weight_of_a_single_record() -> None:
    frame = survey().assign(pw=98_765.4321)
    frame.loc[0, "town"] = "alone"
    frame.loc[0, "pw"] = 1_234.5678
    risk = anonymize({"policy": policy()}, frame=frame).risk
    of_source = risk["source"].filter(like="survey")
    alone = individual(1, 1_234.5678)
    assert of_source["survey_smallest_class"] == 1_200
    assert of_source["survey_highest"] == pytest.approx(0.0058)
    assert of_source["survey_highest"] > alone == pytest.approx(0.00577, abs=1e-5)
    assert "234" not in str(of_source.to_dict())


@pytest.mark.parametrize("release", ["drop", "generalize"])
def test_no_weight_is_shown_of_the_source(release: str) -> None:
    frame = survey()
    frame.loc[0, "pw"] = 987.625
    frame.loc[0, "who"] = 10_000
    weight = {"release": release, **({"hierarchy": BANDS} if release == "generalize" else {})}
    result = anonymize({"policy": policy(weight=weight)}, frame=frame)
    if release == "drop":
        shown = result.exploratory.values  # noqa: PD011 (a table of values)
        assert "pw" not in set(shown["attribute"])
        summary = result.exploratory.summary.reset_index()
        assert summary[summary["attribute"] == "pw"]["maximum"].isna().all()
    assert "987.625" not in repr(result.decision.counted.weights)
