# The gateway and the knowledge index: one image, two commands.
#   docker build -f deploy/gateway.Dockerfile -t tandem/gateway:0.2.0 .
# Pin the base images by digest in your own registry; the tags here name exact versions.

FROM node:24.11.1-bookworm-slim AS pages
WORKDIR /src
COPY handoff_service/web/package.json handoff_service/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY handoff_service/web ./
RUN npm run build

FROM python:3.11.14-slim-bookworm AS packages
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv /opt/venv
WORKDIR /src
COPY pyproject.toml requirements.lock ./
# The versions of the lock, without the packages that only tests need.
RUN uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python --torch-backend cpu \
    --constraints requirements.lock --extra tracing -r pyproject.toml

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home tandem && install -d -o tandem -g tandem /var/lib/tandem
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    TANDEM_VAR=/var/lib/tandem \
    TANDEM_GATEWAY_LISTEN=0.0.0.0:8080
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY LICENSE NOTICE pyproject.toml ./
COPY handoff_service ./handoff_service
COPY --from=pages /src/dist ./handoff_service/web/dist
COPY kb_index ./kb_index
COPY bot/__init__.py ./bot/
COPY bot/hearing ./bot/hearing
COPY data ./data
USER 10001:10001
VOLUME /var/lib/tandem
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=9s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=8)"]
ENTRYPOINT ["python", "-m"]
CMD ["handoff_service", "serve"]
