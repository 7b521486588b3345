"""Profiles of every kind: defaults, keys that make no sense, what is given by hand, users' own scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import Settings, load_settings
from orchestrator.errors import ConfigError, UsageError
from orchestrator.model import Profile, ProfileKind
from orchestrator.resources import k6_script
from tests.orchestrator.config.made import MINIMAL

OWN = """\
profiles:
  load: {rate_per_s: 100, ramp: 1m, duration: 10m}
  download: {vus: 4, timeout: 2m}
  heavy: {kind: load, rate_per_s: 150, duration: 20s}
  night: {duration: 8h}
  checkout: {script: checkout.js, env: {USER_NAME: demo, PASSWORD: {env: PW}, BODY: {file: body.txt}},
             addresses: [203.0.113.50, "2001:db8::7"], duration: 5m}
  plain: {script: checkout.js}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Load profiles of every kind, and the files that they name."""
    (tmp_path / "checkout.js").write_text("export default function () {}")
    (tmp_path / "body.txt").write_text("a\nb\n")
    (tmp_path / "c.yaml").write_text(MINIMAL + OWN)
    return load_settings(tmp_path / "c.yaml", {"PW": "hunter2"})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ProfileKind.SMOKE, {"rate_per_s": 10, "duration_s": 300, "timeout_s": 60}),
        (ProfileKind.LOAD, {"rate_per_s": 50, "duration_s": 600, "ramp_s": 60, "timeout_s": 60}),
        (ProfileKind.SOAK, {"rate_per_s": 10, "duration_s": 4 * 3600, "timeout_s": 60}),
        (ProfileKind.DOWNLOAD, {"rate_per_s": None, "vus": 2, "duration_s": 300, "timeout_s": 300}),
    ],
)
def test_built_in_profiles_exist_without_a_config_of_theirs(
    tmp_path: Path, kind: ProfileKind, expected: dict[str, float | None]
) -> None:
    """A config without `profiles` has four, each with defaults that fit its kind and its own script."""
    (tmp_path / "c.yaml").write_text(MINIMAL)
    settings = load_settings(tmp_path / "c.yaml", {})
    assert settings.profile_names == ("smoke", "load", "soak", "download")
    assert settings.profile(kind.value) == Profile(
        name=kind.value,
        kind=kind,
        script=k6_script(kind.value),
        max_rate_per_s=200,
        **expected,  # type: ignore[arg-type] # numbers
    )


def test_a_profile_is_of_the_kind_it_names(settings: Settings) -> None:
    """The name is the kind where it is one, else `kind` says it, else it is a smoke."""
    kinds = {name: settings.profile(name).kind.value for name in settings.profile_names}
    assert kinds == {
        **{name: name for name in ("smoke", "load", "soak", "download")},
        "heavy": "load",
        "night": "smoke",
        "checkout": "script",
        "plain": "script",
    }
    assert settings.profile("heavy").script == k6_script("load")


def test_a_ramp_is_the_configs_or_a_tenth_up_to_a_minute(settings: Settings) -> None:
    """Without `ramp` a load takes a tenth of its time to climb; a given one stays."""
    assert settings.profile("load").ramp_s == 60
    assert settings.profile("heavy").ramp_s == 2
    assert settings.profile("heavy", duration_s=7200).ramp_s == 60
    with pytest.raises(
        UsageError, match=r"a ramp of 60 s up and 60 s down do not fit into 90 s; give a longer"
    ):
        settings.profile("load", duration_s=90)


def test_a_default_stays_below_the_limit(tmp_path: Path) -> None:
    """A low max_rate_per_s lowers the rates that nobody asked for; a download needs one request a second."""
    (tmp_path / "c.yaml").write_text(MINIMAL + "limits: {max_rate_per_s: 0.5}\n")
    settings = load_settings(tmp_path / "c.yaml", {})
    assert [settings.profile(name).rate_per_s for name in ("smoke", "load", "soak")] == [0.5] * 3
    with pytest.raises(UsageError, match=r"profile download needs a limits.max_rate_per_s of at least 1"):
        settings.profile("download")


def test_a_script_of_ones_own(settings: Settings, tmp_path: Path) -> None:
    """Its path starts at the config; its variables are read, and shown nowhere; k6 knows VUs and the rest."""
    profile = settings.profile("checkout")
    assert profile.script == tmp_path / "checkout.js"
    assert profile.environ == {"USER_NAME": "demo", "PASSWORD": "hunter2", "BODY": "a\nb\n"}
    assert profile.addresses == ("203.0.113.50", "2001:db8::7")
    assert (profile.rate_per_s, profile.vus, profile.duration_s) == (None, None, 300)
    assert settings.profile("plain").duration_s is None
    assert "hunter2" not in repr(profile) + repr(settings)


def test_a_variable_that_cannot_be_read(settings: Settings) -> None:
    """What a script needs and nobody set is said with its line, when the profile is asked for."""
    with pytest.raises(
        ConfigError, match=r"c.yaml:\d+: profiles.checkout.env.PASSWORD: the environment variable PW"
    ):
        load_settings(settings.path, {}).profile("checkout")


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("download", {"rate_per_s": 5}, "profile download has no rate: its load is vus; leave --rate out"),
        ("checkout", {"rate_per_s": 5}, "profile checkout has no rate: its script sets its own pace"),
        (
            "checkout",
            {"duration_s": 5},
            "profile checkout has no duration to choose: its script sets its own",
        ),
        ("heavy", {"rate_per_s": 201}, r"rate 201/s: expected above 0 and up to 200 \(max_rate_per_s\)"),
        ("soak", {"duration_s": 8 * 86400}, "a duration of 691200 s is not from 1 s to 7 days"),
    ],
)
def test_what_makes_no_sense_by_hand(
    settings: Settings, name: str, given: dict[str, float], said: str
) -> None:
    """A rate or duration that a profile cannot take, or that is out of bounds, is refused."""
    with pytest.raises(UsageError, match=said):
        settings.profile(name, **given)


DOWNLOAD_KEYS = "the keys here are kind, vus, duration, timeout"
SCRIPT_KEYS = "the keys here are script, env, addresses, duration, timeout"
SMOKE_KEYS = "the keys here are kind, rate_per_s, duration, timeout"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("smoke: {vus: 3}", f"smoke.vus: a profile of kind smoke has no such key; {SMOKE_KEYS}"),
        ("soak: {ramp: 5s}", f"soak.ramp: a profile of kind soak has no such key; {SMOKE_KEYS}"),
        ("night: {ramp: 5s}", f"night.ramp: a profile of kind smoke has no such key; {SMOKE_KEYS}"),
        (
            "download: {rate_per_s: 5}",
            f"download.rate_per_s: a profile of kind download has no such key; {DOWNLOAD_KEYS}",
        ),
        (
            "x: {script: s.js, rate_per_s: 5}",
            f"x.rate_per_s: a profile with a script of its own has no such key; {SCRIPT_KEYS}",
        ),
        (
            "x: {script: s.js, kind: load}",
            f"x.kind: a profile with a script of its own has no such key; {SCRIPT_KEYS}",
        ),
        ("load: {env: {A: b}}", "load.env: a profile of kind load has no such key"),
        ("load: {rat_per_s: 5}", "load.rat_per_s: unknown key; did you mean 'rate_per_s'?"),
        ("x: {kind: lode}", "x.kind: 'lode': expected 'smoke', 'load', 'soak' or 'download'"),
        ("smoke: {kind: load}", "smoke.kind: the profile smoke is stallwatch's own; give yours another name"),
        (
            "load: {script: s.js}",
            "load.script: the profile load is stallwatch's own; give yours another name",
        ),
        (
            "load: {rate_per_s: 201}",
            "load.rate_per_s: 201 is above limits.max_rate_per_s (200); lower it, or raise that limit",
        ),
        (
            "load: {ramp: 6m}",
            "load.ramp: 360 s up and 360 s down do not fit into 600 s; shorten it, or lengthen duration",
        ),
        ("load: {ramp: slowly}", "load.ramp: 'slowly' is not a duration; write 5m, 90s, 1h30m, or a number"),
        ("download: {vus: 0}", "download.vus: 0: expected at least 1"),
        ("download: {vus: 2.5}", "download.vus: 2.5: expected a whole number without quotes"),
        (
            "x: {script: none.js}",
            "none.js' cannot be read: No such file or directory; write the path of a file",
        ),
        (
            "x: {script: s.js, addresses: ['203.0.113.1:80']}",
            "x.addresses[0]: '203.0.113.1:80' has a port; write the address alone",
        ),
        (
            "x: {script: s.js, addresses: [shop.test]}",
            "x.addresses[0]: 'shop.test' is a host name; an IP address",
        ),
        ("x: {script: s.js, env: {A B: c}}", "x.env.A B: 'A B' is not the name of a variable"),
        ("x: {script: s.js, env: {K6_VUS: '3'}}", "x.env.K6_VUS: stallwatch sets this variable itself"),
        (
            "x: {script: s.js, env: {https_proxy: p}}",
            "x.env.https_proxy: stallwatch sets this variable itself",
        ),
        ("x: {script: s.js, env: {N: 3}}", "x.env.N: expected text; put it in quotes, or write {env: NAME}"),
        (
            "x: {script: s.js, env: {PASSWORD: hunter2}}",
            "x.env.PASSWORD: a secret does not belong in this file; write {env: PASSWORD} or {file: PATH}",
        ),
    ],
)
def test_a_wrong_profile(tmp_path: Path, profile: str, said: str) -> None:
    """What is wrong with a profile is one line with file, line and key, and a secret is not repeated."""
    (tmp_path / "s.js").write_text("")
    (tmp_path / "c.yaml").write_text(f"{MINIMAL}profiles:\n  {profile}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "c.yaml", {})
    [line] = str(caught.value).split("\n")
    assert line.startswith(f"{tmp_path}/c.yaml:4: profiles.")
    assert said in line
    assert "hunter2" not in line


def test_schedules_know_the_built_in_profiles(tmp_path: Path) -> None:
    """A schedule may name a profile that the config does not spell out."""
    (tmp_path / "c.yaml").write_text(MINIMAL + "schedules: [{name: a, cron: 0 2 * * *, profile: soak}]\n")
    assert load_settings(tmp_path / "c.yaml", {}).config.schedules[0].profile == "soak"
