"""The web server's settings, read by ``gunicorn -c config/gunicorn.py``.

UPBEAT_WEB_WORKERS processes with UPBEAT_WEB_THREADS threads each: a request that waits for an execution, or a browser
that follows one live, holds a thread.
"""

from __future__ import annotations

from django.urls import get_resolver
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from config import repeated_headers
from config.settings import HOST, PORT
from config.stack import environment
from config.stack.leash import die_with_parent

wsgi_app = "config.wsgi:application"
bind = f"[{HOST}]:{PORT}" if ":" in HOST else f"{HOST}:{PORT}"
worker_class = "gthread"
workers = environment.web_workers()
threads = environment.web_threads()
# loaded once, before the workers are forked: faster to start, and they share the memory
preload_app = True
# polling clients keep their connections longer than the pause between two polls
keepalive = 75
timeout = 60
graceful_timeout = 10
accesslog = None
loglevel = "warning"
# its default place is the same for all servers of one user
control_socket_disable = True

repeated_headers.tolerate()


def when_ready(_: Arbiter) -> None:
    """Loads the doors once too; else each worker would, at its first request."""
    assert get_resolver().url_patterns


def post_fork(_: Arbiter, worker: Worker) -> None:
    """A worker whose master was killed must not go on serving, or keep the port from the next master."""
    die_with_parent(worker.ppid)
