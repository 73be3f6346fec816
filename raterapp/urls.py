"""Every route, by area."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from raterapp.health import healthz

# The admin's own login page has no throttle: it sends people to the throttled one.
admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("annotations.urls")),
    path("", include("modelsvc.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]
