"""Random tables under random policies: whatever is released keeps every promise that was asked for.

The promises are measured on the released DataFrame, record by record, in plain Python: neither
the search nor the verification has a part in it.
"""

from collections import Counter
from fractions import Fraction
from math import exp, factorial, log, log2
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import AnonResult, RequestError, UnreachableError, anonymize, verify
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.risk.uniqueness import Sample, estimate
from anon_dagster.core.sampling import Sampling, seeded
from anon_dagster.request import parse_policy
from anon_dagster.request.objective import ATTRIBUTE_WISE, COSTING, LEVELLED, PROVEN

Table = list[dict[str, Any]]
FACTOR = 10 if settings().max_examples >= 1_000 else 2
"""As many policies as other laws have examples, times so many: 20,000 by make fuzz."""

METRICS = (*PROVEN, "classification")
RULES = [
    None,
    {"type": "suppress"},
    {"type": "interval", "widths": [2, 4]},
    {"type": "rounding", "steps": [2, 6]},
    {"type": "order", "sizes": [2, 2]},
    {"type": "frequency", "keep": [3, 1]},
    {"type": "mask", "per_level": 1},
]
SICKNESS = {"type": "tree", "nodes": {"lung": ["flu", "cold"], "skin": ["acne", "rash"]}}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    number = st.one_of(st.none(), st.integers(0, 12))
    record = st.fixed_dictionaries(
        {
            "age": number,
            "zip": st.one_of(st.none(), st.sampled_from(["011", "012", "021", "100"])),
            "sex": st.sampled_from(["f", "m"]),
            "ill": st.sampled_from(["flu", "cold", "acne", "rash"]),
            "pay": st.integers(0, 5),
        }
    )
    return draw(st.lists(record, min_size=1, max_size=60))


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    labels = st.sampled_from(["nodes", "ranges", "sets"])
    attributes: dict[str, Any] = {
        name: {
            "role": "quasi_identifier",
            "hierarchy": draw(st.sampled_from(RULES if name == "age" else [None, RULES[1]])),
            "local_labels": draw(labels),
            "importance": draw(st.sampled_from([0.0, 0.5, 1.0])) if name != "age" else 1.0,
        }
        for name in ("age", "zip", "sex")
    }
    if draw(st.integers(0, 3)) == 0:
        keep = draw(st.integers(0, 2))
        attributes["zip"] = {"role": "direct_identifier", "redaction": "mask", "keep": keep}
    attributes["ill"] = {"role": "sensitive", "hierarchy": SICKNESS}
    attributes["pay"] = {"role": "sensitive"}
    guarded = st.sampled_from(["ill", "pay"])
    diversity = st.one_of(
        st.fixed_dictionaries({"attribute": guarded, "l": st.sampled_from([2, 3])}),
        st.fixed_dictionaries(
            {
                "attribute": guarded,
                "l": st.sampled_from([1.5, 2, 2.5]),
                "variant": st.just("entropy"),
            }
        ),
        st.fixed_dictionaries(
            {
                "attribute": guarded,
                "l": st.just(2),
                "c": st.sampled_from([0.7, 1.5, 3]),
                "variant": st.just("recursive"),
            }
        ),
    )
    closeness = st.one_of(
        st.fixed_dictionaries(
            {
                "attribute": guarded,
                "t": st.sampled_from([0.2, 0.35, 0.5]),
                "distance": st.just("equal"),
            }
        ),
        st.fixed_dictionaries(
            {
                "attribute": st.just("pay"),
                "t": st.sampled_from([0.2, 0.35, 0.5]),
                "distance": st.just("ordered"),
            }
        ),
        st.fixed_dictionaries(
            {
                "attribute": st.just("ill"),
                "t": st.sampled_from([0.2, 0.4]),
                "distance": st.just("hierarchical"),
            }
        ),
    )
    alpha = {
        "attribute": st.just("ill"),
        "alpha": st.sampled_from([0.3, 0.5, 0.7]),
        "k": st.integers(2, 4),
        "guarded": st.sampled_from([None, ["flu", "cold", "acne", "rash"]]),
    }
    delta = {
        "attribute": guarded,
        "delta": st.sampled_from([1, 1.5, 3]),
        "compare": st.sampled_from(["all", "present"]),
    }
    beta = {
        "attribute": guarded,
        "beta": st.sampled_from([0.5, 1, 3]),
        "variant": st.sampled_from(["basic", "enhanced"]),
    }
    presence = st.tuples(st.sampled_from([0, 0.1, 0.3]), st.sampled_from([0.4, 0.7, 1]))
    k_map = {
        "k": st.integers(2, 9),
        "estimator": st.sampled_from([None, None, "poisson", "zero_truncated_poisson"]),
        "significance": st.sampled_from([0.05, 0.3]),
    }
    unique = {
        "share": st.sampled_from([0, 0.05, 0.2]),
        "estimator": st.sampled_from(["dankar", "pitman", "zayatz", "snb"]),
    }
    privacy: dict[str, Any] = {
        "k_anonymity": {"k": draw(st.integers(2, 6))},
        "k_map": draw(st.one_of(st.none(), st.fixed_dictionaries(k_map))),
        "delta_presence": draw(
            st.one_of(
                st.none(),
                st.none(),
                presence.map(lambda bounds: {"delta_min": bounds[0], "delta_max": bounds[1]}),
            )
        ),
        "population_uniqueness": draw(
            st.one_of(st.none(), st.none(), st.fixed_dictionaries(unique))
        ),
        "average_risk": draw(st.sampled_from([None, None, {"risk": 0.2}, {"risk": 0.1}])),
        "sample_uniqueness": draw(st.sampled_from([None, {"share": 0.05}])),
        "l_diversity": draw(st.lists(diversity, max_size=2)),
        "t_closeness": draw(st.lists(closeness, max_size=2)),
        "alpha_k_anonymity": draw(st.lists(st.fixed_dictionaries(alpha), max_size=1)),
        "delta_disclosure": draw(st.lists(st.fixed_dictionaries(delta), max_size=1)),
        "beta_likeness": draw(st.lists(st.fixed_dictionaries(beta), max_size=1)),
    }
    if any(rule for model, rule in privacy.items() if model != "k_anonymity"):
        privacy["k_anonymity"] = draw(st.sampled_from([None, *[privacy["k_anonymity"]] * 3]))
    k_map, presence = privacy["k_map"], privacy["delta_presence"]
    counted = presence or (k_map and not k_map["estimator"])
    if not counted and draw(st.integers(0, 3)) == 0:
        attributes["age"] = {
            "role": "quasi_identifier",
            "transformation": "microaggregation",
            "aggregate": draw(st.sampled_from(["mean", "median", "mode", "range", "set"])),
            "groups": draw(st.sampled_from(["classes", "mdav"]))
            if privacy["k_anonymity"]
            else "classes",
        }
    return {
        "sampling": draw(
            st.sampled_from([None, None, {"fraction": 0.8, "seed": 3}, {"records": 1, "seed": 4}])
        ),
        "attributes": attributes,
        "privacy": privacy,
        "suppression_limit": draw(st.sampled_from([0, 0.1, 0.3, 1])),
        "suppressed_records": draw(st.sampled_from(["drop", "keep"])),
        **draw(preferences("global" if counted else draw(st.sampled_from(["global", "local"])))),
    }


@st.composite
def preferences(draw: st.DrawFn, recoding: str) -> dict[str, Any]:
    """Draw what is to be lost least, most often the certainty penalty."""
    fit = [m for m in METRICS if recoding == "global" or m not in LEVELLED]
    metric = draw(st.sampled_from([*["certainty_penalty"] * len(fit), *fit]))
    objective: dict[str, Any] = {"metric": metric}
    if metric in ATTRIBUTE_WISE:
        objective["aggregate"] = draw(st.sampled_from([None, "geometric_mean", "maximum"]))
    use = {"attribute": "ill", "classifier": "naive_bayes", "folds": 2}
    return {
        "recoding": recoding,
        "objective": objective,
        "target_use": use if metric == "classification" else None,
        "suppression_cost": draw(st.sampled_from([0, 0.5, 1, 3])) if metric in COSTING else 1,
    }


@given(tables(), policies(), tables())
@settings(max_examples=FACTOR * settings().max_examples)
def test_a_release_keeps_every_promise(table: Table, policy: dict[str, Any], others: Table) -> None:
    a_release_keeps_every_promise(table, policy, others)


@pytest.mark.slow
@given(tables(), policies(), tables())
@settings(max_examples=2_000)
def test_two_thousand_releases_keep_every_promise(
    table: Table, policy: dict[str, Any], others: Table
) -> None:
    a_release_keeps_every_promise(table, policy, others)


def a_release_keeps_every_promise(table: Table, policy: dict[str, Any], others: Table) -> None:
    """The population has everybody of the table, and the others besides."""
    drawn = policy["sampling"]
    if drawn and "records" in drawn:
        drawn = policy["sampling"] = {**drawn, "records": -(-2 * len(table) // 3)}
    frame, people = (pd.DataFrame(t).astype({"age": "Int64"}) for t in (table, [*table, *others]))
    with NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        people.to_csv(file.name, index=False)
        policy = {**policy, "population": {"path": file.name}}
        try:
            result = anonymize({"policy": policy}, frame=frame)
        except UnreachableError:
            return
        except RequestError as error:
            if "and these are text" in str(error):  # an average of no ages at all
                return
            raise
        df = result.df
        assert df is not None
        frame = sample_of(frame, drawn)
        assert verify(parse_policy(policy), df, levels=result.levels).holds
    lost = len(frame) - len(df)
    allowed = Fraction(str(policy["suppression_limit"])) * len(frame)
    assert 0 <= lost <= (allowed if policy["suppressed_records"] == "drop" else 0)
    assert result.decision.suppressed <= allowed
    if policy["attributes"]["zip"]["role"] == "direct_identifier":
        kept = policy["attributes"]["zip"]["keep"]
        assert set("".join(str(z)[: 3 - kept] for z in df["zip"].dropna())) <= {"*"}
    released = df[["ill", "pay"]].value_counts()
    assert (released <= frame[["ill", "pay"]].value_counts().reindex(released.index)).all()
    classes = [c.astype(str) for _, c in df.groupby(["age", "zip", "sex"], dropna=False)]
    whole = df.astype(str)
    sizes_are_kept(policy["privacy"], [len(c) for c in classes])
    for reference in (whole, frame.astype(str)):
        values_are_kept(policy["privacy"], classes, reference)
    people_are_kept(policy, result, df, people)


def sample_of(frame: pd.DataFrame, drawn: dict[str, Any] | None) -> pd.DataFrame:
    if drawn is None:
        return frame
    key, records = seeded(drawn["seed"]), len(frame)
    if "records" in drawn:
        sampling = Sampling.of_records(key, drawn["records"], records)
    else:
        sampling = Sampling.of_fraction(key, Fraction(str(drawn["fraction"])))
    return frame[sampling.chosen(0, records)]


# -- what classes promise ------------------------------------------------------------------


def sizes_are_kept(privacy: dict[str, Any], sizes: list[int]) -> None:
    for rule in (privacy["k_anonymity"], *privacy["alpha_k_anonymity"]):
        assert rule is None or min(sizes, default=rule["k"]) >= rule["k"]
    if privacy["average_risk"]:
        assert len(sizes) <= Fraction(str(privacy["average_risk"]["risk"])) * sum(sizes)
    if privacy["sample_uniqueness"]:
        assert sizes.count(1) <= Fraction(str(privacy["sample_uniqueness"]["share"])) * sum(sizes)


def people_are_kept(
    policy: dict[str, Any], result: AnonResult, df: pd.DataFrame, people: pd.DataFrame
) -> None:
    privacy, names = policy["privacy"], ["age", "zip", "sex"]
    sizes = Counter(map(tuple, texts(df[names])))
    k_map, presence, unique = (
        privacy[model] for model in ("k_map", "delta_presence", "population_uniqueness")
    )
    if k_map and k_map["estimator"]:
        drawn = Fraction(result.decision.counted.records, len(people))
        assert min(sizes.values(), default=k_map["k"]) >= needed(k_map, float(drawn))
        k_map = None
    if unique:
        found = estimate(Sample.of(np.array([*sizes.values()]), len(people)), unique["estimator"])
        assert found.uniques is not None
        assert found.uniques <= unique["share"] * len(people)
    if not (k_map or presence):
        return
    assert result.levels is not None
    behind: Counter[tuple[str | None, ...]] = Counter()
    for person in texts(people[names]):
        labels = (
            label_of(result.decision.plan.hierarchies[name], result.levels[name], value)
            for name, value in zip(names, person, strict=True)
        )
        behind[tuple(labels)] += 1
    unmatched = sum(number for labels, number in behind.items() if labels not in sizes)
    if policy["suppressed_records"] == "keep" and ("*", "*", "*") in sizes:
        behind["*", "*", "*"] += unmatched
        unmatched = 0
    if k_map:
        assert all(behind[labels] >= k_map["k"] for labels in sizes)
    if presence:
        low, high = (Fraction(str(presence[bound])) for bound in ("delta_min", "delta_max"))
        assert all(low <= Fraction(n, behind[labels]) <= high for labels, n in sizes.items())
        assert not (unmatched and low)


def texts(frame: pd.DataFrame) -> list[list[str | None]]:
    return [[None if pd.isna(v) else str(v) for v in row] for row in frame.to_numpy(object)]


def label_of(hierarchy: Hierarchy, level: int, value: str | None) -> str | None:
    leaf = hierarchy.labels[0].index(value)
    return hierarchy.labels[level][int(hierarchy.codes[level][leaf])]


def needed(rule: dict[str, Any], drawn: float) -> int:
    """The records that k people seldom show, summed up in floats."""
    mean = drawn * rule["k"]
    shown = [exp(-mean) * mean**i / factorial(i) for i in range(rule["k"] + 1)]
    whole = 1 - shown[0] if rule["estimator"] == "zero_truncated_poisson" else 1
    tails = (1 - sum(shown[:size]) for size in range(1, rule["k"]))
    few = (
        s for s, tail in enumerate(tails, start=1) if tail / whole <= rule["significance"] + 1e-9
    )
    return next(few, rule["k"])


def values_are_kept(
    privacy: dict[str, Any], classes: list[pd.DataFrame], reference: pd.DataFrame
) -> None:
    checks = {
        "l_diversity": lambda own, _, rule: diverse(own.tolist(), rule),
        "alpha_k_anonymity": lambda own, _, rule: share(own) <= Fraction(str(rule["alpha"])),
        "t_closeness": lambda own, whole, rule: close(own.tolist(), whole.tolist(), rule),
        "delta_disclosure": undisclosed,
        "beta_likeness": like,
    }
    for model, check in checks.items():
        for rule in privacy[model]:
            name = rule["attribute"]
            assert all(check(c[name], reference[name], rule) for c in classes), model


def share(own: pd.Series) -> Fraction:
    return Fraction(Counter(own).most_common(1)[0][1], len(own))


def close(own: list[str], whole: list[str], rule: dict[str, Any]) -> bool:
    return distance(own, whole, rule["distance"]) <= Fraction(str(rule["t"]))


def diverse(values: list[str], rule: dict[str, Any]) -> bool:
    counts = sorted(Counter(values).values(), reverse=True)
    if rule.get("variant") == "entropy":
        shares = [c / len(values) for c in counts]
        return -sum(s * log(s) for s in shares) >= log(rule["l"]) - 1e-9
    if rule.get("variant") == "recursive":
        return bool(counts[0] < Fraction(str(rule["c"])) * sum(counts[rule["l"] - 1 :]))
    return bool(len(counts) >= rule["l"])


def undisclosed(own: pd.Series, whole: pd.Series, rule: dict[str, Any]) -> bool:
    shares = whole.value_counts(normalize=True)
    held = own.value_counts(normalize=True).reindex(shares.index, fill_value=0)
    if rule["compare"] == "present":
        held = held[held > 0]
    ratios = held / shares.reindex(held.index)
    return all(ratio and abs(log2(ratio)) < rule["delta"] for ratio in ratios)


def like(own: pd.Series, whole: pd.Series, rule: dict[str, Any]) -> bool:
    shares = whole.value_counts(normalize=True)
    gains = own.value_counts(normalize=True).reindex(shares.index, fill_value=0) / shares - 1
    bound = pd.Series(rule["beta"], index=shares.index)
    if rule["variant"] == "enhanced":
        bound = bound.clip(upper=-shares.map(log))
    return bool((gains <= bound + 1e-9).all())


def distance(values: list[str], whole: list[str], kind: str) -> Fraction:
    domain = sorted(set(whole))
    own, all_ = Counter(values), Counter(whole)
    gaps = [Fraction(own[v], len(values)) - Fraction(all_[v], len(whole)) for v in domain]
    if kind == "equal":
        return sum((abs(g) for g in gaps), Fraction()) / 2
    if kind == "ordered":
        running = [sum(gaps[: i + 1], Fraction()) for i in range(len(gaps) - 1)]
        return sum((abs(r) for r in running), Fraction()) / max(len(domain) - 1, 1)
    gap = dict(zip(domain, gaps, strict=True))
    total, groups = Fraction(), []
    for leaves in SICKNESS["nodes"].values():  # type: ignore[attr-defined]
        below = [gap.get(leaf, Fraction()) for leaf in leaves]
        total += Fraction(1, 2) * moved(below)
        groups.append(sum(below, Fraction()))
    return total + moved(groups)


def moved(amounts: list[Fraction]) -> Fraction:
    return min(
        sum((a for a in amounts if a > 0), Fraction()),
        -sum((a for a in amounts if a < 0), Fraction()),
    )
