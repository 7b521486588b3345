"""Before anything starts, k6 is asked what a user's script needs; one that it cannot use is one line."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode, K6Error, UsageError
from orchestrator.k6 import inspect as inspect_module
from orchestrator.k6.binary import K6Binary, find_k6
from orchestrator.k6.inspect import inspected
from orchestrator.model import Node, Profile, ProfileKind, Service
from tests.orchestrator.runs.fakes import program
from tests.orchestrator.scripts.servers import shop

SERVICE = Service(url="http://shop.test/")
DEFAULT = "export default function () {}\n"


def asked(
    k6: Path,
    script: Path,
    *,
    port: int = 9,
    duration_s: float | None = None,
    environ: dict[str, str] | None = None,
) -> Profile:
    """Return the profile of a script with what k6 says of it."""
    profile = Profile(
        name="p", kind=ProfileKind.SCRIPT, script=script, rate_per_s=None, duration_s=duration_s,
        environ=environ or {},
    )  # fmt: skip
    node = Node(name="n", host="127.0.0.1", port=port)
    return inspected(find_k6(k6, os.environ), profile, SERVICE, node, environ=os.environ)


def refused(k6: Path, script: Path, **more: Any) -> str:
    """Return what is said of a script that cannot be used."""
    with pytest.raises(UsageError) as caught:
        asked(k6, script, **more)
    assert caught.value.exit_code is ExitCode.USAGE
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 700
    return said


# The VUs of `a` are free again before `b` begins.
GRACE = """\
export let options = { scenarios: {
  a: { executor: 'constant-vus', vus: 2, duration: '1500ms', gracefulStop: '0s' },
  b: { executor: 'constant-arrival-rate', rate: 5, startTime: '2s', duration: '1s', gracefulStop: '250ms',
       preAllocatedVUs: 3, maxVUs: 9 },
} };
"""
OPTIONS = {
    "none": ("", 630.0, 1),
    "vus": ("export const options = { vus: 7, duration: '90s' };", 120.0, 7),
    "stages": ("export const options = { stages: [{ duration: '1m30s', target: 20 }] };", 120.0, 20),
    "grace": (GRACE, 3.25, 9),
    "environment": (
        "export const options = { vus: Number(__ENV.VUS), duration: __ENV.LENGTH, paused: true };",
        36.0,
        4,
    ),
    "huge": ("export const options = { vus: 1, duration: '20000h' };", 72_000_030.0, 1),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_what_a_script_needs(k6_binary: Path, tmp_path: Path, case: str) -> None:
    """The longest that it may take and the most VUs, from options of any kind."""
    options, duration_s, vus = OPTIONS[case]
    script = tmp_path / "checkout.js"
    script.write_text(options + "\n" + DEFAULT)
    profile = asked(k6_binary, script, environ={"VUS": "4", "LENGTH": "6s"})
    assert (profile.duration_s, profile.vus) == (duration_s, vus)


def test_a_duration_of_the_profiles_own_stays(k6_1: Path, tmp_path: Path) -> None:
    """What the user expects is what progress and dry run say."""
    script = tmp_path / "checkout.js"
    script.write_text(DEFAULT)
    assert asked(k6_1, script, duration_s=5.0).duration_s == 5.0


def test_nothing_is_sent_and_nothing_is_left(k6_binary: Path, tmp_path: Path) -> None:
    """Neither setup nor an iteration runs, in a folder that can only be read, and no file stays behind."""
    script = tmp_path / "mine" / "s.js"
    script.parent.mkdir()
    script.write_text(
        "import http from 'k6/http';\nimport './lib.js';\nopen('./lib.js');\n"
        "export function setup() { http.get('http://shop.test/setup'); }\n"
        "export default function () { http.get('http://shop.test/'); }\n"
    )
    (script.parent / "lib.js").write_text("export const a = 1;")
    script.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with shop() as server:
        asked(k6_binary, script, port=server.port)
        assert server.requests == 0
    assert sorted(path.name for path in script.parent.iterdir()) == ["lib.js", "s.js"]
    script.parent.chmod(stat.S_IRWXU)


BROKEN = {
    "syntax": ("export default function () { let x = ; }", "/checkout.js:1:38 Unexpected token ;"),
    "import": (
        "import { a } from './lib/nope.js';\n" + DEFAULT,
        "couldn't be found on local disk; imports and open() are relative",
    ),
    "open": ("open('./nope.csv');\n" + DEFAULT, "nope.csv: no such file or directory at checkout.js:1:"),
    "throw": (
        "\nthrow new Error(`no config for ${__ENV.PASSWORD}`);\n" + DEFAULT,
        "Error: no config for [PASSWORD] at checkout.js:2:",
    ),
    "options": (
        "export const options = { scenarios: { s: { executor: 'constant-arrival-rate', rate: 5 } } };\n"
        + DEFAULT,
        "scenario s has configuration errors: the duration is unspecified",
    ),
    "exec": (
        "export const options = { scenarios: { s: { executor: 'shared-iterations', exec: 'nope' } } };\n"
        + DEFAULT,
        "function 'nope' not found in exports",
    ),
    "no default": ("export const a = 1;", "default"),
    "threshold": (
        "export const options = { thresholds: { http_req_duration: ['count>5'] } };\n" + DEFAULT,
        'invalid threshold "count>5"',
    ),
    "abort": (
        "import exec from 'k6/execution';\nexec.test.abort('not here');\n" + DEFAULT,
        "test aborted: not here at checkout.js:2:",
    ),
    "extension": (
        "import faker from 'k6/x/faker';\n" + DEFAULT,
        "it needs an extension of k6: build a k6 that has it (xk6) and name that in k6.binary",
    ),
    "package": ("import _ from 'lodash';\n" + DEFAULT, '"lodash" couldn\'t be recognised'),
    "not a script": ("{\\rtf1 \x00\x01 this is no JavaScript", "/checkout.js:1:"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_script_that_cannot_be_used_is_one_line(k6_binary: Path, tmp_path: Path, case: str) -> None:
    """The script, what is wrong where, and no secret: exit code 2."""
    source, said = BROKEN[case]
    script = tmp_path / "checkout.js"
    script.write_text(source)
    message = refused(k6_binary, script, environ={"PASSWORD": "swordfish"})
    assert message.startswith(f"{script}:")
    assert said in message
    assert "swordfish" not in message
    assert "wrapper" not in message


def test_a_script_without_an_end_is_refused(k6_1: Path, tmp_path: Path) -> None:
    """An executor that waits for orders through an API would wait for ever."""
    script = tmp_path / "checkout.js"
    script.write_text(
        "export const options = { scenarios: { s: { executor: 'externally-controlled', vus: 1, maxVUs: 2,"
        f" duration: '0s' }} }} }};\n{DEFAULT}"
    )
    assert "it never ends by itself; give its scenario a duration" in refused(k6_1, script)


def test_a_script_that_is_not_there_is_said(k6_1: Path, tmp_path: Path) -> None:
    """A missing file is named, without k6's words for it."""
    assert refused(k6_1, tmp_path / "nope.js") == f"there is no script {tmp_path / 'nope.js'}"


def test_init_code_that_never_ends_is_given_up(
    k6_1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """k6 is ended, and the script named."""
    script = tmp_path / "checkout.js"
    script.write_text("while (true) {}\n" + DEFAULT)
    monkeypatch.setattr(inspect_module, "INSPECT_S", 1.0)
    assert "k6 had not read it after 1 s; does its init code loop" in refused(k6_1, script)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('no JSON')", "k6 inspect exit code 0: it said nothing of use"),
        ("print('{}')", "k6 inspect exit code 0"),
        ("sys.exit('level=error msg=\"no memory\"')", "k6 inspect exit code 1: no memory"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "k6 inspect was ended by signal SIGKILL"),
    ],
)
def test_a_k6_that_cannot_be_asked_is_said(tmp_path: Path, body: str, said: str) -> None:
    """A k6 that fails for another reason than the script is an error of k6: exit code 4."""
    script = tmp_path / "checkout.js"
    script.write_text(DEFAULT)
    with pytest.raises(K6Error, match=said) as caught:
        asked(program(tmp_path / "k6", body + "\n"), script)
    assert caught.value.exit_code is ExitCode.INFRASTRUCTURE


def test_a_k6_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A binary that vanished is named."""
    script = tmp_path / "checkout.js"
    script.write_text(DEFAULT)
    gone = K6Binary(path=tmp_path / "k6", version=(1, 1, 0), version_text="1.1.0")
    profile = Profile(
        name="p", kind=ProfileKind.SCRIPT, script=script, rate_per_s=None, duration_s=None
    )  # fmt: skip
    with pytest.raises(K6Error, match=r"k6 cannot be started: .*k6: No such file"):
        inspected(gone, profile, SERVICE, Node(name="n", host="127.0.0.1"), environ={})
