"""What k6 is given: a clean environment, our arguments, a wrapper that leaves the user's script alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.k6.binary import K6Binary
from orchestrator.k6.load import in_flight
from orchestrator.k6.wrapper import prepare
from orchestrator.model import Node, Profile, Service
from tests.orchestrator.k6.hostile import PROXIES, SETTINGS
from tests.orchestrator.k6.runs import Measuring
from tests.orchestrator.k6.servers import serving

BINARY = K6Binary(path=Path("/opt/k6"), version=(1, 1, 0), version_text="1.1.0")
NODE = Node(name="n", host="2001:db8::1", port=30443)


def environment(folder: Path, environ: dict[str, str], **service: object) -> dict[str, str]:
    """Return the environment that k6 would get."""
    asked = Service(url="https://shop.test:8443/a?b", **service)  # type: ignore[arg-type] # as the test says
    profile = Profile(name="smoke", script=Path("s.js"), rate_per_s=10.0, duration_s=5.0)
    return dict(prepare(BINARY, profile, asked, NODE, folder=folder, environ=environ).env)


@pytest.mark.parametrize("name", [*PROXIES, *SETTINGS])
def test_no_foreign_setting_reaches_k6(tmp_path: Path, name: str) -> None:
    """Each proxy and K6_* variable of the user's environment is left out or replaced by ours."""
    assert environment(tmp_path, {name: "hostile"}) == environment(tmp_path, {})


def test_what_k6_needs_of_the_environment_is_passed_on(tmp_path: Path) -> None:
    """Paths, language and the system's own certificates stay as they are."""
    given = {"PATH": "/bin", "HOME": "/root", "SSL_CERT_FILE": "/etc/all.pem", "SECRET": "no"}
    env = environment(tmp_path, given)
    assert {name: env.get(name) for name in given} == given | {"SECRET": None}


def test_own_ca_replaces_the_systems(tmp_path: Path) -> None:
    """The service's ca_file is what k6 trusts."""
    env = environment(tmp_path, {"SSL_CERT_FILE": "/etc/all.pem"}, ca_file=tmp_path / "ca.pem")
    assert env["SSL_CERT_FILE"] == str(tmp_path / "ca.pem")


def test_hosts_names_the_node(tmp_path: Path) -> None:
    """The service's name leads to the Node's address, in brackets for IPv6."""
    assert environment(tmp_path, {})["STALLWATCH_HOSTS"] == '{"shop.test": "[2001:db8::1]:30443"}'


def test_command_shows_no_secret(tmp_path: Path) -> None:
    """Neither the arguments nor the printed form of a command holds a header's value."""
    profile = Profile(name="smoke", script=Path("s.js"), rate_per_s=10.0, duration_s=5.0)
    service = Service(url="http://shop.test/", headers={"X": "hidden-one"})
    command = prepare(BINARY, profile, service, NODE, folder=tmp_path, environ={})
    assert "hidden-one" in command.env["STALLWATCH_HEADERS"]
    assert "hidden-one" not in repr(command) + repr(service) + " ".join(command.argv)


@pytest.mark.parametrize(("rate", "vus"), [(0.1, 2), (1, 5), (10, 50), (7.3, 37)])
def test_fresh_has_vus_for_ten_seconds(rate: float, vus: int) -> None:
    """VUs of `fresh` outlast a stall of 10 s at half of the rate."""
    assert in_flight(rate) == vus


USER = """\
import http from 'k6/http';
import { Trend } from 'k6/metrics';
import { path } from './lib.js';
const body = open('./data "quoted".txt');
export const options = {
  scenarios: {
    mine: { executor: 'shared-iterations', vus: 2, iterations: 6, exec: 'shop' },
    other: { executor: 'shared-iterations', vus: 1, iterations: 2 },
  },
  systemTags: ['url'],
  hosts: { 'also.test': __ENV.STALLWATCH_HOSTS ? JSON.parse(__ENV.STALLWATCH_HOSTS)['shop.test'] : '' },
};
export function setup() { http.get(`${__ENV.STALLWATCH_URL}/setup`); return { body }; }
export function shop(data) {
  console.log('noise', data.body);
  http.get(`${__ENV.STALLWATCH_URL}${path}${__ITER}`, { tags: { endpoint: 'item "1",\\nhttp_reqs,' } });
}
export default function () { http.get('http://also.test/other'); }
export function handleSummary() { return { stdout: 'http_reqs,not,a,sample' }; }
"""


def test_users_script_runs_unchanged(k6_binary: Path, tmp_path: Path) -> None:
    """Scenarios, setup, imports, open() and own hosts work; a foreign summary and tags spoil nothing."""
    mine = tmp_path / 'it\'s "mine" 100%41 #q?x=1 ü'
    mine.mkdir()
    (mine / "lib.js").write_text("export const path = '/item/';")
    (mine / 'data "quoted".txt').write_text("data")
    script = mine / "user.js"
    script.write_text(USER)
    with serving() as server:
        service = Service(url="http://shop.test")
        measured = Measuring(
            k6_binary, tmp_path / "run", server.port, service=service, script=script
        ).finish()
    assert measured.exit_code == 0, measured.message
    assert script.read_text() == USER
    assert len(measured.frame) == measured.totals.http_reqs == len(server.seen) == 9
    assert measured.frame["scenario"].value_counts().to_dict() == {"mine": 6, "other": 2, "": 1}
    assert set(measured.of("mine")["endpoint"]) == {'item "1",\nhttp_reqs,'}
    assert measured.of("other")["endpoint"].tolist() == ["http://also.test/other"] * 2
    assert measured.malformed == 0


def test_script_behind_a_link_finds_what_is_beside_the_link(k6_binary: Path, tmp_path: Path) -> None:
    """Imports, open() and k6's own file functions start from where the script is named, as with k6 alone."""
    real, named = tmp_path / "real", tmp_path / "named"
    for folder in (real, named):
        folder.mkdir()
        (folder / "lib.js").write_text(f"export const from = '{folder.name}';")
    (real / "s.js").write_text(
        "import http from 'k6/http';\nimport { open as fsOpen } from 'k6/experimental/fs';\n"
        "import { from } from './lib.js';\nconst opened = open('./lib.js').includes('named');\n"
        "(async () => { await fsOpen('./lib.js'); })();\n"
        "export default function () { http.get(`http://shop.test/${from}/${opened}`); }\n"
    )
    (named / "s.js").symlink_to(real / "s.js")
    with serving() as server:
        service = Service(url="http://shop.test")
        measured = Measuring(
            k6_binary, tmp_path / "run", server.port, service=service, script=named / "s.js"
        ).finish()
    assert measured.exit_code == 0, measured.message
    assert [seen.line for seen in server.seen] == ["GET /named/true HTTP/1.1"]


def test_everything_may_be_named_from_where_one_stands(
    k6_1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative paths of k6, script and home hold, although k6 runs in the script's folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "k6").symlink_to(k6_1)
    script = Path("scripts/../scripts/s.js")
    script.write_text(
        "import http from 'k6/http';\nexport default () => { http.get('http://shop.test/'); };\n"
    )
    with serving() as server:
        measured = Measuring(
            Path("k6"), Path("home"), server.port, service=Service(url="http://shop.test"), script=script
        ).finish()
    assert (measured.exit_code, len(measured.frame), measured.totals.http_reqs) == (0, 1, 1)


def test_script_that_throws_is_told(k6_binary: Path, tmp_path: Path) -> None:
    """A script that k6 cannot run ends with its code and its own words."""
    script = tmp_path / "broken.js"
    script.write_text("throw new Error('not today');")
    with serving() as server:
        measured = Measuring(k6_binary, tmp_path / "run", server.port, script=script).finish()
    assert measured.exit_code == 107
    assert "not today" in measured.message
    assert len(measured.frame) == 0


@pytest.mark.parametrize("url", ["http://Shop.Test/x", "http://192.0.2.7/x", "http://192.0.2.7:81/x"])
def test_odd_service_urls_reach_the_node(k6_binary: Path, tmp_path: Path, url: str) -> None:
    """Capitals, an IP literal or a port in the service's URL do not lead k6 past the Node."""
    with serving() as server:
        service = Service(url=url)
        measured = Measuring(k6_binary, tmp_path, server.port, service=service, duration_s=1.0).finish()
    assert not measured.frame["failed"].any(), measured.frame["error"]
    assert len(server.seen) == len(measured.frame) > 0
