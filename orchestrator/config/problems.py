"""From what is wrong to one line a problem: pydantic's errors, and checks across keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from orchestrator.config.profiles import problems_of
from orchestrator.config.schema import ConfigFile, LimitsSection
from orchestrator.config.secret import header_problem
from orchestrator.config.source import Problem
from orchestrator.config.values import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_KINDS: dict[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    bool: "true or false",
    type(None): "nothing",
}
_EXPECTED = {
    "string_type": "expected text; put it in quotes",
    "float_type": "expected a number without quotes",
    "int_type": "expected a whole number without quotes",
    "int_from_float": "expected a whole number",
    "bool_type": "expected true or false",
    "finite_number": "expected a finite number",
    "string_too_short": "expected text that is not empty",
    "string_too_long": "expected at most {max_length} characters",
    "greater_than": "expected a number above {gt:g}",
    "greater_than_equal": "expected at least {ge:g}",
    "less_than": "expected a number below {lt:g}",
    "less_than_equal": "expected at most {le:g}",
    "literal_error": "expected {expected}",
}
_EXAMPLES: dict[tuple[str | int, ...], str] = {
    ("service",): "write service: {url: https://shop.example.com/healthz}",
    ("service", "url"): "write url: https://shop.example.com/healthz",
    ("service", "client_certificate", "cert_file"): "write {cert_file: client.pem, key_file: client.key}",
    ("service", "client_certificate", "key_file"): "write {cert_file: client.pem, key_file: client.key}",
    ("service", "endpoints", "path"): "write path: /orders",
    ("nodes",): "write at least one: - {name: node-1, address: 203.0.113.11}",
}


def from_pydantic(error: ValidationError) -> list[Problem]:
    """Return a problem for each of pydantic's errors; values under secret keys are not repeated."""
    return [Problem(loc=_loc(detail), text=_text(detail)) for detail in error.errors(include_url=False)]


def _loc(detail: ErrorDetails) -> tuple[str | int, ...]:
    # pydantic marks an error of a mapping's key by one more part.
    return tuple(part for part in detail["loc"] if part != "[key]")


def _text(detail: ErrorDetails) -> str:
    kind, loc, value = detail["type"], _loc(detail), detail["input"]
    if kind == "extra_forbidden":
        return f"unknown key{nearest(str(loc[-1]), known_keys(loc[:-1])) or _list_keys(loc[:-1])}"
    if kind in {"missing", "too_short"}:
        example = _EXAMPLES.get(tuple(part for part in loc if isinstance(part, str)))
        return ("is missing" if kind == "missing" else "is empty") + (f"; {example}" if example else "")
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in {"model_type", "dict_type", "list_type"}:
        expected = (
            "a list: put '- ' before each entry" if kind == "list_type" else "a mapping of keys to values"
        )
        return f"expected {expected}, got {_KINDS.get(type(value), 'a number')}"
    expected = _EXPECTED[kind].format(**detail.get("ctx", {})) if kind in _EXPECTED else detail["msg"]
    container = isinstance(value, dict | list) or value is None
    return f"{expected}, got {_KINDS[type(value)]}" if container else f"{shown(value)}: {expected}"


def _list_keys(loc: tuple[str | int, ...]) -> str:
    known = known_keys(loc)
    return f"; the keys here are {', '.join(known)}" if known else ""


def known_keys(loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand at a place of the config."""
    at: Any = ConfigFile
    for part in loc:
        if isinstance(at, type) and issubclass(at, BaseModel):
            field = at.model_fields.get(str(part))
            at = field.annotation if field else None
        else:  # a list's item or a mapping's value
            at = (get_args(at) or (None,))[-1]
        at = next((arg for arg in get_args(at) if _is_section(arg)), at) if type(None) in get_args(at) else at
    return list(at.model_fields) if _is_section(at) else []


def _is_section(at: object) -> bool:
    return isinstance(at, type) and issubclass(at, BaseModel)


def across_keys(values: dict[str, Any]) -> Iterator[Problem]:
    """Yield what no single key shows, on plain values that may have other problems too."""
    yield from _repeated_names(values, "nodes")
    yield from _repeated_names(values, "schedules")
    yield from _service(_mapping(values.get("service")))
    yield from _profiles(values)
    detect = _mapping(values.get("detect"))
    stall_s, period_s = detect.get("stall_s", 1.0), detect.get("period_s", 60.0)
    if isinstance(stall_s, int | float) and isinstance(period_s, int | float) and stall_s >= period_s > 0:
        text = f"a stall of {stall_s:g} s does not fit in a period of {period_s:g} s; write a smaller stall_s"
        yield Problem(loc=("detect", "stall_s" if "stall_s" in detect else "period_s"), text=text)


def _mapping(value: object) -> dict[str, Any]:
    return {k: v for k, v in value.items() if isinstance(k, str)} if isinstance(value, dict) else {}


def _items(value: object) -> list[dict[str, Any]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []


def _repeated_names(values: dict[str, Any], section: str, *above: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, item in enumerate(_items(values.get(section))):
        name = item.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            text = f"{shown(name)} is also the name of {section}[{first[name]}]; give each its own name"
            yield Problem(loc=(*above, section, index, "name"), text=text)


def _profiles(values: dict[str, Any]) -> Iterator[Problem]:
    highest = _mapping(values.get("limits")).get("max_rate_per_s")
    if not isinstance(highest, int | float):
        highest = LimitsSection().max_rate_per_s
    for name, profile in _mapping(values.get("profiles")).items():
        yield from problems_of(name, _mapping(profile), highest)


def _service(service: dict[str, Any]) -> Iterator[Problem]:
    yield from _header_names(service, "service")
    yield from _repeated_names(service, "endpoints", "service")
    for index, endpoint in enumerate(_items(service.get("endpoints"))):
        yield from _header_names(endpoint, "service", "endpoints", index)
    if service.get("endpoints"):
        for key in ("method", "body"):
            if key in service:
                yield Problem(loc=("service", key), text="belongs to each of the endpoints: write it there")


def _header_names(section: dict[str, Any], *above: str | int) -> Iterator[Problem]:
    for name, value in _mapping(section.get("headers")).items():
        text = header_problem(name, value)
        if text:
            yield Problem(loc=(*above, "headers", name), text=text)
