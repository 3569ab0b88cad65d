"""The files of deploy/ fit each other, the code and what is said of them.

No container engine is needed: what one would find out is looked up in the files.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import distribution, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from anon_dagster.demos.stack import CODE_COMMAND, filled_in, nginx
from anon_dagster.request.documents import load_yaml

NAMES = re.compile(r"\$\{([A-Z_]+)(?::-[^}]*)?\}")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
HASH = re.compile(r"--hash=(\S+)")


@pytest.fixture
def deploy(project_folder: Path) -> Path:
    return project_folder / "deploy"


@pytest.fixture
def compose(deploy: Path) -> Any:
    return merged(load_yaml(deploy / "compose.yaml"))


def merged(document: Any) -> Any:
    """Put what ``<<`` refers to in its place, if the reader did not."""
    if isinstance(document, Mapping):
        own = {name: merged(each) for name, each in document.items() if name != "<<"}
        return {**merged(document["<<"]), **own} if "<<" in document else own
    return [merged(each) for each in document] if isinstance(document, list) else document


def test_yaml_is_written_as_yamllint_has_it(deploy: Path) -> None:
    lint = [str(Path(sys.executable).with_name("yamllint")), "-s", "-c", str(deploy / ".yamllint")]
    found = subprocess.run([*lint, str(deploy)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_no_container_may_more_than_it_must(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["user"].split(":")[0]) > 0, name
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service), name


def test_only_the_proxy_is_reached_from_outside_and_only_from_this_machine(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert [name for name, each in services.items() if each.get("ports")] == ["proxy"]
    assert services["proxy"]["ports"] == ["${ANON_ADDRESS:-127.0.0.1}:8080:8080"]
    assert services["proxy"]["networks"] == ["front"]
    assert compose["networks"]["back"] == {"internal": True}
    of_front = {name for name, each in services.items() if "front" in each["networks"]}
    assert of_front == {"proxy", "webserver"}


def test_data_and_store_are_seen_by_who_works_on_them_alone(compose: dict[str, Any]) -> None:
    def mounts(folder: str) -> set[str]:
        services = compose["services"].items()
        return {
            name for name, each in services if f"/{folder}" in " ".join(each.get("volumes", []))
        }

    assert mounts("anon/store") == {"code"}
    assert mounts("anon/data") == {"code", "worker"}


def test_every_container_tells_whether_it_is_well_and_is_waited_for(
    compose: dict[str, Any], deploy: Path
) -> None:
    services = compose["services"]
    without = {name for name, each in services.items() if "healthcheck" not in each}
    assert without == {"code"}
    assert "HEALTHCHECK" in (deploy / "Dockerfile").read_text("utf-8")
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            assert how == {"condition": "service_healthy"}, name


def test_what_is_named_is_there(
    compose: dict[str, Any], deploy: Path, project_folder: Path
) -> None:
    used = {secret for each in compose["services"].values() for secret in each.get("secrets", [])}
    assert used == set(compose["secrets"])
    written = (deploy / "README.md").read_text("utf-8")
    assert all(f"secrets/{name}" in written for name in used)
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            where = volume.split(":")[0]
            assert (deploy / where).exists() if where[0] == "." else where in compose["volumes"]
        assert set(service["networks"]) <= set(compose["networks"])
    assert (deploy / compose["services"]["code"]["build"]["context"]).resolve() == project_folder


def test_secrets_are_read_from_files_and_none_is_written_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|ACCESS_KEY", variable):
                assert variable.endswith("_FILE") or variable == "ANON_PASSWORDS", name
                assert str(value).startswith("/run/secrets/"), name


def test_every_variable_is_documented(project_folder: Path, deploy: Path) -> None:
    pages = [project_folder / "docs" / name for name in ("operating.md", "deployment.md")]
    told = " ".join(page.read_text("utf-8") for page in pages)
    for name in ("compose.yaml", "dagster.yaml", "workspace.yaml", "nginx.conf.template"):
        text = (deploy / name).read_text("utf-8")
        named = set(NAMES.findall(text)) | set(re.findall(r"\b(?:ANON|OTEL)_[A-Z_]+", text))
        named = {each.removesuffix("_FILE") for each in named if not each.endswith("_")}
        assert {each for each in named if f"`{each}`" not in told} == set(), name


# -- the image -----------------------------------------------------------------------------------


def test_what_is_copied_into_the_image_is_there_and_let_into_the_build(
    deploy: Path, project_folder: Path
) -> None:
    text = (deploy / "Dockerfile").read_text("utf-8")
    ignored = (deploy / "Dockerfile.dockerignore").read_text("utf-8")
    let_in = re.findall(r"^!(\S+)$", ignored, re.MULTILINE)
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for source in [word for word in line.split() if not word.startswith("--")][:-1]
    ]
    assert copied
    for source in copied:
        assert (project_folder / source).exists()
        assert source in let_in
    assert text.count("USER ") == 1
    assert int(re.findall(r"^USER (\d+)$", text, re.MULTILINE)[0]) > 0
    assert "--require-hashes" in text


@pytest.mark.slow
def test_every_command_is_one_that_its_program_knows(compose: dict[str, Any], deploy: Path) -> None:
    told = json.loads(CODE_COMMAND.findall((deploy / "Dockerfile").read_text("utf-8"))[0])
    commands = [told, *(compose["services"][name]["command"] for name in ("webserver", "daemon"))]
    assert [each[0] for each in commands] == ["dagster", "dagster-webserver", "dagster-daemon"]
    for program, *arguments in commands:
        script = next(
            each
            for name in ("dagster", "dagster-webserver")
            for each in distribution(name).entry_points
            if each.name == program
        )
        known = import_module(script.module)
        group = getattr(known, "cli", None) or known.create_dagster_cli()
        command, words = group, [*arguments]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in each.opts}
        assert {word for word in words if re.match("--?[a-z]", word)} <= options


def test_the_image_has_the_versions_and_hashes_of_the_lock(
    deploy: Path, project_folder: Path
) -> None:
    lock = blocks((project_folder / "requirements.lock").read_text("utf-8"))
    image = blocks((deploy / "requirements.txt").read_text("utf-8"))
    assert {name for name, hashes in image.items() if not hashes & lock.get(name, set())} == set()


def test_the_image_has_all_that_its_extras_need(deploy: Path, project_folder: Path) -> None:
    extras = re.findall(r"IMAGE := (.*)", (project_folder / "Makefile").read_text("utf-8"))[0]
    there = {name for name, _ in blocks((deploy / "requirements.txt").read_text("utf-8"))}
    needed, open_ones = set(), [("anon-dagster", extra) for extra in ["", *extras.split()]]
    while open_ones:
        name, extra = open_ones.pop()
        for line in requires(name) or ():
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": extra}):
                other = asked.name.lower().replace("_", "-").replace(".", "-")
                for wanted in ["", *asked.extras]:
                    if (other, wanted) not in needed:
                        needed.add((other, wanted))
                        open_ones.append((other, wanted))
    assert {name for name, _ in needed} - there == set()


def blocks(text: str) -> dict[tuple[str, str], set[str]]:
    """Return the hashes of each pinned package."""
    found = [*PIN.finditer(text)]
    ends = [*(each.start() for each in found[1:]), len(text)]
    return {
        (each[1], each[2]): set(HASH.findall(text[each.start() : end]))
        for each, end in zip(found, ends, strict=True)
    }


# -- the settings of Dagster ---------------------------------------------------------------------


def test_a_deployment_has_the_settings_of_the_project(project_folder: Path, deploy: Path) -> None:
    own, deployed = (load_yaml(each / "dagster.yaml") for each in (project_folder, deploy))
    for name in ("run_launcher", "run_monitoring", "freshness", "telemetry", "nux"):
        assert deployed[name] == own[name]
    limits = {n: v for n, v in deployed["run_coordinator"]["config"].items() if n != "header"}
    assert limits == own["concurrency"]["runs"]


def test_the_chart_is_told_the_same(deploy: Path) -> None:
    values = load_yaml(deploy / "values.yaml")
    settings = load_yaml(deploy / "dagster.yaml")
    told = values["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]
    assert told == settings["run_coordinator"]
    launcher = values["runLauncher"]["config"]["customRunLauncher"]
    assert launcher == {**settings["run_launcher"], "config": {}}
    scheme = settings["storage"]["postgres"]["postgres_db"]["scheme"]
    assert values["postgresql"]["postgresqlScheme"] == scheme
    for part in (
        values["dagsterWebserver"],
        values["dagsterDaemon"],
        *values["dagster-user-deployments"]["deployments"],
    ):
        assert part["podSecurityContext"]["runAsNonRoot"] is True
        assert part["securityContext"]["readOnlyRootFilesystem"] is True
        assert part["securityContext"]["capabilities"] == {"drop": ["ALL"]}


# -- the proxy -----------------------------------------------------------------------------------


def test_the_proxy_understands_its_settings(
    compose: dict[str, Any], deploy: Path, tmp_path: Path
) -> None:
    found = nginx()
    if found is None:
        pytest.skip("nginx is not installed")
    template = (deploy / "nginx.conf.template").read_text("utf-8")
    told = compose["services"]["proxy"]["environment"]
    assert set(NAMES.findall(template)) == set(told)
    (tmp_path / "passwords").write_text("")
    here = {
        "ANON_LISTEN": "127.0.0.1:8080",
        "ANON_WEBSERVER": "127.0.0.1:3000",
        "ANON_PASSWORDS": f"{tmp_path}/passwords",
        "ANON_PROXY_FOLDER": str(tmp_path),
        "ANON_TLS_FOLDER": str(tmp_path / "tls"),
    }
    settings = filled_in(template, here)
    assert not re.search(r"\$\{", settings)
    (tmp_path / "nginx.conf").write_text(settings)
    asked = [found, "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "test is successful" in said.stderr


# -- secrets -------------------------------------------------------------------------------------


def entered(deploy: Path, environment: dict[str, str], *command: str) -> tuple[int, str, str]:
    said = subprocess.run(
        ["/bin/sh", str(deploy / "entrypoint.sh"), *command],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return said.returncode, said.stdout, said.stderr


def test_secrets_come_from_files_and_other_variables_stay(deploy: Path, tmp_path: Path) -> None:
    secret = 'a "secret" $with `signs` \\ and spaces '  # noqa: S105 (nobody's)
    (tmp_path / "one").write_text(secret)
    (tmp_path / "two").write_text("two")
    told = {
        "ANON_KEY_FILE": str(tmp_path / "one"),
        "AWS_SECRET_ACCESS_KEY_FILE": str(tmp_path / "two"),
        "AWS_CONFIG_FILE": "stays",
    }
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    code, out, _ = entered(deploy, told, sys.executable, "-c", show)
    seen = json.loads(out)
    assert code == 0
    assert (seen["ANON_KEY"], seen["AWS_SECRET_ACCESS_KEY"]) == (secret, "two")
    assert seen["AWS_CONFIG_FILE"] == "stays"
    assert "ANON_KEY_FILE" not in seen


def test_a_secret_that_cannot_be_read_stops_it(deploy: Path, tmp_path: Path) -> None:
    code, out, said = entered(deploy, {"ANON_KEY_FILE": str(tmp_path / "none")}, "echo", "begun")
    assert code != 0
    assert out == ""
    assert str(tmp_path / "none") in said
