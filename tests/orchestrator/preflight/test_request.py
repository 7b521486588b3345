"""One real request through each node: what was sent, and every way it can fail, in words."""

from __future__ import annotations

import datetime as dt
import ssl
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from orchestrator.model import ClientCertificate, Endpoint, Node, Service
from orchestrator.preflight.check import Check, State
from orchestrator.preflight.request import check_nodes
from tests.orchestrator.preflight.nodes import black_hole, closed_port, never_accepting, serving

HOST = "shop.example.com"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """Stand for the operator's own authority."""
    return trustme.CA(organization_name="Shop CA")


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> Path:
    """Hold the authority's PEM file, as the config names it."""
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def context(ca: trustme.CA, name: str = HOST, *, days: int = 100) -> ssl.SSLContext:
    """Return a server's TLS settings, with a certificate that ends in ``days``."""
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, hours=1)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name, common_name=name, not_after=end).configure_cert(server)
    return server


def ask(
    port: int,
    ca_file: Path | None = None,
    *,
    scheme: str = "https",
    host: str = "127.0.0.1",
    timeout_s: float = 5,
) -> Check:
    """Check one node at a port of loopback."""
    service = Service(url=f"{scheme}://{HOST}/healthz?a=b", ca_file=ca_file, headers={"X-Token": "hunter2"})
    [check] = check_nodes(
        service, [Node(name="n", host=host, port=port)], now_s=time.time(), timeout_s=timeout_s
    )
    assert "hunter2" not in repr(check)
    return check


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_node_that_is_well(ca: trustme.CA, ca_file: Path, host: str) -> None:
    """The request goes to the node's address with the service's Host, SNI, path and headers."""
    with serving(certificate=context(ca), host=host) as server:
        check = ask(server.port, ca_file, host=host)
    [seen] = server.seen
    assert (seen.path, seen.host, seen.sni) == ("/healthz?a=b", HOST, HOST)
    assert (seen.headers["x-token"], seen.headers["user-agent"]) == ("hunter2", "stallwatch")
    assert check.state is State.OK
    assert " answered 200 in " in check.text
    assert check.text.endswith(f"; certificate of {HOST} by Shop CA, 100 days left")
    assert check.figures["days_left"] == 100


def test_a_plain_http_node_ignores_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS there is no certificate to speak of, and a proxy of the environment is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serving() as server:
        check = ask(server.port, scheme="http")
    assert check.state is State.OK
    assert "certificate" not in check.text


def test_a_certificate_that_ends_soon(ca: trustme.CA, ca_file: Path) -> None:
    """A certificate with less than two weeks left is a warning."""
    with serving(certificate=context(ca, days=13)) as server:
        check = ask(server.port, ca_file)
    assert (check.state, check.hint) == (State.WARNING, "renew the certificate soon")
    assert "13 days left" in check.text


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (503, "the service or its ingress fails behind this node: look at its logs"),
        (404, "correct service.url, or set expect_status: 404"),
        (401, "the service wants credentials: set service.headers in the config"),
        (302, "redirects are not followed: ask for the target in service.url, or set expect_status: 302"),
    ],
)
def test_another_status(status: int, hint: str) -> None:
    """A status that is not expected fails with what to do, and a redirect is not followed."""
    with serving(status=status) as server:
        check = ask(server.port, scheme="http")
    assert (check.state, check.hint) == (State.FAILED, hint)
    assert check.text.startswith(f"127.0.0.1:{server.port} answered {status} in ")
    assert check.text.endswith("; expected 200")
    assert len(server.seen) == 1


def test_a_ca_that_is_not_known(ca: trustme.CA, tmp_path: Path) -> None:
    """Without ca_file, and with another CA's, the failure says how to give the right one."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with serving(certificate=context(ca)) as server:
        without, other = ask(server.port), ask(server.port, tmp_path / "other.pem")
    assert without.state is other.state is State.FAILED
    assert without.text.startswith("TLS: the certificate is not signed by a known CA")
    assert without.hint == ("the system does not know its CA: set ca_file in service to that CA's PEM file")
    assert other.hint.startswith("service.ca_file is not the CA that signed it")


@pytest.mark.parametrize(
    ("name", "days", "said"),
    [
        ("other.example.com", 100, f"TLS: the certificate is not valid for {HOST}"),
        (HOST, -1, "TLS: the certificate has expired"),
    ],
)
def test_a_certificate_that_does_not_fit(
    ca: trustme.CA, ca_file: Path, name: str, days: int, said: str
) -> None:
    """A wrong name and an expired certificate are told apart."""
    with serving(certificate=context(ca, name, days=days)) as server:
        check = ask(server.port, ca_file)
    assert (check.state, check.text) == (State.FAILED, said)
    assert server.seen == []


def test_tls_to_a_plain_port_and_plain_to_a_tls_port(ca: trustme.CA) -> None:
    """A scheme that does not fit the port is suspected in both directions."""
    with serving() as plain:
        tls_to_plain = ask(plain.port)
    with serving(certificate=context(ca)) as tls:
        plain_to_tls = ask(tls.port, scheme="http")
    assert tls_to_plain.state is plain_to_tls.state is State.FAILED
    assert tls_to_plain.text.startswith("TLS: the handshake with ")
    assert tls_to_plain.hint == "service.url says https: does this port of the node speak it?"
    assert plain_to_tls.hint == "service.url says http: does this port of the node speak it?"


def test_a_closed_port() -> None:
    """Nobody listening is told apart from nobody answering."""
    with closed_port() as port:
        check = ask(port)
    assert (check.state, check.text) == (State.FAILED, f"127.0.0.1:{port} refused the connection")


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("https", "accepted the connection, but the TLS handshake was not answered within 0.2 s"),
        ("http", "took the request, but did not answer within 0.2 s"),
    ],
)
def test_a_node_that_accepts_and_is_silent(scheme: str, said: str) -> None:
    """Silence after the TCP handshake names the step that was not answered."""
    with never_accepting() as port:
        check = ask(port, scheme=scheme, timeout_s=0.2)
    assert (check.state, check.text) == (State.FAILED, f"127.0.0.1:{port} {said}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux drops SYNs when a backlog is full")
def test_a_black_hole() -> None:
    """A node that drops packets is named as such."""
    with black_hole() as port:
        check = ask(port, timeout_s=0.2)
    assert check.state is State.FAILED
    assert check.text == f"127.0.0.1:{port} did not answer within 0.2 s (no TCP connection: a black hole)"
    assert "firewall" in check.hint


def test_nodes_are_asked_side_by_side_and_reported_in_order() -> None:
    """Sixteen nodes wait for each other at once: each answer comes only when all have asked."""
    everyone = threading.Barrier(16, timeout=30)
    with serving() as server:
        server.before_answer = everyone.wait
        nodes = [Node(name=f"n{i}", host="127.0.0.1", port=server.port) for i in range(16)]
        checks = check_nodes(Service(url=f"http://{HOST}/"), nodes, now_s=0, timeout_s=30)
    assert [(check.name, check.state) for check in checks] == [(f"node n{i}", State.OK) for i in range(16)]


def test_each_endpoint_is_asked_once() -> None:
    """Each node is asked for the first endpoint, the first node for the others, as each is written."""
    endpoints = (
        Endpoint(name="home", url=f"http://{HOST}/"),
        Endpoint(
            name="order",
            url=f"http://{HOST}/orders?n=1",
            method="POST",
            body='{"n": "é"}',
            headers={"X-Key": "hunter2"},
            expect_status=201,
        ),
    )
    service = Service(url=f"http://{HOST}/healthz", endpoints=endpoints)
    with serving() as one, serving() as other:
        nodes = [Node(name=f"n{s.port}", host="127.0.0.1", port=s.port) for s in (one, other)]
        checks = check_nodes(service, nodes, now_s=0)
    assert [(check.name, check.state) for check in checks] == [
        (f"node n{one.port}", State.OK),
        (f"node n{other.port}", State.OK),
        ("endpoint order", State.FAILED),
    ]
    assert checks[2].text.endswith(" ms; expected 201")
    assert [(seen.method, seen.path) for seen in other.seen] == [("GET", "/")]
    asked = {seen.path: seen for seen in one.seen}
    assert asked.keys() == {"/", "/orders?n=1"}
    order = asked["/orders?n=1"]
    assert (order.method, order.body, order.headers["x-key"]) == ("POST", '{"n": "é"}', "hunter2")
    assert "hunter2" not in repr(checks)


def test_insecure_tls_checks_no_certificate(ca: trustme.CA) -> None:
    """With insecure_tls any certificate will do, and the line says that none was checked."""
    with serving(certificate=context(ca, "other.example.com", days=-1)) as server:
        service = Service(url=f"https://{HOST}/", insecure_tls=True)
        node = Node(name="n", host="127.0.0.1", port=server.port)
        [check] = check_nodes(service, [node], now_s=time.time())
    assert check.state is State.OK
    assert check.text.endswith("; its certificate was not checked, as insecure_tls asks")
    assert server.seen[0].sni == HOST


def test_a_node_that_wants_a_certificate(ca: trustme.CA, ca_file: Path, tmp_path: Path) -> None:
    """With the client's certificate it answers; without one the hint names the key of the config."""
    wanting = context(ca)
    wanting.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(wanting)
    mine = ca.issue_cert("client.test")
    mine.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    mine.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    certificate = ClientCertificate(cert_file=tmp_path / "client.pem", key_file=tmp_path / "client.key")
    with serving(certificate=wanting) as server:
        node = Node(name="n", host="127.0.0.1", port=server.port)
        service = Service(url=f"https://{HOST}/", ca_file=ca_file)
        [without] = check_nodes(service, [node], now_s=time.time())
        known = replace(service, client_certificate=certificate)
        [check] = check_nodes(known, [node], now_s=time.time())
    assert (without.state, without.hint) == (
        State.FAILED,
        "it may want a client certificate: set client_certificate in service",
    )
    assert check.state is State.OK, check.text
