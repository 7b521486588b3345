"""stallwatch.yaml -> Settings: every problem is one line with file, line, value and what to do."""

from __future__ import annotations

from orchestrator.config.settings import Settings, find_config, load_settings, select_nodes
from orchestrator.config.values import parse_duration_s

__all__ = ["Settings", "find_config", "load_settings", "parse_duration_s", "select_nodes"]
