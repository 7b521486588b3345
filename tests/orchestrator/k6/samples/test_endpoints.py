"""Endpoints are short, without ids, and at most fifty."""

from __future__ import annotations

import pytest

from orchestrator.k6.samples.endpoints import MAX_ENDPOINTS, OTHER, Endpoints, endpoint_of


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("/healthz", "/healthz"),
        ("/search?q=1&page=2", "/search"),
        ("/page#part?x", "/page"),
        ("/item/123", "/item/{id}"),
        ("/item/123/photo/7?big", "/item/{id}/photo/{id}"),
        ("https://shop.test:8080/item/123", "https://shop.test:8080/item/{id}"),
        ("/o/6f1ed002-ab59-4f22-8e3c-1d9a0c000001/x", "/o/{id}/x"),
        ("/o/6F1ED002-AB59-4F22-8E3C-1D9A0C000001", "/o/{id}"),
        ("/blob/deadbeefdeadbeef01", "/blob/{id}"),
        ("/v2/items", "/v2/items"),
        ("/decade", "/decade"),
        ("/2024-report", "/2024-report"),
        ("", ""),
        ("a name, with spaces", "a name, with spaces"),
    ],
)
def test_names_lose_query_and_ids(name: str, endpoint: str) -> None:
    """Numbers, UUIDs and long hex words between slashes are ids; words and versions are not."""
    assert endpoint_of(name) == endpoint


@pytest.mark.parametrize(
    ("extra_tags", "endpoint"),
    [
        ("endpoint=pay", "pay"),
        ("a=b&endpoint=pay/7&endpoint=no", "pay/7"),
        ("my_endpoint=no", "/x"),
        ("endpoint=", ""),
        ("", "/x"),
    ],
)
def test_tag_beats_name(extra_tags: str, endpoint: str) -> None:
    """The first tag `endpoint` is taken as it is."""
    assert endpoint_of("/x", extra_tags) == endpoint


def test_fifty_and_the_rest_is_other() -> None:
    """The fifty that came first stay, the rest is `other`, and that is said."""
    endpoints = Endpoints()
    first = endpoints.resolve((f"/page-{n}", "") for n in range(MAX_ENDPOINTS))
    assert first == [f"/page-{n}" for n in range(MAX_ENDPOINTS)]
    assert not endpoints.folded
    assert endpoints.resolve([("/new", ""), ("/page-0?x", ""), ("/page-49", "")]) == [
        OTHER,
        "/page-0",
        "/page-49",
    ]
    assert endpoints.folded


def test_endless_names_of_one_endpoint_fill_no_memory() -> None:
    """A million ids are one endpoint, and not a million remembered names."""
    endpoints = Endpoints()
    resolved = endpoints.resolve((f"/item/{n}", "") for n in range(20_000))
    assert set(resolved) == {"/item/{id}"}
    assert len(endpoints._names) <= 100 * MAX_ENDPOINTS  # noqa: SLF001 # the bound itself
