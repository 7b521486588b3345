"""`notify --test` as a user calls it, and what a config may say of channels."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.notifying.hooks import Hook, Mail, listening, mailing

CONFIG = """\
service: {url: http://127.0.0.1/}
nodes: [{name: n0, address: 127.0.0.1}]
schedules: [{name: nightly, every: 1h}]
notify:
"""


def configure(folder: Path, *channels: str) -> None:
    """Write a config with channels."""
    lines = "".join(f"  - {{{channel}}}\n" for channel in channels)
    (folder / "stallwatch.yaml").write_text(CONFIG + lines)


def notify(folder: Path, environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command with URLs in its environment."""
    return stallwatch("notify", *arguments, folder=folder, stdout=subprocess.PIPE, **environ)


def test_every_channel_is_tried(tmp_path: Path) -> None:
    """All of them, the mail and the ping too; who took it is said, and exit code 4 when one did not."""
    team, teams, ping, gone, mail = Hook(200), Hook(202), Hook(200), Hook(404), Mail()
    configure(
        tmp_path,
        "name: team, type: slack, url: {env: TEAM}",
        "name: office, type: teams, url: {file: teams-url}",
        "name: alive, type: ping, url: {env: PING}, schedules: [nightly]",
        "name: mail, type: apprise, url: {env: MAIL}, events: [fail]",
        "name: gone, type: mattermost, url: {env: GONE}",
    )
    with listening(team, teams, ping, gone), mailing(mail):
        (tmp_path / "teams-url").write_text(f"{teams.url}\n")
        environ = {"TEAM": team.url, "PING": ping.url, "MAIL": mail.url, "GONE": gone.url}
        done = notify(tmp_path, environ, "--test")
        alone = notify(tmp_path, environ, "--test", "--channel", "team", "--format", "json")
    assert done.returncode == 4
    assert done.stdout.splitlines() == [
        "team (slack): ok",
        "office (teams): ok",
        "alive (ping): ok",
        "mail (apprise): ok",
        "gone (mattermost): not delivered: it answered 404",
    ]
    assert "T0KEN" not in done.stdout + done.stderr
    assert (len(team.taken), len(teams.taken), len(ping.taken), len(mail.taken)) == (2, 1, 1, 1)
    assert alone.returncode == 0
    assert json.loads(alone.stdout) == {
        "channel": "team", "type": "slack", "delivered": True, "reason": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "environ", "said"),
    [
        (
            ["name: a, type: slack, url: 'https://T0KEN@x/'"],
            {},
            "yaml:5: notify[0].url: a secret does",
        ),
        (["name: a, type: slack, url: {env: U}"], {}, "notify[0].url: the environment variable U is not set"),
        (["name: a, type: slack, url: {env: U}"], {"U": "T0KEN"}, "variable U holds no http or https URL"),
        (["name: a, type: slack, url: {env: U}"], {"U": "http://T0KEN:x:y/"}, "holds no http or https URL"),
        (["name: a, type: apprise, url: {env: U}"], {"U": "T0KEN"}, "holds no URL of apprise"),
        (["name: a, type: pager, url: {env: U}"], {}, "notify[0].type: 'pager': expected 'webhook', 'slack'"),
        (["name: a, type: ping, url: {env: U}, events: [fail]"], {}, "a ping comes after each good campaign"),
        (["name: a, type: slack, url: {env: U}, events: [good]"], {}, "expected 'fail', 'recovery'"),
        (
            ["name: a, type: slack, url: {env: U}, schedules: [nigthly]"],
            {},
            "notify[0].schedules[0]: 'nigthly' is no schedule; did you mean 'nightly'?",
        ),
        (["name: a, type: slack, url: {env: U}"] * 2, {}, "stallwatch.yaml:6: notify[1].name: 'a' names two"),
    ],
)
def test_bad_channels(tmp_path: Path, channels: list[str], environ: dict[str, str], said: str) -> None:
    """One line with file and line, exit code 2, and nothing of a URL repeated."""
    configure(tmp_path, *channels)
    done = notify(tmp_path, environ, "--test")
    assert done.returncode == 2
    assert said in done.stderr
    assert "T0KEN" not in done.stderr


def test_serve_refuses_channels_that_cannot_be_used(tmp_path: Path) -> None:
    """It is noticed when it starts, not on the night when something fails."""
    configure(tmp_path, "name: a, type: slack, url: {env: NOWHERE}")
    done = stallwatch("serve", "--home", "home", folder=tmp_path)
    assert done.returncode == 2
    assert "NOWHERE is not set" in done.stderr


def test_nothing_to_try(tmp_path: Path) -> None:
    """Without --test, without notify, and with an unknown channel it is said what to do."""
    configure(tmp_path, "name: team, type: slack, url: {env: U}")
    for arguments, said in (
        ([], "notify needs --test"),
        (["--test", "--channel", "x"], "no channel 'x'; the channels are team"),
    ):
        done = stallwatch("notify", *arguments, folder=tmp_path, U="http://127.0.0.1:1/")
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    (tmp_path / "stallwatch.yaml").write_text(CONFIG.removesuffix("notify:\n"))
    done = stallwatch("notify", "--test", folder=tmp_path)
    assert "has no notify: nobody is told anything" in done.stderr
