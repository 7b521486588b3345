"""What a file is, told by how it begins."""

from __future__ import annotations

import json

import pytest

from orchestrator.errors import K6Error
from orchestrator.files.kinds import Kind, kind_of
from tests.orchestrator.files.content import HTML, PROMETHEUS, SUMMARY, csv_samples, json_samples

CUT_OFF = json_samples()[30:]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (csv_samples(), Kind.CSV),
        (b"\xef\xbb\xbf" + csv_samples(), Kind.CSV),
        (csv_samples().replace(b"\n", b"\r\n"), Kind.CSV),
        (json_samples(), Kind.JSON),
        (b"\xef\xbb\xbf" + json_samples(), Kind.JSON),
        (b"{broken\n" + json_samples(), Kind.JSON),
        (CUT_OFF, Kind.JSON),
    ],
)
def test_samples_are_known_by_their_content(head: bytes, kind: Kind) -> None:
    """CSV by its first line, JSON by any of its first lines: the first may be cut off."""
    assert kind_of(head) is kind


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"a,b,c\n1,2,3\n", r"first line is 'a,b,c', without metric_name"),
        (HTML, "HTML"),
        (SUMMARY, "summary of k6"),
        (json.dumps({"type": "Other", "metric": "x"}).encode(), "no samples"),
        (b"[" * 100_000, "no samples"),
        (b"{" * 100_000 + b"\n", "no samples"),
        (PROMETHEUS, "Prometheus"),
        (bytes(range(256)), "binary"),
        (b"\x28\xb5\x2f\xfd" + bytes(range(256)), "unpack it first"),
        (csv_samples().decode().encode("utf-16"), "UTF-16"),
        (b"x" * 200_000, "no first line"),
    ],
)
def test_what_else_it_is_has_a_name(head: bytes, said: str) -> None:
    """One line that tells a person what was given in the place of samples."""
    with pytest.raises(K6Error, match=said):
        kind_of(head)
