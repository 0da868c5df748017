# The image of kea-exporter; docs/installing/image.md says how to run it.
#     docker build --tag ghcr.io/kea-exporter/kea-exporter --build-arg VERSION=... --build-arg REVISION=... .
# The base is pinned by its tag. A digest would pin its bytes too: whoever publishes the image looks it up and gives
# --build-arg BASE=python:3.13.18-slim-trixie@sha256:...
ARG BASE=docker.io/library/python:3.13.18-slim-trixie

FROM ${BASE} AS builder
WORKDIR /source
# What builds the wheel stays in this stage. Its hashes are those of the development's lock file.
COPY requirements.lock requirements-dev.lock ./
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    awk '/^[a-z]/ { wanted = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } wanted' \
        requirements-dev.lock > requirements-build.lock \
    && python3 -m venv /build \
    && /build/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements-build.lock
# Without pip. Modules are compiled here, once, as nobody may write into the image; they need no look at the sources'
# times, which a build may change.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv --without-pip /opt/kea-exporter \
    && /build/bin/pip --python /opt/kea-exporter/bin/python3 install --no-cache-dir --no-compile \
        --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE config.example.yml ./
COPY grafana/dashboards grafana/dashboards
COPY prometheus/rules-migration/*.yml prometheus/rules-migration/
COPY kea_exporter kea_exporter
COPY kea_simulator kea_simulator
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/kea-exporter/bin/python3 install --no-cache-dir --no-compile --no-deps --no-index \
        /wheels/*.whl \
    && /build/bin/pip --python /opt/kea-exporter/bin/python3 check \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/kea-exporter/lib

FROM ${BASE}
ARG BASE
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="kea-exporter" \
      org.opencontainers.image.description="Prometheus exporter that judges ISC Kea DHCP servers" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/kea-exporter/kea-exporter" \
      org.opencontainers.image.documentation="https://github.com/kea-exporter/kea-exporter/blob/main/docs/installing/image.md" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# Nothing is installed here, so that pip is of no use but to an intruder.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/pip*
COPY --from=builder /opt/kea-exporter /opt/kea-exporter
ENV PATH=/opt/kea-exporter/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /
# A number, so that Kubernetes sees that it is not root; any other user will do.
USER 65532:65532
EXPOSE 9547 9548
STOPSIGNAL SIGTERM
# It asks the plain listener for health, which TLS and passwords of the pages do not concern.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["kea-exporter", "healthcheck"]
ENTRYPOINT ["kea-exporter"]
CMD ["serve", "--config.file", "/etc/kea-exporter/config.yml", "--web.listen-address=:9547", "--web.health-listen-address=:9548"]
