"""Configs and the files that they name."""

from __future__ import annotations

from pathlib import Path

import trustme

MINIMAL = "service: {url: http://127.0.0.1/}\nnodes: [{name: n, address: 127.0.0.1}]\n"


def write_certificates(folder: Path) -> None:
    """Write ca.pem, and client.pem with client.key, which that CA signed."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    client = ca.issue_cert("client.test")
    client.private_key_pem.write_to_path(str(folder / "client.key"))
    for number, part in enumerate(client.cert_chain_pems):
        part.write_to_path(str(folder / "client.pem"), append=number > 0)
