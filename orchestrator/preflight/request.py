"""One request a node and one an endpoint: to the node's address, with the service's own Host and SNI."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from orchestrator.model import Endpoint, Node, Service
from orchestrator.preflight.certificate import Certificate, certificate_of
from orchestrator.preflight.check import Check, State
from orchestrator.preflight.failures import explain

TIMEOUT_S = 5.0
MAX_REQUESTS_AT_ONCE = 16
WARN_DAYS = 14


def check_nodes(
    service: Service, nodes: Sequence[Node], *, now_s: float, timeout_s: float = TIMEOUT_S
) -> list[Check]:
    """Ask the service's first endpoint through each node, and the others through the first node.

    A path leads through a node whatever is asked, and an endpoint is the service's: with each node and
    each endpoint asked once, nothing is asked for more often than that. All side by side; ``now_s`` is
    Unix time, for certificates.
    """
    trust = trust_of(service)
    first, *others = service.asked
    pairs = [(node, first, f"node {node.name}") for node in nodes]
    pairs += [(nodes[0], endpoint, f"endpoint {endpoint.name}") for endpoint in others]

    def ask(pair: tuple[Node, Endpoint, str]) -> Check:
        node, endpoint, name = pair
        asked = Asked(service=service, endpoint=endpoint, node=node, name=name)
        return check_node(asked, trust, now_s=now_s, timeout_s=timeout_s)

    with ThreadPoolExecutor(max_workers=MAX_REQUESTS_AT_ONCE) as pool:
        return list(pool.map(ask, pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: which endpoint of the service through which node, and the name of its check."""

    service: Service
    endpoint: Endpoint
    node: Node
    name: str


def trust_of(service: Service) -> ssl.SSLContext:
    """Return what k6 trusts and shows too: the system's authorities and the config's own, or anybody."""
    trust = ssl.create_default_context()
    if service.ca_file is not None:
        trust.load_verify_locations(cafile=service.ca_file)
    if service.insecure_tls:
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    if service.client_certificate is not None:
        mine = service.client_certificate
        trust.load_cert_chain(mine.cert_file, mine.key_file)
    return trust


def check_node(asked: Asked, trust: ssl.SSLContext, *, now_s: float, timeout_s: float) -> Check:
    """Send one request to a node's address and say how it went."""
    endpoint, node, service = asked.endpoint, asked.node, asked.service
    url = urlsplit(endpoint.url)
    steps: list[str] = []
    began_s = time.monotonic()
    try:
        # trust_env=False: a proxy would leave the node's path.
        with (
            httpx.Client(verify=trust, trust_env=False, timeout=timeout_s, follow_redirects=False) as client,
            client.stream(
                endpoint.method,
                node_url(url, node),
                headers=_headers(endpoint, url),
                content=endpoint.body,
                extensions={"sni_hostname": url.hostname, "trace": _recorder(steps)},
            ) as response,
        ):
            took_ms = (time.monotonic() - began_s) * 1000
            return _answered(
                response,
                asked,
                took_ms=took_ms,
                certificate=certificate_of(response.extensions["network_stream"]),
                now_s=now_s,
            )
    except httpx.TransportError as error:
        text, hint = explain(
            error, steps, url=url, node=node, timeout_s=timeout_s, has_ca_file=service.ca_file is not None
        )
        figures = {"address": node.address, "status": None}
        return Check(name=asked.name, state=State.FAILED, text=text, hint=hint, figures=figures)


def _headers(endpoint: Endpoint, url: SplitResult) -> httpx.Headers:
    headers = httpx.Headers({"User-Agent": "stallwatch", "Host": url.netloc})
    headers.update(endpoint.headers)  # header names match whatever their case
    return headers


def node_url(url: SplitResult, node: Node) -> str:
    """Return the service's URL with the node's address in place of its host."""
    port = node.port or url.port
    host = f"[{node.host}]" if ":" in node.host else node.host
    return url._replace(netloc=f"{host}:{port}" if port else host).geturl()


def _recorder(steps: list[str]) -> Callable[[str, object], None]:
    """Return a trace hook that keeps the steps' names, such as ``connection.start_tls.started``."""

    def record(event: str, _: object) -> None:
        steps.append(event)

    return record


def _answered(
    response: httpx.Response,
    asked: Asked,
    *,
    took_ms: float,
    certificate: Certificate | None,
    now_s: float,
) -> Check:
    name, node, expected = asked.name, asked.node, asked.endpoint.expect_status
    status = response.status_code
    days = None if certificate is None else certificate.days_left(now_s)
    figures: dict[str, str | float | None] = {"address": node.address, "status": status}
    figures["took_ms"] = round(took_ms, 1)
    text = f"{node.address} answered {status} in {took_ms:.0f} ms"
    if certificate is not None:
        text += f"; certificate of {certificate.subject} by {certificate.issuer}, {days} days left"
        figures |= {"subject": certificate.subject, "issuer": certificate.issuer, "days_left": days}
    elif asked.service.insecure_tls and asked.endpoint.url.startswith("https:"):
        text += "; its certificate was not checked, as insecure_tls asks"
    if status != expected:
        hint = _status_hint(status)
        return Check(
            name=name, state=State.FAILED, text=f"{text}; expected {expected}", hint=hint, figures=figures
        )
    if days is not None and days < WARN_DAYS:
        hint = "renew the certificate soon"
        return Check(name=name, state=State.WARNING, text=text, hint=hint, figures=figures)
    return Check(name=name, state=State.OK, text=text, figures=figures)


def _status_hint(status: int) -> str:
    if status >= 500:
        return "the service or its ingress fails behind this node: look at its logs"
    if status in {401, 403}:
        return "the service wants credentials: set service.headers in the config"
    if 300 <= status < 400:
        return (
            f"redirects are not followed: ask for the target in service.url, or set expect_status: {status}"
        )
    return f"correct service.url, or set expect_status: {status}"
