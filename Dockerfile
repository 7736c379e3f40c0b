# One image for web, workers, scheduler and migrations; docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    VAR_DIR=/srv/var MEDIA_ROOT=/srv/media STATIC_ROOT=/srv/static

# PDF is laid out with pango; its fonts come along
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/crm
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY manage.py .
COPY crm crm
COPY agents agents
COPY leads leads
COPY calls calls
COPY templates templates
COPY static static

# Static files are part of the image. Building them needs no secret of the installation, so development ones do.
RUN useradd --system --uid 1001 --home-dir /srv crm \
    && DEBUG=true VAR_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /tmp/build \
    && mkdir -p /srv/var /srv/media && chown crm:crm /srv/var /srv/media

USER crm
ENV DEBUG=false HOST=0.0.0.0 PORT=8000
EXPOSE 8000
CMD ["gunicorn", "crm.wsgi", "--bind", "0.0.0.0:8000", "--preload", "--workers", "2", "--threads", "8", "--no-control-socket", "--access-logfile", "-"]
