"""What `stallwatch check` tests before a campaign: each test is one line, ok or what to do."""

from __future__ import annotations

from orchestrator.preflight.check import Check, State, exit_code
from orchestrator.preflight.run import run_checks

__all__ = ["Check", "State", "exit_code", "run_checks"]
