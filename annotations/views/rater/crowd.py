"""Raters whom a crowd platform sent: who they are, by the parameters in the address."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotations.crowd.entry import CrowdEntry, EntryError, read_entry
from annotations.crowd.spec import Outcome
from annotations.models import Enrolment
from annotations.queries.crowd import Ending, crowd_spec, ending, enrolment_of, is_known_session
from annotations.views.rater.access import Visit


@dataclass(frozen=True, slots=True)
class SentRater:
    """Somebody who came by a platform's link; ``known`` is their enrolment if they came before."""

    visit: Visit
    entry: CrowdEntry
    known: Enrolment | None

    @property
    def is_back_in_this_browser(self) -> bool:
        """The cookie is theirs and the platform's session is the one they came by last."""
        enrolment = self.visit.enrolment
        return (
            enrolment is not None
            and self.known is not None
            and enrolment.pk == self.known.pk
            and is_known_session(enrolment.pk, self.entry.session_id)
        )

    def ending(self, outcome: Outcome) -> Ending:
        return ending(self.visit.invitation, outcome, entry=self.entry)


def sent_by_platform(request: HttpRequest, visit: Visit) -> SentRater | None:
    """Whom the platform sent, or None for a plain link. Reads only.

    Raises:
        EntryError: it is a platform's link, and its parameters do not say who comes.
    """
    spec = crowd_spec(visit.invitation)
    if spec is None:
        return None
    entry = read_entry(spec, dict(request.GET.lists()))
    return SentRater(visit, entry, enrolment_of(visit.study.pk, entry))


def show_entry_error(request: HttpRequest, visit: Visit, error: EntryError) -> HttpResponse:
    """The page that names what is missing from the address, and never repeats what was in it."""
    spec = crowd_spec(visit.invitation)
    assert spec is not None
    context = {"platform_title": spec.title, "missing": error.missing, "faulty": error.faulty}
    return render(request, "rater/entry_error.html", context, status=400)
