"""Programs that stand in for k6 where a real one does not misbehave on demand."""

from __future__ import annotations

import sys
from pathlib import Path

HEADER = (
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,"
    "scenario,service,status,subproto,tls_version,url,extra_tags,metadata"
)
METRICS = (
    "http_reqs,http_req_duration,http_req_blocked,http_req_connecting,http_req_tls_handshaking,"
    "http_req_sending,http_req_waiting,http_req_receiving,http_req_failed"
)


def request_lines(end_ns: int | str, *, total_ms: float = 5.0, scenario: str = "kept") -> str:
    """Return what k6 writes for one good request."""
    values = (1, total_ms, 0, 0, 0, 0, total_ms, 0, 0)
    tail = f",,,,true,,GET,/,HTTP/1.1,{scenario},,200,,,/,,"
    return "".join(f"{m},{end_ns},{v}{tail}\n" for m, v in zip(METRICS.split(","), values, strict=True))


def program(path: Path, body: str) -> Path:
    """Write an executable that answers `version` as k6 does and otherwise runs ``body``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, os, signal, subprocess, sys, time\n"
        "if sys.argv[1:] == ['version']:\n"
        "    print('k6 v1.1.0 (a stand-in)')\n"
        "    sys.exit()\n"
        f"{body}",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def dying_k6(path: Path, real: Path, node_port: int) -> Path:
    """Die at once with a message of its own for one node; be the real k6 for the others."""
    return program(
        path,
        f"if ':{node_port}\"' in os.environ['STALLWATCH_HOSTS']:\n"
        '    print(\'time="x" level=error msg="there is no room on this ship"\', file=sys.stderr)\n'
        "    sys.exit(1)\n"
        f"os.execv({str(real)!r}, [{str(real)!r}, *sys.argv[1:]])\n",
    )


def counting_k6(path: Path, real: Path, more: int) -> Path:
    """Run the real k6 and claim ``more`` requests than it made."""
    return program(
        path,
        f"code = subprocess.run([{str(real)!r}, *sys.argv[1:]]).returncode\n"
        "path = os.environ['STALLWATCH_SUMMARY']\n"
        "metrics = json.load(open(path))\n"
        f"metrics['http_reqs']['values']['count'] += {more}\n"
        "json.dump(metrics, open(path, 'w'))\n"
        "sys.exit(code)\n",
    )


def empty_k6(path: Path) -> Path:
    """Write the header and nothing else, and succeed."""
    return program(path, f"print({HEADER!r})\n")


def stubborn_k6(path: Path, first: str = "") -> Path:
    """Send requests for ever and ignore every request to end; ``first`` is run before."""
    shape = request_lines("{at}")
    return program(
        path,
        f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{first}"
        f"print({HEADER!r}, flush=True)\n"
        f"shape = {shape!r}\n"
        "while True:\n"
        "    print(shape.format(at=time.time_ns()), end='', flush=True)\n"
        "    time.sleep(0.02)\n",
    )


def stepping_k6(path: Path, real: Path, lines: int, step_s: int) -> Path:
    """Run the real k6, and write its stamps as if its clock had been set after so many lines."""
    return program(
        path,
        f"argv = [{str(real)!r}, *sys.argv[1:]]\n"
        "real = subprocess.Popen(argv, stdin=0, stdout=subprocess.PIPE, text=True)\n"
        "for number, line in enumerate(real.stdout):\n"
        "    name, stamp, rest = line.split(',', 2)\n"
        f"    if number > {lines}:\n"
        f"        stamp = int(stamp) + {step_s} * 10**9\n"
        "    print(name, stamp, rest, sep=',', end='', flush=True)\n"
        "sys.exit(real.wait())\n",
    )
