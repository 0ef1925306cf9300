"""The WSGI application that the web server runs."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.charset import OneCharset
from config.chunked import MeasuredBodies
from config.slashes import EncodedSlashes, OneSlash

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

measured = MeasuredBodies(get_wsgi_application(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
application = OneCharset(EncodedSlashes(OneSlash(measured, "/api"), "/api"))
