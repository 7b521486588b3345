"""Where the files beside the code are: k6 scripts in ``k6-scripts/`` of a checkout, in a wheel inside."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent
# The wheel carries k6-scripts/ under the first name (see pyproject.toml); a checkout has it at the root.
_FOLDERS = (_PACKAGE / "k6" / "scripts", _PACKAGE.parent / "k6-scripts")

_WEB_TEMPLATES = _PACKAGE / "web" / "templates"


def web_templates() -> Path:
    """Return the folder of the web page's templates."""
    return _WEB_TEMPLATES


def k6_script(name: str) -> Path:
    """Return the path of one of stallwatch's own k6 scripts, ``smoke`` or ``smoke.js``.

    Raises
    ------
    UsageError
        When there is no script of that name; the hint lists those that there are.
    """
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])
    scripts = {script.stem: script for script in sorted(folder.glob("*.js"))}
    script = scripts.get(name.removesuffix(".js"))
    if script is None:
        known = (
            ", ".join(scripts) or f"none in {folder}, so the installation is broken: install stallwatch again"
        )
        raise UsageError(f"there is no k6 script named {name!r}", hint=f"known scripts: {known}")
    return script
