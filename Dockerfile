# The service in a container.
#   build    docker build -t market .
#   prepare  docker run --rm -e DATABASE_URL=postgresql://… market market init --admin-organisation NAME --place CODE
#   migrate  docker run --rm -e DATABASE_URL=postgresql://… market market migrate
#   serve    docker run -p 8000:8000 -e DATABASE_URL=postgresql://… market
# Without DATABASE_URL it keeps an SQLite file in the volume /data.

FROM python:3.11-slim-bookworm AS build
RUN python -m venv --without-pip /opt/market
WORKDIR /app
COPY requirements.txt ./
RUN pip --python /opt/market install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY . ./
RUN pip --python /opt/market install --no-cache-dir --disable-pip-version-check --no-index --no-deps \
        --no-build-isolation --config-settings editable_mode=compat --editable . \
    && /opt/market/bin/python -m compileall -q market api migrations

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin market \
    && install --directory --owner=market --mode=0750 /data
COPY --from=build /opt/market /opt/market
COPY --from=build /app /app
ENV PATH=/opt/market/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000 \
    DATABASE_URL=sqlite:////data/market.db
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["gunicorn", "--config", "deploy/gunicorn.py"]
