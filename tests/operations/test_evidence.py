"""Evidence that goes with a release: whoever has both finds whatever was changed in one of them."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from anon_dagster.errors import EvidenceError, SourceError
from anon_dagster.operations.anonymize import AnonResult
from anon_dagster.operations.evidence import check_evidence, evidence_of, named
from anon_dagster.report.handover import make_keys, signed

HOSTILE = "<script>alert('1')</script>, \"§\" 'ß'"
ATTRIBUTES: dict[str, Any] = {
    "who": {"role": "direct_identifier"},
    "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10, 20]}},
    HOSTILE: {"role": "quasi_identifier"},
    "illness": {"role": "sensitive"},
    "note": {"role": "non_sensitive"},
}
POLICY: dict[str, Any] = {
    "attributes": ATTRIBUTES,
    "privacy": {
        "k_anonymity": {"k": 4},
        "l_diversity": {"attribute": "illness", "l": 2},
        "t_closeness": {"attribute": "illness", "t": 0.8},
    },
    "suppression_limit": 0.1,
}
PSEUDONYM = {"who": {"role": "direct_identifier", "redaction": "pseudonym"}}
MASKED = {"who": {"role": "direct_identifier", "redaction": "mask", "keep": 1}}
IN_ORDER = {"attribute": "illness", "t": 0.8, "distance": "ordered"}
KINDS: dict[str, dict[str, Any]] = {
    "global": {},
    "local": {"recoding": "local"},
    "kept": {"suppressed_records": "keep"},
    "persons": {"person": "who", "suppression_limit": 0.3},
    "pseudonyms": {
        "person": "who",
        "trajectory": {"k": 2},
        "attributes": ATTRIBUTES | PSEUDONYM,
        "suppression_limit": 1.0,
        "privacy": {"k_anonymity": {"k": 2}},
    },
    "masked": {"attributes": ATTRIBUTES | MASKED},
    "sample": {"sampling": {"fraction": 0.9, "seed": 4}},
    "population": {"population": 100_000},
    "numbers": {"release": {"numbers": "bounds"}},
    "guarded values": {
        "privacy": {
            "k_anonymity": {"k": 4},
            "alpha_k_anonymity": {
                "attribute": "illness", "alpha": 0.8, "k": 4, "guarded": ["10"],
            },
            "beta_likeness": {"attribute": "illness", "beta": 4},
            "delta_disclosure": {"attribute": "illness", "delta": 4, "compare": "present"},
        }
    },
    "in order": {"privacy": {"k_anonymity": {"k": 4}, "t_closeness": IN_ORDER}},
    "differentially private": {
        "privacy": {"differential_privacy": {"epsilon": 1.0, "delta": 1e-4}},
        "suppression_limit": 1.0,
        "attributes": {name: {"role": "direct_identifier"} for name in ATTRIBUTES}
        | {
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {
                    "type": "interval", "widths": [50, 100], "lower": 0, "upper": 100,
                    "outside": "clip", "other": "other",
                },
                "lowest_level": 1, "highest_level": 1,
            },
        },
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _key_of_pseudonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_KEY", "a key of tests that is long enough")


def people(records: int = 300) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "who": [f"person {number}" for number in draw.integers(0, records // 2, records)],
            "age": draw.integers(18, 90, records),
            HOSTILE: np.array(["a", "<b>", None])[draw.integers(0, 3, records)],
            "illness": draw.choice(["1", "2", "3", "10"], records),
            "note": np.array(["x", None])[draw.integers(0, 2, records)],
        }
    )


def released(target: Path | None = None, **policy: Any) -> AnonResult:
    request: dict[str, Any] = {"policy": POLICY | policy}
    if target is not None:
        csv = {"separator": ";", "decimal": ",", "missing": ["NA"]}
        request["target"] = {"path": str(target)} | ({"csv": csv} if "csv" in target.name else {})
        if not target.suffix:
            parts = {"format": "csv", "single_file": False, "rows_per_file": 100}
            request["target"] |= parts
    return anonymize(request, frame=people())


def made_of(result: AnonResult) -> dict[str, Any]:
    table = result.release.source if result.df is None else result.df
    document = evidence_of(result.decision.released, table, named("people"))
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_of_every_kind_of_release_holds_against_it(kind: str) -> None:
    result = released(**KINDS[kind])
    assert result.df is not None
    found = check_evidence(made_of(result), result.df)
    assert found.holds, str(found)


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "csv parts"])
def test_files_are_known_by_their_checksum(tmp_path: Path, name: str) -> None:
    result = released(tmp_path / name)
    document = made_of(result)
    found = {each.name: each.found for each in check_evidence(document, tmp_path / name).checks}
    assert found["checksum of the release"] == found["figures and facts"] == "holds"
    assert document["facts"]["identity"]["of_release"]["sha256"] == result.release.checksum


def test_another_release_is_found_by_its_checksum_and_its_figures(tmp_path: Path) -> None:
    document = made_of(released(tmp_path / "out.parquet"))
    table = pd.read_parquet(tmp_path / "out.parquet")
    sizes = table.groupby(["age", HOSTILE], dropna=False)["age"].transform("size")
    table.drop(sizes.idxmax()).to_parquet(tmp_path / "other.parquet", index=False)
    failing = {each.name for each in check_evidence(document, tmp_path / "other.parquet").failures}
    assert failing == {"checksum of the release", "figures and facts"}


def test_a_release_that_breaks_a_promise_is_found() -> None:
    result = released()
    assert result.df is not None
    table = result.df.copy()
    table.loc[0, "age"] = "nobody else"
    found = check_evidence(made_of(result), table)
    assert [each.name for each in found.failures] == ["promises"]
    assert "nobody else" not in str(found)


def test_another_table_is_found_by_its_columns() -> None:
    result = released()
    assert result.df is not None
    found = check_evidence(made_of(result), result.df.assign(more=1))
    assert [each.name for each in found.failures] == ["columns"]


# -- what was changed in the evidence ----------------------------------------------------------

GIVEN = ("dataset", "made", "job", "table", "versions", "commitment")
"""What a signature alone vouches for."""


def leaves(part: Any, *place: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(part, dict | list):
        each = part.items() if isinstance(part, dict) else enumerate(part)
        for key, below in each:
            yield from leaves(below, *place, key)
    if not isinstance(part, dict) or not part:
        yield place


def changed(document: dict[str, Any], place: tuple[Any, ...]) -> dict[str, Any]:
    """Return a document with another figure, word or list in one place."""
    other = deepcopy(document)
    part: Any = other
    for key in place[:-1]:
        part = part[key]
    value = part[place[-1]]
    if isinstance(value, bool) or value is None:
        part[place[-1]] = not value
    elif isinstance(value, int | float):
        part[place[-1]] = value + 1
    elif isinstance(value, str):
        part[place[-1]] = f"{value}x"
    else:
        part[place[-1]] = value[1:] if value else [0]
    return other


def is_found(document: dict[str, Any], table: pd.DataFrame, key: Path | None = None) -> bool:
    try:
        return not check_evidence(document, table, public_key=key).holds
    except (EvidenceError, SourceError):
        return True


def places_of(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [place for place in leaves(document) if not set(place) & {*GIVEN, "signature"}]


def test_every_figure_and_word_that_is_changed_is_found() -> None:
    """Without a signature, by the release alone; a sample of the places, all of them slowly."""
    result = released()
    document = made_of(result)
    assert result.df is not None
    for place in places_of(document)[::12]:
        assert is_found(changed(document, place), result.df), place


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["global", "pseudonyms", "population"])
def test_each_single_one_is(kind: str) -> None:
    result = released(**KINDS[kind])
    document = made_of(result)
    assert result.df is not None
    missed = [p for p in places_of(document) if not is_found(changed(document, p), result.df)]
    assert missed == []


def test_a_signature_vouches_for_the_rest(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    public = make_keys(key)
    result = released()
    document = signed(made_of(result), key)
    assert result.df is not None
    assert check_evidence(document, result.df, public_key=public).holds
    for place in (("commitment",), ("facts", "identity", "of_request", "dataset")):
        assert is_found(changed(document, place), result.df, public)
    unsigned = check_evidence(made_of(result), result.df, public_key=public)
    assert [each.name for each in unsigned.failures] == ["signature"]


def test_what_nobody_signed_is_said_to_be_unsigned(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    make_keys(key)
    result = released()
    document = made_of(result)
    assert result.df is not None
    for each, said in ((document, "nobody signed it"), (signed(document, key), "by whom")):
        found = check_evidence(each, result.df).untold[0]
        assert found.name == "signature"
        assert said in found.says


def test_what_cannot_be_told_is_named() -> None:
    result = released(**KINDS["persons"])
    assert result.df is not None
    found = {each.name: each.says for each in check_evidence(made_of(result), result.df).untold}
    assert "whose each record is" in found["4-anonymity of persons"]
    assert "the suppression limit" in found


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("{", "no JSON"),
        ("[]", "no evidence"),
        ("{}", "no evidence"),
        ('{"handover_version": 99}', "format version 1"),
        ("[" * 100_000, "no JSON"),
        ('{"handover_version": NaN}', "no JSON"),
        ('{"handover_version": 1, "facts": {"MARKER": 1, "MARKER": 2}}', "says something twice"),
        ('{"handover_version": 1}', "lacks asked, facts, answers, commitment"),
        ('{"handover_version": 1, "asked": {"MARKER":1}, "facts": 1, "answers":1,"commitment": ""}',
         "what was asked for is damaged"),
        ('{"handover_version": 1, "asked": null, "facts": {}, "answers": 1, "commitment": null}',
         "what was asked for is damaged"),
        ('{"handover_version": 1, "asked": 1, "facts": 1, "answers": 1, "commitment": ["MARKER"]}',
         "commits to is no text"),
    ],
)  # fmt: skip
def test_what_is_no_evidence_is_refused_and_not_quoted(
    tmp_path: Path, content: str, match: str
) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(content)
    with pytest.raises(EvidenceError, match=match) as error:
        check_evidence(path, pd.DataFrame({"a": [1]}))
    assert "MARKER" not in str(error.value)


def test_figures_are_those_that_pandas_counts() -> None:
    result = released()
    table = result.df
    assert table is not None
    facts = made_of(result)["facts"]
    sizes = table.groupby(["age", HOSTILE], dropna=False).size()
    figures = {each["name"]: each["value"] for each in facts["risk"]["of_release"]["figures"]}
    assert figures["records"] == len(table)
    assert figures["classes"] == len(sizes)
    assert figures["smallest_class"] == sizes.min()
    assert figures["prosecutor_average"] == pytest.approx((1 / sizes).mul(sizes).sum() / len(table))
    assert figures["prosecutor_above_threshold"] == sizes[1 / sizes > 0.1].sum()
    told = {each["size"]: each["classes"] for each in facts["risk"]["of_release"]["class_sizes"]}
    assert told == sizes.value_counts().to_dict()
    of_age = next(each for each in facts["attributes"] if each["name"] == "age")["of_release"]
    counts = {each["label"]: each["records"] for each in of_age["labels"]}
    assert counts == table["age"].value_counts().to_dict()
