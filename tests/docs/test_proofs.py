"""Every model and bound has its proof, each proof its tests, and each counterexample holds."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from fractions import Fraction
from math import log
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from anon_dagster.core import local, objectives, privacy, search
from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import summarize
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.objectives import Objective
from anon_dagster.core.objectives.aggregates import Aggregate
from anon_dagster.core.persons import Persons
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    AverageRisk,
    BetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    HierarchicalTCloseness,
    Monotone,
    OrderedTCloseness,
    PopulationUniqueness,
    PrivacyModel,
    RecursiveLDiversity,
    SampleUniqueness,
    of_persons,
)
from anon_dagster.core.problem import Problem
from anon_dagster.core.search.bounds import Bounds
from tests.core.privacy.examples import classes_of, crowds, verdicts
from vectors.exact.numbers import entropy_reaches


@pytest.fixture
def pages(project_folder: Path) -> dict[str, str]:
    folder = project_folder / "docs" / "proofs"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}


def modules_of(*packages: ModuleType) -> Iterator[ModuleType]:
    for package in packages:
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def subclasses(base: type) -> set[type]:
    direct: set[type] = set(base.__subclasses__())
    return direct.union(*map(subclasses, direct)) if direct else direct


def to_be_proven() -> list[type]:
    """Return every model, objective and kind of bounds; what is private is a part of another."""
    list(modules_of(privacy, objectives, search, local))
    bases: list[type] = [PrivacyModel, Objective, Aggregate, Bounds]
    found = set().union(*map(subclasses, bases))
    found |= {AverageRisk, SampleUniqueness, PopulationUniqueness}
    abstract = {"SizeModel", "SensitiveModel"}
    by_name = {each.__name__: each for each in found if each.__module__.startswith("anon_dagster.")}
    return [
        each for name, each in sorted(by_name.items()) if name[0] != "_" and name not in abstract
    ]


def proofs_named(text: str | None) -> list[str]:
    return re.findall(r"docs/proofs/([a-z-]+)\.md", text or "")


@pytest.mark.parametrize("thing", to_be_proven(), ids=lambda thing: thing.__name__)
def test_every_model_and_bound_names_a_page_that_knows_it(
    thing: type, pages: dict[str, str]
) -> None:
    named = proofs_named(importlib.import_module(thing.__module__).__doc__)
    assert named, f"{thing.__module__} names no proof"
    if not issubclass(thing, Aggregate):  # their page says what all of them do
        assert any(f"`{thing.__name__}`" in pages[name] + pages["README"] for name in named)


def test_there_are_models_and_bounds_to_prove() -> None:
    assert len(to_be_proven()) > 30


def test_every_page_that_code_names_exists_and_each_page_is_named(
    project_folder: Path, pages: dict[str, str]
) -> None:
    sources = (project_folder / "anon_dagster").rglob("*.py")
    named = {name for path in sources for name in proofs_named(path.read_text(encoding="utf-8"))}
    assert named - {"README"} == set(pages) - {"README"}


def test_every_page_is_in_the_index_and_has_claims_arguments_and_tests(
    pages: dict[str, str],
) -> None:
    for name, text in pages.items():
        if name == "README":
            continue
        assert f"]({name}.md)" in pages["README"], name
        assert "## Claim 1" in text, name
        assert "**Argument.**" in text, name
        assert "**Tests.**" in text, name


def test_links_code_and_tests_that_pages_name_exist(
    project_folder: Path, pages: dict[str, str]
) -> None:
    for name, text in pages.items():
        for target in re.findall(r"\]\(([^)#]+)", text):
            assert (project_folder / "docs" / "proofs" / target).is_file(), (name, target)
        for path in re.findall(r"`(anon_dagster/[\w/.]*)`", text):
            assert (project_folder / path).exists(), (name, path)
        for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
            source = (project_folder / path).read_text(encoding="utf-8")
            assert f"def {test}(" in source, (name, test)


# -- counterexamples -------------------------------------------------------------------------

A, B = 0, 1
ANN, BOB, CID, DAN = range(4)
TREE = Hierarchy.from_labels([["a", "b"], ["*", "*"]])


def of_persons_in_classes(
    model: PrivacyModel, *classes: list[tuple[int, int]]
) -> tuple[list[bool], bool]:
    """Say of each of some classes whether it keeps a model of persons, and of the first two joined.

    A class is a list of pairs of a person and her value.
    """
    cells = sorted({(c, value) for c, pairs in enumerate(classes) for _, value in pairs})
    records = [(cells.index((c, v)), who) for c, pairs in enumerate(classes) for who, v in pairs]
    rows, owners = (np.array(side) for side in zip(*records, strict=True))
    promise = of_persons(model)
    problem = Problem(
        codes=Codes.of(np.zeros((len(cells), 1), dtype=np.int32)),
        sensitive=Codes.of(np.array([[value] for _, value in cells], dtype=np.int32)),
        counts=np.bincount(rows),
        hierarchies=(Hierarchy.from_labels([["x"], ["*"]]),),
        sensitive_sizes=(2,),
        weights=(1.0,),
        lowest=(0,),
        highest=(1,),
        models=(promise,),
        persons=Persons.of(rows, owners, len(cells)),
    )
    ids = np.array([c for c, _ in cells])
    apart = promise.holds(summarize(problem, ids, len(classes))).tolist()
    joined = promise.holds(summarize(problem, np.maximum(ids - 1, 0), max(len(classes) - 1, 1)))
    return apart, bool(joined[0])


BROKEN_BY_SHARING = [
    AlphaDeassociation(0, Fraction(1, 2)),
    BetaLikeness(0, Fraction(3, 10)),
    EnhancedBetaLikeness(0, Fraction(3, 10)),
    DeltaDisclosure(0, Fraction(1, 2)),
    DeltaDisclosure(0, Fraction(1, 2), present_only=True),
    EqualTCloseness(0, Fraction(0)),
    OrderedTCloseness(0, Fraction(0), np.array([0, 1])),
    HierarchicalTCloseness(0, Fraction(0), TREE, np.array([0, 1], dtype=np.int32)),
    EntropyLDiversity(0, Fraction(2)),
    RecursiveLDiversity(0, Fraction(2), 2),
]


@pytest.mark.parametrize("model", BROKEN_BY_SHARING, ids=lambda model: type(model).__name__)
def test_what_persons_have_may_break_a_promise_where_classes_join(model: PrivacyModel) -> None:
    classes = [(ANN, A), (BOB, B)], [(ANN, A), (CID, B)], [(DAN, A)]
    apart, joined = of_persons_in_classes(model, *classes)
    assert apart[:2] == [True, True]
    assert not joined
    assert of_persons(model).monotone is Monotone.UNKNOWN


def test_everybody_may_have_a_value_where_classes_join() -> None:
    model = DistinctLDiversity(0, 2)
    apart, joined = of_persons_in_classes(model, [(ANN, A), (BOB, B)], [(ANN, B), (BOB, A)])
    assert apart == [True, True]
    assert not joined
    assert of_persons(model).monotone is Monotone.UNKNOWN


def test_present_values_may_break_delta_disclosure_where_classes_join() -> None:
    model = DeltaDisclosure(0, Fraction(3, 2), present_only=True)
    assert verdicts(model, [[9, 0], [0, 1], [1, 9]])[:2] == [True, True]
    assert not verdicts(model, [[9, 1], [1, 9]])[0]
    assert model.monotone is Monotone.UNKNOWN


def test_a_share_of_people_may_leave_its_bounds_where_classes_join() -> None:
    model = DeltaPresence(Fraction(1, 2), Fraction(1))
    assert model.holds(crowds([1], [2])).all()
    assert not model.holds(crowds([1], [5])).any()
    assert model.monotone is Monotone.UNKNOWN
    shared = DeltaPresence(Fraction(0), Fraction(1, 2), overlapping=True)
    assert shared.holds(crowds([1, 1], [2, 2])).all()
    assert not shared.holds(crowds([2], [2])).any()
    assert shared.monotone is Monotone.UNKNOWN


def test_average_risk_may_rise_where_classes_join() -> None:
    suppressed, joined = np.array([9]), np.array([9, 2])
    assert AverageRisk(Fraction(1, 9)).holds(suppressed)
    assert not AverageRisk(Fraction(1, 9)).holds(joined)
    shared, one = np.array([5, 5, 1, 1, 1, 1, 1]), np.array([5, 1, 1, 1, 1, 1])
    assert AverageRisk(Fraction(7, 15)).holds(shared)
    assert not AverageRisk(Fraction(7, 15)).holds(one)


def test_entropies_that_are_nearly_a_bound_are_told_apart() -> None:
    """The search takes 50 digits for all: no class is found that these do not tell."""
    dice = np.random.default_rng(0)
    for _ in range(400):
        counts = dice.integers(1, 60, dice.integers(2, 7)).tolist()
        n = sum(counts)
        reached = np.exp(-sum(c / n * log(c / n) for c in counts))
        for near in (np.nextafter(reached, 0), reached, np.nextafter(reached, 9), round(reached)):
            bound = max(Fraction(str(float(near))), Fraction(11, 10))
            model = EntropyLDiversity(0, bound)
            assert model.holds(classes_of([counts]))[0] == entropy_reaches(counts, bound)
