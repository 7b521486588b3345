"""What k6 is given: a wrapper around the script, a config of ours, a clean environment, arguments."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.k6.binary import K6Binary
from orchestrator.k6.bounds import bounds
from orchestrator.k6.environment import environment
from orchestrator.model import Node, Profile, ProfileKind, Service
from orchestrator.resources import k6_script

# With `ip`, k6 1.x and 2.x crash when a k6/ws connection fails: a user's script has it only by its own wish.
SCRIPT_TAGS = "proto,status,method,name,scenario,error,error_code"
SYSTEM_TAGS = f"{SCRIPT_TAGS},ip"
SHORTEST_SECRET = 4
"""What is shorter stands in too many words to be taken out of them."""

# `export *` first and the merged names after it: an explicit export wins over a starred one.
WRAPPER = """\
import * as user from {script};
import {{ merged, summarized }} from {around};
export * from {script};
export default user.default;
export const options = merged(user.options);
export function handleSummary(data) {{
  return summarized(data, user.handleSummary, user.options);
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class K6Command:
    """One k6 process to start: arguments, environment (may hold secrets), and where its totals will stand.

    k6 reads the ``wrapper`` from its standard input and runs in ``cwd``, the script's own folder: what a
    script opens by a relative path (a gRPC definition, say) k6 looks for where its main file is.
    ``secrets`` are the names of values that must not be told, by value; ``allowed`` the addresses that a
    user's script may reach.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    summary: Path
    wrapper: Path | None = None
    cwd: Path | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()

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
    # Not through symbolic links: k6 looks for a script's imports where the script is named.
    folder, script = folder.resolve(), Path(os.path.abspath(profile.script))  # noqa: PTH100 # takes `..` out
    wrapper, config, summary = folder / "wrapper.js", folder / "config.json", folder / "summary.json"
    output = folder / "output"
    output.mkdir(exist_ok=True)
    around = k6_script("smoke").parent / "lib" / "around.js"
    wrapper.write_text(
        # As URLs: k6 takes `%`, `#` and `?` of a plain path for a URL's.
        WRAPPER.format(script=json.dumps(script.as_uri()), around=json.dumps(around.as_uri())),
        encoding="utf-8",
    )
    config.write_text("{}\n", encoding="utf-8")
    # A user's script has the tags that its thresholds are on, too: the wrapper sees to it.
    tags = () if profile.kind is ProfileKind.SCRIPT else (f"--system-tags={SYSTEM_TAGS}",)
    argv = (
        str(binary.path.absolute()),
        *("run", "--quiet", "--no-color", "--log-output=stderr", "--address", ""),
        *("--config", str(config), *tags, "-o", "csv=-", "-"),
    )
    env = environment(profile, service, node, summary, environ)
    env |= {"STALLWATCH_OUTPUT": str(output), "STALLWATCH_TAGS": SCRIPT_TAGS, "PWD": str(script.parent)}
    return K6Command(
        argv=argv,
        env=env | bounds(profile, node),
        summary=summary,
        wrapper=wrapper,
        cwd=script.parent,
        allowed=(node.host, *profile.addresses),
        secrets=_secrets(profile, service),
    )


def _secrets(profile: Profile, service: Service) -> dict[str, str]:
    named = [*service.headers.items(), *profile.environ.items()]
    named += [header for endpoint in service.endpoints for header in endpoint.headers.items()]
    return {value: name for name, value in named if len(value) >= SHORTEST_SECRET}
