"""The page beside a real daemon: started, started again, given new schedules, ended with it."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.orchestrator.daemon.served import WAIT_S, Served, schedules, serving
from tests.orchestrator.runs.stage import POLL_S, Answering, Stage, answering

SECRET = "s3cret-of-the-shop"


def ask(url: str) -> httpx.Response:
    """Ask as a browser does, and let go of the connection."""
    return httpx.get(url, trust_env=False, timeout=WAIT_S)


def page_of(stage: Stage, served: Served) -> int:
    """Return the process of the page; it is no campaign."""
    until = time.monotonic() + WAIT_S
    while True:
        pages = [pid for pid in children(served.process.pid) if b" page" in arguments(pid)]
        if pages:
            [pid] = pages
            return pid
        assert time.monotonic() < until, stage.belonging()
        time.sleep(POLL_S)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def await_end(pid: int) -> None:
    """Wait for the end of a process that ends at once."""
    until = time.monotonic() + WAIT_S
    while arguments(pid):
        assert time.monotonic() < until
        time.sleep(POLL_S)


def arguments(pid: int) -> bytes:
    """Return the arguments of a process, nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""


def test_the_page_lives_and_ends_with_the_daemon(tmp_path: Path, k6_1: Path) -> None:
    """It answers, comes back on the same port when it was killed, shows a new config, and leaves nothing."""
    stage = Stage(tmp_path, k6_1)
    service = '{url: "http://shop.example.test/", headers: {Authorization: {env: SHOP_TOKEN}}}'
    stage.configure({"n0": "127.0.0.1:1"}, service=service, more=schedules("name: old-one, every: 7d"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_TOKEN", SECRET)
        with serving(stage, "--listen", "127.0.0.1:0") as served:
            [said] = served.wait_for("web page")
            assert "old-one" in ask(said["url"]).text
            assert ask(f"{said['url']}healthz").json()["ok"] is True
            pid = page_of(stage, served)
            assert SECRET.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
            os.kill(pid, signal.SIGKILL)
            [ended] = served.wait_for("web page ended")
            assert "old-one" in ask(said["url"]).text
            config = stage.folder / "stallwatch.yaml"
            config.write_text(config.read_text().replace("old-one", "new-one"))
            served.signal(signal.SIGHUP)
            served.wait_for("config read again")
            assert "new-one" in ask(said["url"]).text
            assert len(served.events("web page")) == 1
            pid = page_of(stage, served)
            served.process.kill()
            served.process.wait()
            assert stage.left_after(3) == {}
            await_end(pid)
            with pytest.raises(httpx.ConnectError):
                ask(said["url"])
    assert ended["reason"] == "its process was ended by SIGKILL"


def test_the_page_shows_a_real_campaign_as_it_goes_on(tmp_path: Path, k6_2: Path) -> None:
    """Rows appear while k6 still runs; a daemon that is stopped ends as before."""
    stage, server = Stage(tmp_path, k6_2), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, more=schedules("name: long, every: 1s, duration: 10m"))
        with serving(stage, "--listen", "127.0.0.1:0") as served:
            [said] = served.wait_for("web page")
            [begun] = served.wait_for("campaign started")
            server.wait_for(40)
            until = time.monotonic() + WAIT_S
            while "<progress" not in (text := ask(f"{said['url']}campaigns/{begun['campaign']}").text) or (
                'data-label="Requests stored">0<' in text
            ):
                assert time.monotonic() < until, text
            served.signal(signal.SIGTERM)
            assert served.ended() == 0
        assert stage.left_after(3) == {}
    assert "of 10 min" in text
    assert "/schedules/long" in text


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, k6_1: Path) -> None:
    """The daemon does not start, says where and what to do, and ends with 4."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = stage.run("serve", "--listen", address)
    assert (code, out) == (4, "")
    assert err == (
        f"error: the web page cannot listen on {address}: Address already in use; name another address with"
        " --listen HOST:PORT, or go without the page with --no-web\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--listen", "8790"], "--listen '8790' is not an IP address with a port"),
        (["--listen", "localhost:8790"], "--listen 'localhost:8790' is not an IP address"),
        (["--listen", "127.0.0.1:99999"], "--listen '127.0.0.1:99999' is not an IP address"),
        (["--listen", "1.2.3.400:80"], "--listen '1.2.3.400:80' is not an IP address"),
        (["--no-web", "--allowed-host", "a b"], "--allowed-host 'a b' is not a host name"),
        (["--no-web", "--allowed-host", "*"], "--allowed-host '*' is not a host name"),
    ],
)
def test_a_bad_address_is_a_usage_error(tmp_path: Path, k6_1: Path, arguments: list[str], said: str) -> None:
    """One line that says what would be right, and exit code 2."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"})
    code, _, err = stage.run("serve", *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"error: {said}")


def test_an_open_page_says_that_there_is_no_login(tmp_path: Path, k6_1: Path) -> None:
    """Listening for other machines is a warning; on loopback, or without a page, there is none."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"}, more=schedules("name: seldom, every: 7d"))
    for listen, warned in (("[::]:0", 1), ("[::1]:0", 0)):
        with serving(stage, "--listen", listen) as served:
            [said] = served.wait_for("web page")
            port = httpx.URL(said["url"]).port
            assert ask(f"http://[::1]:{port}/healthz").json()["ok"]
            served.signal(signal.SIGTERM)
            assert served.ended() == 0
        found = served.events("web page is open to others")
        assert [line["level"] for line in found] == ["warning"] * warned
        assert all("no login" in line["reason"] for line in found)
    with serving(stage) as served:
        served.wait_for("serving")
        served.signal(signal.SIGTERM)
        assert served.ended() == 0
    assert served.events("web page") == []
