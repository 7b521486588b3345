"""What a channel is told: one message of plain words and values, and the forms that services take it in."""

from __future__ import annotations

import html
import platform
import re
from typing import Any

from orchestrator.model import Channel, Event
from orchestrator.notifying.incidents import Happening

Message = dict[str, Any]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+~|@!-])")


def message_for(channel: Channel, happening: Happening) -> Message | None:
    """Return what a channel is told of something; None when it does not want to know."""
    schedule = happening.start["schedule"]
    if happening.event not in channel.events or (channel.schedules and schedule not in channel.schedules):
        return None
    said = _said(channel, happening)
    if not said:
        return None
    start = happening.start
    words = "; ".join(filter(None, (start["reason"], start["sentence"])))
    return _message(
        happening.event,
        f"{schedule}: {said}",
        words,
        schedule=schedule,
        due=start["wall"],
        campaign=start["campaign_id"],
        verdict=start["verdict"],
        nodes=sorted(happening.nodes),
    )


def test_message(channel: Channel) -> Message:
    """Return what shows that a channel works."""
    return _message(Event.TEST, "a test", f"The channel {channel.name} works; nothing has happened.")


def _message(event: Event, title: str, text: str, **values: Any) -> Message:
    known: Message = {"schedule": None, "due": None, "campaign": None, "verdict": None, "nodes": []}
    return {"event": event, "title": f"stallwatch: {title}", "text": text, "host": platform.node()} | (
        known | values
    )


def _said(channel: Channel, happening: Happening) -> str:
    nodes, start = ", ".join(sorted(happening.nodes)), happening.start
    if happening.event is Event.FAIL:
        return f"fail: {nodes}"
    if happening.event is Event.NOT_RUN:
        return f"did not run as it should ({start['state']}, due {start['wall']})"
    if happening.event is Event.INCONCLUSIVE:
        times = happening.streak
        return f"inconclusive {times} times in a row" if times == channel.inconclusive_after else ""
    if happening.event is Event.GOOD:
        return "pass"
    over = []
    if nodes:
        over.append(f"{nodes} passed again, after failing since {min(happening.nodes.values())}")
    if happening.not_run_since:
        over.append(f"it ran again, after {happening.not_run_since}")
    if happening.streak >= channel.inconclusive_after:
        over.append(f"it passed, after {happening.streak} times inconclusive")
    return f"recovery: {'; '.join(over)}" if over else ""


def payload(kind: str, message: Message) -> dict[str, Any]:
    """Return the JSON that a webhook of some kind takes; text from outside cannot mention or link."""
    title, text = message["title"], message["text"]
    if kind == "teams":
        return {"type": "message", "attachments": [_card(title, text)]}
    lines = [title, *([text] if text else [])]
    if kind == "slack":
        return {"text": "\n".join(html.escape(line, quote=False) for line in lines)}
    if kind == "mattermost":
        # A word joiner keeps @all and @channel from being mentions.
        escaped = [_MARKDOWN.sub(r"\\\1", line).replace("@", "@\u2060") for line in lines]
        return {"text": "\n".join(escaped), "username": "stallwatch"}
    return message


def _card(title: str, text: str) -> dict[str, Any]:
    """Return an adaptive card; its text runs are plain, unlike text blocks, which read Markdown."""
    runs = [{"type": "TextRun", "text": title, "weight": "Bolder"}]
    body = [{"type": "RichTextBlock", "inlines": runs}]
    if text:
        body.append({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]})
    return {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "content": {
            "type": "AdaptiveCard",
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "version": "1.4",
            "body": body,
        },
    }
