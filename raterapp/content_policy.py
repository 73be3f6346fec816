"""The content security policy: strict for every page, with one narrow exception for the admin."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

_SELF = "'self'"

STRICT_POLICY: dict[str, list[str]] = {
    "default-src": ["'none'"],
    "script-src": [_SELF],
    "style-src": [_SELF],
    "img-src": [_SELF, "data:"],
    "font-src": [_SELF],
    "connect-src": [_SELF],
    "form-action": [_SELF],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "manifest-src": [_SELF],
}


def relax_admin_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let the admin's own framework run: unfold uses Alpine (which evaluates expressions) and inline styles.

    Only addresses under the admin are concerned; inline scripts stay forbidden there too. Must stand below
    the CSP middleware, which reads the mark this leaves on the response.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path_info.startswith(reverse("admin:index", urlconf=settings.ROOT_URLCONF)):
            response._csp_update = {  # type: ignore[attr-defined]  # django-csp's own protocol
                "script-src": ["'unsafe-eval'"],
                "style-src": ["'unsafe-inline'"],
            }
        return response

    return middleware
