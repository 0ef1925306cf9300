"""Which door is where."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from config.health import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="console:executions")),
    path("console", RedirectView.as_view(pattern_name="console:executions")),
    path("console/", include("executions.console.urls")),
    path("health", health),
    path("admin/", admin.site.urls),
    path("api/", include("api.conductor.urls")),
    path("webhook/", include("api.webhook_urls")),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="openapi"), name="api-docs"),
]
