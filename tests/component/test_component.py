"""The component, as a project loads it."""

from pathlib import Path
from typing import Any

import click
import dagster as dg
import pytest
from dagster.components.testing import create_defs_folder_sandbox

from anon_dagster import component
from anon_dagster.component import Anonymize
from anon_dagster.component.scaffolder import ScaffoldingParams
from anon_dagster.errors import RequestError
from anon_dagster.request import load_request
from anon_dagster.request.documents import parse_yaml
from tests.pages import blocks

POLICY = {
    "attributes": {"age": {"role": "quasi_identifier"}, "ill": {"role": "sensitive"}},
    "privacy": {"k_anonymity": {"k": 3}},
}
REQUEST = {"source": {"path": "in.csv"}, "policy": POLICY}
NAME = "anon_dagster.component.Anonymize"
pytestmark = [  # of Dagster's own calls, where it reads files of components
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),
    pytest.mark.filterwarnings("ignore:.* is currently in (beta|preview)"),
]


def loaded(attributes: dict[str, Any], **files: str) -> dg.Definitions:
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(
            Anonymize, "patients", defs_yaml_contents={"type": NAME, "attributes": attributes}
        )
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        with sandbox.load_component_and_build_defs(folder) as (_, defined):
            dg.Definitions.validate_loadable(defined)
            return defined


def specs(defined: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defined.resolve_all_asset_specs()}


def scaffolded(folder: Path, kind: str = "yaml", **params: str) -> None:
    request = dg.ScaffoldRequest(
        type_name=NAME,
        target_path=folder,
        scaffold_format=kind,  # type: ignore[arg-type]
        project_root=None,
        params=ScaffoldingParams(**params),
    )
    component.Anonymize.__scaffolder_cls__().scaffold(request)  # type: ignore[attr-defined]


# -- what dg finds -------------------------------------------------------------------------------


def test_the_module_that_dg_looks_into_shows_the_component_alone(project_folder: Path) -> None:
    text = (project_folder / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dagster_dg_cli.registry_modules"]\nanon_dagster = "anon_dagster.component"' in text
    mark = "__dg_package_entry__"
    assert [name for name in dir(component) if hasattr(getattr(component, name), mark)] == [
        "Anonymize"
    ]


# -- what it defines -----------------------------------------------------------------------------


def test_a_request_may_stand_in_the_file_of_the_component() -> None:
    known = specs(loaded({"request": REQUEST}))
    assert {"patients/request", "patients/anonymized", "patients/report"} <= set(known)


def test_components_of_one_project_share_what_looks_after_jobs() -> None:
    with create_defs_folder_sandbox() as sandbox:
        for name in ("one", "two"):
            contents = {"type": NAME, "attributes": {"request": REQUEST}}
            sandbox.scaffold_component(Anonymize, name, defs_yaml_contents=contents)
        with sandbox.build_all_defs() as defined:
            dg.Definitions.validate_loadable(defined)
            repository = defined.get_repository_def()
    named = [sensor.name for sensor in repository.sensor_defs]
    assert named.count("anon_housekeeping") == 1


def test_what_the_page_shows_loads() -> None:
    (text,) = (b.text for b in blocks("docs/dagster.md") if f"type: {NAME}" in b.text)
    attributes = parse_yaml(text, name="the example")["attributes"]
    known = specs(loaded({**attributes, "request": REQUEST}))
    release = known["patients/anonymized"]
    assert release.automation_condition == dg.AutomationCondition.eager()
    assert list(release.owners) == ["team:data"]
    upstream = {dep.asset_key.to_user_string() for dep in known["patients/source"].deps}
    assert "raw/patients" in upstream


def test_partitions_and_an_age_are_given_as_templates() -> None:
    request = {
        "source": {"path": "{partition_key}.csv"},
        "target": {"path": "out/{partition_key}.csv"},
        "policy": POLICY,
    }
    days = "{{ dg.DailyPartitionsDefinition(start_date='2026-01-01') }}"
    age = "{{ dg.FreshnessPolicy.time_window(datetime.timedelta(days=1)) }}"
    defined = loaded({"request": request, "partitions_def": days, "freshness_policy": age})
    release = specs(defined)["patients/anonymized"]
    assert isinstance(release.partitions_def, dg.DailyPartitionsDefinition)
    assert release.freshness_policy is not None


OURS = f"""
import dagster as dg
from anon_dagster import Anonymize


class Ours(Anonymize):
    def get_asset_spec(self, spec):
        return spec.replace_attributes(code_version="7")


@dg.component_instance
def load(context):
    return Ours(request={REQUEST!r}, upkeep=context.path.parent.name == "one")
"""


def test_a_class_of_a_project_changes_what_is_told() -> None:
    with create_defs_folder_sandbox() as sandbox:
        for name in ("one", "two"):
            (sandbox.defs_folder_path / name).mkdir()
            (sandbox.defs_folder_path / name / "component.py").write_text(OURS, encoding="utf-8")
        with sandbox.build_all_defs() as defined:
            dg.Definitions.validate_loadable(defined)
            known = [s for s in defined.resolve_all_asset_specs() if s.key.path[0] != "adhoc"]
    assert {spec.key.path[0] for spec in known} == {"one", "two"}
    assert {spec.code_version for spec in known} == {"7"}


def test_what_is_wrong_with_a_request_is_told_with_its_place() -> None:
    wrong = {**REQUEST, "policy": {**POLICY, "privacy": {"k_anonymity": {"k": 1}}}}
    context = dg.ComponentTree.for_test().load_context
    with pytest.raises(RequestError, match=r"policy\.privacy\.k_anonymity\.k: "):
        Anonymize(request=wrong, name="patients").build_defs(context)


# -- what is scaffolded --------------------------------------------------------------------------


def test_what_is_scaffolded_without_a_table_loads(tmp_path: Path) -> None:
    scaffolded(tmp_path)
    document = parse_yaml((tmp_path / "defs.yaml").read_text(encoding="utf-8"), name="it")
    assert document == {"type": NAME, "attributes": {"request": "request.yaml"}}
    request = (tmp_path / "request.yaml").read_text(encoding="utf-8")
    assert "patients/anonymized" in specs(loaded(document["attributes"], request=request))


def test_every_attribute_of_the_component_is_explained_in_the_file(tmp_path: Path) -> None:
    scaffolded(tmp_path)
    text = (tmp_path / "defs.yaml").read_text(encoding="utf-8")
    assert [name for name in Anonymize.model_fields if f"{name}:" not in text] == []


def test_what_is_scaffolded_for_a_table_names_it_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{20 + n % 50},{'mf'[n % 2]}\n" for n in range(200))
    (tmp_path / "people.csv").write_text(f"age,sex\n{rows}", encoding="utf-8")
    folder = tmp_path / "defs" / "people"
    folder.mkdir(parents=True)
    scaffolded(folder, source="people.csv", target="out.csv")
    request = load_request(folder / "request.yaml")
    assert request.source is not None
    assert request.target is not None
    assert Path(str(request.source.path)).resolve() == tmp_path / "people.csv"
    assert Path(request.target.path).resolve() == tmp_path / "out.csv"
    assert set(request.policy.attributes) == {"age", "sex"}


def test_a_component_in_python_compiles(tmp_path: Path) -> None:
    scaffolded(tmp_path, "python")
    text = (tmp_path / "component.py").read_text(encoding="utf-8")
    compile(text, "component.py", "exec")
    assert "from anon_dagster.component import Anonymize" in text


def test_a_request_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "request.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(click.ClickException, match="exists: move it away"):
        scaffolded(tmp_path)
    assert (tmp_path / "request.yaml").read_text(encoding="utf-8") == "mine"


def test_a_table_that_is_not_there_leaves_nothing_in_the_way_of_the_next_try(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "patients"
    folder.mkdir()
    with pytest.raises(click.ClickException, match="does not exist") as told:
        scaffolded(folder, source=str(tmp_path / "nothing.csv"))
    assert told.value.__suppress_context__
    assert not folder.exists()
