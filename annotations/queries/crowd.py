"""What a rater from a crowd platform is shown at an end, and what the platform and we disagree on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from annotations.crowd.entry import CrowdEntry, return_address
from annotations.crowd.prolific.submissions import Submission
from annotations.crowd.spec import CrowdSpec, Outcome
from annotations.models import CrowdSession, Enrolment, Invitation, Study


@dataclass(frozen=True, slots=True)
class Ending:
    """The code for a rater who has reached an end, and the platform's address to take it back to, if any."""

    code: str
    return_url: str = ""
    platform_title: str = ""


NO_ENDING = Ending("")


def crowd_spec(invitation: Invitation) -> CrowdSpec | None:
    """What the study says of the platform that this link is for, or None for a plain link."""
    crowd = invitation.study.crowd
    if crowd is None or crowd["platform"] != invitation.platform:
        return None
    return CrowdSpec.model_validate(crowd)


def enrolment_of(study_id: int, entry: CrowdEntry) -> Enrolment | None:
    """The enrolment of the rater whom the platform sent, if they have agreed before."""
    return Enrolment.objects.filter(
        study_id=study_id, rater__platform=entry.platform, rater__external_id=entry.rater_id
    ).first()


def is_known_session(enrolment_id: int, session_id: str) -> bool:
    """Whether the rater has come under this session before, and under none since."""
    newest = _newest_session(enrolment_id)
    return newest is not None and newest.external_id == session_id


def enrolment_outcome(study: Study, enrolment: Enrolment, answered: int) -> Outcome:
    """What to call the rater's work when it ends now.

    Complete is whoever did all that was asked, or stopped because nothing was left; stopping early is
    complete only where the study asks for no number. Nothing done and nothing left is a full study.
    """
    quota = study.assignments_per_rater
    if quota is not None and answered >= quota:
        return "completed"
    if enrolment.finished_at is not None:
        if answered:
            return "partial" if quota is not None and enrolment.left_early else "completed"
        return "partial" if enrolment.left_early else "study_full"
    return "partial" if answered or enrolment.status == Enrolment.Status.WITHDRAWN else "study_full"


def ending(
    invitation: Invitation,
    outcome: Outcome,
    *,
    enrolment_id: int | None = None,
    entry: CrowdEntry | None = None,
) -> Ending:
    """The code of an outcome, with the way back to the platform if its host is on the installation's list."""
    spec = crowd_spec(invitation)
    if spec is None:
        return NO_ENDING
    if entry is None and enrolment_id is not None:
        entry = _entry_of(spec, enrolment_id)
    allowed = spec.return_host in settings.CROWD_RETURN_HOSTS
    return Ending(
        code=getattr(spec.codes, outcome),
        return_url=return_address(spec, outcome, entry) if allowed else "",
        platform_title=spec.title,
    )


def enrolment_ending(invitation: Invitation, enrolment: Enrolment, answered: int) -> Ending:
    """The code for an enrolled rater: of the platform's outcome, or by a plain link the study's one code."""
    if crowd_spec(invitation) is None:
        return Ending(invitation.study.completion_code if answered else "")
    outcome = enrolment_outcome(invitation.study, enrolment, answered)
    return ending(invitation, outcome, enrolment_id=enrolment.pk)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A submission whose status here is another. ``session_id`` is None for a session never entered here."""

    submission: Submission
    enrolment_id: int
    session_id: int | None
    status_here: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A platform's list of submissions beside ours."""

    agreed: int
    disagreements: tuple[Disagreement, ...]
    never_entered: tuple[Submission, ...]
    unknown_to_platform: tuple[str, ...]


def platform_study_ids(study_id: int, platform: str) -> list[str]:
    """The platform's ids of the study, as raters brought them along."""
    return list(
        CrowdSession.objects.filter(enrolment__study_id=study_id, enrolment__rater__platform=platform)
        .exclude(external_study_id="")
        .order_by("external_study_id")
        .values_list("external_study_id", flat=True)
        .distinct()
    )


def compare_submissions(
    study_id: int, platform: str, external_study_id: str, submissions: Iterable[Submission]
) -> Comparison:
    """Where a platform's submissions and our sessions of the study differ, in two queries.

    A session entered within the last minute may be too new for the platform's list and is not called unknown.
    """
    raters: dict[str, int] = dict(
        Enrolment.objects.filter(study_id=study_id, rater__platform=platform).values_list(
            "rater__external_id", "pk"
        )
    )
    sessions = {
        (session.enrolment_id, session.external_id): session
        for session in CrowdSession.objects.filter(
            enrolment__study_id=study_id, enrolment__rater__platform=platform
        )
    }
    listed: set[tuple[int, str]] = set()
    agreed = 0
    disagreements: list[Disagreement] = []
    never_entered: list[Submission] = []
    for submission in submissions:
        enrolment_id = raters.get(submission.participant_id)
        if enrolment_id is None:
            never_entered.append(submission)
            continue
        key = (enrolment_id, submission.submission_id)
        listed.add(key)
        session = sessions.get(key)
        if session is not None and session.status == submission.status:
            agreed += 1
        else:
            here = (session.pk, session.status) if session is not None else (None, "")
            disagreements.append(Disagreement(submission, enrolment_id, *here))
    settled = timezone.now() - timedelta(minutes=1)
    unknown = (
        session.external_id
        for key, session in sessions.items()
        if key not in listed
        and session.external_study_id == external_study_id
        and session.last_entered_at < settled
    )
    return Comparison(agreed, tuple(disagreements), tuple(never_entered), tuple(sorted(unknown)))


def _newest_session(enrolment_id: int) -> CrowdSession | None:
    return CrowdSession.objects.filter(enrolment_id=enrolment_id).order_by("-last_entered_at", "-pk").first()


def _entry_of(spec: CrowdSpec, enrolment_id: int) -> CrowdEntry | None:
    session = (
        CrowdSession.objects.filter(enrolment_id=enrolment_id)
        .select_related("enrolment__rater")
        .order_by("-last_entered_at", "-pk")
        .first()
    )
    if session is None:
        return None
    return CrowdEntry(
        spec.platform, session.enrolment.rater.external_id, session.external_study_id, session.external_id
    )
