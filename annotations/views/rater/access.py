"""Who is asking: the invitation in the address and the rater in the cookie."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from annotations.models import Enrolment, Invitation, Study
from annotations.queries.claims import enrolment_with_token_hash, invitation_with_token_hash
from annotations.services.enrolments import NewEnrolment
from annotations.services.invitations import hash_token
from annotations.views.rater.notices import show_notice

_COOKIE_SALT = "annotations.rater"
_COOKIE_AGE_S = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a rater page: the link it came by and, once the rater consented, who it is."""

    token: str
    invitation: Invitation
    enrolment: Enrolment | None

    @property
    def study(self) -> Study:
        return self.invitation.study


def rater_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Turn the token into a ``Visit``; an unknown one gets a friendly page. Never cached, never indexed."""

    @wraps(view)
    @never_cache
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        invitation = invitation_with_token_hash(hash_token(token))
        if invitation is None:
            response = show_notice(request, "unknown", status=404)
        else:
            enrolment = _enrolment_in_cookie(request, invitation.study_id)
            response = view(request, Visit(token, invitation, enrolment), **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return wrapped


def enrolled_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A ``rater_page`` for raters who have consented; others are sent to the entry page."""

    @wraps(view)
    def wrapped(request: HttpRequest, visit: Visit, **kwargs: Any) -> HttpResponse:
        if visit.enrolment is None:
            return redirect("rater_entry", token=visit.token)
        return view(request, visit, **kwargs)

    return rater_page(wrapped)


def remember_rater(response: HttpResponse, new: NewEnrolment) -> None:
    """Put the enrolment's token into its own signed cookie, so that one browser can serve several studies."""
    response.set_signed_cookie(
        _cookie_name(new.enrolment.study_id),
        new.token,
        salt=_COOKIE_SALT,
        max_age=_COOKIE_AGE_S,
        path="/r/",
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _cookie_name(study_id: int) -> str:
    return f"rater_{study_id}"


def _enrolment_in_cookie(request: HttpRequest, study_id: int) -> Enrolment | None:
    try:
        token = request.get_signed_cookie(_cookie_name(study_id), salt=_COOKIE_SALT, max_age=_COOKIE_AGE_S)
    except (KeyError, signing.BadSignature):
        return None
    return enrolment_with_token_hash(study_id, hash_token(token))
