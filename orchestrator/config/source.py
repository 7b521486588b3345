"""Reading stallwatch.yaml: from bytes to plain values, and from a key's path back to its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from orchestrator.config.values import shown
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ruamel.yaml.nodes import Node as YamlNode


MAX_BYTES = 1_000_000
MAX_PROBLEMS = 20
_SEE_INIT = "`stallwatch init` writes an example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend: where in the tree, and what to do about it."""

    loc: tuple[str | int, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A config file as plain values, with the YAML nodes that know the lines."""

    path: Path
    values: dict[str, Any]
    root: YamlNode

    def line(self, loc: tuple[str | int, ...]) -> int:
        """Return the 1-based line of a key or list item, or of the nearest thing around it."""
        node, line = self.root, self.root.start_mark.line
        for part in loc:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return int(line) + 1

    def error(self, problems: Iterable[Problem]) -> ConfigError:
        """Return one error that lists up to 20 problems, one a line, in the file's order."""
        lines = sorted({(self.line(p.loc), f"{dotted(p.loc)}: {p.text}") for p in problems})
        listed = [f"{self.path}:{line}: {text}" for line, text in lines[:MAX_PROBLEMS]]
        if len(lines) > MAX_PROBLEMS:
            listed.append(f"{self.path}: {len(lines) - MAX_PROBLEMS} more problems are not listed")
        return ConfigError("\n".join(listed))


def dotted(loc: tuple[str | int, ...]) -> str:
    """Return ``nodes[1].address`` for ``("nodes", 1, "address")``."""
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{_key_text(p)}" for p in loc)
    return text.removeprefix(".")


def _key_text(key: str) -> str:
    return key if key.isprintable() and 0 < len(key) <= 60 else shown(key)


def read_source(path: Path) -> Source:
    """Read and parse a config file.

    Raises
    ------
    ConfigError
        When it is missing, not readable, too large, not text, not YAML, or not a mapping.
    """
    text = _read_text(path)
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True  # found below, all of them, with both lines
    try:
        root = yaml.compose(text)
        if root is None or (isinstance(root, ScalarNode) and root.value == ""):
            raise ConfigError(f"{path}: the file is empty", hint=_SEE_INIT)
        if not isinstance(root, MappingNode):
            line = root.start_mark.line + 1
            raise ConfigError(f"{path}:{line}: expected keys such as service and nodes", hint=_SEE_INIT)
        duplicates = list(_duplicate_keys(root))
        values = yaml.constructor.construct_document(root)
    except MarkedYAMLError as error:
        raise _not_yaml(path, text, error) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply", hint=_SEE_INIT) from error
    except (YAMLError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ConfigError(f"{path}: not YAML: {reason}", hint="remove or quote that value") from error
    source = Source(path=path, values=values, root=root)
    if duplicates:
        raise source.error(duplicates)
    return source


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such config file",
            hint="write one with `stallwatch init`, or name it with --config PATH",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}", hint="name a readable file with --config PATH"
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(
            f"{path}: larger than 1 MB, which no config is", hint="name another file with --config PATH"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text", hint=_SEE_INIT) from error
    if "\0" in text:
        raise ConfigError(f"{path}: a binary file, expected YAML", hint=_SEE_INIT)
    return text


def _not_yaml(path: Path, text: str, error: MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    number = mark.line if mark is not None else 0
    lines = text.split("\n")
    line = lines[number] if number < len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or "'\\t'" in str(error.problem):
        return ConfigError(
            f"{path}:{number + 1}: a tab; YAML is indented by spaces: replace each tab by spaces"
        )
    reason = " ".join(f"{error.context or ''} {error.problem or ''}".split())[:160]
    return ConfigError(
        f"{path}:{number + 1}: not YAML: {reason}",
        hint="check the indentation, colons and quotes around this line",
    )


def _children(node: YamlNode) -> list[tuple[str | int, YamlNode, YamlNode]]:
    """Return (key, node that has the line, value) of each child."""
    if isinstance(node, MappingNode):
        return [
            (str(key.value) if isinstance(key, ScalarNode) else "?", key, value) for key, value in node.value
        ]
    if isinstance(node, SequenceNode):
        return [(index, item, item) for index, item in enumerate(node.value)]
    return []


def _child(node: YamlNode, part: str | int) -> tuple[int, YamlNode] | None:
    return next(((at.start_mark.line, value) for key, at, value in _children(node) if key == part), None)


def _duplicate_keys(root: YamlNode) -> Iterator[Problem]:
    """Yield a problem for each repeated key; every node is visited once, however often it is aliased."""
    seen_nodes: set[int] = set()
    pending: list[tuple[tuple[str | int, ...], YamlNode]] = [((), root)]
    while pending:
        loc, node = pending.pop()
        if id(node) in seen_nodes:
            continue
        seen_nodes.add(id(node))
        lines: dict[str | int, list[int]] = {}
        for key, at, value in _children(node):
            lines.setdefault(key, []).append(at.start_mark.line + 1)
            pending.append(((*loc, key), value))
        for key, at_lines in lines.items():
            if len(at_lines) > 1:
                where = ", ".join(str(line) for line in at_lines)
                yield Problem(
                    loc=(*loc, key), text=f"the key stands {len(at_lines)} times (lines {where}); keep one"
                )
