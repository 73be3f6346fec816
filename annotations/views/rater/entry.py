"""The way in: consent and instructions."""

import uuid

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from annotations.crowd.entry import EntryError
from annotations.models import Enrolment, Study
from annotations.queries.claims import rater_progress
from annotations.queries.crowd import NO_ENDING, enrolment_ending
from annotations.queries.studies import has_open_slot
from annotations.services.crowd import enter_from_platform
from annotations.services.enrolments import (
    InvitationUnusableError,
    NewEnrolment,
    enrol_rater,
    mark_instructed,
    unusable_reason,
)
from annotations.views.rater.access import Visit, enrolled_page, rater_page, remember_rater
from annotations.views.rater.crowd import SentRater, sent_by_platform, show_entry_error
from annotations.views.rater.notices import show_notice

_ENTRY_SALT = "annotations.rater.entry"
_ENTRY_AGE_S = 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
@rater_page
def enter(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The consent page. Fetching it changes nothing, so link previews cost nobody a place."""
    try:
        sent = sent_by_platform(request, visit)
    except EntryError as error:
        if visit.enrolment is not None and not error.faulty:
            return redirect(_next_step(visit, visit.enrolment))
        return show_entry_error(request, visit, error)
    if visit.enrolment is not None and (sent is None or sent.is_back_in_this_browser):
        return redirect(_next_step(visit, visit.enrolment))
    reason = None if sent is not None and sent.known is not None else _closed_door(visit)
    if reason is not None:
        return show_notice(
            request,
            reason,
            status=410 if reason in ("expired", "revoked", "closed") else 200,
            ending=sent.ending("study_full") if sent else NO_ENDING,
        )
    if request.method != "POST":
        return render(
            request,
            "rater/consent.html",
            {"study": visit.study, "entry": _sign_entry(), "token": visit.token, "sent": sent},
        )
    try:
        new = _enrol(request, visit, sent)
    except InvitationUnusableError as error:
        return show_notice(request, error.reason, ending=sent.ending("study_full") if sent else NO_ENDING)
    response = redirect(_next_step(visit, new.enrolment))
    remember_rater(response, new)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@enrolled_page
def instruct(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The instructions; always reachable again."""
    assert visit.enrolment is not None
    if request.method == "POST":
        mark_instructed(enrolment_id=visit.enrolment.pk)
        return redirect("rater_work", token=visit.token)
    context = {"study": visit.study, "token": visit.token, "begun": visit.enrolment.instructed_at is not None}
    return render(request, "rater/instructions.html", context)


def notice_with_code(request: HttpRequest, visit: Visit, reason: str) -> HttpResponse:
    """A notice for an enrolled rater, with the completion code that their work so far has earned."""
    assert visit.enrolment is not None
    answered = rater_progress(visit.enrolment.pk).answered
    return show_notice(request, reason, ending=enrolment_ending(visit.invitation, visit.enrolment, answered))


def _enrol(request: HttpRequest, visit: Visit, sent: SentRater | None) -> NewEnrolment:
    if sent is not None:
        return enter_from_platform(
            invitation_id=visit.invitation.pk, entry=sent.entry, consent=visit.study.consent
        )
    return enrol_rater(
        invitation_id=visit.invitation.pk,
        external_id=_read_entry(request.POST.get("entry", "")),
        consent=visit.study.consent,
    )


def _closed_door(visit: Visit) -> str | None:
    """Why a new rater cannot enter, or None."""
    if visit.study.status == Study.Status.CLOSED:
        return "closed"
    reason = unusable_reason(visit.invitation)
    if reason is not None:
        return reason
    if visit.study.status != Study.Status.OPEN:
        return "paused"
    return None if has_open_slot(visit.study.pk) else "full"


def _next_step(visit: Visit, enrolment: Enrolment) -> str:
    if enrolment.status != Enrolment.Status.ACTIVE:
        name = "rater_finish"
    elif enrolment.instructed_at is None:
        name = "rater_instructions"
    else:
        name = "rater_work"
    return reverse(name, kwargs={"token": visit.token})


def _sign_entry() -> str:
    """A number for this showing of the consent page: sending the page twice enrols once."""
    return signing.dumps(uuid.uuid4().hex, salt=_ENTRY_SALT)


def _read_entry(signed: str) -> str:
    try:
        return str(signing.loads(signed, salt=_ENTRY_SALT, max_age=_ENTRY_AGE_S))
    except signing.BadSignature:
        return uuid.uuid4().hex
