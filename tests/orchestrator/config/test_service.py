"""The service's endpoints, bodies and certificates: what reaches k6, and every way to write them wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import load_settings
from orchestrator.errors import ConfigError
from orchestrator.model import ClientCertificate, Endpoint, Service
from tests.orchestrator.config.made import write_certificates

NODES = "nodes: [{name: n, address: 127.0.0.1}]"
URL = "https://shop.example.com:8443/healthz?a=b"


def service(folder: Path, keys: str, **environ: str) -> Service:
    """Return the service of a config with these keys beside its URL."""
    (folder / "c.yaml").write_text(f"service: {{url: '{URL}'{keys}}}\n{NODES}\n")
    return load_settings(folder / "c.yaml", environ).service_value()


def test_without_endpoints_the_url_itself_is_asked(tmp_path: Path) -> None:
    """The URL is asked by GET, under the name of its path, with the service's headers and status."""
    [asked] = service(tmp_path, ", expect_status: 204, headers: {Accept: a/b}").asked
    assert asked == Endpoint(name="/healthz", url=URL, headers={"Accept": "a/b"}, expect_status=204)


@pytest.mark.parametrize("body", [r'"{\"n\": \"é\"}\n"', "{env: BODY}", "{file: body.json}"])
def test_method_and_body_of_the_url_itself(tmp_path: Path, body: str) -> None:
    """A body stands in the config, in a variable or in a file, and is sent as it stands there."""
    text = '{"n": "é"}\n'
    (tmp_path / "body.json").write_text(text)
    [asked] = service(tmp_path, f", method: POST, body: {body}", BODY=text).asked
    assert (asked.method, asked.body, asked.url) == ("POST", text, URL)


ENDPOINTS = """, expect_status: 203, headers: {X-Key: {env: ALL}, Accept: a/b}, endpoints: [
  {name: home, path: /, weight: 3},
  {name: order, path: "/orders?n=1", method: POST, body: {env: BODY}, headers: {x-key: {env: ONE}},
   expect_status: 201}]"""


def test_endpoints_stay_on_the_services_host(tmp_path: Path) -> None:
    """Each has its path, and what it does not say is the service's; its own headers win."""
    asked = service(tmp_path, ENDPOINTS, ALL="s1", ONE="s2", BODY="s3").asked
    assert asked == (
        Endpoint(
            name="home",
            url="https://shop.example.com:8443/",
            weight=3,
            headers={"X-Key": "s1", "Accept": "a/b"},
            expect_status=203,
        ),
        Endpoint(
            name="order",
            url="https://shop.example.com:8443/orders?n=1",
            method="POST",
            body="s3",
            headers={"Accept": "a/b", "x-key": "s2"},
            expect_status=201,
        ),
    )
    assert not any(secret in repr(asked) for secret in ("s1", "s2", "s3"))


def test_tls_of_the_client(tmp_path: Path) -> None:
    """insecure_tls and the client's certificate reach the service; their files lie beside the config."""
    write_certificates(tmp_path)
    keys = ", insecure_tls: true, client_certificate: {cert_file: client.pem, key_file: client.key}"
    found = service(tmp_path, keys)
    assert found.insecure_tls
    assert found.client_certificate == ClientCertificate(
        cert_file=tmp_path / "client.pem", key_file=tmp_path / "client.key"
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            ", method: FETCH",
            "service.method: 'FETCH': expected 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'",
        ),
        (", body: 3", "service.body: expected text; put it in quotes, or write {env: NAME} or {file: PATH}"),
        (", body: {n: 1}", "service.body: expected exactly one of env and file"),
        (', body: "a\\0b"', "service.body: holds NUL or half a character, which is no text; remove it"),
        (", insecure_tls: 1", "service.insecure_tls: 1: expected true or false"),
        (
            ", client_certificate: {cert_file: client.pem}",
            "service.client_certificate.key_file: is missing; write {cert_file: ",
        ),
        (
            ", client_certificate: {cert_file: client.pem, key_file: no.key}",
            "no.key' cannot be read: No such file or directory",
        ),
        (
            ", client_certificate: {cert_file: client.pem, key_file: ca.pem}",
            "are no certificate with its key; export both as PEM, the key without a password",
        ),
        (
            ", client_certificate: {cert_file: client.pem, key_file: client.key, password: x}",
            "service.client_certificate.password: unknown key; the keys here are cert_file, key_file",
        ),
        (", endpoints: [{path: /}]", "service.endpoints[0].name: is missing"),
        (", endpoints: [{name: a}]", "service.endpoints[0].path: is missing; write path: /orders"),
        (", endpoints: [{name: a b, path: /}]", "service.endpoints[0].name: 'a b' cannot be a name"),
        (
            ", endpoints: [{name: a, path: orders}]",
            "service.endpoints[0].path: 'orders' is not a path; write /orders",
        ),
        (
            ", endpoints: [{name: a, path: 'https://evil.test/'}]",
            "service.endpoints[0].path: 'https://evil.test/' is a URL; only the service's own host is asked",
        ),
        (
            ", endpoints: [{name: a, path: '/a b'}]",
            "'/a b' is not a path (blank, control or non-ASCII character)",
        ),
        (", endpoints: [{name: a, path: '/a#b'}]", "'/a#b' has a #fragment, which is never sent; remove it"),
        (", endpoints: [{name: a, path: /, weight: 0}]", "endpoints[0].weight: 0: expected a number above 0"),
        (", endpoints: [{name: a, path: /, url: x}]", "service.endpoints[0].url: unknown key"),
        (
            ", endpoints: [{name: a, path: /}, {name: a, path: /b}]",
            "service.endpoints[1].name: 'a' is also the name of endpoints[0]; give each its own name",
        ),
        (
            ", endpoints: [{name: a, path: /, headers: {Cookie: hunter2}}]",
            "service.endpoints[0].headers.Cookie: a secret does not belong in this file; write {env: COOKIE}",
        ),
        (
            ", endpoints: [{name: a, path: /, headers: {Host: x}}]",
            "stallwatch sets this header itself; remove it",
        ),
        (
            ", method: POST, endpoints: [{name: a, path: /}]",
            "service.method: belongs to each of the endpoints: write it there",
        ),
    ],
)
def test_a_wrong_service(tmp_path: Path, keys: str, said: str) -> None:
    """What is wrong with the service is one line with its key, and a secret is not repeated."""
    write_certificates(tmp_path)
    with pytest.raises(ConfigError) as caught:
        service(tmp_path, keys)
    [line] = str(caught.value).split("\n")
    assert line.startswith(f"{tmp_path}/c.yaml:1: service.")
    assert said in line
    assert "hunter2" not in line


def test_a_key_with_a_password_asks_nobody(tmp_path: Path) -> None:
    """A key that wants a password is refused at once, without a question on the terminal."""
    from cryptography.hazmat.primitives import serialization as pem

    write_certificates(tmp_path)
    key = pem.load_pem_private_key((tmp_path / "client.key").read_bytes(), None)
    sealed = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"pw"))
    (tmp_path / "client.key").write_bytes(sealed)
    with pytest.raises(ConfigError, match="the key without a password"):
        service(tmp_path, ", client_certificate: {cert_file: client.pem, key_file: client.key}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory; write the value there"),
        (b"\xff", "is not UTF-8 text; keep text there"),
        (b"a\0", "is not UTF-8 text; keep text there"),
        (b"x" * 65_537, "is larger than 64 KB; keep only the value there"),
    ],
)
def test_a_body_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A body's file that is missing, too large or no text is one line."""
    if content is not None:
        (tmp_path / "b").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"service.endpoints\[0\].body: the file '\S+/b' {said}"):
        service(tmp_path, ", endpoints: [{name: a, path: /, body: {file: b}}]")


def test_bodies_that_do_not_fit_into_k6s_environment(tmp_path: Path) -> None:
    """Bodies of more than the system takes as one variable are refused before k6 is started."""
    (tmp_path / "b").write_text("x" * 60_000)
    one = ", endpoints: [{name: a, path: /, body: {file: b}}"
    assert service(tmp_path, f"{one}]").endpoints
    with pytest.raises(
        ConfigError, match=r"service.endpoints: bodies and headers come to 1\d\d KB; shorten them"
    ):
        service(
            tmp_path,
            f"{one}, {{name: b, path: /, body: {{file: b}}}}, {{name: c, path: /, body: {{file: b}}}}]",
        )
