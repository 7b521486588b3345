"""`stallwatch check` from config to exit code, against real nodes and a real k6."""

from __future__ import annotations

import json
import os
import ssl
from pathlib import Path

import pytest
import trustme

from orchestrator.model import InfluxSettings
from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.preflight.nodes import closed_port, serving

EMPTY = "export default function () {}\n"


@pytest.fixture
def k6_on_path(k6_1: Path, tmp_path: Path) -> str:
    """Return a PATH whose first k6 is a real one."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "k6").symlink_to(k6_1)
    return f"{tmp_path / 'bin'}:{os.environ['PATH']}"


def write(folder: Path, *ports: int, more: str = "") -> str:
    """Write a config with a node at each port and return its path."""
    nodes = "".join(
        f"  - {{name: node-{i}, address: '127.0.0.1:{port}'}}\n" for i, port in enumerate(ports, 1)
    )
    header = "headers: {X-Token: {env: SHOP_TOKEN}}"
    service = f"service: {{url: https://shop.example.com/healthz, ca_file: ca.pem, {header}}}"
    path = folder / "stallwatch.yaml"
    path.write_text(f"{service}\nnodes:\n{nodes}{more}")
    return str(path)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Return a server's TLS settings whose CA lies beside the config."""
    ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ca.issue_cert("shop.example.com").configure_cert(context)
    return context


def test_all_is_well(tmp_path: Path, certificate: ssl.SSLContext, k6_on_path: str) -> None:
    """Every test of a working setup is one line that begins with ok, and the exit code is 0."""
    with serving(certificate=certificate) as one, serving(certificate=certificate) as two:
        config = write(tmp_path, one.port, two.port)
        done = stallwatch("check", "--config", config, PATH=k6_on_path, SHOP_TOKEN="hunter2")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split("  ")[0].strip() for line in lines] == ["ok"] * 6
    names = ["config", "k6", "home", "profile smoke", "node node-1", "node node-2"]
    assert all(f"  {name} " in line for name, line in zip(names, lines, strict=True))
    assert done.stderr == ""
    assert one.seen[0].headers["x-token"] == "hunter2"
    assert "hunter2" not in done.stdout


def test_a_node_that_fails(tmp_path: Path, certificate: ssl.SSLContext, k6_on_path: str) -> None:
    """One node that refuses makes the exit code 4 and leaves the other's ok; JSON carries the same."""
    with serving(certificate=certificate) as well, closed_port() as closed:
        config = write(tmp_path, well.port, closed)
        done = stallwatch(
            "check", "--config", config, "--format", "json", PATH=k6_on_path, SHOP_TOKEN="hunter2"
        )
    found = json.loads(done.stdout)
    states = {check["name"]: check["state"] for check in found["checks"]}
    assert (done.returncode, found["exit_code"], found["ok"]) == (4, 4, False)
    assert (states["node node-1"], states["node node-2"]) == ("ok", "failed")
    assert found["checks"][-1]["text"] == f"127.0.0.1:{closed} refused the connection"


@pytest.mark.parametrize(
    ("more", "token", "line"),
    [
        ("", "", "stallwatch.yaml:1: service.headers.X-Token: the environment variable SHOP_TOKEN is empty"),
        ("nodez: 1", "x", "stallwatch.yaml:4: nodez: unknown key; did you mean 'nodes'?"),
    ],
)
def test_a_broken_config(
    tmp_path: Path,
    certificate: ssl.SSLContext,
    k6_on_path: str,
    *,
    more: str,
    token: str,
    line: str,
) -> None:
    """A broken config is exit code 2 with its line, and k6 and the home are tested all the same."""
    done = stallwatch("check", "--config", write(tmp_path, 9, more=more), PATH=k6_on_path, SHOP_TOKEN=token)
    assert done.returncode == 2
    assert [words.split()[:2] for words in done.stdout.splitlines()] == [
        ["FAILED", "config"],
        ["ok", "k6"],
        ["ok", "home"],
    ]
    assert line in done.stdout


def test_profiles_of_the_config_and_their_scripts(
    tmp_path: Path, certificate: ssl.SSLContext, k6_on_path: str
) -> None:
    """What the config names is held against this machine; a script that k6 cannot read fails in words."""
    (tmp_path / "good.js").write_text("export const options = { vus: 7, duration: '3s' };\n" + EMPTY)
    (tmp_path / "bad.js").write_text("import './none.js';\n" + EMPTY)
    more = "profiles: {load: {rate_per_s: 100}, good: {script: good.js}, bad: {script: bad.js}}\n"
    with serving(certificate=certificate) as server:
        config = write(tmp_path, server.port, more=more)
        done = stallwatch("check", "--config", config, PATH=k6_on_path, SHOP_TOKEN="x")
    lines = {line[9:].split("  ")[0].strip(): line for line in done.stdout.splitlines()}
    assert done.returncode == 4
    assert [name for name in lines if name.startswith("profile")] == [
        "profile smoke",
        "profile load",
        "profile good",
        "profile bad",
    ], "the built-in profiles that nobody named are none of the machine's business"
    assert "up to 100 requests/s a node, half kept, half fresh, for 10 min" in lines["profile load"]
    assert "each up to 501 VUs and 1,000 sockets" in lines["profile load"]
    assert "good.js with up to 7 VUs a node, for at most 33 s" in lines["profile good"]
    assert lines["profile bad"].startswith("FAILED")
    assert "none.js" in lines["profile bad"]
    assert server.seen, "what is wrong with a script keeps no node from being asked"


def test_no_k6(tmp_path: Path, certificate: ssl.SSLContext) -> None:
    """A k6 that the config names and that is not there fails with how to get one."""
    with serving(certificate=certificate) as server:
        config = write(tmp_path, server.port, more="k6: {binary: nowhere/k6}\n")
        done = stallwatch("check", "--config", config, SHOP_TOKEN="x")
    [line] = [line for line in done.stdout.splitlines() if "  k6 " in line]
    assert done.returncode == 4
    assert line.startswith("FAILED")
    assert f"{tmp_path}/nowhere/k6" in line
    assert "stallwatch[k6]" in line


def test_schedules_are_counted_and_influxdb_is_tried(
    tmp_path: Path, certificate: ssl.SSLContext, k6_on_path: str, influx_bucket: InfluxSettings
) -> None:
    """A bucket that is missing fails the check; --fix makes it, and then all is well; no token is shown."""
    where = f"url: '{influx_bucket.url}', org: {influx_bucket.org}, bucket: {influx_bucket.bucket}-new"
    more = (
        "schedules: [{name: nightly, cron: 0 2 * * *}]\n"
        f"influxdb: {{{where}, token: {{env: INFLUX_TOKEN}}, retention_days: 7}}\n"
    )
    said = []
    with serving(certificate=certificate) as server:
        config = write(tmp_path, server.port, more=more)
        for options, code in (((), 4), (("--fix",), 0), (("--format", "json"), 0)):
            done = stallwatch(
                "check", "--config", config, *options,
                PATH=k6_on_path, SHOP_TOKEN="x", INFLUX_TOKEN=influx_bucket.token,
            )  # fmt: skip
            assert done.returncode == code, done.stdout
            said.append(done.stdout + done.stderr)
    assert "profiles 1, schedules 1" in said[0]
    assert "`stallwatch check --fix` makes it, to keep points for 7 days" in said[0]
    assert "was made and keeps points for 7 days" in said[1]
    assert json.loads(said[2])["checks"][-3]["retention_s"] == 7 * 86_400
    assert influx_bucket.token not in "".join(said)


def test_no_config_at_all(tmp_path: Path) -> None:
    """In an empty folder check says which command writes a config."""
    done = stallwatch("check", folder=tmp_path)
    assert done.returncode == 2
    assert "stallwatch.yaml: no such config file; write one with `stallwatch init`" in done.stdout
