"""Pictures show the statistics that they were given, whatever the names and labels in them."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_dagster import plots
from anon_dagster.errors import RequestError
from anon_dagster.plots.texts import brief

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "</text><script>alert(1)</script>",
    '$x^{2$ & "a" \'',
    "日本 😀 مرحبا",
    "\x00\x1b[31m\ud800\ufffe",
    "\u202eright to left",
    "text-0-",
    'x" onload="alert(1)',
    "<!-- ]]> --",
    "w" * 10_000,
    "",
)
RISK = pd.DataFrame(
    {"source": [8, 1.0, 0.5, 6], "release": [6, 0.2, 0.125, 3], "note": ""},
    index=["records", "prosecutor_highest", "prosecutor_average", "prosecutor_above_threshold"],
    dtype=object,
)


def counts(*labels: object) -> pd.DataFrame:
    places = range(len(labels))
    return pd.DataFrame(
        {
            "label": pd.Series(labels, dtype=object),
            "source": [3 + place for place in places],
            "release": list(places),
        }
    )


def measured(*points: tuple[float, float], **more: Sequence[bool]) -> pd.DataFrame:
    table = pd.DataFrame(points, columns=["maxProbabilityIdentification", "infoLoss"], dtype=float)
    table[["reachable", "recoding", "k"]] = True, "local", 5
    return table.assign(**more)


def every() -> Iterator[plots.Picture]:
    square = pd.DataFrame(np.eye(3), index=list(HOSTILE[:3]), columns=list(HOSTILE[:3]))
    yield plots.risk(RISK, threshold=0.09)
    yield plots.utility(pd.DataFrame({"quality": [0.5, np.nan]}, index=["infoLoss", HOSTILE[0]]))
    yield plots.class_sizes([5, 5, 7], source=[1] * 9 + [2] * 4, k=5)
    yield plots.attribute(counts(*HOSTILE, None), name=HOSTILE[0])
    yield plots.attribute(counts(1.5, 2.5, np.nan, np.inf).astype({"label": float}), name="pay")
    yield plots.frontier(measured((0.2, 0.3), (0.5, 0.1)), acceptable=0.1)
    yield plots.associations(square, square * 0.5)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 (ours)


def test_every_picture_is_xml_with_a_role_a_title_and_a_description() -> None:
    for picture in every():
        root = ET.fromstring(picture.svg)  # noqa: S314 (ours)
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None
        assert title.text
        assert description is not None
        assert description.text
        assert len(picture.alt) > 20
        assert len(picture.svg) < 30_000


def test_hostile_labels_stay_texts() -> None:
    for picture in every():
        tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(picture.svg).iter()}  # noqa: S314
        assert tags <= {"svg", "title", "desc", "g", "path", "text", "use", "defs", "clipPath"} | {
            "rect", "pattern",
        }  # fmt: skip
        assert not re.search(r"<[^>]*\son\w+=", picture.svg)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\u202e\ufffe]", picture.svg)
    drawn = texts(plots.attribute(counts(*HOSTILE), name="x").svg)
    assert {'$x^{2$ & "a" \'', "日本 😀 مرحبا", "text-0-"} <= set(drawn)
    assert max(map(len, drawn)) < 70


def test_the_same_statistics_are_the_same_bytes_in_any_thread() -> None:
    first = [picture.svg for picture in every()]
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda _: [picture.svg for picture in every()], range(2)))
    assert all(each == first for each in again)


def test_pictures_in_one_page_share_no_id_but_of_the_same_thing() -> None:
    meanings: dict[str, str] = {}
    for picture in (*every(), plots.class_sizes([3, 4]), plots.class_sizes([30, 4, 900])):
        for element in ET.fromstring(picture.svg).iter():  # noqa: S314 (ours)
            if (own := element.get("id")) is not None:
                meaning = ET.tostring(element).decode().strip()
                assert meanings.setdefault(own, meaning) == meaning
    assert meanings


def test_what_a_user_set_of_matplotlib_stays_and_changes_no_picture() -> None:
    import matplotlib as mpl

    before = plots.risk(RISK).svg
    with mpl.rc_context({"axes.facecolor": "black", "svg.fonttype": "path", "font.size": 40}):
        assert plots.risk(RISK).svg == before
        assert mpl.rcParams["font.size"] == 40


@given(st.lists(st.integers(1, 3_000), max_size=40), st.integers(2, 60))
@settings(max_examples=10, deadline=None)
def test_bins_of_class_sizes_hold_every_class_and_none_both_sides_of_k(
    sizes: list[int], k: int
) -> None:
    data = plots.class_sizes(sizes, k=k).data
    assert data["release_classes"].sum() == len(sizes)
    assert data["release_records"].sum() == sum(sizes)
    small = data[data["largest"] < k]
    assert small["release_records"].sum() == sum(size for size in sizes if size < k)
    assert not ((data["smallest"] < k) & (data["largest"] >= k)).any()
    assert (data["smallest"].to_numpy()[1:] == data["largest"].to_numpy()[:-1] + 1).all()


@given(st.lists(st.floats(-1e9, 1e9) | st.sampled_from([np.nan, np.inf, -np.inf]), max_size=30))
@settings(max_examples=10, deadline=None)
def test_bins_of_numbers_are_equal_and_hold_every_number(numbers: list[float]) -> None:
    table = counts(*numbers).astype({"label": float})
    data = plots.attribute(table, name="pay").data
    finite = table[np.isfinite(table["label"])]
    assert data[["source", "release"]].sum().tolist() == [
        finite["source"].sum(),
        finite["release"].sum(),
    ]
    widths = data["upper"] - data["lower"]
    assert np.allclose(widths, widths[0])
    assert (data["lower"].to_numpy()[1:] == data["upper"].to_numpy()[:-1]).all()


@pytest.mark.parametrize(
    "numbers",
    [
        [-1e308, 1e308],
        [5e-324, 0.0],
        [4503599627370498.5],
        [1e300, np.nextafter(1e300, np.inf)],
        [0.1, np.nextafter(0.1, 1), 0.1],
        [-1.7976931348623157e308, 1.7976931348623157e308, 3],
    ],
)
def test_numbers_at_the_ends_of_what_floats_hold_have_bins(numbers: list[float]) -> None:
    data = plots.attribute(counts(*numbers).astype({"label": float}), name="pay").data
    assert data["source"].sum() == counts(*numbers)["source"].sum()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
@settings(max_examples=10, deadline=None)
def test_the_frontier_is_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    table = measured(*((risk / 10, loss / 10) for risk, loss in points))
    found = plots.frontier(table).data["on_frontier"].tolist()
    assert found == [
        not any((r <= risk and x <= loss) and (r, x) != (risk, loss) for r, x in points)
        for risk, loss in points
    ]


@pytest.mark.parametrize(
    "alone",
    [
        lambda: plots.risk(RISK[["release"]], threshold=0.09),
        lambda: plots.attribute(counts("a", "b")[["label", "release"]], name="x"),
        lambda: plots.attribute(pd.DataFrame({"label": [1.0, 2.0], "release": [3, 4]}), name="x"),
        lambda: plots.class_sizes([3, 4, 5], k=3),
    ],
)
def test_where_there_is_no_source_nothing_is_said_of_it(alone: Callable[[], plots.Picture]) -> None:
    picture = alone()
    assert "source" not in picture.svg
    assert "source" not in picture.alt
    assert not [name for name in picture.data.columns if "source" in str(name)]


@pytest.mark.parametrize(
    ("labels", "drawn"),
    [
        (["[20, 30)", None, "< 3", "[3, 20)", "*"], ["< 3", "[3, 20)", "[20, 30)", "*", None]),
        (["2024-05", "2023-Q1", "2024-02-29"], ["2023-Q1", "2024-02-29", "2024-05"]),
        (["b", "10", "9"], ["b", "10", "9"]),
    ],
)
def test_labels_of_numbers_and_dates_are_drawn_by_these(
    labels: list[str], drawn: list[str]
) -> None:
    shown = texts(plots.attribute(counts(*labels), name="age").svg)
    assert [text for text in shown if text in {*labels, "(missing)"}] == [
        label or "(missing)" for label in drawn
    ]


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([1345.33, 847268, 1.69e6], ["0.001345M", "0.8473M", "1.69M"]),
        ([1950, 1960.5], ["1950", "1960.5"]),
        ([2e12, 2e12 + 1], ["2e+12", "2e+12"]),
    ],
)
def test_numbers_beside_an_axis_are_short(numbers: list[float], shown: list[str]) -> None:
    assert brief(numbers) == shown


def test_bins_that_are_given_are_drawn_as_they_are() -> None:
    bins = pd.DataFrame(
        {"lower": [0, 7.5], "upper": [7.5, 15], "source": [3, 4], "release": [2, 0]}
    )
    picture = plots.attribute(bins, name="pay")
    assert picture.data.equals(bins)
    assert {"0", "7.5", "15"} <= set(texts(picture.svg))
    without = plots.attribute(bins.assign(source=np.nan), name="pay")
    assert len(without.svg) < len(picture.svg)


def test_what_cannot_be_reached_has_no_place() -> None:
    table = measured((np.nan, np.nan), (0.2, 0.3), reachable=[False, True])
    picture = plots.frontier(table)
    assert len(picture.data) == 1
    assert "1 more cannot be reached" in picture.alt


def test_the_chosen_configuration_is_said_in_words() -> None:
    table = measured((0.2, 0.3), (0.5, 0.1), chosen=[True, False])
    assert "Chosen: 20% and 30%" in plots.frontier(table, acceptable=0.25).alt


def test_how_many_are_above_the_threshold_is_drawn_as_a_share() -> None:
    data = plots.risk(RISK).data
    assert list(data.loc["prosecutor_above_threshold"]) == [0.75, 0.5]
    assert {"50%", "75%"} <= set(texts(plots.risk(RISK).svg))


def test_labels_beyond_the_most_frequent_are_counted_together() -> None:
    picture = plots.attribute(counts(*(f"label {n}" for n in range(50))), name="town")
    assert "30 other labels: 525 → 435 records" in texts(picture.svg)
    assert len(picture.data) == 50


@pytest.mark.parametrize(
    "picture",
    [
        lambda: plots.risk(RISK[:0]),
        lambda: plots.utility(pd.DataFrame({"quality": []})),
        lambda: plots.class_sizes([], k=5),
        lambda: plots.class_sizes([]),
        lambda: plots.attribute(counts(), name="x"),
        lambda: plots.attribute(counts().astype({"label": float}), name="x"),
        lambda: plots.frontier(measured()),
        lambda: plots.associations(pd.DataFrame(), pd.DataFrame()),
        lambda: plots.risk(RISK[:0].reindex(RISK.index)),
    ],
)
def test_nothing_is_a_picture_too(picture: Callable[[], plots.Picture]) -> None:
    assert "<svg" in picture().svg


def test_a_picture_shows_itself_with_its_figures_and_its_repr_shows_no_label() -> None:
    picture = plots.attribute(counts("<i>flu", "gout"), name="illness")
    assert repr(picture) == "Picture(name='attribute illness')"
    page = picture._repr_html_()
    assert picture.svg in page
    assert "&lt;i&gt;flu" in page.partition("<details>")[2]
    assert "<i>" not in page
    assert "flu" not in picture.alt


def test_a_picture_is_written_whole_as_svg(tmp_path: Path) -> None:
    picture = plots.risk(RISK)
    assert picture.save(tmp_path / "risk.svg").read_text(encoding="utf-8") == picture.svg
    with pytest.raises(RequestError, match=r"\.svg"):
        picture.save(tmp_path / "risk.png")
    with pytest.raises(RequestError, match="cannot be written"):
        picture.save(tmp_path / "none" / "risk.svg")
    assert [file.name for file in tmp_path.iterdir()] == ["risk.svg"]


@pytest.mark.slow
def test_matplotlib_is_imported_when_something_is_drawn(tmp_path: Path) -> None:
    script = (
        "import sys, logging, anon_dagster, anon_dagster.plots as plots\n"
        "import anon_dagster.operations.anonymize\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plots.class_sizes([5])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    nowhere = {"MPLCONFIGDIR": "/proc/none", "HOME": "/proc/none", "TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=True, capture_output=True, text=True, env=nowhere, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert ran.stderr == ran.stdout == ""
    assert list(tmp_path.iterdir()) == []
