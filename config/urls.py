"""Which door is where."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from api.mistral.root import Maintenance, Root, versions
from config.health import health, live, ready

urlpatterns = [
    path("", versions),
    path("console", RedirectView.as_view(pattern_name="console:executions")),
    path("console/", include("executions.console.urls")),
    path("health", health),
    path("health/live", live),
    path("health/ready", ready),
    path("admin/", admin.site.urls),
    path("api/", include("api.conductor.urls")),
    path("mender/", include("api.mender.urls")),
    path("webhook/", include("api.webhook_urls")),
    path("maintenance", Maintenance.as_view()),
    path("v2", Root.as_view()),
    path("v2/", include("api.mistral.urls")),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="openapi"), name="api-docs"),
]
