"""Django's settings. What differs between installations comes from the environment (see docs/settings.md)."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.unfold import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("UPBEAT_DATA", str(BASE_DIR / ".data")))

VERSION = re.search(r"^## (\d+\.\d+\.\d+\S*)", (BASE_DIR / "CHANGELOG.md").read_text(), re.MULTILINE)[1]  # type: ignore[index]

HOST = env.text("UPBEAT_HOST", "127.0.0.1")
PORT = env.number("UPBEAT_PORT", 8080)
REDIS_PORT = env.number("UPBEAT_REDIS_PORT", 16379)
DEBUG = env.flag("UPBEAT_DEBUG")

# Anonymous clients may do everything: for the demo on this machine, and nowhere else.
OPEN = env.flag("UPBEAT_OPEN")
if OPEN and HOST not in ("127.0.0.1", "localhost", "::1"):
    raise ImproperlyConfigured(
        f"UPBEAT_OPEN=1 lets everybody in and is for the loopback interface only, but UPBEAT_HOST is {HOST}"
    )


def _secret_key() -> str:
    """From the environment, or made once and kept in the data folder."""
    key = env.text("UPBEAT_SECRET_KEY")
    if key:
        return key
    path = DATA_DIR / "secret_key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        try:
            path.hardlink_to(fresh)  # the first process to get here wins, all others read its key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.words("UPBEAT_SECRET_KEY_FALLBACKS")
# Keys that secrets are encrypted with: the first one encrypts, all decrypt. Without them, SECRET_KEY and its fallbacks.
ENCRYPTION_KEYS = env.words("UPBEAT_ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.words("UPBEAT_ALLOWED_HOSTS") or (["*"] if OPEN else [HOST, "localhost", "127.0.0.1"])

# Browsers and clients come by way of a proxy that speaks HTTPS and says so, in a header that it takes from nobody else.
if env.flag("UPBEAT_BEHIND_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "workflows_app.apps.WorkflowsConfig",
    "executions.apps.ExecutionsConfig",
    "api.apps.ApiConfig",
    *env.words("UPBEAT_APPS"),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database() -> dict[str, Any]:
    """PostgreSQL by DATABASE_URL, or else SQLite in the data folder."""
    url = env.text("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'upbeat.sqlite3'}"
    database: dict[str, Any] = environ.Env.db_url_config(url)
    database["CONN_MAX_AGE"] = None
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {
            # a transaction takes the write lock when it begins, and so never has to give up half-way
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000",
        }
    else:
        database["CONN_HEALTH_CHECKS"] = True
        options = database.setdefault("OPTIONS", {})
        options["options"] = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"
        # the engine's few statements come again and again: planning them is half of their cost
        if env.flag("UPBEAT_PREPARED_STATEMENTS", True):
            options["server_side_binding"] = True
            options["prepare_threshold"] = 3
    return database


# Polls of external workers that may wait in one web process: each holds a thread.
WAITING_POLLS = max(env.number("UPBEAT_WEB_THREADS", 16) * 3 // 4, 1)

DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A larger request is answered with 413. A task's output of the largest size that is accepted must fit in, with room
# for all else that a worker reports: one that is refused here is reported again and again.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("UPBEAT_MAX_BODY", 12 * 1024 * 1024)

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("UPBEAT_STATIC", str(DATA_DIR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = False
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "console:executions"


def _rabbitmq_queues() -> str:
    """The kind of the Celery queues on RabbitMQ."""
    kind = env.text("UPBEAT_RABBITMQ_QUEUES", "classic")
    if kind not in ("classic", "quorum"):
        raise ImproperlyConfigured(f"UPBEAT_RABBITMQ_QUEUES must be classic or quorum, not {kind!r}")
    return kind


REDIS_URL = env.text("REDIS_URL") or f"redis://127.0.0.1:{REDIS_PORT}/0"

# ---- Celery (executions/engine/canvas.py says what is sent; docs/decisions/0003 why these settings)

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL  # chords need one; no task keeps a result
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # the lease recovers what a dead worker had, not the broker
CELERY_TASK_PUBLISH_RETRY = False  # a message that is not sent is looked for anyway
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = {
    "executions.tick": {"queue": "ticks"},
    "executions.tidy": {"queue": "ticks"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = STOP_SECONDS = env.number("UPBEAT_STOP_SECONDS", 10)
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker that gives up would take its tasks with it
CELERY_RESULT_EXPIRES = 3600
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "executions.tick", "schedule": 1.0, "options": {"expires": 2.0}},
    "tidy": {"task": "executions.tidy", "schedule": 30.0, "options": {"expires": 30.0}},
}
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_WORKER_DISABLE_PREFETCH = True
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "global_keyprefix": "upbeat:",
        "ack_emulation": False,  # two round trips for each message, to keep what the table knows
        "socket_timeout": 15,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }
elif CELERY_BROKER_URL.startswith(("amqp", "pyamqp")):
    # all queues of one kind: what each process declares must be what is there
    CELERY_TASK_DEFAULT_QUEUE_TYPE = CELERY_TASK_CREATE_MISSING_QUEUE_TYPE = _rabbitmq_queues()
    CELERY_WORKER_CONSUMER = "config.consumer:Consumer"
    CELERY_BROKER_CONNECTION_TIMEOUT = 2
    CELERY_BROKER_HEARTBEAT = 30
    CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 0, "read_timeout": 15, "write_timeout": 5}

# ---- Upbeat

# Modules with @task functions, beside the ``workflow_tasks`` modules of installed apps.
TASK_MODULES = env.words("UPBEAT_TASK_MODULES")
# A worker process that is not heard of for so long has lost what it was doing. Long enough for a busy process to miss
# two of three renewals, short enough that nobody notices a dead one.
LEASE_SECONDS = env.number("UPBEAT_LEASE_SECONDS", 30)
# Bytes of JSON that the input of an execution or the output of a task may have.
MAX_PAYLOAD = env.number("UPBEAT_MAX_PAYLOAD", 10 * 1024 * 1024)
# Where clients' payloads are kept for a day; with several web servers, a folder that all of them share.
PAYLOADS_DIR = Path(env.text("UPBEAT_PAYLOADS", str(DATA_DIR / "payloads")))
# Forks up to this width go out as a chord, wider ones as a batch of messages.
CHORD_MAX_WIDTH = env.number("UPBEAT_CHORD_MAX_WIDTH", 20)
# Messages that a sweep leaves in one queue at most; the rest waits in the table.
QUEUE_WINDOW = env.number("UPBEAT_QUEUE_WINDOW", 1000)
# Days for which delivered events and fired schedules stay to be looked at. A message that comes twice from a queue
# outside is known as the same one for so long.
EVENT_HISTORY_DAYS = env.number("UPBEAT_EVENT_HISTORY_DAYS", 14)
# HTTP tasks may call addresses of the own network and this machine.
HTTP_ALLOW_PRIVATE = env.flag("UPBEAT_HTTP_ALLOW_PRIVATE", OPEN)
# Seconds for which a token of an API key is good; SDKs fetch a new one after 45 minutes.
API_TOKEN_SECONDS = env.number("UPBEAT_API_TOKEN_SECONDS", 3600)
# Environment variables that expressions may read.
EXPRESSION_VARIABLES = env.words("UPBEAT_EXPRESSION_VARIABLES")

# ---- What tasks may use (docs/mender.md)

# A folder of Mender's definitions, loaded before anything serves.
MENDER_DEFINITIONS = env.text("UPBEAT_MENDER_DEFINITIONS")
# Topics with workers of their own, which serve the queues ``topic.<topic>``. All others share the usual workers.
TOPICS = env.words("UPBEAT_TOPICS")
# Programs that cli tasks may run: names that are looked for on the PATH, or paths.
CLI_PROGRAMS = env.words("UPBEAT_CLI_PROGRAMS")
# The mail server that workflows use which name none: host or host:port.
SMTP_HOST = env.text("UPBEAT_SMTP_HOST") or "localhost:25"
SMTP_USERNAME = env.text("UPBEAT_SMTP_USERNAME")
SMTP_PASSWORD = env.text("UPBEAT_SMTP_PASSWORD")
SMTP_AUTH_MECHANISM = env.text("UPBEAT_SMTP_AUTH_MECHANISM") or "PLAIN"
# Definitions may mail files from this folder.
MAIL_FILES = env.text("UPBEAT_MAIL_FILES") or MENDER_DEFINITIONS
NATS_URL = env.text("UPBEAT_NATS_URL")
NATS_STREAM = env.text("UPBEAT_NATS_STREAM", "WORKFLOWS")
# Publish through JetStream, which confirms that a message is kept.
NATS_JETSTREAM = env.flag("UPBEAT_NATS_JETSTREAM", True)

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "api.openapi.DoorSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.access.KeyOrPerson"],
    "DEFAULT_PERMISSION_CLASSES": ["api.access.MayUseApi"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Upbeat",
    "VERSION": VERSION,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["api.openapi.add_components"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("UPBEAT_LOG_LEVEL", "INFO")},
    "loggers": {"celery": {"level": "WARNING"}, "django_celery_beat": {"level": "WARNING"}},
}
