"""What k6 is given: a wrapper around the script, a config of ours, a clean environment, arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.k6.binary import K6Binary
from orchestrator.k6.environment import environment
from orchestrator.model import Node, Profile, Service

SYSTEM_TAGS = "proto,status,method,name,scenario,error,error_code,ip"

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
    return K6Command(argv=argv, env=environment(profile, service, node, summary, environ), summary=summary)
