"""The scripts that come with stallwatch are found by name (from a wheel: see tests/test_packaging.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.resources import k6_script

SCRIPTS = sorted((Path(__file__).parents[2] / "k6-scripts").glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_each_script_is_found_with_and_without_its_suffix(script: Path) -> None:
    """Every file in k6-scripts/ answers to both of its names, with an absolute path."""
    assert k6_script(script.stem) == k6_script(script.name) == script


def test_an_unknown_script_names_those_that_exist() -> None:
    """A wrong name is a usage error whose hint lists what could have been meant."""
    with pytest.raises(UsageError, match=r"no k6 script named 'smokey'; known scripts: .*\bsmoke\b"):
        k6_script("smokey")


def test_a_name_is_no_path() -> None:
    """A name cannot leave the scripts' folder."""
    with pytest.raises(UsageError):
        k6_script("../k6-scripts/smoke.js")
