"""docker-compose.yml and Dockerfile: valid where docker is, and safe by their text everywhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator.config.secret import Secret

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"[a-z/]+:\d+\.\d+\.\d+(-[a-z-]+)?")


def compose() -> dict[str, Any]:
    """Return docker-compose.yml."""
    values: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    return values


SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_pinned_watched_and_private(name: str) -> None:
    """An image of one version or our own, a healthcheck, ports on loopback only, no privileges."""
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"]) or "build" in service
    assert service["healthcheck"]["test"][0] == "CMD"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert not {"privileged", "network_mode", "pid", "cap_add"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_files(name: str) -> None:
    """No password or token stands in the environment: what sounds like one names a Docker secret."""
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD|TOKEN|SECRET|KEY", variable):
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]


def test_what_is_kept_and_what_is_mounted_exists() -> None:
    """Each volume and secret is declared; what is mounted from here is here, but for one's own config."""
    values = compose()
    volumes: set[str] = set()
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            if source.startswith("./"):
                assert source == "./stallwatch.yaml" or (ROOT / source).is_dir()
            else:
                volumes.add(source)
        assert set(service["secrets"]) <= set(values["secrets"])
    assert volumes == set(values["volumes"])


def test_grafana_finds_what_is_mounted_for_it() -> None:
    """The provisioned folder and the token's file are those of the compose file; the names agree."""
    grafana, influxdb = SERVICES["grafana"], SERVICES["influxdb"]
    source = YAML(typ="safe").load(ROOT / "grafana/provisioning/datasources/influxdb.yaml")["datasources"][0]
    header = source["secureJsonData"]["httpHeaderValue1"]
    assert re.fullmatch(r"Token \$__file\{/run/secrets/(\w+)\}", header)[1] in grafana["secrets"]  # type: ignore[index]
    assert source["jsonData"]["dbName"] == influxdb["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert source["url"] == "http://influxdb:8086"
    provider = YAML(typ="safe").load(ROOT / "grafana/provisioning/dashboards/stallwatch.yaml")["providers"][0]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (ROOT / "grafana/dashboards" / home.name).is_file()


def test_the_image_is_pinned_and_not_root() -> None:
    """Both stages start from one version, the last user is no root, and nothing secret is copied."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [base] = re.findall(r"^ARG PYTHON_IMAGE=(.*)$", text, re.MULTILINE)
    assert PINNED.fullmatch(base)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["stallwatch"]
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    named = {name for line in copied for name in line.split()}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in named} == {line for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in named)
    assert "*" in ignored


def test_the_pins_of_the_image_are_those_of_the_lock_file(tmp_path: Path) -> None:
    """What the Dockerfile makes of the lock file are versions without hashes, each package once."""
    [script] = re.findall(
        r"^RUN sed -n '(.*)' requirements-test.txt",
        (ROOT / "Dockerfile").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    pins = run("sed", "-n", script, ROOT / "requirements-test.txt", cwd=tmp_path).stdout.splitlines()
    lock = (ROOT / "requirements-test.txt").read_text(encoding="utf-8")
    assert [pin.split()[0] for pin in pins] == re.findall(r"^[a-z0-9]\S*", lock, re.MULTILINE)
    assert not any("\\" in pin or "hash" in pin for pin in pins)


def test_secrets_are_strong_and_stay(tmp_path: Path) -> None:
    """`make compose-secrets` makes 256 random bits each, in a folder of the owner alone, and only once."""
    make = ("make", "--silent", "-f", str(ROOT / "Makefile"), "compose-secrets")
    assert run(*make, cwd=tmp_path).returncode == 0
    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == set(compose()["secrets"])
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in made.values())
    assert len(set(made.values())) == len(made)
    assert Secret(file="secrets/influxdb_token").read({}, tmp_path) == made["influxdb_token"]
    (folder / "grafana_password").unlink()
    again = run(*make, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "")
    renewed = {path.name: path.read_text() for path in folder.iterdir()}
    assert [name for name in made if made[name] != renewed[name]] == ["grafana_password"]


def test_secrets_are_not_committed() -> None:
    """Git ignores each file that a secret is kept in."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    files = [secret["file"] for secret in compose()["secrets"].values()]
    ignored = run("git", "check-ignore", *files, cwd=ROOT).stdout.split()
    assert ignored == files


def test_docker_takes_the_file(tmp_path: Path) -> None:
    """Docker's own reading of the file, with all services: valid, and without a secret's value in it."""
    docker = shutil.which("docker")
    if docker is None or run(docker, "compose", "version", cwd=tmp_path).returncode:
        pytest.skip("there is no `docker compose` here")
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    assert run("make", "-f", ROOT / "Makefile", "compose-secrets", cwd=tmp_path).returncode == 0
    told = run(docker, "compose", "--profile", "daemon", "config", "--format", "json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""
    assert set(json.loads(told.stdout)["services"]) == set(SERVICES)
    for path in (tmp_path / "secrets").iterdir():
        assert path.read_text() not in told.stdout
