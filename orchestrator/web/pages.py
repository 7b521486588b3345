"""Templates to answers: whatever came from outside is escaped, and no page needs a script."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from orchestrator.resources import web_templates
from orchestrator.web.guard import POLICY
from reports import formats
from reports.views import VERDICT_SIGNS

MAX_CHARS = 600
"""Of a text that came from outside: the whole of it stands in the log and the report."""


class Pages:
    """The pages; their one style sheet is known to the browser by its hash."""

    def __init__(self) -> None:
        environment = Environment(
            loader=PrefixLoader(
                {"web": FileSystemLoader(web_templates()), "reports": PackageLoader("reports")}
            ),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "count": formats.count,
            "counted": formats.counted,
            "duration": formats.duration,
            "moment": _moment,
            "short": _short,
            "sign": _sign,
        }
        style = environment.get_template("web/style.css").render()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        environment.globals["style"] = Markup(style)  # noqa: S704 # our own file
        self._environment = environment
        self._headers = {"Content-Security-Policy": f"{POLICY}; style-src 'sha256-{digest}'"}

    def page(
        self, name: str, *, status: int = 200, refresh_s: int | None = None, **values: Any
    ) -> HTMLResponse:
        """Return a page; ``refresh_s`` is when it loads itself again."""
        now = formats.timestamp(datetime.now(UTC))
        text = self._environment.get_template(f"web/{name}.html").render(values, refresh_s=refresh_s, now=now)
        return HTMLResponse(text, status, headers=self._headers)


def _moment(ns: int) -> str:
    return formats.timestamp(datetime.fromtimestamp(ns // 1_000_000_000, UTC))


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]} …"


def _sign(verdict: str) -> str:
    return next((sign for known, sign in VERDICT_SIGNS.items() if known == verdict), "")
