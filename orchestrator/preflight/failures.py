"""From an error of the network or of TLS to words, and to what can be done about it."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult

import httpx

from orchestrator.model import Node

# Codes of X509_verify_cert_error_string(3).
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = frozenset({62, 64})
_UNKNOWN_CA = frozenset({2, 18, 19, 20, 21})


def explain(
    error: httpx.TransportError,
    steps: Sequence[str],
    *,
    url: SplitResult,
    node: Node,
    timeout_s: float,
    has_ca_file: bool,
) -> tuple[str, str]:
    """Return (what happened, what to do) for a request that got no answer.

    ``steps`` are the names of httpcore's trace events so far: they tell where the request stood.
    """
    port = node.port or url.port or (443 if url.scheme == "https" else 80)
    at = f"[{node.host}]:{port}" if ":" in node.host else f"{node.host}:{port}"
    wrong_port = f"service.url says {url.scheme}: does this port of the node speak it?"
    if isinstance(error, httpx.TimeoutException):
        return _timed_out(at, steps, f"{timeout_s:g} s", wrong_port)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, url.hostname or "", has_ca_file=has_ca_file)
        if isinstance(cause, ssl.SSLError):
            return _tls(cause, at, wrong_port)
        if isinstance(cause, OSError) and cause.errno is not None and not isinstance(cause, socket.gaierror):
            return _network(cause, at, wrong_port)
    if _stands_in(steps, "start_tls"):
        return f"{at} closed the connection during the TLS handshake", wrong_port
    return f"{at} closed the connection without an answer ({type(error).__name__})", wrong_port


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _stands_in(steps: Sequence[str], step: str) -> bool:
    """Tell whether a step began and did not complete."""
    names = [name.split(".", 1)[-1] for name in steps]
    return f"{step}.started" in names and f"{step}.complete" not in names


def _timed_out(at: str, steps: Sequence[str], limit: str, wrong_port: str) -> tuple[str, str]:
    if _stands_in(steps, "connect_tcp"):
        return f"{at} did not answer within {limit} (no TCP connection: a black hole)", (
            "is the address right, is a route there, does a firewall drop it?"
        )
    if _stands_in(steps, "start_tls"):
        return (
            f"{at} accepted the connection, but the TLS handshake was not answered within {limit}",
            wrong_port,
        )
    return (
        f"{at} took the request, but did not answer within {limit}",
        "is the service behind this node well?",
    )


def _certificate(error: ssl.SSLCertVerificationError, host: str, *, has_ca_file: bool) -> tuple[str, str]:
    code = error.verify_code
    if code == _EXPIRED:
        return "TLS: the certificate has expired", "renew it on the server"
    if code == _NOT_YET_VALID:
        return "TLS: the certificate is not yet valid", "are the clocks of this machine and the server right?"
    if code in _WRONG_NAME:
        return f"TLS: the certificate is not valid for {host}", (
            "does service.url name the host that the certificate is for, and does the node serve that host?"
        )
    if code in _UNKNOWN_CA:
        other = (
            "service.ca_file is not the CA that signed it"
            if has_ca_file
            else "the system does not know its CA"
        )
        return f"TLS: the certificate is not signed by a known CA ({error.verify_message})", (
            f"{other}: set ca_file in service to that CA's PEM file"
        )
    return f"TLS: the certificate is not accepted ({error.verify_message})", "mend it on the server"


def _tls(error: ssl.SSLError, at: str, wrong_port: str) -> tuple[str, str]:
    reason = (error.reason or "no reason given").replace("_", " ").lower()
    if "certificate required" in reason or "handshake failure" in reason:
        return f"TLS: {at} refused the handshake ({reason})", (
            "it may want a client certificate: set client_certificate in service"
        )
    return f"TLS: the handshake with {at} failed ({reason})", wrong_port


def _network(error: OSError, at: str, wrong_port: str) -> tuple[str, str]:
    if error.errno == errno.ECONNREFUSED:
        return f"{at} refused the connection", "is the service listening on this port of the node?"
    if error.errno == errno.ECONNRESET:
        return f"{at} reset the connection", wrong_port
    if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL}:
        return f"{at} cannot be reached: {error.strerror}", (
            "is the address right, and does this machine have a route (IPv4 or IPv6) to it?"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{at}: connecting is forbidden on this machine: {error.strerror}", "look at its firewall"
    return f"{at}: {error.strerror or type(error).__name__}", "look at this machine's network"
