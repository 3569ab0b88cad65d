"""A release beside former ones of the same people, before it is published."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import AnonResult, DisclosureError, anonymize, apply, audit_versions
from anon_dagster import examine_residual as examine
from anon_dagster.errors import StoreUnavailableError
from anon_dagster.operations.preparation import as_request, count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.decision import Decision
from anon_dagster.planning.plan import plan
from anon_dagster.reading.counting import count
from anon_dagster.releasing import repeated
from anon_dagster.releasing.publication import write_release
from anon_dagster.releasing.workspace import FormerRelease, Workspace
from anon_dagster.report.disclosure import explain_coverage, explain_finding, lines_of
from anon_dagster.request import Source
from anon_dagster.residual import Finding, ResidualDisclosure
from anon_dagster.storage.sources import open_frame
from tests.operations.test_audit import QI, people, request_of
from tests.parameters import slow_but

MORE = pd.concat([people(150, seed=0), people(60, seed=1)], ignore_index=True)


def released(
    frame: pd.DataFrame, target: Path, *, recoding: str = "local", **residual: Any
) -> AnonResult:
    request = request_of(recoding)
    request["policy"]["residual"] |= residual
    return anonymize(request | {"target": {"path": str(target)}}, frame=frame)


def few(result: AnonResult) -> Finding:
    """Return the finding of those with fewer than k candidates."""
    told = [f for f in result.residual.of("repeated") if f.relation == "fewer than k candidates"]
    return told[0]


@pytest.mark.parametrize("recoding", slow_but({"local"}, ["global", "local"]))
@pytest.mark.parametrize("name", slow_but({"out.csv"}, ["out.csv", "out.parquet", "folder"]))
def test_what_it_tells_with_the_former_one_is_what_an_audit_counts(
    name: str, recoding: str, tmp_path: Path
) -> None:
    target = tmp_path / name
    format_of: dict[str, Any] = {} if "." in name else {"format": "parquet"}
    request = request_of(recoding) | {"target": {"path": str(target), **format_of}}
    before = anonymize(request_of(recoding), frame=MORE[:150]).df
    anonymize(request, frame=MORE[:150])
    result = anonymize(request, frame=MORE)
    after = anonymize(request_of(recoding), frame=MORE).df
    assert before is not None
    assert after is not None
    audit = audit_versions([before, after], request=request, source=MORE).figures[0]
    assert result.residual.former == 1
    assert "repeated" in result.residual.examinations
    told = audit.fewer_than_k if audit.fewer_than_k >= 3 else None
    assert few(result).records == told


def test_the_first_release_has_nothing_to_be_held_against(tmp_path: Path) -> None:
    result = released(MORE, tmp_path / "out.csv")
    assert (result.residual.former, result.residual.of("repeated")) == (0, ())
    assert "repeated" not in result.residual.examinations


def test_the_same_records_again_tell_nothing_more(tmp_path: Path) -> None:
    released(MORE, tmp_path / "out.csv")
    again = released(MORE, tmp_path / "out.csv")
    assert (again.residual.former, again.residual.of("repeated")) == (1, ())
    assert "with 1 former release" in explain_coverage(again.residual)


def test_a_release_that_is_refused_leaves_the_former_one(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    released(MORE[:150], target)
    before = target.read_bytes()
    with pytest.raises(DisclosureError, match=r"age, town \(fewer than k candidates\)"):
        released(MORE, target, repeated="refuse")
    assert target.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.slow
def test_so_many_may_be_narrowed_as_the_policy_allows(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    released(MORE[:150], target)
    found = released(MORE, target, repeated="refuse", repeated_above=1.0)
    assert found.residual.of("repeated") == ()


def test_nothing_is_read_where_it_is_ignored(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("broken\n")
    result = released(MORE, target, repeated="ignore")
    assert (result.residual.former, result.residual.bounds) == (0, ())


@pytest.mark.parametrize(
    "content",
    slow_but({"open"}, ["empty", "other", "open"], ["", "other,columns\n1,2\n", '"age']),
)
def test_what_is_no_release_of_these_is_named_or_refused(content: str, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text(content)
    with pytest.raises(DisclosureError, match="1 former release cannot be read"):
        released(MORE, target, repeated="refuse")
    assert target.read_text() == content
    (told,) = released(MORE, target).residual.bounds
    assert told.startswith("not compared, the release at the target: ")


def test_a_store_that_does_not_answer_for_now_is_not_taken_for_no_former_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.csv"
    released(MORE[:150], target)
    before = target.read_bytes()

    def unanswered(_: Source) -> None:
        raise StoreUnavailableError("the store did not answer")

    monkeypatch.setattr(repeated, "open_source", unanswered)
    with pytest.raises(StoreUnavailableError):
        released(MORE, target)
    assert target.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


def released_beside(former: Sequence[FormerRelease], folder: Path) -> ResidualDisclosure:
    """Return what a release tells beside former ones."""
    request = as_request(request_of())
    source = open_table(request, frame=MORE)
    counted = count_records(request, source)
    made = plan(request, counted)
    workspace = Workspace("job", folder, former=lambda: list(former))
    decided = Decision(request, counted, made, decide(made))
    return write_release(decided, source, workspace).residual


def former_in(folder: Path, number: int) -> list[FormerRelease]:
    """Make former releases, the newest one first."""
    paths = [folder / f"{each}.csv" for each in range(number)]
    for path in paths:
        released(MORE[:150], path, recoding="global")
    return [FormerRelease(path.stem, Source(path=str(path))) for path in reversed(paths)]


def test_of_many_former_releases_the_newest_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeated, "MOST_RELEASES", 2)
    former = former_in(tmp_path, 3)
    (tmp_path / "0.csv").write_text("the oldest, which nobody looks at\n")
    residual = released_beside(former, tmp_path)
    assert residual.former == 2
    assert residual.bounds[-1:] == ("former releases: the newest 2 alone",)
    as_many = released_beside(former[:2], tmp_path)
    assert as_many.former == 2
    assert as_many.bounds == ()


def test_those_after_one_that_cannot_be_read_are_looked_at(tmp_path: Path) -> None:
    former = former_in(tmp_path, 2)
    (tmp_path / "1.csv").write_text('"age')
    residual = released_beside(former, tmp_path)
    assert residual.former == 1
    assert [told.partition(":")[0] for told in residual.bounds] == ["not compared, 1"]


def test_a_former_release_is_read_by_the_trees_of_its_own_policy(tmp_path: Path) -> None:
    target = tmp_path / "0.csv"
    tree = {"north": ["t0", "t1", "t2"], "south": ["t3", "t4", "t5"]}
    request = request_of("global")
    attributes = request["policy"]["attributes"]
    attributes["town"] = QI | {
        "hierarchy": {"type": "tree", "nodes": tree},
        "lowest_level": 1,
        "highest_level": 1,
    }
    anonymize(request | {"target": {"path": str(target)}}, frame=MORE[:150])
    policy = as_request(request).policy
    read = released_beside([FormerRelease("0", Source(path=str(target)), policy)], tmp_path)
    unread = released_beside([FormerRelease("0", Source(path=str(target)))], tmp_path)
    assert read.of("repeated") != unread.of("repeated")


def test_only_of_more_people_than_are_looked_for_some_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = open_frame(pd.DataFrame({"age": [str(age) for age in range(40)]}))
    counted = count(source, ["age"])
    monkeypatch.setattr(repeated, "MOST_TUPLES", 40)
    assert repeated._drawn(counted, 0) is None  # noqa: SLF001 (a chance otherwise)
    monkeypatch.setattr(repeated, "MOST_TUPLES", 39)
    drawn = repeated._drawn(counted, 0)  # noqa: SLF001 (as above)
    assert drawn is not None
    assert len(set(drawn.tolist())) == 39, "nobody twice"


@pytest.mark.slow
def test_a_former_release_may_lack_a_column(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    request = request_of()
    del request["policy"]["attributes"]["town"]
    first = MORE[:150].drop(columns="town")
    anonymize(request | {"target": {"path": str(target)}}, frame=first)
    result = released(MORE, target)
    assert result.residual.former == 1
    assert result.residual.bounds == ()


@pytest.mark.slow
def test_counts_below_k_are_not_told(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    for seed in range(30):
        target.unlink(missing_ok=True)
        frame = pd.concat([people(150, seed), people(10, seed + 100)], ignore_index=True)
        released(frame[:150], target)
        result = released(frame, target)
        hidden = [f for f in result.residual.of("repeated") if f.records is None]
        if hidden:
            assert all(finding.share is None for finding in hidden)
            assert "fewer than 3 records" in explain_finding(result.residual, hidden[0])
            return
    pytest.fail("there were always many")


def test_of_many_people_some_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.csv"
    released(MORE[:150], target)
    whole = few(released(MORE, target))
    released(MORE[:150], target)
    monkeypatch.setattr(repeated, "MOST_TUPLES", 100)
    drawn = released(MORE, target)
    assert drawn.residual.drawn
    assert whole.records is not None
    assert few(drawn).records == pytest.approx(whole.records, rel=0.5)
    assert not drawn.residual.bounds, "one former release is not too many"
    assert "about" in explain_finding(drawn.residual, few(drawn))


def test_it_is_kept_when_a_release_is_examined_again(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    released(MORE[:150], target)
    result = released(MORE, target)
    again = examine(result, frame=MORE)
    assert again.of("repeated") == result.residual.of("repeated") != ()
    assert again.former == 1


def test_later_records_are_held_against_what_lies_at_their_target(tmp_path: Path) -> None:
    target = str(tmp_path / "later.csv")
    first = released(MORE, tmp_path / "out.csv")
    apply(first, frame=MORE[:150], target=target)
    assert apply(first, frame=MORE[:150], target=target).residual.former == 1


def test_no_cell_is_in_what_is_told(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    released(MORE[:150], target)
    result = released(MORE, target)
    told = "\n".join([*lines_of(result.residual), repr(result), result.residual.table.to_string()])
    assert not [cell for cell in ("cook", "nurse", "gout", "plague", "t1,") if cell in told]


@pytest.mark.slow
def test_a_tree_of_its_own_is_read_in_the_former_release(tmp_path: Path) -> None:
    tree = {"north": ["t0", "t1", "t2"], "south": ["t3", "t4", "t5"]}
    request = request_of("local")
    request["policy"]["attributes"]["town"] = QI | {"hierarchy": {"type": "tree", "nodes": tree}}
    request |= {"target": {"path": str(tmp_path / "out.csv")}}
    anonymize(request, frame=MORE[:150])
    result = anonymize(request, frame=MORE)
    assert few(result).records
