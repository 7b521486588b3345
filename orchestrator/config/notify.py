"""Channels of the config: what no single key shows, and their URLs, read from where they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.config.schema import ChannelSection, ConfigFile
from orchestrator.config.source import Problem
from orchestrator.config.values import nearest, shown
from orchestrator.model import Channel, Event

TOLD = (Event.FAIL, Event.RECOVERY, Event.INCONCLUSIVE, Event.NOT_RUN)


def channel_problems(config: ConfigFile) -> Iterator[Problem]:
    """Yield what no single key of a channel shows."""
    names: list[str] = []
    schedules = [schedule.name for schedule in config.schedules]
    for index, channel in enumerate(config.notify):
        if channel.name in names:
            text = f"{shown(channel.name)} names two channels; give each a name of its own"
            yield Problem(loc=("notify", index, "name"), text=text)
        names.append(channel.name)
        if channel.type == "ping" and channel.events is not None:
            text = "a ping comes after each good campaign, and tells of nothing else; remove events"
            yield Problem(loc=("notify", index, "events"), text=text)
        for number, name in enumerate(channel.schedules):
            if name not in schedules:
                known = nearest(name, schedules) or f"; the schedules are {', '.join(schedules) or 'none'}"
                loc = ("notify", index, "schedules", number)
                yield Problem(loc=loc, text=f"{shown(name)} is no schedule{known}")


def channels_of(
    config: ConfigFile, environ: Mapping[str, str], base: Path
) -> tuple[list[Problem], tuple[Channel, ...]]:
    """Return what is wrong with URLs, and the channels whose URLs can be used."""
    problems, channels = [], []
    for index, section in enumerate(config.notify):
        try:
            url = _url(section, environ, base)
        except ValueError as error:
            problems.append(Problem(loc=("notify", index, "url"), text=str(error)))
            continue
        ping = section.type == "ping"
        channels.append(
            Channel(
                name=section.name,
                kind=section.type,
                url=url,
                events=(Event.GOOD,) if ping else tuple(map(Event, section.events or TOLD)),
                schedules=tuple(section.schedules),
                inconclusive_after=section.inconclusive_after,
            )
        )
    return problems, tuple(channels)


def _url(section: ChannelSection, environ: Mapping[str, str], base: Path) -> str:
    url = section.url.read(environ, base)
    where = f"the environment variable {section.url.env}" if section.url.env else "the file"
    if section.type == "apprise":
        if "://" not in url:
            raise ValueError(f"{where} holds no URL of apprise; put one there, such as mailtos://...")
        return url
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or " " in url:
        raise ValueError(f"{where} holds no http or https URL; put the whole of it there")
    return url
