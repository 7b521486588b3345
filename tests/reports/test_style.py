"""The style sheet: that text can be read in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reports

CSS = (Path(reports.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
THEMES = dict(
    zip(
        ("light", "dark", "print"),
        (
            dict(re.findall(r"--([\w-]+): (#\w{6})", block))
            for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
        ),
        strict=True,
    )
)
TEXTS = (
    *(("text", "page"), ("text", "raised"), ("soft", "page"), ("soft", "raised"), ("error", "page")),
    *(("pass", "pass-back"), ("fail", "fail-back"), ("inconclusive", "inconclusive-back")),
    *(("fail", "page"), ("fail", "raised"), ("text", "pass-back"), ("text", "fail-back")),
    ("text", "inconclusive-back"),
)
MARKS = (("median", "raised"), ("median", "band"), ("stall", "page"), ("error", "raised"), ("fail", "raised"))


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2), 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_known_colours() -> None:
    """Black on white has the largest contrast there is, a colour on itself none."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("theme", THEMES)
def test_text_has_contrast(theme: str) -> None:
    """Every text has at least 4.5 to 1 against what it stands on (WCAG 2.2, AA)."""
    colours = THEMES[theme]
    weak = [(text, back) for text, back in TEXTS if contrast(colours[text], colours[back]) < 4.5]
    assert weak == []


@pytest.mark.parametrize("theme", THEMES)
def test_marks_have_contrast(theme: str) -> None:
    """Every mark that carries meaning has at least 3 to 1 against what it stands on (WCAG 2.2, AA)."""
    colours = THEMES[theme]
    weak = [(mark, back) for mark, back in MARKS if contrast(colours[mark], colours[back]) < 3]
    assert weak == []


def test_every_colour_is_defined_in_every_theme() -> None:
    """No rule uses a colour that a theme forgot."""
    used = set(re.findall(r"var\(--([\w-]+)\)", CSS))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL):
        assert used == set(re.findall(r"--([\w-]+):", block))
