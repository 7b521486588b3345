"""The small words of the config: durations, addresses, names, URLs. Each parser says what it expected."""

from __future__ import annotations

import ipaddress
import math
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

# Two digits more than a week in seconds needs: longer digit strings are mistakes, and slow to convert.
_DURATION = re.compile(
    r"(?:(?P<d>\d{1,8})d)?(?:(?P<h>\d{1,8})h)?(?:(?P<m>\d{1,8})m)?(?:(?P<s>\d{1,8}(?:\.\d{1,6})?)s?)?",
    re.ASCII,
)
_ADDRESSES = "write 203.0.113.11, 203.0.113.11:30443, 2001:db8::12 or [2001:db8::12]:30443"
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_RESERVED = re.compile(r"control(-[0-9]+)?", re.IGNORECASE)


class Address(NamedTuple):
    """An IP literal without brackets, and a port or None for the service URL's own."""

    host: str
    port: int | None


def shown(value: object) -> str:
    """Return a value as one short printable line for messages."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 80 else f"{text[:76]}...{text[-1]}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known word, or an empty string."""
    by_folded = {name.casefold(): name for name in known}
    match = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[match[0]]!r}?" if match else ""


def parse_duration_s(value: object) -> float:
    """Return seconds of ``5m``, ``90s``, ``1h30m``, ``2d`` or a plain number of seconds.

    Raises
    ------
    ValueError
        When it is none of these, or not above 0.
    """
    expected = f"{shown(value)} is not a duration; write 5m, 90s, 1h30m, or a number of seconds above 0"
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None or not value.strip():
            raise ValueError(expected)
        seconds = sum(float(match[unit] or 0) * factor for unit, factor in _SECONDS.items())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            raise ValueError(expected) from None
    else:
        raise ValueError(expected)  # noqa: TRY004 # pydantic reads ValueError
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(expected)
    return seconds


def parse_address(text: str) -> Address:
    """Split ``ip``, ``ip:port``, ``ip6`` or ``[ip6]:port``.

    Raises
    ------
    ValueError
        For host names, bad ports, zones, and addresses that no single machine has.
    """
    if "//" in text:
        raise ValueError(f"{shown(text)} is a URL, which stands in service.url; {_ADDRESSES}")
    host, port = _split_port(text.strip())
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(_not_an_ip(text, host)) from None
    if "%" in host:
        raise ValueError(f"{shown(text)} has a zone, which k6 cannot use; write a global address without %")
    if ip.is_unspecified or ip.is_multicast:
        raise ValueError(f"{shown(text)} is not the address of one machine; write the node's own IP address")
    return Address(str(ip), port)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError(f"{shown(text)} has unbalanced brackets; write [2001:db8::12]:30443")
        return host, _port(rest[1:], text) if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, _port(port, text)
    return text, None


def _port(digits: str, text: str) -> int:
    if digits.isascii() and digits.isdigit() and len(digits) <= 5 and 1 <= int(digits) <= 65535:
        return int(digits)
    raise ValueError(f"{shown(text)} has the port {shown(digits)}; write a number from 1 to 65535")


def _not_an_ip(text: str, host: str) -> str:
    if re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9._-]+", host):
        return f"{shown(text)} is a host name; an IP address is needed: resolve it (getent ahosts {host})"
    return f"{shown(text)} is not an IP address; {_ADDRESSES}"


def parse_name(text: str) -> str:
    """Return the name of a node, profile or schedule when it is safe in paths, tags and pages.

    Raises
    ------
    ValueError
        When it is empty, too long, or holds more than letters, digits, ``.``, ``_`` and ``-``.
    """
    if not _NAME.fullmatch(text) or ".." in text:
        raise ValueError(
            f"{shown(text)} cannot be a name; write 1 to 63 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit, without '..'"
        )
    return text


def parse_node_name(text: str) -> str:
    """Return a node's name; ``control`` and ``control-2`` are refused: they name control Runs.

    Raises
    ------
    ValueError
        As `parse_name`, and for the reserved names.
    """
    if _RESERVED.fullmatch(text):
        raise ValueError(f"{shown(text)} is reserved for stallwatch's own control runs; choose another name")
    return parse_name(text)


def parse_url(text: str) -> str:
    """Return an http or https URL that k6 and httpx read alike.

    Raises
    ------
    ValueError
        With what is wrong. Credentials in the URL are refused and not repeated.
    """
    example = "write https://shop.example.com/healthz"
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{shown(text)} is not a URL (blank, control or non-ASCII character); {example}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"the URL's host or port is malformed (ports are 1 to 65535); {example}") from None
    if "@" in parts.netloc:
        raise ValueError(
            "the URL holds credentials; remove them and write headers: {Authorization: {env: NAME}} instead"
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"{shown(text)} is not an http or https URL with a host; {example}")
    if parts.fragment:
        raise ValueError(f"{shown(text)} has a #fragment, which is never sent; remove it")
    return text


def parse_path(text: str) -> str:
    """Return the path of an endpoint, its query with it, to be put behind the service's host.

    Raises
    ------
    ValueError
        With what is wrong: another host cannot be named.
    """
    example = "write /orders or /search?q=a"
    if "://" in text:
        raise ValueError(f"{shown(text)} is a URL; only the service's own host is asked: {example}")
    if not text.startswith("/"):
        raise ValueError(f"{shown(text)} is not a path; {example}")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{shown(text)} is not a path (blank, control or non-ASCII character); {example}")
    if "#" in text:
        raise ValueError(f"{shown(text)} has a #fragment, which is never sent; remove it")
    return text
