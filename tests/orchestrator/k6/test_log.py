"""What k6 says on stderr: what matters is kept, counted and made readable, whatever else stands there."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.k6.log import LINE_CHARS, K6Log, lines

TIME = 'time="2026-11-25T10:10:16Z"'
THROWN = (
    rf'{TIME} level=error msg="Error: boom\n \"q\"  \n\tat f (file:///tmp/my%20tests/a2.js:8:29(3))\n"'
    " executor=shared-iterations scenario=f source=stacktrace"
)
REJECTED = (
    f'{TIME} level=error msg="Uncaught (in promise) [object Object]" executor=shared-iterations scenario=g'
)
CONSOLE = rf'{TIME} level=error msg="mine executor=x level=error \" executor=y" source=console'
REFUSED = (
    rf'{TIME} level=warning msg="Request Failed" error="Get \"http://b.test:81/x?y=1\":'
    ' IP (127.0.0.2) is in a blacklisted range (127.0.0.2/31)"'
)


def log_of(*said: str, secrets: dict[str, str] | None = None, allowed: tuple[str, ...] = ()) -> K6Log:
    """Return a log that took these lines."""
    log = K6Log(secrets, allowed)
    for line in said:
        log.take(line)
    return log


def test_exceptions_of_iterations_are_counted() -> None:
    """What an iteration threw or left rejected counts; what a script writes on the console does not."""
    log = log_of(THROWN, CONSOLE, REJECTED, THROWN, CONSOLE)
    assert log.exceptions == 3
    assert log.last_exception() == 'Error: boom "q" at f (a2.js:8:29)'


def test_a_flood_hides_no_error() -> None:
    """The last error of k6's own is its message, however much the script writes after it."""
    log = log_of(f'{TIME} level=error msg="the end"', *[CONSOLE] * 1000, f"{TIME} level=info msg=x")
    assert log.message() == "the end"


def test_a_crash_is_told_by_its_beginning() -> None:
    """Of a Go panic the reason counts, not the last line of its stack."""
    stack = [
        "panic: runtime error: nil [recovered]",
        "\tpanic: again",
        "goroutine 40 [running]:",
        "x.go:272 +0xc65",
    ]
    assert (
        log_of(f'{TIME} level=error msg="before"', *stack).message()
        == "panic: runtime error: nil [recovered]"
    )


def test_the_rates_bound_makes_no_exceptions() -> None:
    """Iterations whose turn comes after their end are the bound's doing, not the script's."""
    late = f'{TIME} level=error msg="GoError: rate: Wait(n=1) would exceed context deadline"'
    assert log_of(f"{late} executor=constant-vus scenario=s").exceptions == 0


def test_refused_addresses_are_kept_with_their_host() -> None:
    """Each address once, with the host asked for where it is said; those that are allowed are not ours."""
    bare = f'{TIME} level=info msg="dialing: IP (::1) is in a blacklisted range (::/0)" source=console'
    named, ours = REFUSED.replace("b.test", "127.0.0.4"), REFUSED.replace("127.0.0.2)", "192.0.2.9)")
    named = named.replace("(127.0.0.2)", "(127.0.0.4)")
    log = log_of(bare, REFUSED, REFUSED, named, ours, allowed=("192.0.2.9",))
    assert log.refused == {"::1": "", "127.0.0.2": "b.test:81", "127.0.0.4": ""}


def test_refused_addresses_are_bounded() -> None:
    """A script that asks for all the world fills no memory."""
    log = log_of(*(REFUSED.replace("(127.0.0.2)", f"(10.0.{n // 250}.{n % 250})") for n in range(5000)))
    assert len(log.refused) == 20


def test_secrets_are_told_by_their_names() -> None:
    """The longest first, so that no part of one is left; also where quoting had changed it."""
    said = f'{TIME} level=error msg="user abcd, key \\"abcd-1234\\"\\n"'
    assert log_of(said, secrets={"abcd": "USER", '"abcd-1234"': "KEY"}).message() == "user [USER], key [KEY]"


def test_what_followed_is_found() -> None:
    """The words after a phrase, of the last line that has it."""
    said = [f'{TIME} level=error msg="test marked as failed: {why}"' for why in ("one", "two")]
    log = log_of(*said, f'{TIME} level=error msg="test run was marked as failed"')
    assert log.after("test marked as failed: ") == "two"
    assert log.after("nothing of that") == ""


def test_overlong_lines_keep_beginning_and_end() -> None:
    """One line stays one line, whatever its length, and what k6 adds at its end is seen."""
    long = THROWN.replace("boom", "boom" + "x" * 5 * LINE_CHARS)
    found = list(lines(io.BytesIO(f"{long}\nshort\n\nlast".encode())))
    assert len(found) == 4
    assert found[1:] == ["short", "", "last"]
    assert len(found[0]) <= 2 * LINE_CHARS
    assert log_of(found[0]).exceptions == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", ""),
        ("panic: no quotes", "panic: no quotes"),
        ('level=error msg=short error="no space"', "short: no space"),
        ('level=error msg="naïve 日本"', "naïve 日本"),
        ('level=error msg="unfinished', 'level=error msg="unfinished'),
        (r'level=error msg="café \"shut\"\n  at x.js" error="EOF"', 'café "shut" at x.js: EOF'),
        (r'level=error msg="GoError: no\n\tat go.k6.io/k6/js.(*B).f (native)\n"', "no"),
        (
            'level=error msg="file:///a%2Fb/s.js: Line 1:38 Unexpected token ;"',
            "s.js:1:38 Unexpected token ;",
        ),
    ],
)
def test_message_of_odd_lines(said: str, message: str) -> None:
    """Whatever stands on stderr, the message is one readable line."""
    assert log_of(said).message() == message


@given(st.binary(max_size=300), st.sampled_from([THROWN, CONSOLE, REFUSED, "level=error msg="]))
def test_no_bytes_break_it(noise: bytes, before: str) -> None:
    """Anything at all on stderr gives one line of a bounded length."""
    log = log_of(*lines(io.BytesIO(before.encode() + noise + b"\n" + noise)), secrets={"boom": "X"})
    assert len(log.message()) <= 500
    assert "\n" not in log.message() + log.last_exception()
