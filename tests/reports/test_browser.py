"""The report in a real browser: what its layout comes to at a phone's and at a desk's width."""

from __future__ import annotations

import html
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.findings import CampaignAnalysis
from reports.render import render_campaign
from reports.views import ReportFacts
from tests.reports.samples import throughput_of

WIDTHS_PX = (400, 760, 1280)
LONG_NAME = '"onload="alert(1)' + "averyverylongnamewithoutanyspace" * 5
MEASURE = """
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, root = page.documentElement;
    const bands = [...page.querySelectorAll("svg.trace path.band")];
    return {
      report: frame.name, width: root.clientWidth, overflow: root.scrollWidth - root.clientWidth,
      display: frame.contentWindow.getComputedStyle(page.querySelector("tbody tr") || page.body).display,
      drawn: bands.filter(band => band.getBoundingClientRect().height > 1).length,
    };
  });
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(found);
});
"""


def measure(chromium: Path, folder: Path, pages: dict[str, str]) -> dict[tuple[str, int], dict[str, Any]]:
    """Lay each page out at each width in frames of one page; return what was measured by name and width."""
    frames = "".join(
        f'<iframe name="{name}" width="{width}" height="900" srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in WIDTHS_PX
    )
    wrapper = folder / "wrapper.html"
    wrapper.write_text(
        f"<!doctype html><style>iframe {{ border: 0 }}</style><body>{frames}<script>{MEASURE}</script>",
        encoding="utf-8",
    )
    command = [
        str(chromium),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-quic",
    ]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={folder / 'profile'}", "--hide-scrollbars", "--window-size=1400,900"]
    done = subprocess.run(
        [*command, "--dump-dom", wrapper.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    result = re.search("<pre>(.*)</pre>", done.stdout)
    assert result, done.stderr[-2000:]
    return {(found["report"], found["width"]): found for found in json.loads(html.unescape(result[1]))}


def test_no_page_is_wider_than_its_window(
    chromium: Path,
    tmp_path: Path,
    campaign: CampaignAnalysis,
    frames: dict[str, pd.DataFrame],
    facts: ReportFacts,
) -> None:
    """No report has to be scrolled sideways at any width, and a page that would is found out."""
    downloaded = replace(campaign.nodes[1].analysis, throughput=throughput_of(12e6, 3e6, 13e6, counted=2))
    named = (replace(campaign.nodes[1], name=LONG_NAME, analysis=downloaded), *campaign.nodes)
    pages = {
        "whole": render_campaign(campaign, frames, facts),
        "long": render_campaign(
            replace(campaign, nodes=named, sentence=LONG_NAME),
            {LONG_NAME: frames["node-2"]},
            replace(
                facts, title=LONG_NAME, settings={LONG_NAME: LONG_NAME}, addresses={LONG_NAME: LONG_NAME}
            ),
        ),
        "one": render_campaign(replace(campaign, nodes=campaign.nodes[:1], control=None), frames, facts),
        "empty": render_campaign(campaign, {}, facts),
    }
    pages["too wide"] = pages["whole"].replace("<main>", '<main><p style="width:1500px">wide</p>')
    found = measure(chromium, tmp_path, pages)
    assert set(found) == {(name, width) for name in pages for width in WIDTHS_PX}
    wide = {key for key, measured in found.items() if measured["overflow"] > 0}
    assert wide == {("too wide", width) for width in WIDTHS_PX}


def test_the_layout_follows_the_width(
    chromium: Path,
    tmp_path: Path,
    campaign: CampaignAnalysis,
    frames: dict[str, pd.DataFrame],
    facts: ReportFacts,
) -> None:
    """On a phone the rows of the table become cards; all four panels and the fold are drawn everywhere."""
    found = measure(chromium, tmp_path, {"whole": render_campaign(campaign, frames, facts)})
    assert {width: found["whole", width]["display"] for width in WIDTHS_PX} == {
        400: "grid",
        760: "table-row",
        1280: "table-row",
    }
    assert {found["whole", width]["drawn"] for width in WIDTHS_PX} == {5}
