"""A valid config becomes the values of the main line; secrets are read late and never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.findings import Detection, Limits
from orchestrator.config import Settings, find_config, load_settings, select_nodes
from orchestrator.config.example import write_example
from orchestrator.errors import ConfigError, UsageError
from orchestrator.model import InfluxSettings, Node, NodeKind
from tests.orchestrator.config.made import MINIMAL, write_certificates

FULL = """\
service: {url: "https://shop.example.com/healthz", expect_status: 204, ca_file: ca.pem,
          headers: {Authorization: {env: SHOP_TOKEN}, X-Api-Key: {file: key.txt}, Accept: text/plain}}
nodes:
  - {name: node-1, address: 203.0.113.11}
  - {name: node-2, address: "[2001:db8::12]:30443"}
  - {name: vip, address: 203.0.113.100, kind: vip}
profiles: {smoke: {rate_per_s: 20, duration: 90s}, night: {duration: 1h, timeout: 5s}}
schedules: [{name: nightly, cron: "0 2 * * *", timezone: Asia/Seoul, profile: night}]
limits: {stall_ms: 100, slowest_ms: 900, error_rate: 0.01, max_rate_per_s: 50}
detect: {stall_s: 0.5, period_s: 30, alpha: 0.001}
influxdb: {url: "http://influxdb:8086", org: ops, bucket: stallwatch, token: {env: INFLUX_TOKEN}}
k6: {binary: bin/k6}
max_parallel: 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Hold a full config with the files that it names."""
    write_certificates(tmp_path)
    (tmp_path / "key.txt").write_text("filesecret\n")
    (tmp_path / "stallwatch.yaml").write_text(FULL)
    return tmp_path


@pytest.fixture
def settings(folder: Path) -> Settings:
    """Load the full config."""
    return load_settings(folder / "stallwatch.yaml", {"SHOP_TOKEN": "envsecret"})


def test_nodes(settings: Settings) -> None:
    """Nodes keep the config's order; address and port are apart."""
    assert settings.node_list() == (
        Node(name="node-1", host="203.0.113.11"),
        Node(name="node-2", host="2001:db8::12", port=30443),
        Node(name="vip", host="203.0.113.100", kind=NodeKind.VIP),
    )


def test_service_reads_headers_from_environment_and_file(settings: Settings, folder: Path) -> None:
    """Headers come from the variable, the file beside the config, or the text."""
    service = settings.service_value()
    assert service.headers == {
        "Authorization": "envsecret",
        "X-Api-Key": "filesecret",
        "Accept": "text/plain",
    }
    assert (service.url, service.expect_status) == ("https://shop.example.com/healthz", 204)
    assert service.ca_file == folder / "ca.pem"


def test_no_secret_in_any_text(settings: Settings) -> None:
    """Neither the settings nor the service show a secret when they are printed."""
    printed = repr(settings) + repr(settings.service_value())
    assert "envsecret" not in printed
    assert "filesecret" not in printed


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "the environment variable SHOP_TOKEN is not set; export SHOP_TOKEN=... first"),
        ({"SHOP_TOKEN": " "}, "the environment variable SHOP_TOKEN is empty"),
        ({"SHOP_TOKEN": "a\r\nX: hunter2"}, "the environment variable SHOP_TOKEN holds control"),
    ],
)
def test_a_header_that_cannot_be_read(folder: Path, environ: dict[str, str], said: str) -> None:
    """A missing or unusable variable is named with the header's line once the service is asked for."""
    settings = load_settings(folder / "stallwatch.yaml", environ)
    with pytest.raises(ConfigError) as caught:
        settings.service_value()
    assert f"stallwatch.yaml:2: service.headers.Authorization: {said}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_secret_file_that_is_missing_is_listed_beside_other_problems(folder: Path) -> None:
    """Every header that cannot be read has its line."""
    (folder / "key.txt").unlink()
    with pytest.raises(ConfigError) as caught:
        load_settings(folder / "stallwatch.yaml", {}).service_value()
    assert [line.split(": ")[1] for line in str(caught.value).split("\n")] == [
        "service.headers.Authorization",
        "service.headers.X-Api-Key",
    ]


def test_limits_and_detection(settings: Settings) -> None:
    """What the config says of limits and detection reaches the analysis."""
    assert settings.limits_value() == Limits(stall_ms=100, slowest_ms=900, error_rate=0.01)
    assert settings.detection() == Detection(stall_s=0.5, period_s=30, alpha=0.001)
    assert (settings.max_parallel, settings.max_rate_per_s) == (3, 50)


def test_defaults_are_those_of_the_analysis(tmp_path: Path) -> None:
    """A config of two keys has the defaults that the analysis has, and the smoke profile."""
    (tmp_path / "c.yaml").write_text(MINIMAL)
    settings = load_settings(tmp_path / "c.yaml", {})
    smoke = settings.profile("smoke")
    assert (settings.limits_value(), settings.detection()) == (Limits(), Detection())
    assert (smoke.rate_per_s, smoke.duration_s, smoke.timeout_s) == (10, 300, 60)
    assert smoke.script.name == "smoke.js"
    assert (settings.k6_binary, settings.max_parallel) == (None, 8)


def test_a_profile_takes_another_rate_and_duration(settings: Settings) -> None:
    """What is given by hand replaces the config's rate and duration, nothing else."""
    night = settings.profile("night", rate_per_s=50, duration_s=7)
    assert (night.rate_per_s, night.duration_s, night.timeout_s) == (50, 7, 5)


@pytest.mark.parametrize(
    ("name", "rate_per_s", "duration_s", "said"),
    [
        (
            "nigth",
            None,
            None,
            r"no profile 'nigth'; did you mean 'night'\?; the profiles are smoke, load, soak, .*night",
        ),
        ("smoke", 51, None, r"rate 51/s: expected above 0 and up to 50 \(max_rate_per_s\)"),
        ("smoke", 0, None, "rate 0/s: expected above 0"),
        ("smoke", float("nan"), None, "rate nan/s: expected above 0"),
        ("smoke", None, 0.5, "a duration of 0.5 s is not from 1 s to 7 days"),
        ("smoke", None, float("nan"), "a duration of nan s is not from"),
    ],
)
def test_a_profile_out_of_bounds(
    settings: Settings, name: str, rate_per_s: float | None, duration_s: float | None, said: str
) -> None:
    """An unknown profile, and load above the config's limit, are refused with what is possible."""
    with pytest.raises(UsageError, match=said):
        settings.profile(name, rate_per_s=rate_per_s, duration_s=duration_s)


def test_select_nodes(settings: Settings) -> None:
    """No name means all; names select in the config's order; an unknown one is refused."""
    assert select_nodes(settings, []) == settings.node_list()
    assert [n.name for n in select_nodes(settings, ["vip", "node-1", "vip"])] == ["node-1", "vip"]
    with pytest.raises(
        UsageError, match=r"no node 'Vip1'; did you mean 'vip'\?; the nodes are node-1, node-2, vip"
    ):
        select_nodes(settings, ["Vip1"])


def test_where_the_config_is_looked_for() -> None:
    """--config wins over $STALLWATCH_CONFIG, which wins over ./stallwatch.yaml."""
    environ = {"STALLWATCH_CONFIG": "/etc/s.yaml"}
    assert find_config(Path("a.yaml"), environ) == Path("a.yaml")
    assert find_config(None, environ) == Path("/etc/s.yaml")
    assert find_config(None, {"STALLWATCH_CONFIG": ""}) == Path("stallwatch.yaml")


def test_relative_paths_start_at_the_config(settings: Settings, folder: Path) -> None:
    """The k6 binary of the config is found beside it, wherever the command is started."""
    assert settings.k6_binary == folder / "bin/k6"


def test_the_example_is_valid_with_the_defaults(tmp_path: Path) -> None:
    """What `init` writes loads as it is, and its active values are the defaults that its comments claim."""
    write_example(tmp_path / "example.yaml", force=False)
    (tmp_path / "c.yaml").write_text(MINIMAL)
    example, default = (load_settings(tmp_path / name, {}) for name in ("example.yaml", "c.yaml"))
    assert (example.limits_value(), example.detection(), example.max_parallel) == (
        default.limits_value(),
        default.detection(),
        default.max_parallel,
    )
    assert example.max_rate_per_s == default.max_rate_per_s
    assert example.profile("smoke") == default.profile("smoke")


def test_what_the_example_comments_out_is_valid_too(tmp_path: Path) -> None:
    """Every commented setting of the example can be switched on, and those with defaults show these."""
    write_example(tmp_path / "e.yaml", force=False)
    commented = r"^( *)# (?!Then:)(?=(?:  )*(?:- \{|[\w-]+:(?: |$)))"
    text = re.sub(commented, r"\1", (tmp_path / "e.yaml").read_text(), flags=re.MULTILINE)
    for key in ("method", "body"):  # they belong to the endpoints once there are some
        text = re.sub(rf"^  {key}: .*", "", text, flags=re.MULTILINE)
    (tmp_path / "e.yaml").write_text(text)
    write_certificates(tmp_path)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/checkout.js").write_text("")
    settings = load_settings(tmp_path / "e.yaml", {"SHOP_PASSWORD": "x"})
    (tmp_path / "c.yaml").write_text(MINIMAL)
    default = load_settings(tmp_path / "c.yaml", {})
    assert set(settings.config.service.headers) == {"Authorization", "X-Api-Key", "Accept"}
    assert [endpoint.name for endpoint in settings.config.service.endpoints] == ["home", "order"]
    assert settings.config.k6.binary == "/usr/local/bin/k6"
    for name in ("smoke", "load", "soak", "download"):
        assert settings.profile(name) == default.profile(name)
    assert set(settings.profile_names) - set(default.profile_names) == {"heavy", "checkout"}
    assert settings.profile("checkout").environ == {"USER_NAME": "demo", "PASSWORD": "x"}


def test_influxdb_reads_its_token(folder: Path) -> None:
    """The token comes from where the config says, the URL loses its slash, and no text shows the token."""
    path = folder / "stallwatch.yaml"
    path.write_text(FULL.replace("influxdb:8086", "influxdb:8086/"))
    influxdb = load_settings(path, {"INFLUX_TOKEN": "geheim"}).influxdb_value()
    assert influxdb == InfluxSettings(
        url="http://influxdb:8086", org="ops", bucket="stallwatch", token="geheim"
    )
    assert "geheim" not in repr(influxdb)


def test_influxdb_without_its_token(settings: Settings) -> None:
    """A token that is not there is told by its line and key."""
    with pytest.raises(
        ConfigError, match=r"influxdb\.token: the environment variable INFLUX_TOKEN is not set"
    ):
        settings.influxdb_value()


def test_influxdb_may_be_absent(folder: Path) -> None:
    """A config without the section has no InfluxDB."""
    path = folder / "stallwatch.yaml"
    path.write_text("".join(line for line in FULL.splitlines(True) if not line.startswith("influxdb")))
    assert load_settings(path, {}).influxdb_value() is None
