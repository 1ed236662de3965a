# syntax=docker/dockerfile:1
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE manifest.yml ./
COPY bridgebot ./bridgebot
COPY deploy/image ./pins
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --no-deps --require-hashes -r pins/build.txt \
 && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheel .
RUN python -m venv /opt/bridgebot \
 && /opt/bridgebot/bin/pip install --no-cache-dir --no-deps --require-hashes -r pins/requirements.txt \
 && /opt/bridgebot/bin/pip install --no-cache-dir --no-deps --no-index wheel/*.whl \
 && /opt/bridgebot/bin/pip check \
 && /opt/bridgebot/bin/pip uninstall --yes pip

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin bridgebot \
 && install -d -o bridgebot -g bridgebot /data
COPY --from=build /opt/bridgebot /opt/bridgebot
ENV PATH=/opt/bridgebot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BRIDGEBOT_DATABASE_URL=sqlite:////data/bridgebot.db \
    BRIDGEBOT_HTTP_BIND=0.0.0.0:8080 \
    BRIDGEBOT_LOG_FORMAT=json \
    MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /data
USER bridgebot
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["bridgebot"]
CMD ["run"]
