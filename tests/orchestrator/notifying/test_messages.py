"""The forms that chat services take, and that text from outside is text there."""

from __future__ import annotations

import json

import pytest

from orchestrator.notifying.messages import payload

HOSTILE = '<!channel> @all [x](http://evil.example.test) *b* & "q"'
MESSAGE = {"title": "stallwatch: nightly: fail: a", "text": HOSTILE, "event": "fail", "nodes": ["a"]}


def test_slack_cannot_mention_or_link() -> None:
    """The three characters that Slack reads are escaped as it asks."""
    assert payload("slack", MESSAGE) == {
        "text": "stallwatch: nightly: fail: a\n"
        '&lt;!channel&gt; @all [x](http://evil.example.test) *b* &amp; "q"'
    }


def test_mattermost_cannot_mention_or_link() -> None:
    """Markdown is escaped, and no mention follows an @."""
    text = payload("mattermost", MESSAGE)["text"]
    assert "@all" not in text
    assert "](" not in text
    assert r"\*b\*" in text
    assert text.startswith("stallwatch: nightly: fail: a\n")


def test_teams_takes_a_card_of_plain_runs() -> None:
    """An adaptive card whose text is in runs, which read no Markdown."""
    sent = payload("teams", MESSAGE)
    [attachment] = sent["attachments"]
    assert (sent["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    blocks = attachment["content"]["body"]
    assert [block["type"] for block in blocks] == ["RichTextBlock", "RichTextBlock"]
    assert [block["inlines"][0]["text"] for block in blocks] == [MESSAGE["title"], HOSTILE]


@pytest.mark.parametrize("kind", ["slack", "mattermost", "teams", "webhook"])
def test_everything_is_json(kind: str) -> None:
    """Whatever the text holds, also half a character."""
    sent = payload(kind, MESSAGE | {"text": "\ud800\x00"})
    assert json.loads(json.dumps(sent)) == sent
