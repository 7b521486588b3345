"""Delivery to real servers on loopback: ones that answer, fail, hang, hang up, redirect, and take mail."""

from __future__ import annotations

import socket

import pytest

from orchestrator.model import Channel
from orchestrator.notifying.delivery import NotDeliveredError, Patience, deliver
from orchestrator.notifying.messages import test_message as message_of
from tests.orchestrator.notifying.hooks import CLOSE, HANG, Hook, Mail, listening, mailing

SOON = Patience(timeout_s=0.3, pauses_s=(0.0, 0.0))
# What apprise imports where Python still has it.
OLD_MODULES = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SECRETS = ("user", "pa55word", "T0KEN", "s3cret", "127.0.0.1")


def channel(url: str, kind: str = "webhook") -> Channel:
    """Return a channel."""
    return Channel(name="team", kind=kind, url=url, events=())


def send(url: str, kind: str = "webhook") -> None:
    """Send a test message."""
    deliver(channel(url, kind), message_of(channel(url, kind)), SOON)


def test_a_message_arrives_as_json() -> None:
    """One POST, to the whole URL, with title, text, event and host."""
    hook = Hook(200)
    with listening(hook):
        send(hook.url)
    [(method, path, body)] = hook.taken
    assert (method, path) == ("POST", "/hook/T0KEN?key=s3cret")
    assert body["event"] == "test"
    assert body["title"] == "stallwatch: a test"
    assert {"text", "host", "schedule", "campaign", "verdict", "nodes", "due"} <= body.keys()


@pytest.mark.parametrize("bad", [500, 503, 429, HANG, CLOSE])
def test_what_may_pass_is_tried_again(bad: int | str) -> None:
    """A server that fails twice and then answers gets the message once."""
    hook = Hook(bad, bad, 200)
    with listening(hook):
        send(hook.url)
    assert (hook.tries, len(hook.taken)) == (3, 1)


@pytest.mark.parametrize(
    ("bad", "tries", "said"),
    [
        (500, 3, "it answered 500, 3 times"),
        (HANG, 3, "no answer within 0.3 s, 3 times"),
        (CLOSE, 3, "the connection ended without an answer, 3 times"),
        (404, 1, "it answered 404"),
        (302, 1, "it answered 302"),
    ],
)
def test_what_does_not_pass_is_given_up_in_bounded_tries(bad: int | str, tries: int, said: str) -> None:
    """The reason is said, the URL is not; what is refused, or sent elsewhere, is not tried again."""
    hook = Hook(bad)
    with listening(hook), pytest.raises(NotDeliveredError) as raised:
        send(hook.url)
    assert (raised.value.message, hook.tries) == (said, tries)
    no_secrets(raised.value)


def test_nobody_listens() -> None:
    """A refused connection is said as such."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NotDeliveredError, match=r"^Connection refused, 3 times$") as raised:
            send(f"http://user:pa55word@127.0.0.1:{unused.getsockname()[1]}/T0KEN")
    no_secrets(raised.value)


@pytest.mark.parametrize("url", ["http://T0KEN.invalid/s3cret", "http://[T0KEN", "http://a\x00T0KEN/"])
def test_an_address_that_is_none(url: str) -> None:
    """Neither a name without an address nor a URL without sense is repeated."""
    with pytest.raises(NotDeliveredError) as raised:
        send(url)
    no_secrets(raised.value)


def no_secrets(error: NotDeliveredError) -> None:
    """See that nothing of a URL is in what might be logged."""
    chain: BaseException | None = error
    while chain is not None and not chain.__suppress_context__:
        chain = chain.__context__
    assert not any(secret in str(error) + repr(error) for secret in SECRETS)


def test_a_ping_is_a_get() -> None:
    """Without a body."""
    hook = Hook(200)
    with listening(hook):
        send(hook.url, "ping")
    assert hook.taken == [("GET", "/hook/T0KEN?key=s3cret", None)]


@OLD_MODULES
def test_mail_by_apprise() -> None:
    """A real SMTP conversation: the subject is the title, the body the text."""
    mail = Mail()
    with mailing(mail):
        send(mail.url, "apprise")
    [taken] = mail.taken
    assert "Subject: stallwatch: a test" in taken
    assert "The channel team works; nothing has happened." in taken


@OLD_MODULES
def test_what_apprise_cannot_do(capfd: pytest.CaptureFixture[str]) -> None:
    """A kind that it does not know, and a server that is not there: said, and nothing of the URL printed."""
    with pytest.raises(NotDeliveredError, match=r"^apprise does not know such a URL$"):
        send("nosuch://user:pa55word@127.0.0.1/T0KEN", "apprise")
    with pytest.raises(NotDeliveredError, match=r"^apprise could not deliver it, 3 times$"):
        send("mailto://user:pa55word@127.0.0.1:1/?from=a@example.test&mode=insecure", "apprise")
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
