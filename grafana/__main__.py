"""Write the dashboards: ``python -m grafana`` (`make dashboards`)."""

from __future__ import annotations

from pathlib import Path

from grafana import node, overview
from grafana.parts import to_text

FOLDER = Path(__file__).resolve().parent / "dashboards"
DASHBOARDS = {"overview.json": overview.dashboard, "node.json": node.dashboard}


def main() -> None:
    """Write each dashboard as Grafana's JSON."""
    for name, build in DASHBOARDS.items():
        (FOLDER / name).write_text(to_text(build()), encoding="utf-8")


if __name__ == "__main__":
    main()
