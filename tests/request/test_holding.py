"""What a release that waits for an approval does not go with is refused, with a cure."""

from typing import Any

import pytest

from anon_dagster.errors import RequestError
from anon_dagster.request import parse_any_request, parse_request
from tests import linked

POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}
SOURCE = {"path": "people.csv"}
HELD = {"path": "out.csv", "hold": True}
COMING = {"source": {"path": "in/"}, "target": {"path": "out/{file}.csv"}}


def document(**more: Any) -> dict[str, Any]:
    return {"source": SOURCE, "policy": POLICY, **more}


@pytest.mark.parametrize("hold", [True, "two_people", False])
def test_a_target_says_who_has_to_approve(hold: object) -> None:
    request = parse_request(document(target={"path": "out.csv", "hold": hold}))
    assert request.target is not None
    assert request.target.hold == hold
    assert parse_request(request.model_dump(mode="json", by_alias=True)) == request


@pytest.mark.parametrize("hold", ["yes", "two people", 1, None, "true", ["two_people"]])
def test_nothing_else_is_understood(hold: object) -> None:
    with pytest.raises(RequestError, match=r"target\.hold"):
        parse_request(document(target={"path": "out.csv", "hold": hold}))


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"target": HELD, "arrivals": COMING}, r"^target\.hold: does not go with arrivals"),
        (
            {"arrivals": COMING | {"target": {"path": "out/{file}.csv", "hold": "two_people"}}},
            r"^arrivals\.target\.hold: does not go with arrivals",
        ),
        (
            {"target": {"path": "out.csv", "hold": "two_people"}, "schedule": "@daily"},
            r"^target\.hold: two_people does not go with schedule: .* say hold: true",
        ),
    ],
)
def test_what_it_does_not_go_with_is_told_with_a_cure(more: dict[str, Any], place: str) -> None:
    with pytest.raises(RequestError, match=place):
        parse_request(document(**more))


def test_deltas_do_not_wait() -> None:
    appending = {
        "source": {"path": "in/"},
        "target": {"path": "out/{delta}.csv", "hold": True},
        "mode": "append",
        "people_return": "never",
    }
    with pytest.raises(RequestError, match=r"arrivals\.target\.hold"):
        parse_request({"policy": POLICY, "arrivals": appending})


def test_linked_tables_wait_together() -> None:
    request = linked.request()
    for name, hold in (("patients", True), ("visits", "two_people")):
        place = {"path": f"{name}.csv", "hold": hold}
        request["tables"][name] |= {"source": {"path": f"{name}-in.csv"}, "target": place}
    with pytest.raises(RequestError, match="tables: hold is not the same in all targets"):
        parse_any_request(request)
    request["tables"]["visits"]["target"]["hold"] = True
    parse_any_request(request)
