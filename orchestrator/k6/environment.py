"""The environment of k6: nothing foreign, and everything that a script is told; it may hold secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.k6.load import in_flight
from orchestrator.model import Endpoint, Node, Profile, Service

PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_DIR")
# Linux takes at most 128 KiB as one variable, its name included.
MAX_ENDPOINTS_BYTES = 120_000


def environment(
    profile: Profile, service: Service, node: Node, summary: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of one k6: what it needs of ours, and what its script is told.

    A user's own variables come first: none of them replaces one of ours.
    """
    env = dict(profile.environ)
    env |= {name: environ[name] for name in PASSED_ON if name in environ}
    env |= {
        "TZ": "UTC",
        "K6_NO_USAGE_REPORT": "true",
        "K6_CSV_TIME_FORMAT": "unix_nano",
        "K6_CSV_SAVE_INTERVAL": "250ms",  # by itself k6 keeps a second of samples back
        "STALLWATCH_SUMMARY": str(summary),
    }
    return env | _service(service, node, environ) | _load(profile)


def _service(service: Service, node: Node, environ: Mapping[str, str]) -> dict[str, str]:
    env = {
        "STALLWATCH_URL": service.url,
        "STALLWATCH_HOSTS": json.dumps({urlsplit(service.url).hostname: node.address}),
        "STALLWATCH_HEADERS": json.dumps(dict(service.headers)),
        "STALLWATCH_ENDPOINTS": endpoints_json(service.asked),
    }
    if service.insecure_tls:
        env["STALLWATCH_INSECURE_TLS"] = "1"
    if service.client_certificate is not None:
        env["STALLWATCH_TLS_CERT"] = str(service.client_certificate.cert_file.resolve())
        env["STALLWATCH_TLS_KEY"] = str(service.client_certificate.key_file.resolve())
    if service.ca_file is not None:
        env["SSL_CERT_FILE"] = str(service.ca_file.resolve())
    elif "SSL_CERT_FILE" in environ:
        env["SSL_CERT_FILE"] = environ["SSL_CERT_FILE"]
    return env


def _load(profile: Profile) -> dict[str, str]:
    vus = profile.vus if profile.rate_per_s is None else in_flight(profile.rate_per_s)
    return {
        "STALLWATCH_RATE_PER_S": repr(profile.rate_per_s),
        "STALLWATCH_MAX_RATE_PER_S": repr(profile.max_rate_per_s),
        "STALLWATCH_RAMP_S": repr(profile.ramp_s),
        "STALLWATCH_DURATION_S": repr(profile.duration_s),
        "STALLWATCH_TIMEOUT_S": repr(profile.timeout_s),
        "STALLWATCH_VUS": repr(vus),
    }


def endpoints_json(endpoints: Sequence[Endpoint]) -> str:
    """Return what our own scripts are told to ask for."""
    return json.dumps(
        [
            {
                "name": endpoint.name,
                "url": endpoint.url,
                "weight": endpoint.weight,
                "method": endpoint.method,
                "body": endpoint.body,
                "headers": dict(endpoint.headers),
                "expect_status": endpoint.expect_status,
            }
            for endpoint in endpoints
        ]
    )
