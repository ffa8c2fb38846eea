# The Rasa bot with its trained model. It listens on loopback only and shares the network of a gateway.
#   docker build -f deploy/bot.Dockerfile -t tandem/bot:0.2.0 .

FROM python:3.10.19-slim-bookworm AS packages
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv /opt/venv
WORKDIR /src
COPY bot/requirements.lock ./
# The lock is complete: without --no-deps uv would bring back what bot/overrides.txt leaves out.
RUN uv pip install --no-cache --compile-bytecode --no-deps --python /opt/venv/bin/python -r requirements.lock

FROM packages AS model
ENV PATH=/opt/venv/bin:$PATH OMP_NUM_THREADS=1 RASA_TELEMETRY_ENABLED=false TANDEM_VAR=/var/lib/tandem
WORKDIR /app
COPY config.yml ./
COPY bot ./bot
COPY data/training ./data/training
# What the model's gate asks of it.
COPY data/evaluation ./data/evaluation
RUN python -m bot train

FROM python:3.10.19-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home tandem
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    RASA_TELEMETRY_ENABLED=false \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp \
    TANDEM_VAR=/var/lib/tandem \
    TANDEM_BOT_URL=http://127.0.0.1:5005
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY --from=model /var/lib/tandem /var/lib/tandem
COPY LICENSE config.yml ./
COPY bot ./bot
COPY data/training ./data/training
COPY data/evaluation ./data/evaluation
USER 10001:10001
EXPOSE 5005
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5005/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m"]
CMD ["bot", "serve"]
