"""Friendly pages for raters when there is nothing to do, or not now."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotations.queries.crowd import NO_ENDING, Ending


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened and what the rater can do about it."""

    title: str
    text: str
    advice: str


_NOTICES = {
    "unknown": Notice(
        "This link does not work",
        "There is no study behind this address.",
        "Please check that you copied the whole link, or ask whoever sent it to you for a new one.",
    ),
    "expired": Notice(
        "This link has expired",
        "Nobody new can join the study by it any more.",
        "Please ask whoever sent it to you for a new one.",
    ),
    "revoked": Notice(
        "This link is no longer in use",
        "Nobody new can join the study by it any more.",
        "Please ask whoever sent it to you for a new one.",
    ),
    "full": Notice(
        "Every place is taken",
        "All comparisons of this study are being judged or have been judged by others.",
        "A place may become free again. You are welcome to try this link later.",
    ),
    "paused": Notice(
        "The study is taking a break",
        "Nothing is handed out at the moment. Everything you have submitted is safe.",
        "Please come back later by the same link.",
    ),
    "closed": Notice(
        "The study has ended",
        "Thank you for your interest. No more answers are being collected.",
        "Everything that was submitted before is safe. You can close this page.",
    ),
    "lost": Notice(
        "This comparison is no longer yours",
        "You returned it, or it was opened again somewhere else with the texts in another order.",
        "Nothing you submitted before is affected. Please go on with the next comparison.",
    ),
}


def show_notice(
    request: HttpRequest,
    reason: str,
    *,
    status: int = 200,
    next_url: str = "",
    next_label: str = "",
    ending: Ending = NO_ENDING,
) -> HttpResponse:
    """The page for ``reason``, with the code and the way back to the platform, if there are any."""
    context = {
        "notice": _NOTICES[reason],
        "next_url": next_url,
        "next_label": next_label,
        "ending": ending,
    }
    return render(request, "rater/notice.html", context, status=status)
