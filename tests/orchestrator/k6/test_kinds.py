"""Load, soak and download through real k6, both versions: shape, endpoints, TLS, bounds."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import trustme

from analysis.requests import NS_PER_S, start_ns
from orchestrator.model import ClientCertificate, Endpoint, Profile, ProfileKind, Service
from orchestrator.resources import k6_script
from tests.orchestrator.k6.runs import Measured, Measuring
from tests.orchestrator.k6.servers import Server, serving

LOAD = Profile(
    name="heavy",
    kind=ProfileKind.LOAD,
    script=k6_script("load"),
    rate_per_s=60.0,
    ramp_s=1.5,
    duration_s=4.5,
)
SOAK = replace(
    LOAD, kind=ProfileKind.SOAK, script=k6_script("soak"), ramp_s=0.0, rate_per_s=20.0, duration_s=2.0
)
DOWNLOAD = Profile(
    name="download",
    kind=ProfileKind.DOWNLOAD,
    script=k6_script("download"),
    rate_per_s=None,
    vus=3,
    duration_s=2.0,
)
SHOP = Service(
    url="http://shop.test:8080/",
    endpoints=(
        Endpoint(name="home", url="http://shop.test:8080/", weight=3.0),
        Endpoint(
            name="order",
            url="http://shop.test:8080/orders?status=201",
            method="POST",
            body='{"n": "é"}',
            headers={"X-Key": "hidden-key", "Content-Type": "application/json"},
            expect_status=201,
        ),
        Endpoint(name="gone", url="http://shop.test:8080/gone?status=410", method="HEAD", weight=0.5),
    ),
)
OWN = "import http from 'k6/http';\nexport default function () { http.get(`${__ENV.STALLWATCH_URL}mine`); }\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Runs of every kind, and what their servers saw."""

    load: Measured
    load_server: Server
    soak: Measured
    download: Measured
    download_server: Server
    bounded: Measured
    failing: Measured
    full: Measured
    certified: Measured
    uncertified: Measured
    own_script: Measured
    own_server: Server
    key: bytes
    argvs: tuple[bytes, ...]


@pytest.fixture(scope="module")
def kinds(k6_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinds]:
    """Run every kind side by side; what wants TLS is served by a CA that nobody knows."""
    folder = tmp_path_factory.mktemp("kinds")
    clients = trustme.CA()
    mine = clients.issue_cert("client.test")
    certificate = ClientCertificate(cert_file=folder / "my #1.pem", key_file=folder / "my #1.key")
    mine.cert_chain_pems[0].write_to_path(str(certificate.cert_file))
    mine.private_key_pem.write_to_path(str(certificate.key_file))
    (folder / "own.js").write_text(OWN)
    own = Profile(
        name="own", kind=ProfileKind.SCRIPT, script=folder / "own.js", rate_per_s=None, duration_s=5.0, vus=1
    )
    blind = Service(url="https://shop.test/", insecure_tls=True)
    known = replace(blind, client_certificate=certificate)
    with ExitStack() as stack:
        shop, plain = stack.enter_context(serving()), stack.enter_context(serving())
        large = stack.enter_context(serving(size=300_000))
        broken, silent = stack.enter_context(serving(status=500)), stack.enter_context(serving(status=None))
        tls = [stack.enter_context(serving(ca=trustme.CA(), clients=clients)) for _ in range(2)]

        def run(
            name: str, server: Server, profile: Profile, service: Service = SHOP, **changes: str
        ) -> Measuring:
            return Measuring(
                k6_binary, folder / name, server.port, profile=profile, service=service, changes=changes
            )

        itself = Service(url="http://shop.test/large")
        runs = [
            run("load", shop, LOAD),
            run("soak", plain, SOAK, itself),
            run("download", large, DOWNLOAD, itself),
            run("bounded", plain, replace(DOWNLOAD, max_rate_per_s=5.5), itself),
            run("failing", broken, DOWNLOAD, itself),
            run("full", silent, replace(SOAK, timeout_s=1.0), itself, STALLWATCH_VUS="2"),
            run("certified", tls[0], SOAK, known),
            run("uncertified", tls[0], SOAK, blind),
            run("own", tls[1], own, known),
        ]
        shop.wait_for(1)
        # All but the last, which makes one request and may have ended already.
        argvs = tuple(Path(f"/proc/{run.process.pid}/cmdline").read_bytes() for run in runs[:-1])
        load, soak, download, bounded, failing, full, certified, uncertified, own_script = (
            run.finish() for run in runs
        )
        yield Kinds(
            load=load,
            load_server=shop,
            soak=soak,
            download=download,
            download_server=large,
            bounded=bounded,
            failing=failing,
            full=full,
            certified=certified,
            uncertified=uncertified,
            own_script=own_script,
            own_server=tls[1],
            key=certificate.key_file.read_bytes().splitlines()[1],
            argvs=argvs,
        )


def test_load_ramps_up_holds_and_ramps_down(kinds: Kinds) -> None:
    """Requests of each half come as the area under the ramp says, and k6's own count agrees."""
    for scenario in ("kept", "fresh"):
        starts_s = np.sort(start_ns(kinds.load.of(scenario))) / NS_PER_S
        assert len(starts_s) == pytest.approx(30 * 3.0, abs=1), scenario
        # 30/s over 1.5 s up, 1.5 s held, 1.5 s down; the fifth request comes at a time that is known.
        since_s = starts_s - starts_s[4] + np.sqrt(2 * 5 * 1.5 / 30)
        counts = np.histogram(since_s, bins=[-1, 0.75, 1.5, 3.0, 3.75, 9])[0]
        assert counts == pytest.approx([5.6, 16.9, 45, 16.9, 5.6], abs=4), scenario
    assert len(kinds.load.frame) == kinds.load.totals.http_reqs == kinds.load.totals.started
    assert kinds.load.totals.dropped_iterations == 0


def test_soak_is_the_constant_load_of_smoke(kinds: Kinds) -> None:
    """Half of the rate over kept connections, half over new ones, evenly."""
    assert len(kinds.soak.of("kept")) == 20
    assert len(kinds.soak.of("fresh")) in (20, 21)
    assert (kinds.soak.of("fresh")["connecting_ns"] > 0).all()
    assert not kinds.soak.frame["failed"].any()


def test_endpoints_are_chosen_by_weight(kinds: Kinds) -> None:
    """The shares of 90 requests a half are off by no more than two requests, never in long runs of one."""
    for scenario in ("kept", "fresh"):
        rows = kinds.load.of(scenario)
        assert rows["endpoint"].value_counts().to_dict() == pytest.approx(
            {"home": len(rows) * 3 / 4.5, "order": len(rows) / 4.5, "gone": len(rows) * 0.5 / 4.5}, abs=2
        )
        others = np.flatnonzero((rows["endpoint"] != "home").to_numpy())
        assert np.diff(others).max() <= 8


def test_method_body_headers_and_status_are_the_endpoints(kinds: Kinds) -> None:
    """What the server saw is what each endpoint says, and only an unexpected status is a failure."""
    seen = Counter(
        (s.line.rpartition(" ")[0], s.body, s.headers.get("x-key")) for s in kinds.load_server.seen
    )
    frame = kinds.load.frame
    counts = frame["endpoint"].value_counts()
    assert seen == {
        ("GET /", "", None): counts["home"],
        ("POST /orders?status=201", '{"n": "é"}', "hidden-key"): counts["order"],
        ("HEAD /gone?status=410", "", None): counts["gone"],
    }
    assert frame.groupby("endpoint", observed=True)["failed"].agg(set).to_dict() == {
        "gone": {True},
        "home": {False},
        "order": {False},
    }
    assert frame.groupby("endpoint", observed=True)["method"].agg(set).to_dict() == {
        "gone": {"HEAD"},
        "home": {"GET"},
        "order": {"POST"},
    }


def test_downloads_keep_their_connections(kinds: Kinds) -> None:
    """Three VUs, three connections, one request after the other on each."""
    rows = kinds.download.frame
    assert len(rows) > 3 * 3
    assert kinds.download_server.connections == (rows["connecting_ns"] > 0).sum() == 3
    assert set(rows["scenario"]) == {"download"}
    assert kinds.download.totals.http_reqs == kinds.download.totals.started == len(rows)


def test_bytes_of_an_iteration_carry_the_requests_serial(kinds: Kinds) -> None:
    """k6 writes one `data_received` an iteration, with the metadata of the one request in it."""
    lines = list(csv.DictReader(io.StringIO(kinds.download.raw.decode())))
    requests = [line["metadata"] for line in lines if line["metric_name"] == "http_reqs"]
    received = {
        line["metadata"]: float(line["metric_value"])
        for line in lines
        if line["metric_name"] == "data_received"
    }
    assert len(requests) == len(set(requests)) == len(received)
    assert received.keys() == set(requests)
    assert all(300_000 < size < 301_000 for size in received.values())


def test_small_downloads_stay_below_the_highest_rate(kinds: Kinds) -> None:
    """What could be thousands of small answers a second is held to limits.max_rate_per_s, rounded down.

    Each VU that waits for its turn at the end still gets it.
    """
    assert 5 <= len(kinds.bounded.frame) <= 1 + 2 * 5 + 3


def test_a_download_that_fails_is_not_hammered(kinds: Kinds) -> None:
    """After an unexpected status a VU waits for a second."""
    assert kinds.failing.frame["failed"].all()
    assert 3 <= len(kinds.failing.frame) <= 3 * 3


def test_what_cannot_be_started_is_counted(kinds: Kinds) -> None:
    """Beyond what may be in flight nothing is sent: each half says how much it dropped."""
    sent = kinds.full.totals.started or 0
    dropped = kinds.full.totals.dropped_iterations
    assert sent == len(kinds.full.frame) == kinds.full.totals.http_reqs
    assert 2 * 2 <= sent <= 2 * 2 * 3
    assert sent + dropped == pytest.approx(40, abs=1)
    kept = kinds.full.of("kept")
    in_flight = [((kept["end_ns"] > at) & (start_ns(kept) <= at)).sum() for at in start_ns(kept)]
    assert max(in_flight) <= 2


def test_client_certificate_and_insecure_tls(kinds: Kinds) -> None:
    """A server that nobody vouches for and that wants a certificate answers those alone who have one."""
    assert not kinds.certified.frame["failed"].any(), kinds.certified.frame["error"].unique()
    assert kinds.uncertified.frame["failed"].all()
    assert len(kinds.certified.frame) == pytest.approx(40, abs=1)


def test_a_users_script_has_the_services_tls_too(kinds: Kinds) -> None:
    """A script that says nothing of TLS proves itself with the service's certificate."""
    assert not kinds.own_script.frame["failed"].any(), kinds.own_script.frame["error"].unique()
    assert [seen.line for seen in kinds.own_server.seen] == ["GET /mine HTTP/1.1"]


def test_key_body_and_headers_stand_in_no_argv_and_no_file(kinds: Kinds) -> None:
    """Neither arguments nor files of a Run hold a secret header, a body, or the key."""
    secrets = (kinds.key, b"hidden-key", '{"n": "é"}'.encode(), b'{\\"n\\"')
    folders = (kinds.load.folder, kinds.certified.folder, kinds.own_script.folder)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 3 * 4
    assert not [argv for argv in kinds.argvs if any(secret in argv for secret in secrets)]
    assert not [path for path in files if any(secret in path.read_bytes() for secret in secrets)]
