"""Secrets and headers: where a value is kept, and how it is read when it is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.config.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SECRET_BYTES = 65_536
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, section 5.6.2
_SECRET_NAME = re.compile(r"authorization|cookie|token|key|secret|password|credential", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}")
_OWN_HEADERS = frozenset({"host", "connection", "content-length", "transfer-encoding"})
# What k6, Go's TLS and time zones, or the loader would take for theirs.
_OWN_VARIABLES = re.compile(
    r"(K6|STALLWATCH|SSL_CERT|LD)_.*|.*_PROXY|SSLKEYLOGFILE|GODEBUG|PATH|PWD|HOME|TMPDIR|TZ", re.IGNORECASE
)
_HOW = "write {env: NAME} or {file: PATH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a value is kept: exactly one of an environment variable and a file."""

    env: str | None = None
    file: str | None = None

    def read(self, environ: Mapping[str, str], base: Path) -> str:
        """Return the value of a header; a relative file is relative to ``base``.

        Raises
        ------
        ValueError
            When it is missing, empty, or cannot be a header's value; the value is never repeated.
        """
        value = self.read_text(environ, base).strip()
        if not value:
            raise ValueError(f"{self._place(base)} is empty; put the value there")
        if not value.isascii() or not value.isprintable():
            raise ValueError(
                f"{self._place(base)} holds control or non-ASCII characters; keep one printable line there"
            )
        return value

    def read_text(self, environ: Mapping[str, str], base: Path) -> str:
        """Return the value of a body or of a script's variable, as it stands.

        Raises
        ------
        ValueError
            When it is missing, too large, or not text; the value is never repeated.
        """
        if self.file is not None:
            return self._from_file(base)
        if self.env is None or self.env not in environ:
            raise ValueError(f"{self._place(base)} is not set; export {self.env}=... first")
        if not _is_text(environ[self.env]):
            raise ValueError(f"{self._place(base)} is not UTF-8 text; keep text there")
        return environ[self.env]

    def _place(self, base: Path) -> str:
        if self.file is None:
            return f"the environment variable {self.env}"
        return f"the file {shown(str(base / Path(self.file).expanduser()))}"

    def _from_file(self, base: Path) -> str:
        try:
            with (base / Path(str(self.file)).expanduser()).open("rb") as file:
                content = file.read(MAX_SECRET_BYTES + 1)
        except OSError as error:
            raise ValueError(
                f"{self._place(base)} cannot be read: {error.strerror}; write the value there"
            ) from None
        if len(content) > MAX_SECRET_BYTES:
            raise ValueError(f"{self._place(base)} is larger than 64 KB; keep only the value there")
        text = content.decode("utf-8", "surrogateescape")
        if not _is_text(text):
            raise ValueError(f"{self._place(base)} is not UTF-8 text; keep text there")
        return text


def parse_secret(value: Any) -> Secret:
    """Return where a secret is kept; a literal is refused and not repeated.

    Raises
    ------
    ValueError
        When it is anything but ``{env: NAME}`` or ``{file: PATH}``.
    """
    if isinstance(value, Secret):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"a secret does not belong in this file; {_HOW}")  # noqa: TRY004 # pydantic reads ValueError
    if len(value) != 1 or not set(value) <= {"env", "file"}:
        raise ValueError(f"expected exactly one of env and file; {_HOW}")
    [(kind, place)] = value.items()
    if not isinstance(place, str) or not place or not place.isprintable():
        raise ValueError(f"{kind} must name a place; {_HOW}")
    if kind == "env" and not _VARIABLE.fullmatch(place):
        raise ValueError("env does not name an environment variable; write {env: SHOP_TOKEN}, without $")
    return Secret(**{kind: place})


def parse_header_value(value: Any) -> Secret | str:
    """Return a header's literal text or the place of its value.

    Raises
    ------
    ValueError
        When it is neither; the value is not repeated.
    """
    if isinstance(value, dict | Secret):
        return parse_secret(value)
    if not isinstance(value, str):
        raise ValueError(f"expected text; put it in quotes, or {_HOW}")  # noqa: TRY004 # pydantic reads ValueError
    if not value.isascii() or not value.isprintable():
        raise ValueError("holds control or non-ASCII characters; write one printable line")
    return value


def parse_text_or_place(value: Any) -> Secret | str:
    """Return the literal text of a body or of a script's variable, or the place of its value.

    Raises
    ------
    ValueError
        When it is neither; the value is not repeated.
    """
    if isinstance(value, dict | Secret):
        return parse_secret(value)
    if not isinstance(value, str):
        raise ValueError(f"expected text; put it in quotes, or {_HOW}")  # noqa: TRY004 # pydantic reads ValueError
    if not _is_text(value):
        raise ValueError("holds NUL or half a character, which is no text; remove it")
    if len(value.encode()) > MAX_SECRET_BYTES:
        raise ValueError("is larger than 64 KB; make it shorter")
    return value


def _is_text(value: str) -> bool:
    """Tell whether a value can be sent, and handed over as a variable."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def variable_problem(name: str, value: object) -> str | None:
    """Return what is wrong with a variable of a script, or with keeping its value in the config; or None."""
    if not _VARIABLE.fullmatch(name):
        return f"{shown(name)} is not the name of a variable; write letters, digits and '_'"
    if _OWN_VARIABLES.fullmatch(name):
        return "stallwatch sets this variable itself; give yours another name"
    return _kept_here(name, value)


def header_problem(name: str, value: object) -> str | None:
    """Return what is wrong with a header's name, or with keeping its value in the config; or None."""
    if not _TOKEN.fullmatch(name):
        return f"{shown(name)} is not a header name; write letters, digits and '-'"
    if name.casefold() in _OWN_HEADERS:
        return "stallwatch sets this header itself; remove it"
    return _kept_here(name, value)


def _kept_here(name: str, value: object) -> str | None:
    if isinstance(value, str) and _SECRET_NAME.search(name):
        variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
        return f"a secret does not belong in this file; write {{env: {variable}}} or {{file: PATH}}"
    return None
