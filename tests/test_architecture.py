"""The shape of the source: who may import whom, what analysis may touch, how large things may grow."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("orchestrator", "reports", "analysis")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
OTHERS = sorted(
    path
    for pattern in ("tests/**/*.py", "benchmarks/**/*.py", "k6-scripts/**/*.js")
    for path in ROOT.glob(pattern)
)
ROOMS = sorted({path.parent for path in SOURCES})

# The way of the data: whoever stands later may use whoever stands earlier, never back.
MAY_IMPORT = {
    "orchestrator": {"orchestrator", "reports", "analysis"},
    "reports": {"reports", "analysis"},
    "analysis": {"analysis"},
}
NOT_PRODUCT = {"tests", "benchmarks"}
PURE_MODULES = {
    "__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools", "itertools",
    "math", "operator", "re", "typing", "zoneinfo",
    "analysis", "numpy", "pandas", "scipy",
}  # fmt: skip
IMPURE_CALLS = re.compile(
    r"""open | print | input | exec | eval | __import__ | breakpoint
    | now | utcnow | today                                  # the clock
    | read_\w+ | to_(csv|excel|feather|hdf|parquet|pickle|sql)   # pandas and files
    | fromfile | tofile | memmap | loadtxt | savetxt | genfromtxt | savez(_compressed)?   # numpy and files
    """,
    re.VERBOSE,
)
HEAVY_MODULES = {
    "httpx", "jinja2", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "sqlalchemy",
    "starlette", "uvicorn", "prometheus_client",
}  # fmt: skip
MAX_LINES, MAX_LINES_OF_ANALYSIS = 350, 249
MAX_FILES_IN_A_ROOM = 12


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Yield line and top-level name of every import, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, package if node.level else (node.module or "").split(".")[0]


def backward_imports(source: str, package: str) -> list[str]:
    """Return ``line: module`` for each import that goes back, or that leaves the product."""
    forbidden = (set(PACKAGES) | NOT_PRODUCT) - MAY_IMPORT[package]
    return [f"{line}: {name}" for line, name in imported(ast.parse(source), package) if name in forbidden]


def impurities(source: str) -> list[str]:
    """Return ``line: name`` for whatever a pure function has no business with."""
    tree = ast.parse(source)
    found = [f"{line}: {name}" for line, name in imported(tree, "analysis") if name not in PURE_MODULES]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if IMPURE_CALLS.fullmatch(called):
            found.append(f"{node.lineno}: {called}()")
        if called == "default_rng" and not node.args and not node.keywords:
            found.append(f"{node.lineno}: default_rng() without a seed")
    return found


def relative(path: Path) -> str:
    """Name a path as people know it."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_never_go_back(path: Path) -> None:
    """The orchestrator uses reports and analysis, reports uses analysis, nothing the other way round."""
    assert backward_imports(path.read_text(encoding="utf-8"), path.relative_to(ROOT).parts[0]) == []


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.is_relative_to(ROOT / "analysis")], ids=relative
)
def test_analysis_is_pure(path: Path) -> None:
    """Analysis computes: no file, clock, network, log or unseeded chance."""
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "breach"),
    [
        ("import reports.views", "1: reports"),
        ("def f():\n    from orchestrator.k6 import process", "2: orchestrator"),
        ("import pandas as pd, tests.parts", "1: tests"),
    ],
)
def test_the_import_rule_sees_a_breach(source: str, breach: str) -> None:
    """The rule finds imports in every form, so that the test above can fail."""
    assert backward_imports(source, "analysis") == [breach]


@pytest.mark.parametrize(
    ("source", "breach"),
    [
        ("import time", "1: time"),
        ("from pyarrow import csv", "1: pyarrow"),
        ("import logging", "1: logging"),
        ("open('x')", "1: open()"),
        ("def f(x):\n    print(x)", "2: print()"),
        ("datetime.now(UTC)", "1: now()"),
        ("pd.read_csv(x)", "1: read_csv()"),
        ("np.random.default_rng()", "1: default_rng() without a seed"),
    ],
)
def test_the_purity_rule_sees_a_breach(source: str, breach: str) -> None:
    """The rule finds what is impure, so that the test above can fail."""
    assert impurities(source) == [breach]


@pytest.mark.parametrize("path", SOURCES + OTHERS, ids=relative)
def test_a_file_stays_readable(path: Path) -> None:
    """No file of the project is above 350 lines, none of the analysis has 250."""
    most = MAX_LINES_OF_ANALYSIS if path.is_relative_to(ROOT / "analysis") else MAX_LINES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most


@pytest.mark.parametrize("room", ROOMS, ids=relative)
def test_a_room_stays_small(room: Path) -> None:
    """No folder holds more than a dozen modules; what grows gets a room of its own."""
    modules = [path.name for path in room.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MAX_FILES_IN_A_ROOM, modules


def test_help_loads_nothing_heavy() -> None:
    """`stallwatch --help` answers at once: no array, data frame or database library is imported."""
    code = """
import json, sys
from orchestrator.cli.app import main
sys.argv = ["stallwatch", "--help"]
try:
    main()
except SystemExit as end:
    print(json.dumps({"exit": end.code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert not loaded["exit"]
    assert "Usage" in done.stdout
    assert HEAVY_MODULES & set(loaded["modules"]) == set()


def test_a_campaign_starts_without_what_judges_it() -> None:
    """While runs go on, what only their analysis needs takes no memory and no time."""
    code = """
import sys
import orchestrator.campaign, orchestrator.cli.running.run_smoke, orchestrator.cli.show.progress
import orchestrator.cli.show.results, orchestrator.config
print(*sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert {"scipy", "pandas", "jinja2"} & set(done.stdout.split()) == set()
