"""What stands before every page: names, methods, headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.orchestrator.web.shown import Page, empty, showing


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Serve an empty home, under one name of its own."""
    with showing(empty(tmp_path_factory.mktemp("guard")).home, hosts=["stall.example.test"]) as shown:
        yield shown


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8790", "127.0.0.1", "127.8.8.8:80", "[::1]:8790", "stall.example.test:443"],
)
def test_known_names_are_answered(page: Page, host: str) -> None:
    """Loopback under each of its names, and what --allowed-host added, with any port."""
    assert page.raw("/", "GET", ("Host", host))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.test",
        "stall.example.test.evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "203.0.113.9",
        "0.0.0.0",
        "[::]",
        "[::ffff:203.0.113.9]",
        "localhost@evil.example",
        "localhost:80:80",
        "",
        "[127.0.0.1",
        "a" * 300,
    ],
)
@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing"])
def test_a_name_that_is_not_known_gets_nothing(page: Page, host: str, path: str) -> None:
    """A site whose name was pointed at this address (DNS rebinding) reads nothing here."""
    status, body = page.raw(path, "GET", ("Host", host))
    assert (status, b"--allowed-host" in body) == (400, True)


@pytest.mark.parametrize("headers", [[("X-Other", "1")], [("Host", "localhost"), ("Host", "evil.example")]])
def test_one_name_is_needed(page: Page, headers: list[tuple[str, str]]) -> None:
    """None at all, or two that differ, are refused."""
    assert page.raw("/", "GET", *headers)[0] == 400


def test_a_full_address_in_the_request_changes_no_name(page: Page) -> None:
    """A request line as proxies get it is answered by its Host header as well."""
    assert page.raw("http://localhost/", "GET", ("Host", "evil.example"))[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/reports/x.html", "/nothing"])
def test_it_is_only_read(page: Page, method: str, path: str) -> None:
    """Whatever is not GET or HEAD is refused, and told what is not."""
    got = page.client.request(method, path)
    assert (got.status_code, got.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["/", "/campaigns", "/healthz", "/metrics", "/reports/none.html", "/nothing"]
)
def test_every_answer_carries_the_headers(page: Page, path: str) -> None:
    """Errors too: nothing may be loaded, framed, sniffed, kept, or told to others."""
    got = page.get(path)
    policy = got.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} <= set(
        policy
    )
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "no-referrer"
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in got.headers
    assert page.client.head(path).content == b""


def test_the_address_that_was_asked_is_a_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Listening everywhere, the one address is answered by which the question came."""
    with showing(empty(tmp_path_factory.mktemp("all")).home, address="[::]:0") as page:
        assert page.raw("/healthz", "GET", ("Host", "127.0.0.1"))[0] == 200
        assert page.raw("/healthz", "GET", ("Host", "203.0.113.9"))[0] == 400
