"""Reports are handed out, and nothing else that the disk holds, however it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.web.shown import REPORT, Page, empty, showing

SECRET = b"nobody may read this"
NAME = "20260101-000000-aaaa.html"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Serve a home with one report, secrets around it, and traps beside it."""
    folder = tmp_path_factory.mktemp("files")
    home = empty(folder).home
    reports = home.reports_dir
    (reports / NAME).write_text(REPORT)
    for path in (folder / "secret.html", home.path / "secret.html", home.runs_dir / "secret.html"):
        path.write_bytes(SECRET)
    (reports / "secret.txt").write_bytes(SECRET)
    (reports / ".secret.html").write_bytes(SECRET)
    (reports / "deeper").mkdir()
    (reports / "deeper" / "secret.html").write_bytes(SECRET)
    (reports / "folder.html").mkdir()
    (reports / "link.html").symlink_to(home.path / "secret.html")
    (reports / "linked").symlink_to(home.path, target_is_directory=True)
    os.mkfifo(reports / "pipe.html")
    (reports / "huge.html").write_bytes(b"")
    os.truncate(reports / "huge.html", 100_000_000_000)
    with showing(home) as shown:
        yield shown


def test_a_report_is_handed_out_as_it_is_stored(page: Page) -> None:
    """Byte for byte, with its size; HEAD says the same without it."""
    got, head = page.get(f"/reports/{NAME}"), page.client.head(f"/reports/{NAME}")
    assert (got.status_code, got.text) == (200, REPORT)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(REPORT))


def test_a_report_may_show_itself_and_do_nothing(page: Page) -> None:
    """Its own styles and charts work; scripts, frames, forms and whatever it would load do not."""
    policy = page.get(f"/reports/{NAME}").headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "sandbox"} <= set(policy)
    assert "frame-ancestors 'none'" in policy
    assert not any("script" in directive for directive in policy)


@pytest.mark.parametrize(
    "target",
    [
        "/reports/../secret.html",
        "/reports/../../secret.html",
        "/reports/../catalog.db",
        "/reports/%2e%2e/secret.html",
        "/reports/%2e%2e%2fsecret.html",
        "/reports/..%2fsecret.html",
        "/reports/..%5csecret.html",
        "/reports/%252e%252e%252fsecret.html",
        "/reports/%c0%ae%c0%ae/secret.html",
        "/reports/./../secret.html",
        "/reports//etc/passwd",
        "/reports/%2fetc%2fpasswd",
        "//etc/passwd",
        "/../../../../etc/passwd",
        "/reports/deeper/secret.html",
        "/reports/deeper%2fsecret.html",
        "/reports/secret.txt",
        "/reports/.secret.html",
        "/reports/folder.html",
        "/reports/link.html",
        "/reports/linked/secret.html",
        "/reports/pipe.html",
        "/reports/huge.html",
        f"/reports/{NAME}%00",
        f"/reports/{NAME}%00.html",
        f"/reports/{NAME}%0a",
        f"/reports/{NAME}/",
        f"/reports/{NAME};x",
        "/reports/",
        "/reports",
        "/reports/" + "a" * 300 + ".html",
        "/reports/" + "../" * 5_000 + "etc/passwd",
        "/runs/..%2f..%2fsecret",
        "/runs/%00",
        "/campaigns/..",
        "/campaigns/" + "x" * 30_000,
        "/catalog.db",
        "/home/catalog.db",
    ],
    ids=lambda target: target[:40],
)
def test_no_path_leads_out_of_the_reports(page: Page, target: str) -> None:
    """Dots, encoded dots, absolute paths, links, NUL, pipes, very long: there is no such page."""
    status, body = page.raw(target)
    assert status == 404
    assert SECRET not in body
    assert b"root:" not in body
    assert page.said == []


def test_a_link_to_another_disk_may_be_the_folder_itself(tmp_path: Path) -> None:
    """Whoever moved reports/ elsewhere and left a link made that choice: it is followed."""
    home = empty(tmp_path).home
    home.reports_dir.rename(tmp_path / "elsewhere")
    home.reports_dir.symlink_to(tmp_path / "elsewhere")
    (home.reports_dir / NAME).write_text(REPORT)
    with showing(home) as page:
        assert page.get(f"/reports/{NAME}").text == REPORT
