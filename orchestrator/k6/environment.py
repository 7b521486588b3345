"""The environment of k6: nothing foreign, and everything that a script is told; it may hold secrets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.model import Node, Profile, Service

VU_SECONDS = 10
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_DIR")


def fresh_vus(rate_per_s: float) -> int:
    """VUs that `fresh` needs so that a stall of 10 s drops no iteration."""
    return max(2, math.ceil(rate_per_s / 2 * VU_SECONDS))


def environment(
    profile: Profile, service: Service, node: Node, summary: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of one k6: what it needs of ours, and what its script is told."""
    url = urlsplit(service.url)
    env = {name: environ[name] for name in PASSED_ON if name in environ}
    env |= {
        "TZ": "UTC",
        "K6_NO_USAGE_REPORT": "true",
        "K6_CSV_TIME_FORMAT": "unix_nano",
        "K6_CSV_SAVE_INTERVAL": "250ms",  # by itself k6 keeps a second of samples back
        "STALLWATCH_URL": service.url,
        "STALLWATCH_HOSTS": json.dumps({url.hostname: node.address}),
        "STALLWATCH_ENDPOINT": url.path or "/",
        "STALLWATCH_HEADERS": json.dumps(dict(service.headers)),
        "STALLWATCH_EXPECT_STATUS": str(service.expect_status),
        "STALLWATCH_RATE_PER_S": repr(profile.rate_per_s),
        "STALLWATCH_DURATION_S": repr(profile.duration_s),
        "STALLWATCH_TIMEOUT_S": repr(profile.timeout_s),
        "STALLWATCH_FRESH_VUS": str(fresh_vus(profile.rate_per_s or 0.0)),
        "STALLWATCH_SUMMARY": str(summary),
    }
    if service.ca_file is not None:
        env["SSL_CERT_FILE"] = str(service.ca_file.resolve())
    elif "SSL_CERT_FILE" in environ:
        env["SSL_CERT_FILE"] = environ["SSL_CERT_FILE"]
    return env
