"""What a person wants to know of a server's certificate."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Protocol


class Stream(Protocol):
    """The network stream that httpx hands out with a response."""

    def get_extra_info(self, info: str) -> Any:
        """Return a transport detail by name, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Whose it is, who vouches for it, and until when (Unix time)."""

    subject: str
    issuer: str
    not_after_s: int

    def days_left(self, now_s: float) -> int:
        """Return whole days until it expires."""
        return int((self.not_after_s - now_s) // 86400)


def certificate_of(stream: Stream) -> Certificate | None:
    """Return the verified certificate of a TLS connection, None of a plain one."""
    connection = stream.get_extra_info("ssl_object")
    found = None if connection is None else connection.getpeercert()
    if not found:
        return None
    names = [value for kind, value in found.get("subjectAltName", ()) if kind in {"DNS", "IP Address"}]
    return Certificate(
        subject=_common_name(found.get("subject", ())) or ", ".join(names[:3]) or "no name",
        issuer=_common_name(found.get("issuer", ())) or "an unnamed authority",
        not_after_s=ssl.cert_time_to_seconds(found["notAfter"]),
    )


def _common_name(parts: Any) -> str:
    """Return the common name of a distinguished name as the ssl module spells it, else its organisation."""
    pairs = {key: value for part in parts for key, value in part}
    return str(pairs.get("commonName") or pairs.get("organizationName") or "")
