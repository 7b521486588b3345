"""Tag values that line protocol cannot carry, written so that they can: ordinary names stay as they are."""

from __future__ import annotations

import re

EMPTY = "%(empty)"
"""What an empty value is written as: InfluxDB has no tag without a value."""

# A percent sign is only written differently where it could be taken for one of ours.
_CODE = "0[0-9A-F]|1[0-9A-F]|7F|25|5C"
_HOSTILE = re.compile(rf"[\x00-\x1f\x7f\\]|%(?={_CODE}|\(empty\))")
_WRITTEN = re.compile(rf"%({_CODE})|%\(empty\)")
_SPECIAL = re.compile(r"([,= ])")


def to_tag(text: str) -> str:
    """Return a text as a tag value: control characters and backslashes as ``%0A``, nothing as ``%(empty)``.

    A backslash can be written in the middle of a value, but not at its end nor before what needs one.
    """
    return _HOSTILE.sub(lambda match: f"%{ord(match[0]):02X}", text) or EMPTY


def from_tag(value: str) -> str:
    """Return the text that `to_tag` made a tag value of."""
    return _WRITTEN.sub(lambda match: chr(int(match[1], 16)) if match[1] else "", value)


def tag_in_line(text: str) -> str:
    """Return a text as it stands in line protocol behind the ``=`` of a tag."""
    return _SPECIAL.sub(r"\\\1", to_tag(text))


def field_in_line(text: str) -> str:
    """Return a text as it stands in line protocol behind the ``=`` of a field."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
