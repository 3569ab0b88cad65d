"""No cell of the data in Dagster's storage, its logs or what a run prints, however it ends."""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from anon_dagster.defs.failures import failures_in_words
from anon_dagster.request.yaml_writing import document as written
from tests.deployment import Deployment, deployed, failure
from tests.parameters import slow_but

CANARY = "Zeisig"
NUMBER = "48151623.42"  # a canary that is a number
DATE = "1907-03-29"  # … and one that is a date
CANARIES = (CANARY, NUMBER, NUMBER.replace(".42", ""), DATE)

COLUMNS = ("name", "born", "wage", "town", "illness", "visits")
ROWS = [
    (f"{CANARY}-name-{i}", DATE, NUMBER, f"{CANARY}-town-{i % 3}", f"{CANARY}-ill-{i % 4}", "7")
    for i in range(40)
]
TOWNS = {"north": [f"{CANARY}-town-{i}" for i in range(3)]}


def csv(rows: Sequence[tuple[str, ...]], header: tuple[str, ...] = COLUMNS) -> bytes:
    return "\n".join(",".join(row) for row in [header, *rows]).encode()


def with_cell(column: str, cell: str) -> bytes:
    """Spoil one cell of one record."""
    place = COLUMNS.index(column)
    return csv([*ROWS[1:], (*ROWS[0][:place], cell, *ROWS[0][place + 1 :])])


def request(source: Path, **changes: Any) -> dict[str, Any]:
    policy: dict[str, Any] = {
        "attributes": {
            "name": {"role": "direct_identifier"},
            "born": {"role": "quasi_identifier", "hierarchy": {"type": "date"}},
            "wage": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [10, 100], "lower": 0, "upper": 1e9},
            },
            "town": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
            "illness": {"role": "sensitive"},
            "visits": {"role": "non_sensitive"},
        },
        "privacy": {
            "k_anonymity": {"k": 3},
            "l_diversity": [{"attribute": "illness", "l": 2}],
            "t_closeness": [{"attribute": "illness", "t": 0.6}],
        },
        "population": 1000,
        "release": {"numbers": "bounds"},
        "target_use": {"attribute": "illness", "classifier": "naive_bayes", "folds": 2},
        "objective": {"metric": "classification", "of_best": 2},
        "risk_analysis": {
            "suda": {"largest": 3},
            "combinations": {"largest": 2},
            "contributions": True,
            "attacks": True,
            "records": True,
        },
    }
    policy["attributes"] |= changes.pop("attributes", {})
    policy |= changes
    return {"source": {"path": str(source)}, "policy": policy}


def added_up(folder: Path) -> dict[str, Any]:
    """Ask for files that add up to one release."""
    source = {"path": str(folder / "inbox" / "*.csv")}
    policy = request(folder)["policy"]
    return {
        "source": source,
        "arrivals": {
            "mode": "append",
            "target": {"path": str(folder / "out" / "{delta}.csv")},
            "settle_seconds": 0,
        },
        "policy": {
            "attributes": policy["attributes"],
            "person": "name",
            "privacy": {name: policy["privacy"][name] for name in ("k_anonymity", "l_diversity")},
        },
    }


def require_refused(result: dg.ExecuteInProcessResult) -> None:
    """A run failed, and for a reason that was foreseen."""
    reason = failure(result)
    assert reason
    assert "a defect of" not in reason


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    dataset = folder / "data" / "stream"
    dataset.mkdir(parents=True)
    (folder / "inbox").mkdir()
    (dataset / "request.yaml").write_text(written(added_up(folder)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with deployed(folder) as deployment:
            yield deployment


@pytest.fixture
def no_canary(
    deployment: Deployment, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    yield
    captured = capfd.readouterr()
    assert "CRITICAL" in captured.err or captured.err, "Dagster logs to stderr, so it was captured"
    seen = {"stdout": captured.out.encode(), "stderr": captured.err.encode()}
    seen["log"] = caplog.text.encode()
    for file in sorted((deployment.folder / ".dagster").rglob("*")):
        if file.is_file():
            seen[str(file)] = file.read_bytes()
    assert len(seen) > 5, "the instance keeps its history in the folder that is searched"
    found = {(place, canary) for place, content in seen.items() for canary in telltales(content)}
    assert not found


def telltales(content: bytes) -> Iterator[str]:
    """Find canaries in what is stored, also where it is packed."""
    for text in (content, *unpacked(content)):
        yield from (canary for canary in CANARIES if canary.encode() in text)


def unpacked(content: bytes) -> Iterator[bytes]:
    for match in re.finditer(rb"[A-Za-z0-9+/]{40,}={0,2}", content):
        try:
            yield base64.b64decode(match.group(), validate=True)
        except (binascii.Error, ValueError):
            continue
    for start in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x9c\xda]", content):
        try:
            yield zlib.decompressobj(wbits=47).decompress(content[start.start() :])
        except zlib.error:
            continue


def test_the_search_finds_what_is_packed() -> None:
    secret = f"some {CANARY} in a longer text, so that it is packed at all".encode()
    for packed in (secret, gzip.compress(secret), zlib.compress(secret), base64.b64encode(secret)):
        assert CANARY in set(telltales(b"\0before " + packed + b" after\0"))


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize("job", ["anonymize_job", "measure_job", "detect_job"])
def test_a_job_that_succeeds_leaves_no_cell_behind(
    deployment: Deployment, tmp_path: Path, job: str
) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(csv(ROWS))
    result = deployment.run_request(request(source), job)
    assert result.success, failure(result)


def linked(folder: Path, patients: Sequence[int], visits: Sequence[int]) -> dict[str, Any]:
    """Ask for patients and their visits, each with the numbers of the persons of its records."""
    towns = [f"{CANARY}-who-{n},{CANARY}-town-{n % 2}" for n in patients]
    (folder / "patients.csv").write_text("\n".join(["who,town", *towns]))
    ills = [f"{CANARY}-who-{n},{CANARY}-ill-{n % 3}" for n in visits]
    (folder / "visits.csv").write_text("\n".join(["who,ill", *ills]))
    who = {"role": "direct_identifier"}
    town = {"role": "quasi_identifier", "hierarchy": {"type": "mask"}}
    return {
        "tables": {
            "patients": {
                "source": {"path": str(folder / "patients.csv")},
                "policy": {"attributes": {"who": who, "town": town}},
            },
            "visits": {
                "source": {"path": str(folder / "visits.csv")},
                "policy": {"attributes": {"who": who, "ill": {"role": "sensitive"}}},
                "join": {"to": "patients", "on": "who"},
            },
        },
        "policy": {
            "person": "who",
            "privacy": {"k_anonymity": {"k": 3}, "l_diversity": {"attribute": "ill", "l": 2}},
        },
    }


@pytest.mark.usefixtures("no_canary")
def test_linked_tables_leave_no_cell_behind(deployment: Deployment, tmp_path: Path) -> None:
    result = deployment.run_request(linked(tmp_path, range(12), [*range(12)] * 2))
    assert result.success, failure(result)


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize(
    ("patients", "visits"),
    [([*range(12), 0], range(12)), (range(12), [*range(12), 77]), (range(2), range(2))],
    ids=["a person twice", "a stranger", "too few"],
)
def test_linked_tables_are_refused_without_a_cell(
    deployment: Deployment, tmp_path: Path, patients: Sequence[int], visits: Sequence[int]
) -> None:
    require_refused(deployment.run_request(linked(tmp_path, patients, visits)))


@pytest.mark.usefixtures("no_canary")
def test_the_key_of_pseudonyms_is_kept_nowhere(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"{CANARY}, the key of the pseudonyms"
    monkeypatch.setenv("ANON_KEY", key)
    source = tmp_path / "people.csv"
    source.write_bytes(csv(ROWS))
    pseudonym = {"role": "direct_identifier", "redaction": "pseudonym"}
    result = deployment.run_request(request(source, attributes={"name": pseudonym}))
    assert result.success, failure(result)
    kept = [path for path in deployment.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if key.encode() in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize("alone", [NUMBER, f"-{NUMBER}", CANARY])
def test_the_weight_of_somebody_who_is_alone_is_told_nowhere(
    deployment: Deployment, tmp_path: Path, alone: str
) -> None:
    others = [(*row[:2], "90000000.5", *row[3:]) for row in ROWS[1:]]
    somebody = (f"{CANARY}-name-0", "1911-01-01", alone, f"{CANARY}-town-9", *ROWS[0][4:])
    source = tmp_path / "people.csv"
    source.write_bytes(csv([somebody, *others]))
    asked = request(source, attributes={"wage": {"role": "weight"}}, suppression_limit=0.1)
    result = deployment.run_request(asked)
    if alone == NUMBER:
        assert result.success, failure(result)
    else:
        require_refused(result)


SHIFTED: dict[str, Any] = {
    "person": "name",
    "derive": {"visits_old": {"from": "born", "at": "seen", "unit": "years"}},
}
SHIFTED_ROLES = {
    "born": {"role": "direct_identifier"},
    "seen": {
        "role": "quasi_identifier",
        "hierarchy": {"type": "date", "levels": ["year", "decade"]},
        "shift": {"weeks": 2},
    },
    "visits_old": {
        "role": "quasi_identifier",
        "hierarchy": {"type": "interval", "widths": [10, 50]},
    },
}
SEEN = [(*row, f"1907-0{i % 9 + 1}-28") for i, row in enumerate(ROWS)]


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize("cell", [pytest.param(DATE, marks=pytest.mark.slow), f"{CANARY}-day"])
def test_neither_dates_nor_the_key_that_shifts_them_are_left_behind(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    key = f"{CANARY}, the key of the shift"
    monkeypatch.setenv("ANON_KEY", key)
    source = tmp_path / "people.csv"
    source.write_bytes(csv([*SEEN[1:], (*SEEN[0][:-1], cell)], header=(*COLUMNS, "seen")))
    result = deployment.run_request(request(source, attributes=SHIFTED_ROLES, **SHIFTED))
    if cell == DATE:
        assert result.success, failure(result)
        shown = result.asset_materializations_for_node("adhoc__frequency_table")[0].metadata
        dropped, left = shown["dropped_by_shift"].value, shown["dagster/row_count"].value
        assert isinstance(dropped, int)
        assert isinstance(left, int)
        assert dropped + left == len(SEEN)
    else:
        require_refused(result)
        assert "1 value of seen is no date" in failure(result)
    kept = [path for path in deployment.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if key.encode() in path.read_bytes()]


GIVEN_BACK = [(*row, row[COLUMNS.index("name")]) for row in ROWS]
"""With a column that gives a protected one back."""


def giving_back(folder: Path, **policy: Any) -> dict[str, Any]:
    """Write that table, and return a request for it."""
    source = folder / "people.csv"
    source.write_bytes(csv(GIVEN_BACK, header=(*COLUMNS, "name_again")))
    return request(source, attributes={"name_again": {"role": "non_sensitive"}}, **policy)


@pytest.mark.usefixtures("no_canary")
def test_what_a_release_gives_back_is_told_without_a_cell(
    deployment: Deployment, tmp_path: Path
) -> None:
    result = deployment.run_request(giving_back(tmp_path))
    assert result.success, failure(result)
    job = deployment.job(result)
    assert "name_again" in {
        name for found in job.load_residual().findings for name in found.columns
    }
    assert not set(telltales((job.path / "residual_disclosure.json").read_bytes()))
    (check,) = (
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "nothing_is_given_back"
    )
    assert not check.passed
    attacked = deployment.run_step("residual_job", "examined", job=result.run_id, attacks=True)
    assert attacked.success, failure(attacked)
    assert not set(
        telltales((deployment.job(attacked).path / "residual_disclosure.json").read_bytes())
    )


@pytest.mark.usefixtures("no_canary")
def test_a_release_that_gives_back_what_it_must_not_is_refused_without_a_cell(
    deployment: Deployment, tmp_path: Path
) -> None:
    handling = {"given_back": "refuse"}
    refused = deployment.run_request(giving_back(tmp_path, residual=handling))
    require_refused(refused)
    assert "name_again" in failure(refused)


@pytest.mark.usefixtures("no_canary")
def test_files_that_add_up_leave_no_cell_behind_nor_do_those_who_are_erased(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [(f"{CANARY}-other-{i}", *row[1:]) for i, row in enumerate(ROWS)]
    files = {
        "good": csv(ROWS),
        "narrow": csv([row[:-1] for row in others], header=COLUMNS[:-1]),
        "spoiled": csv([(*others[0][:2], CANARY, *others[0][3:]), *others[1:]]),
    }
    for name, content in files.items():
        (deployment.folder / "inbox" / f"{name}.csv").write_bytes(content)
    (ended,) = deployment.run_all(deployment.tick("stream_files_sensor"))
    assert "were set aside" in failure(ended)
    waits = deployment.tick("stream_files_sensor").skip_message
    assert "wait" in str(waits)
    keys = tmp_path / "whom.csv"
    for whom, erased in (("name", True), (f"{CANARY}-name-0", False)):
        keys.write_text(f"{whom}\n{CANARY}-name-7\n")
        config = {"ops": {"stream__erase": {"config": {"keys": str(keys)}}}}
        result = deployment.run("stream_erase_job", config)
        assert result.success == erased
    monkeypatch.setenv("SECRET", CANARY)
    named = {"ops": {"stream__erase": {"config": {"keys": {"env": "SECRET"}}}}}
    assert "keys in the configuration of the run must be a text" in failure(
        deployment.run("stream_erase_job", named)
    )
    assert deployment.run("stream_reopen_job").success
    assert deployment.run("stream_audit_job").success


SPOILED = {
    "a record with a cell too many": csv([*ROWS, (*ROWS[0], f"{CANARY}-more")]),
    "a record with a cell too few": csv([*ROWS, ROWS[0][:-2]]),
    "a quote that never ends": with_cell("town", f'"{CANARY}'),
    "bytes of another encoding": csv(ROWS) + f"\n{CANARY}-Müller,,,,,".encode("latin-1"),
    "no header": csv(ROWS[1:], header=ROWS[0]),
    "a column that nobody named": csv([(*r, CANARY) for r in ROWS], header=(*COLUMNS, "more")),
    "a column that is missing": csv([row[:-1] for row in ROWS], header=COLUMNS[:-1]),
    "a text among dates": with_cell("born", CANARY),
    "a day that does not exist": with_cell("born", f"{DATE[:-2]}99"),
    "a text among numbers": with_cell("wage", CANARY),
    "a number out of bounds": with_cell("wage", f"-{NUMBER}"),
}


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize(
    "content",
    slow_but({"a text among numbers", "no header"}, SPOILED, SPOILED.values()),
)
def test_a_file_that_cannot_be_used_is_refused_without_quoting_it(
    deployment: Deployment, tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(content)
    require_refused(deployment.run_request(request(source)))


ODD = {
    "a quote within a cell": with_cell("town", f'"{CANARY}"{CANARY}"'),
    "a zero byte": with_cell("town", f"{CANARY}\0{CANARY}"),
    "no record": csv([]),
    "nothing": b"",
}


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize("content", slow_but({"a zero byte"}, ODD, ODD.values()))
def test_an_odd_file_is_not_quoted_whether_it_is_read_or_refused(
    deployment: Deployment, tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(content)
    result = deployment.run_request(request(source))
    if not result.success:
        require_refused(result)


UNFIT = {
    "a tree that lacks a value": {
        "attributes": {
            "town": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "tree", "nodes": {"north": ["elsewhere"]}},
            }
        }
    },
    "a promise out of reach": {"privacy": {"k_anonymity": {"k": 41}}},
    "a level that there is not": {
        "attributes": {
            "town": {
                "role": "quasi_identifier",
                "lowest_level": 99,
                "hierarchy": {"type": "mask"},
            }
        }
    },
    "intervals of text": {
        "attributes": {
            "town": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [5]},
            }
        }
    },
    "dates of text": {
        "attributes": {"town": {"role": "quasi_identifier", "hierarchy": {"type": "date"}}}
    },
    "rounded text": {
        "attributes": {
            "town": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "rounding", "powers_of_ten": 1},
            }
        }
    },
}


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize(
    "changes", slow_but({"a tree that lacks a value", "intervals of text"}, UNFIT, UNFIT.values())
)
def test_a_request_that_the_data_cannot_meet_fails_without_quoting_them(
    deployment: Deployment, tmp_path: Path, changes: dict[str, Any]
) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(csv(ROWS))
    require_refused(deployment.run_request(request(source, **changes)))


DAMAGED = {
    "people.parquet": csv(ROWS),
    "people.csv.gz": gzip.compress(csv(ROWS))[:-20],
}


@pytest.mark.usefixtures("no_canary")
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_without_quoting_it(
    deployment: Deployment, tmp_path: Path, name: str
) -> None:
    source = tmp_path / name
    source.write_bytes(DAMAGED[name])
    require_refused(deployment.run_request(request(source)))


@pytest.mark.usefixtures("no_canary")
def test_a_parquet_column_of_lists_is_refused_without_quoting_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    source = tmp_path / "people.parquet"
    frame = pd.DataFrame(ROWS, columns=list(COLUMNS))
    frame.assign(town=pd.Series([[CANARY]] * len(ROWS), dtype=object)).to_parquet(source)
    require_refused(deployment.run_request(request(source)))


@pytest.mark.usefixtures("no_canary")
def test_an_error_that_nobody_foresaw_is_stored_without_its_text(deployment: Deployment) -> None:
    @dg.asset
    def careless() -> None:
        with failures_in_words():
            try:
                int(CANARY)
            except ValueError as error:
                raise RuntimeError(f"about {CANARY}") from error

    result = dg.materialize([careless], instance=deployment.instance, raise_on_error=False)
    assert "RuntimeError" in failure(result)


@pytest.mark.usefixtures("no_canary")
def test_a_step_that_is_interrupted_while_an_error_is_looked_at_is_silent(
    deployment: Deployment,
) -> None:
    @dg.asset
    def interrupted() -> None:
        with failures_in_words():
            try:
                int(CANARY)
            except ValueError:
                raise dg.DagsterExecutionInterruptedError  # noqa: B904 (as a signal does)

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        dg.materialize([interrupted], instance=deployment.instance)


def test_nothing_of_a_deleted_job_is_left(deployment: Deployment, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(csv(ROWS))
    result = deployment.run_request(request(source))
    job = deployment.job(result)
    assert any(set(telltales(file.read_bytes())) for file in job.path.rglob("*"))
    for folder in (job.root / "jobs").iterdir():
        deployment_job = type(job)(job.root, folder.name)
        deployment_job.delete()
    assert not list((job.root / "jobs").iterdir())
