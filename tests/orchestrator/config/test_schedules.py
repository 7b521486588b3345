"""Schedules of the config: what they mean, and each mistake in one line with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import load_settings
from orchestrator.errors import ConfigError
from orchestrator.model import Schedule

BASE = """\
service: {url: http://127.0.0.1/}
nodes: [{name: node-1, address: 127.0.0.1}, {name: node-2, address: 127.0.0.2}]
profiles: {own: {script: own.js}, ramp: {kind: load, ramp: 1m}}
schedules:
"""


def loaded(folder: Path, *schedules: str) -> tuple[Schedule, ...]:
    """Return the schedules of a config."""
    (folder / "own.js").touch()
    (folder / "c.yaml").write_text(BASE + "".join(f"  - {{{schedule}}}\n" for schedule in schedules))
    return load_settings(folder / "c.yaml", {}).schedules()


def test_every_key(tmp_path: Path) -> None:
    """A schedule has a time, a target and its bounds; what is left out has a default."""
    nightly, often = loaded(
        tmp_path,
        'name: nightly, cron: "0 2 * * *", timezone: Asia/Seoul, profile: soak, catch_up: 30m',
        "name: often, every: 10m, jitter: 30s, nodes: [node-2], duration: 2m, enabled: false",
    )
    assert nightly == Schedule(
        name="nightly", profile="soak", cron="0 2 * * *", timezone="Asia/Seoul", catch_up_s=1800
    )
    assert often == Schedule(
        name="often",
        profile="smoke",
        every_s=600,
        jitter_s=30,
        nodes=("node-2",),
        duration_s=120,
        enabled=False,
    )


@pytest.mark.parametrize(
    ("schedule", "line"),
    [
        ("name: a", 'schedules[0]: takes either cron or every; write cron: "0 2 * * *", or every: 10m'),
        ("name: a, every: 10m, cron: 0 2 * * *", "schedules[0]: takes either cron or every; "),
        ("name: a, every: 10m, timezone: Asia/Seoul", "schedules[0].timezone: belongs to cron: "),
        ("name: a, every: 10m, jitter: 10m", "schedules[0].jitter: 600 s is not below every (600 s)"),
        ("name: a, every: 0.5s", "schedules[0].every: 0.5 s is not from 1 s to 7 days"),
        ("name: a, every: often", "schedules[0].every: 'often' is not a duration; write 5m"),
        ("name: a, every: 10m, catch_up: 2d", "schedules[0].catch_up: 172800 s is more than a day"),
        ("name: a, every: 10m, nodes: [node-3]", "schedules[0].nodes[0]: 'node-3' is no node; did you mean"),
        ("name: a, every: 10m, nodes: [x]", "schedules[0].nodes[0]: 'x' is no node; the nodes are node-1"),
        ("name: a, every: 10m, profile: smok", "schedules[0].profile: 'smok' is no profile; did you mean"),
        ("name: a, every: 10m, profile: own, duration: 5m", "schedules[0].duration: profile own has no"),
        ("name: a, every: 10m, profile: ramp, duration: 1m", "schedules[0].duration: a ramp of 60 s up and"),
        ("name: a, every: 10m, interval: 5", "schedules[0].interval: unknown key"),
        ("name: a, cron: 0 2 * * 9", "schedules[0].cron: '0 2 * * 9' is not a cron expression: the weekday"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, schedule: str, line: str) -> None:
    """File, line, key, what was found and what to write."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, schedule)
    assert str(caught.value).startswith(f"{tmp_path}/c.yaml:5: {line}"), str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_of_one_name(tmp_path: Path) -> None:
    """A schedule's name is what its starts are kept under."""
    with pytest.raises(
        ConfigError, match=r"c.yaml:6: schedules\[1\].name: 'a' is also the name of schedules\[0\]"
    ):
        loaded(tmp_path, "name: a, every: 10m", "name: a, every: 20m")
