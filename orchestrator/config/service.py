"""The service of the config: values read from where they are kept, endpoints on the service's own host."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.config.secret import Secret
from orchestrator.config.source import Problem
from orchestrator.k6.environment import MAX_ENDPOINTS_BYTES, endpoints_json
from orchestrator.model import Endpoint, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.config.schema import EndpointSection, ServiceSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads values from the environment and from files, and keeps what is wrong instead of stopping."""

    environ: Mapping[str, str]
    base: Path
    problems: list[Problem] = field(default_factory=list)

    def headers(self, headers: Mapping[str, Secret | str], *above: str | int) -> dict[str, str]:
        """Return the values of headers that can be read."""
        return self._values(headers, (*above, "headers"), Secret.read)

    def secret(self, name: str, secret: Secret, *above: str | int) -> str:
        """Return a secret of one printable line, empty where it cannot be read."""
        return self._values({name: secret}, above, Secret.read).get(name, "")

    def texts(self, texts: Mapping[str, Secret | str], *above: str | int) -> dict[str, str]:
        """Return the values of bodies or variables that can be read."""
        return self._values(texts, above, Secret.read_text)

    def _values(
        self,
        values: Mapping[str, Secret | str],
        above: tuple[str | int, ...],
        read: Callable[[Secret, Mapping[str, str], Path], str],
    ) -> dict[str, str]:
        found = {}
        for name, value in values.items():
            try:
                found[name] = read(value, self.environ, self.base) if isinstance(value, Secret) else value
            except ValueError as error:
                self.problems.append(Problem(loc=(*above, name), text=str(error)))
        return found

    def body(self, body: Secret | str | None, *above: str | int) -> str | None:
        """Return a body, None where there is none or it cannot be read."""
        return None if body is None else self.texts({"body": body}, *above).get("body")


def endpoint_of(
    service: ServiceSection, section: EndpointSection, headers: Mapping[str, str], reader: Reader, index: int
) -> Endpoint:
    """Return one endpoint; its headers win over the service's, whatever their case."""
    place = ("service", "endpoints", index)
    own = reader.headers(section.headers, *place)
    names = {name.casefold() for name in own}
    url = urlsplit(service.url)
    return Endpoint(
        name=section.name,
        url=f"{url.scheme}://{url.netloc}{section.path}",
        weight=section.weight,
        method=section.method,
        body=reader.body(section.body, *place),
        headers={name: value for name, value in headers.items() if name.casefold() not in names} | own,
        expect_status=section.expect_status or service.expect_status,
    )


def itself(service: ServiceSection, headers: Mapping[str, str], reader: Reader) -> tuple[Endpoint, ...]:
    """Return the service's URL as an endpoint; none where the URL and GET say all."""
    if service.method is None and service.body is None:
        return ()
    return (
        Endpoint(
            name=urlsplit(service.url).path or "/",
            url=service.url,
            method=service.method or "GET",
            body=reader.body(service.body, "service"),
            headers=headers,
            expect_status=service.expect_status,
        ),
    )


def too_large(service: Service) -> Problem | None:
    """Say that bodies and headers do not fit into k6's environment, through which alone they go."""
    size = len(endpoints_json(service.asked))
    if size <= MAX_ENDPOINTS_BYTES:
        return None
    text = (
        f"bodies and headers come to {size / 1000:,.0f} KB; shorten them to {MAX_ENDPOINTS_BYTES // 1000} KB"
    )
    return Problem(loc=("service", "endpoints"), text=text)
