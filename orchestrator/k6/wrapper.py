"""What k6 is given: a wrapper around the script, a config of ours, a clean environment, arguments."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.k6.binary import K6Binary
from orchestrator.model import Node, Profile, Service

SYSTEM_TAGS = "proto,status,method,name,scenario,error,error_code,ip"
VU_SECONDS = 10
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_DIR")

# `export *` first and the merged names after it: an explicit export wins over a starred one.
WRAPPER = """\
import * as user from {script};
export * from {script};
export default user.default;
export const options = Object.assign({{}}, user.options, {{
  hosts: Object.assign({{}}, (user.options || {{}}).hosts, JSON.parse(__ENV.STALLWATCH_HOSTS)),
}});
export function handleSummary(data) {{
  return {{ [__ENV.STALLWATCH_SUMMARY]: JSON.stringify(data.metrics) }};
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class K6Command:
    """One k6 process to start: arguments, environment (may hold secrets), and where its totals will stand."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    summary: Path

    def __repr__(self) -> str:
        return f"K6Command(argv={self.argv})"


def fresh_vus(rate_per_s: float) -> int:
    """VUs that `fresh` needs so that a stall of 10 s drops no iteration."""
    return max(2, math.ceil(rate_per_s / 2 * VU_SECONDS))


def prepare(
    binary: K6Binary,
    profile: Profile,
    service: Service,
    node: Node,
    *,
    folder: Path,
    environ: Mapping[str, str],
) -> K6Command:
    """Write the wrapper and k6's own config into ``folder`` and return the command that runs them.

    Headers and everything else that a script needs go through the environment, never argv.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    wrapper, config, summary = folder / "wrapper.js", folder / "config.json", folder / "summary.json"
    wrapper.write_text(WRAPPER.format(script=json.dumps(str(profile.script.resolve()))), encoding="utf-8")
    config.write_text("{}\n", encoding="utf-8")
    argv = (
        str(binary.path),
        *("run", "--quiet", "--no-color", "--log-output=stderr", "--address", ""),
        *("--config", str(config), f"--system-tags={SYSTEM_TAGS}", "-o", "csv=-", str(wrapper)),
    )
    return K6Command(argv=argv, env=_environment(profile, service, node, summary, environ), summary=summary)


def _environment(
    profile: Profile, service: Service, node: Node, summary: Path, environ: Mapping[str, str]
) -> dict[str, str]:
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
