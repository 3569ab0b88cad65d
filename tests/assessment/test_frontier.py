"""The picture of what was measured: what stands where, and nothing that is not a figure."""

from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anon_dagster.assessment.frontier import frontier_picture

SVG = "{http://www.w3.org/2000/svg}"
shares = st.floats(0.001, 1.0)


def measured(rows: list[tuple[float, float]], chosen: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "k": 5,
                "suppression_limit": 0.05,
                "recoding": "local" if place % 2 else "global",
                "reachable": True,
                "maxProbabilityIdentification": risk,
                "infoLoss": loss,
                "chosen": place == chosen,
            }
            for place, (risk, loss) in enumerate(rows)
        ]
    )


def marks(svg: str) -> list[ET.Element]:
    """Return the marks of the configurations, in their order."""
    circles = ET.fromstring(svg).iter(f"{SVG}circle")  # noqa: S314 (our own)
    return [circle for circle in circles if circle.find(f"{SVG}title") is not None]


@given(st.lists(st.tuples(shares, shares), min_size=2, max_size=20), shares)
def test_a_larger_risk_lies_to_the_right_and_a_larger_loss_above(
    rows: list[tuple[float, float]], risk: float
) -> None:
    found = marks(frontier_picture(measured(rows), acceptable_risk=risk))
    places = [(float(mark.attrib["cx"]), float(mark.attrib["cy"])) for mark in found]
    assert len(places) == len(rows)
    for (risk_a, loss_a), (x_a, y_a) in zip(rows, places, strict=True):
        assert 60 <= x_a <= 620
        assert 60 <= y_a <= 360
        for (risk_b, loss_b), (x_b, y_b) in zip(rows, places, strict=True):
            assert risk_a > risk_b or x_a <= x_b
            assert loss_a > loss_b or y_a >= y_b


@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=20))
def test_the_line_joins_those_that_none_beats(rows: list[tuple[float, float]]) -> None:
    svg = frontier_picture(measured(rows), acceptable_risk=0.1)
    lines = list(ET.fromstring(svg).iter(f"{SVG}polyline"))  # noqa: S314
    unbeaten = {
        (risk, loss)
        for risk, loss in rows
        if not any(r <= risk and b <= loss and (r, b) != (risk, loss) for r, b in rows)
    }
    assert len(lines[1].attrib["points"].split()) == len(unbeaten)


def test_the_chosen_one_has_a_ring_and_what_is_out_of_reach_no_place() -> None:
    table = measured([(0.1, 0.3), (0.05, 0.4), (0.02, 0.6)], chosen=1)
    table.loc[2, "reachable"] = False
    svg = frontier_picture(table, acceptable_risk=0.1)
    assert len(marks(svg)) == 2
    rings = [c for c in ET.fromstring(svg).iter(f"{SVG}circle") if c.get("fill") == "none"]  # noqa: S314
    assert [ring.get("cx") for ring in rings] == [marks(svg)[1].get("cx")]
    assert "k = 5, local, suppression up to 5%" in svg


@pytest.mark.parametrize("risk", [0.001, 0.07, 0.1, 0.5, 1.0])
def test_the_scale_has_a_few_round_numbers(risk: float) -> None:
    svg = frontier_picture(measured([(risk, 0.5)]), acceptable_risk=risk)
    texts = ET.fromstring(svg).iter(f"{SVG}text")  # noqa: S314
    scale = [float(text.text or "") for text in texts if text.get("y") == "368.0"]
    assert 3 <= len(scale) <= 7
    assert all(float(f"{number:.2g}") == number for number in scale)
