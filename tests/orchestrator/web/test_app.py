"""The pages: what is stored, bounded and escaped; no request makes anything run or changes a file."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from orchestrator.catalog import campaigns
from orchestrator.history.summary import write_figures
from orchestrator.model import RunState
from orchestrator.web.stored import MAX_CAMPAIGNS
from tests.orchestrator.history.nights import RECORD, Nights, figures
from tests.orchestrator.web.shown import OFTEN, REPORT, add_start, empty, showing

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}\x00\u202e"


def test_a_campaign_is_found_from_the_front_page(tmp_path: Path) -> None:
    """Front, campaign, run and report lead to each other, with verdict, schedule, figures and settings."""
    nights = Nights(tmp_path / "home", 1)
    name = nights.add(0, {"a": "fail", "control": "pass"})
    home = nights.kept.home.create()
    nights.kept.catalog.update_campaign(name, sentence="fail: a stalls", ended_ns=nights.first_ns + 9 * 10**9)
    add_start(nights.kept, "often", nights.first_ns, campaign_id=name, reason="made up 5 min late")
    record = RECORD.closed(id=f"{name}.a", campaign_id=name, node="a", settings={"load": "20 a second"})
    record.write(home.run_dir(record.id))
    write_figures(home.run_dir(record.id), figures(p50_ms=12.5, stalls=2))
    (home.reports_dir / f"{name}.html").write_text(REPORT)
    with showing(home, schedules=[OFTEN]) as page:
        front, campaign = page.get("/").text, page.get(f"/campaigns/{name}").text
        run, schedule = page.get(f"/runs/{name}.a").text, page.get("/schedules/often").text
        assert page.get(f"/reports/{name}.html").text == REPORT
    assert f'href="/campaigns/{name}"' in front
    assert 'href="/schedules/often"' in front
    assert "every 10 min: smoke on all nodes" in front
    assert f'href="/runs/{name}.a"' in campaign
    assert f'href="/reports/{name}.html"' in campaign
    assert "made up 5 min late" in campaign
    assert "a stalls" in campaign
    assert all(word in run for word in ("12.5", "n = 3,000", "2 slow episodes", "8 s in all", "20 a second"))
    assert f'href="/campaigns/{name}"' in schedule
    assert len(re.findall(r"<span>20\S+ \S+ UTC</span>", front)) == 3


def test_whatever_came_from_outside_is_escaped(tmp_path: Path) -> None:
    """A node, a sentence, an error, a reason, notes and settings that would be markup are text."""
    kept = empty(tmp_path)
    kept.catalog.add_campaign(
        id="c", profile=EVIL, state=RunState.DONE, started_ns=1, ended_ns=2, verdict="fail", sentence=EVIL
    )
    kept.catalog.add_run(
        id="c.n", campaign_id="c", node=EVIL, kind="node", profile=EVIL, state=RunState.DONE, started_ns=1,
        requests=3, verdict="fail", error=EVIL, unfit=EVIL,
    )  # fmt: skip
    RECORD.closed(id="c.n", notes=(EVIL,), settings={EVIL: EVIL}, versions={"k6": EVIL}).write(
        kept.home.run_dir("c.n")
    )
    add_start(kept, "often", time.time_ns(), campaign_id="c", reason=EVIL)
    with showing(kept.home, schedules=[OFTEN]) as page:
        for path in ("/", "/campaigns", "/campaigns/c", "/runs/c.n", "/schedules/often", f"/{quote(EVIL)}"):
            text = page.get(path).text
            assert "<script" not in text, path
            assert "<img" not in text, path
            assert "{{ 7" in text or path.startswith("/%"), path
        assert "alert" in page.get("/metrics").text
        assert page.said == []


def test_an_answer_is_bounded(tmp_path: Path) -> None:
    """The newest 200 campaigns and no more; a long sentence is cut."""
    kept = empty(tmp_path)
    values = {"profile": "smoke", "state": RunState.DONE, "sentence": "x" * 10**4}
    with kept.catalog.writing() as connection:
        for number in range(MAX_CAMPAIGNS + 5):
            row = {"id": f"c{number:03d}", "started_ns": number, **values}
            connection.execute(campaigns.insert().values(row))
    with showing(kept.home) as page:
        front, listed = page.get("/").text, page.get("/campaigns").text
    shown = re.findall(r'href="/campaigns/(c\d+)"', listed)
    assert shown == [f"c{number:03d}" for number in range(MAX_CAMPAIGNS + 4, 4, -1)]
    assert len(re.findall(r'href="/campaigns/c\d+"', front)) == 20
    assert len(listed) < 400_000


def test_the_only_style_is_our_own(tmp_path: Path) -> None:
    """The browser is told the hash of the one style sheet, and there is no script and nothing to load."""
    with showing(empty(tmp_path).home) as page:
        got = page.get("/")
    [style] = re.findall("<style>(.*?)</style>", got.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in got.headers["content-security-policy"]
    assert not re.search(r"<script|<link|<img|<iframe|\bstyle=|\bon\w+=|\bsrc=", got.text)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """Many requests at once leave every file of the home as it was, and make no folder and no figures."""
    nights = Nights(tmp_path / "home", 3)
    names = [nights.add(night, {"a": "pass", "b": "fail"}) for night in range(3)]
    home = nights.kept.home.create()

    def files() -> dict[str, bytes]:
        found = (path for path in home.path.rglob("*") if not path.name.startswith("catalog.db-"))
        return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}

    paths = ["/", "/campaigns", "/metrics", "/healthz", *(f"/campaigns/{name}" for name in names)]
    paths += [f"/runs/{name}.a" for name in names] + [f"/reports/{name}.html" for name in names]
    with showing(home) as page:
        before = files()
        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda path: page.get(path).status_code, 5 * paths))
        assert files() == before
    assert set(codes) == {200, 404}


def test_a_page_loads_nothing_that_analyzes() -> None:
    """The server's process is without data frames, statistics, an HTTP client and whatever runs campaigns."""
    code = "import sys, orchestrator.web.server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    heavy = {"pandas", "scipy", "pyarrow", "httpx", "orchestrator.campaign", "orchestrator.judging"}
    assert heavy & loaded == set()
