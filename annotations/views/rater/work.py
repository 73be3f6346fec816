"""The work page: show a comparison, keep drafts, take the answers, finish."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.forms.judgment import JudgmentForm, draft_answers
from annotations.models import Enrolment, Study
from annotations.queries.claims import rater_progress
from annotations.queries.crowd import NO_ENDING, enrolment_ending
from annotations.queries.rater_pages import WorkPage, form_plan, work_page
from annotations.services.claims import (
    LeaseLostError,
    StudyNotOpenError,
    claim_assignment,
    save_draft,
)
from annotations.services.enrolments import finish_enrolment
from annotations.services.judgments import submit_judgment
from annotations.views.rater.access import Visit, enrolled_page
from annotations.views.rater.entry import notice_with_code
from annotations.views.rater.notices import show_notice


@require_safe
@enrolled_page
def work(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The comparison this rater holds, or the next one."""
    assert visit.enrolment is not None
    if visit.enrolment.instructed_at is None:
        return redirect("rater_instructions", token=visit.token)
    try:
        assignment = claim_assignment(enrolment_id=visit.enrolment.pk)
    except StudyNotOpenError as error:
        return notice_with_code(request, visit, "closed" if error.status == Study.Status.CLOSED else "paused")
    if assignment is None:
        if rater_progress(visit.enrolment.pk).answered == 0:
            return show_notice(
                request,
                "full",
                next_url=request.path,
                next_label="Try again",
                ending=enrolment_ending(visit.invitation, visit.enrolment, 0),
            )
        finish_enrolment(enrolment_id=visit.enrolment.pk)
        return redirect("rater_finish", token=visit.token)
    page = work_page(enrolment_id=visit.enrolment.pk, public_id=assignment.public_id)
    return _show_form(request, visit, page, JudgmentForm(page.form, initial=_initial(page.draft)))


@require_http_methods(["GET", "HEAD", "POST"])
@enrolled_page
def submit(request: HttpRequest, visit: Visit, public_id: uuid.UUID) -> HttpResponse:
    """Take the answers; whatever is wrong is shown beside its question, with everything else kept.

    A page with errors stands at this address, so a browser may come back to it without answers.
    """
    assert visit.enrolment is not None
    if request.method != "POST":
        return redirect("rater_work", token=visit.token)
    plan = form_plan(enrolment_id=visit.enrolment.pk, public_id=public_id)
    if plan is None:
        return _show_lost(request, visit)
    form = JudgmentForm(plan, request.POST)
    if not form.is_valid():
        page = work_page(enrolment_id=visit.enrolment.pk, public_id=public_id)
        return _show_form(request, visit, page, form, status=422)
    try:
        submit_judgment(
            enrolment_id=visit.enrolment.pk,
            public_id=public_id,
            answers=form.answers(),
            idempotency_key=form.idempotency_key,
        )
    except LeaseLostError:
        return _show_lost(request, visit)
    return redirect("rater_work", token=visit.token)


@require_POST
@enrolled_page
def draft(request: HttpRequest, visit: Visit, public_id: uuid.UUID) -> HttpResponse:
    """Keep half-filled answers (sent by the page's script) and the lease with them."""
    assert visit.enrolment is not None
    plan = form_plan(enrolment_id=visit.enrolment.pk, public_id=public_id)
    if plan is None:
        return JsonResponse({"saved": False}, status=409)
    answers = draft_answers(plan, request.POST)
    try:
        save_draft(enrolment_id=visit.enrolment.pk, public_id=public_id, answers=answers)
    except LeaseLostError:
        return JsonResponse({"saved": False}, status=409)
    return JsonResponse({"saved": True})


@require_http_methods(["GET", "HEAD", "POST"])
@enrolled_page
def finish(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The thank-you page with the completion code; before that, the question whether to stop here."""
    assert visit.enrolment is not None
    if request.method == "POST":
        finish_enrolment(enrolment_id=visit.enrolment.pk, early=True)
        return redirect("rater_finish", token=visit.token)
    answered = rater_progress(visit.enrolment.pk).answered
    quota = visit.study.assignments_per_rater
    is_finished = visit.enrolment.status != Enrolment.Status.ACTIVE
    context = {
        "study": visit.study,
        "token": visit.token,
        "answered": answered,
        "is_finished": is_finished,
        "ending": enrolment_ending(visit.invitation, visit.enrolment, answered) if is_finished else NO_ENDING,
        "may_go_on": visit.study.status == Study.Status.OPEN
        and visit.enrolment.status == Enrolment.Status.FINISHED
        and not visit.enrolment.is_excluded
        and (quota is None or answered < quota),
    }
    return render(request, "rater/finish.html", context)


def _initial(draft_of: Mapping[str, str]) -> dict[str, Any]:
    return {**draft_of, "key": uuid.uuid4()}


def _show_form(
    request: HttpRequest, visit: Visit, page: WorkPage, form: JudgmentForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "page": page,
        "form": form,
        "token": visit.token,
        "errors": form.is_bound and form.erroneous_blocks(),
    }
    return render(request, "rater/work.html", context, status=status)


def _show_lost(request: HttpRequest, visit: Visit) -> HttpResponse:
    next_url = reverse("rater_work", kwargs={"token": visit.token})
    return show_notice(request, "lost", status=409, next_url=next_url, next_label="Next comparison")
