"""A request is refused with all of its problems, each at its place, each once."""

from pathlib import Path
from typing import Any

import pytest

from anon_dagster import RequestError
from anon_dagster.request import Policy, parse_request

QI = "quasi_identifier"
REQUEST: dict[str, Any] = {
    "source": {"path": "in.csv"},
    "policy": {
        "attributes": {"age": {"role": QI}, "illness": {"role": "sensitive"}},
        "privacy": {"k_anonymity": {"k": 2}},
    },
}


def paths(**policy: Any) -> list[str]:
    """Return where the problems are of a request whose policy is changed."""
    with pytest.raises(RequestError) as caught:
        parse_request({**REQUEST, "policy": {**REQUEST["policy"], **policy}})
    return [problem.path for problem in caught.value.problems]


def test_every_problem_is_told_at_its_place() -> None:
    tree = {"type": "tree", "nodes": {"*": ["a"]}, "extra": 1}
    attributes = {
        "age": {"role": QI, "importance": -1, "hierarchy": {"type": "interval", "widths": [5, 7]}},
        "sex": {"role": QI, "hierarchy": tree},
        "name": {"role": "direct"},
        "illness": {"role": "sensitive"},
    }
    privacy = {
        "k_anonymity": {"k": 1},
        "l_diversity": [{"attribute": "age", "l": 1}, {"attribute": "nobody", "l": 2.5}],
        "t_closeness": {"attribute": "illness", "t": 2, "distance": "hierarchical"},
    }
    found = paths(attributes=attributes, privacy=privacy, suppression_limit=1.5, unknown=1)
    assert sorted(found) == [
        "policy.attributes.age.hierarchy",
        "policy.attributes.age.importance",
        "policy.attributes.name",
        "policy.attributes.sex.hierarchy.extra",
        "policy.privacy.k_anonymity.k",
        "policy.privacy.l_diversity.0.attribute",
        "policy.privacy.l_diversity.0.l",
        "policy.privacy.l_diversity.1",
        "policy.privacy.l_diversity.1.attribute",
        "policy.privacy.t_closeness.0.distance",
        "policy.privacy.t_closeness.0.t",
        "policy.suppression_limit",
        "policy.unknown",
    ]


def messages(request: Any) -> str:
    with pytest.raises(RequestError) as caught:
        parse_request(request)
    return str(caught.value)


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ({"role": "nonsense"}, "policy.attributes.age: role must be one of direct_identifier, qua"),
        ({"role": QI, "hierarchy": {"type": "interval", "widths": []}}, "must have at least 1 en"),
        ({}, "policy.attributes.age: role is missing"),
        (3, "policy.attributes.age: must be a mapping: keys with a value each"),
        ({"role": QI, "importance": "x"}, "importance: must be a number"),
        ({"role": QI, "lowest_level": 1.5}, "lowest_level: must be a whole number"),
        ({"role": QI, "lowest_level": -1}, "lowest_level: must be at least 0"),
        ({"role": QI, "local_labels": "x"}, "must be 'nodes', 'ranges' or 'sets'"),
        ({"role": QI, "hierarchy": {"type": "x"}}, "hierarchy: type must be one of tree, interval"),
        ({"role": "direct_identifier", "key_variable": "KEY"}, "key_variable: must be ANON_KEY"),
    ],
)
def test_what_is_wrong_with_an_attribute_is_said_in_plain_words(
    attribute: Any, message: str
) -> None:
    asked = {**REQUEST["policy"], "attributes": {"age": attribute, "sex": {"role": QI}}}
    assert message in messages({**REQUEST, "policy": asked})


def test_what_a_schedule_looks_like_is_said_in_plain_words() -> None:
    found = messages({**REQUEST, "schedule": "every day"})
    assert 'schedule: must be five fields as cron has them, such as "0 3 * * *"' in found
    assert "every day at" in found
    assert messages({**REQUEST, "schedule": 3}) == "schedule: must be text: put it in quotes"
    elsewhere = {"cron": "@midnight", "timezone": "Atlantis/Poseidonis"}
    found = messages({**REQUEST, "schedule": elsewhere})
    assert found.startswith("schedule.timezone: must be a time zone as the IANA database has it")


@pytest.mark.parametrize(
    "schedule", ["@midnight", {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin"}]
)
def test_a_schedule_is_the_same_once_it_was_written_and_read(schedule: Any) -> None:
    source = {"source": {"path": "a.csv"}, "target": {"path": "b.csv"}}
    request = parse_request({**REQUEST, **source, "schedule": schedule})
    assert parse_request(request.model_dump(mode="json", by_alias=True)) == request


@pytest.mark.parametrize(
    ("population", "place"),
    [
        ("x", "policy.population"),
        (0, "policy.population"),
        ({"path": 3}, "policy.population.path"),
        ({"path": [3, "a.csv"]}, "policy.population.path.0"),
        ({"path": []}, "policy.population.path"),
        ({"path": "a.csv", "csv": {"header": False}}, "policy.population.csv"),
    ],
)
def test_what_may_be_of_several_types_is_one_problem(population: Any, place: str) -> None:
    assert paths(population=population) == [place]


def test_a_name_that_is_no_text_is_told_how_to_become_one() -> None:
    attributes = {**REQUEST["policy"]["attributes"], 2024: {"role": QI}}
    assert paths(attributes=attributes) == ["policy.attributes.2024"]


def test_parts_that_were_validated_already_are_taken_as_they_are() -> None:
    request = parse_request(REQUEST)
    assert parse_request({**REQUEST, "policy": request.policy}) == request
    guarded = {"k_anonymity": {"k": 2}, "l_diversity": {"attribute": "age", "l": 2}}
    policy = Policy.model_validate({**REQUEST["policy"], "privacy": guarded})
    with pytest.raises(RequestError, match=r"l_diversity\.0\.attribute: its role must be"):
        parse_request({**REQUEST, "policy": policy})


ARRIVALS = {"source": {"path": "inbox/"}, "target": {"path": "out/{file}.csv"}}


@pytest.mark.parametrize(
    ("arrivals", "path"),
    [
        ({**ARRIVALS, "target": {"path": "out/all.csv"}}, "arrivals"),
        ({**ARRIVALS, "target": {"path": "out/{file}/{file}.csv"}}, "arrivals"),
        ({**ARRIVALS, "target": {"path": "out/{name}/{file}.csv"}}, "arrivals"),
        ({**ARRIVALS, "target": {"path": "out/{file}"}}, "arrivals.target.format"),
        ({**ARRIVALS, "solution": {"path": "solution.json"}}, "arrivals"),
        ({**ARRIVALS, "source": {"path": ["a.csv", "b.csv"]}}, "arrivals"),
        ({**ARRIVALS, "every_seconds": 0}, "arrivals.every_seconds"),
        ({**ARRIVALS, "mode": "copy"}, "arrivals.mode"),
        (
            {**ARRIVALS, "target": {"path": "s3://user:secret@out/{file}.csv"}},
            "arrivals.target.path",
        ),
    ],
)
def test_what_is_asked_of_files_that_arrive_is_checked(arrivals: Any, path: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_request({**REQUEST, "arrivals": arrivals})
    assert path in {problem.path for problem in caught.value.problems}
    assert "secret" not in str(caught.value)


def test_files_arrive_at_one_place() -> None:
    several = {"path": ["a.csv", "b.csv"]}
    with pytest.raises(RequestError, match="one folder, prefix or glob"):
        parse_request({**REQUEST, "source": several, "arrivals": {"target": ARRIVALS["target"]}})


def test_the_paths_of_files_that_arrive_start_at_the_folder_of_the_request(tmp_path: Path) -> None:
    request = parse_request({**REQUEST, "arrivals": ARRIVALS}, folder=tmp_path)
    assert request.arrivals is not None
    assert request.arrivals.source is not None
    assert request.arrivals.source.path == str(tmp_path / "inbox")
    assert request.arrivals.target.path == str(tmp_path / "out/{file}.csv")


def test_an_examination_of_too_many_combinations_is_refused_before_it_starts() -> None:
    attributes = {f"q{i}": {"role": QI} for i in range(50)}
    wide = {"suda": {"largest": 4}, "combinations": {"largest": 2}, "attacks": True}
    assert paths(attributes=attributes, risk_analysis=wide) == ["policy.risk_analysis.suda.largest"]
    wrong = {"suda": {"largest": 0}, "shuffle": True, "combinations": {"sampling_fraction": 1}}
    assert sorted(paths(risk_analysis=wrong)) == [
        "policy.risk_analysis.combinations.sampling_fraction",
        "policy.risk_analysis.shuffle",
        "policy.risk_analysis.suda.largest",
    ]


def test_what_goes_with_another_mode_is_refused_where_it_is_said_and_nowhere_else() -> None:
    arrivals = {"target": {"path": "out/{file}.csv"}}
    document = {
        "source": {"path": "in/*.csv"},
        "arrivals": arrivals,
        "policy": {
            "attributes": {"age": {"role": "quasi_identifier"}},
            "privacy": {"k_anonymity": {"k": 2}},
        },
    }
    read = parse_request(document)
    assert parse_request(read.model_dump(by_alias=True)) == read
    for said in ({"audit": None}, {"judge_at": 9}, {"observer": "union"}):
        with pytest.raises(RequestError, match=f"{next(iter(said))}: goes with mode: append"):
            parse_request({**document, "arrivals": {**arrivals, **said}})
