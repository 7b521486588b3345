"""Every way in which a config can be wrong is one clear line: file, line, key, value, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.config import load_settings
from orchestrator.errors import ConfigError, ExitCode

SERVICE = "service: {url: https://shop.example.com/healthz}"
NODES = "nodes: [{name: node-1, address: 203.0.113.11}]"
VALID = f"{SERVICE}\n{NODES}\n"


def problems(path: Path, text: str | bytes) -> list[str]:
    """Return the lines that a config's text is refused with, without the folder."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert caught.value.exit_code == ExitCode.USAGE
    return [line.removeprefix(f"{path.parent}/") for line in str(caught.value).split("\n")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "stallwatch.yaml: the file is empty; `stallwatch init` writes an example"),
        ("# only a comment\n", "stallwatch.yaml: the file is empty; `stallwatch init` writes an example"),
        (
            "~",
            "stallwatch.yaml:1: expected keys such as service and nodes; `stallwatch init` writes an example",
        ),
        (
            "- a\n",
            "stallwatch.yaml:1: expected keys such as service and nodes; `stallwatch init` writes an example",
        ),
        (
            "a: [1\nb: 2\n",
            (
                "stallwatch.yaml:2: not YAML: while parsing a flow sequence expected ',' or ']', "
                "but got ':'; "
                "check the indentation, colons and quotes around this line"
            ),
        ),
        (
            "service:\n\turl: x\n",
            "stallwatch.yaml:2: a tab; YAML is indented by spaces: replace each tab by spaces",
        ),
        (
            b"\x7fELF\0\0",
            "stallwatch.yaml: a binary file, expected YAML; `stallwatch init` writes an example",
        ),
        (b"a: 1\nb: \xff", "stallwatch.yaml:2: not UTF-8 text; `stallwatch init` writes an example"),
        (
            b"#" * 1_000_001,
            "stallwatch.yaml: larger than 1 MB, which no config is; name another file with --config PATH",
        ),
        ("[" * 5000, "stallwatch.yaml: nested too deeply; `stallwatch init` writes an example"),
    ],
    ids=["empty", "comment", "null", "list", "not-yaml", "tab", "binary", "latin-1", "huge", "deep"],
)
def test_a_file_that_is_no_config(tmp_path: Path, text: str | bytes, line: str) -> None:
    """A file that cannot be read as a mapping of keys is refused in one line that says why."""
    assert problems(tmp_path / "stallwatch.yaml", text) == [line]


def test_a_missing_file(tmp_path: Path) -> None:
    """A missing config names the command that writes one."""
    with pytest.raises(
        ConfigError, match=r"^\S+/none\.yaml: no such config file; write one with `stallwatch init`"
    ):
        load_settings(tmp_path / "none.yaml", {})


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder in the config's place is refused with the system's own reason."""
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory; name a readable file"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nodez: 1", "3: nodez: unknown key; did you mean 'nodes'?"),
        (
            "k6: {path: x}",
            "3: k6.path: unknown key; the keys here are binary",
        ),
        ("limits: {stall_ms: '200'}", "3: limits.stall_ms: '200': expected a number without quotes"),
        ("limits: {stall_ms: true}", "3: limits.stall_ms: True: expected a number without quotes"),
        ("limits: {error_rate: .nan}", "3: limits.error_rate: nan: expected a finite number"),
        ("limits:\n", "3: limits: expected a mapping of keys to values, got nothing"),
        ("max_parallel: 8.5", "3: max_parallel: 8.5: expected a whole number without quotes"),
        ("max_parallel: 0", "3: max_parallel: 0: expected at least 1"),
        ("profiles: [smoke]", "3: profiles: expected a mapping of keys to values, got a list"),
        ("schedules: {a: 1}", "3: schedules: expected a list: put '- ' before each entry, got a mapping"),
        (
            "profiles: {smoke: {rate_per_s: 201}}",
            (
                "3: profiles.smoke.rate_per_s: 201 is above limits.max_rate_per_s (200); "
                "lower it, or raise that limit"
            ),
        ),
        ("profiles: {smoke: {rate_per_s: 0}}", "3: profiles.smoke.rate_per_s: 0: expected a number above 0"),
        (
            "profiles: {smoke: {rate_per_s: -1}}",
            "3: profiles.smoke.rate_per_s: -1: expected a number above 0",
        ),
        (
            "profiles: {smoke: {duration: 5x}}",
            (
                "3: profiles.smoke.duration: '5x' is not a duration; "
                "write 5m, 90s, 1h30m, or a number of seconds above 0"
            ),
        ),
        (
            "profiles: {smoke: {duration: 8d}}",
            "3: profiles.smoke.duration: 691200 s is not from 1 s to 7 days; write 5m, 90s or 1h30m",
        ),
        (
            "detect: {stall_s: 60}",
            "3: detect.stall_s: a stall of 60 s does not fit in a period of 60 s; write a smaller stall_s",
        ),
        (
            "schedules: [{name: nightly, cron: nightly}]",
            "3: schedules[0].cron: 'nightly' is not a cron expression of five fields; write \"0 2 * * *\"",
        ),
        (
            "schedules: [{name: nightly, cron: 0 2 * * *, timezone: Asia/Soul}]",
            (
                "3: schedules[0].timezone: 'Asia/Soul' is not a time zone; "
                "write UTC, Asia/Seoul or Europe/Berlin"
            ),
        ),
        (
            "schedules: [{name: nightly, cron: 0 2 * * *, profile: smok}]",
            "3: schedules[0].profile: 'smok' is no profile; did you mean 'smoke'?",
        ),
        (
            "influxdb: {url: http://influxdb:8086, org: ops, bucket: stallwatch, token: hunter2}",
            "3: influxdb.token: a secret does not belong in this file; write {env: NAME} or {file: PATH}",
        ),
        ("limits: {}\nlimits: {}", "3: limits: the key stands 2 times (lines 3, 4); keep one"),
    ],
)
def test_a_wrong_key_or_value(tmp_path: Path, text: str, line: str) -> None:
    """One wrong key or value in an otherwise valid config is one line with its number, key and value."""
    assert problems(tmp_path / "stallwatch.yaml", f"{VALID}{text}\n") == [f"stallwatch.yaml:{line}"]


@pytest.mark.parametrize(
    ("node", "line"),
    [
        (
            "{name: a, addres: 203.0.113.1}",
            "nodes[0].addres: unknown key; did you mean 'address'?",
        ),
        (
            "{name: a, address: shop.example.com}",
            (
                "nodes[0].address: 'shop.example.com' is a host name; an IP address "
                "is needed: resolve it (getent ahosts shop.example.com)"
            ),
        ),
        (
            "{name: a, address: '203.0.113.1:70000'}",
            "nodes[0].address: '203.0.113.1:70000' has the port '70000'; write a number from 1 to 65535",
        ),
        ("{name: a, address: 203.0.113.1, kind: wip}", "nodes[0].kind: 'wip': expected 'node' or 'vip'"),
        (
            "{name: control, address: 203.0.113.1}",
            "nodes[0].name: 'control' is reserved for stallwatch's own control runs; choose another name",
        ),
        ("{name: 5, address: 203.0.113.1}", "nodes[0].name: 5: expected text; put it in quotes"),
        ("203.0.113.1", "nodes[0]: expected a mapping of keys to values, got text"),
    ],
)
def test_a_wrong_node(tmp_path: Path, node: str, line: str) -> None:
    """What is wrong with a node is said at that node's line."""
    found = problems(tmp_path / "stallwatch.yaml", f"{SERVICE}\nnodes:\n  - {node}\n")
    assert f"stallwatch.yaml:3: {line}" in found


@pytest.mark.parametrize(
    "name", ["a/b", "..", "a..b", "<b>x</b>", "a\tb", "a\x1b[31mb", "a\nb", "", "x" * 64, "-a", "ä"]
)
def test_a_name_that_is_not_safe_everywhere(tmp_path: Path, name: str) -> None:
    """Names that could leave a folder, steer a terminal or a page are refused, escaped, in one line."""
    import json

    text = f"{SERVICE}\nnodes:\n  - {{name: {json.dumps(name)}, address: 203.0.113.1}}\n"
    [line] = problems(tmp_path / "stallwatch.yaml", text)
    assert line.startswith("stallwatch.yaml:3: nodes[0].name: '")
    assert "cannot be a name" in line
    assert line.isprintable()


@pytest.mark.parametrize("nodes", ["nodes: []", ""])
def test_no_nodes(tmp_path: Path, nodes: str) -> None:
    """A config without nodes says how one is written."""
    [line] = problems(tmp_path / "stallwatch.yaml", f"{SERVICE}\n{nodes}\n")
    assert line.endswith("; write at least one: - {name: node-1, address: 203.0.113.11}")
    assert ": nodes: is " in line


def test_repeated_node_names(tmp_path: Path) -> None:
    """Two nodes of one name could not be told apart: the second one's line is named."""
    text = (
        f"{SERVICE}\nnodes:\n  - {{name: a, address: 203.0.113.1}}\n  - {{name: a, address: 203.0.113.2}}\n"
    )
    assert problems(tmp_path / "stallwatch.yaml", text) == [
        "stallwatch.yaml:4: nodes[1].name: 'a' is also the name of nodes[0]; give each its own name"
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("shop.example.com/healthz", "is not an http or https URL with a host"),
        ("ftp://shop.example.com/", "is not an http or https URL with a host"),
        ("https://", "is not an http or https URL with a host"),
        ("https://shop.example.com:0/", "is not an http or https URL with a host"),
        ("https://shop.example.com:99999/", "host or port is malformed"),
        ("https://[::1/", "host or port is malformed"),
        ("https://shop example.com/", "blank, control or non-ASCII"),
        ("https://shop.example.com/#top", "has a #fragment"),
        ("https://bob:hunter2@shop.example.com/", "holds credentials"),
    ],
)
def test_a_bad_url(tmp_path: Path, url: str, said: str) -> None:
    """A URL that k6 could not use is refused, and a password in it is not repeated."""
    [line] = problems(tmp_path / "stallwatch.yaml", f"service: {{url: '{url}'}}\n{NODES}\n")
    assert line.startswith("stallwatch.yaml:1: service.url: ")
    assert said in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer hunter2",
        "Cookie: session=hunter2",
        "X-Auth-Token: hunter2",
        "x-api-key: hunter2",
        "Client-Secret: hunter2",
        "Authorization: {env: A, file: hunter2}",
        "Authorization: {value: hunter2}",
        "X-Any: [hunter2]",
        "Authorization: {env: $hunter2}",
        'X-Any: "hunter2\\n"',
        "Host: hunter2",
        "hunter2 x: y",
    ],
)
def test_a_bad_header(tmp_path: Path, header: str) -> None:
    """A secret in the file, or a header that cannot be sent, is one line that never repeats the value."""
    text = f"service:\n  url: https://shop.example.com/\n  headers:\n    {header}\n{NODES}\n"
    [line] = problems(tmp_path / "stallwatch.yaml", text)
    assert line.startswith("stallwatch.yaml:4: service.headers.")
    assert "hunter2" not in line or header.startswith("hunter2")


def test_a_ca_file_that_is_missing_or_no_certificate(tmp_path: Path) -> None:
    """The CA file is looked for beside the config, and must be PEM."""
    text = f"service: {{url: https://shop.example.com/, ca_file: ca.pem}}\n{NODES}\n"
    [missing] = problems(tmp_path / "stallwatch.yaml", text)
    (tmp_path / "ca.pem").write_text("no certificate")
    [not_pem] = problems(tmp_path / "stallwatch.yaml", text)
    ca = f"'{tmp_path}/ca.pem'"
    assert missing == (
        f"stallwatch.yaml:1: service.ca_file: {ca} cannot be read: No such file or directory; "
        "write the path of a file"
    )
    assert (
        not_pem == f"stallwatch.yaml:1: service.ca_file: {ca} holds no PEM certificate; export the CA as PEM"
    )


def test_all_problems_are_listed(tmp_path: Path) -> None:
    """Problems of every kind are reported together, in the file's order."""
    text = "service: {url: nope}\nnodes: [{name: a/b, address: x}]\nlimits: {stall: 1}\nfoo: 1\n"
    found = problems(tmp_path / "stallwatch.yaml", text)
    assert [line.split(": ")[1] for line in found] == [
        "service.url",
        "nodes[0].address",
        "nodes[0].name",
        "limits.stall",
        "foo",
    ]


def test_only_twenty_problems_are_listed(tmp_path: Path) -> None:
    """A file with more than 20 problems lists 20 and counts the rest."""
    found = problems(tmp_path / "stallwatch.yaml", VALID + "".join(f"zz{i:02}: 1\n" for i in range(25)))
    assert len(found) == 21
    assert found[-1] == "stallwatch.yaml: 5 more problems are not listed"


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    """Nested aliases (a billion entries when written out) and a list inside itself end in short lines."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{key}: &{key} [{','.join([f'*{last}'] * 9)}]\n"
        for last, key in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text in (
        f"{bomb}{SERVICE}\nnodes: *i\n",
        f"{SERVICE}\nnodes: &n [*n]\n",
        f"{SERVICE}\nnodes: [{{name: &n [*n]}}]\n",
    ):
        assert all(len(line) < 300 for line in problems(tmp_path / "stallwatch.yaml", text))
