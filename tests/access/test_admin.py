"""The admin: all can be looked at, what services write cannot be changed, no list asks row by row."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.admin.read_only import FieldsOnlyAdmin, ReadOnlyAdmin
from annotations.models import (
    Artifact,
    AuditEvent,
    CrowdEvent,
    CrowdSession,
    PreferenceLabel,
    Run,
    RunEvent,
    Snapshot,
    StudyMember,
)
from annotations.services.labels import make_labels
from tests.study_data import make_study

pytestmark = pytest.mark.django_db

MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label == "annotations"),
    key=lambda model: model.__name__,
)
# Seen on the page of what they belong to, or nowhere.
NOT_BY_ITSELF = {"Attribute", "AttributeAnswer", "SampledAttribute", "StudyMember", "RunInput", "Draft"}
APPEND_ONLY = {
    "Judgment", "AuditEvent", "RunEvent", "Artifact", "Snapshot", "Endorsement", "Comparison", "Slot",
    "CrowdEvent",
}  # fmt: skip


@pytest.fixture
def admin_client(client):
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def add_rows(place):
    """At least one more row of every model."""
    data = make_study(f"study-{place}", open_slots=1, split="collect")
    data.judge(f"r{place}", 0, precision="A", attributes=[(True, True, "A")])
    make_labels(study_id=data.study.pk)
    data.study.invitations.create(token_sha256=f"{place:064d}")
    run = Run.objects.create(name="SFT", kind="x", queue="light", config={}, code_version="1")
    RunEvent.objects.create(run=run, fence=0, level="info", message="hello")
    artifact = Artifact.objects.create(run=run, role="labels", sha256="0" * 64, files=[], size_bytes=1)
    Snapshot.objects.create(
        catalogue=data.study.catalogue,
        name=f"s{place}",
        sha256="0" * 64,
        artifact=artifact,
        selection={},
        counts={},
    )
    CrowdSession.objects.create(
        enrolment=data.raters[f"r{place}"],
        external_id="s",
        entered_at=timezone.now(),
        last_entered_at=timezone.now(),
    )
    CrowdEvent.objects.create(
        platform="prolific", event_id=str(place), signature_sha256=str(place), sent_at=timezone.now()
    )
    AuditEvent.objects.create(action="x", object_kind="study", object_id="1", study=data.study)
    return data


def page_of(model, page, *args):
    return reverse(f"admin:annotations_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_there():
    known = {model.__name__ for model in apps.get_app_config("annotations").get_models()}
    assert {model.__name__ for model in MODELS} == known - NOT_BY_ITSELF


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_ask_as_often_for_three_rows_as_for_one(model, admin_client):
    counts = []
    for places in ([0], [1, 2]):
        for place in places:
            add_rows(place)
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(page_of(model, "changelist"))
        assert response.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert admin_client.get(page_of(model, "changelist"), {"q": "x"}).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_rows_can_be_looked_at_but_not_added_or_deleted(model, admin_client):
    add_rows(0)
    row = model.objects.first()
    assert admin_client.get(page_of(model, "change", row.pk)).status_code == 200
    assert admin_client.get(page_of(model, "add")).status_code == 403
    assert admin_client.post(page_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_what_is_append_only_cannot_be_changed():
    for model in MODELS:
        registered = admin.site._registry[model]
        assert isinstance(registered, ReadOnlyAdmin)
        if model.__name__ in APPEND_ONLY:
            assert not isinstance(registered, FieldsOnlyAdmin), model


def test_a_post_to_a_read_only_row_is_refused(admin_client):
    add_rows(0)
    label = PreferenceLabel.objects.first()
    assert admin_client.post(page_of(PreferenceLabel, "change", label.pk), {"value": "0"}).status_code == 403


def test_members_are_kept_on_the_study_and_its_frozen_plan_is_not_touched(admin_client):
    data = add_rows(0)
    teammate = User.objects.create_user("teammate")
    body = {
        "owner": teammate.pk, "title": "Another", "seed": "9",
        "members-TOTAL_FORMS": "1", "members-INITIAL_FORMS": "0", "members-MIN_NUM_FORMS": "0",
        "members-MAX_NUM_FORMS": "1000", "members-0-account": teammate.pk, "members-0-role": "viewer",
    }  # fmt: skip
    response = admin_client.post(page_of(type(data.study), "change", data.study.pk), body)
    assert response.status_code == 302
    data.study.refresh_from_db()
    assert (data.study.owner, data.study.title, data.study.seed) == (teammate, "Study-0", 7)
    assert StudyMember.objects.get().account == teammate


def test_no_token_is_shown(admin_client):
    data = add_rows(0)
    enrolment, invitation = data.raters["r0"], data.study.invitations.get()
    for row in (enrolment, invitation):
        assert row.token_sha256 not in admin_client.get(page_of(type(row), "change", row.pk)).content.decode()


def test_only_staff_with_the_permission_get_in(client):
    add_rows(0)
    for account, expected in (
        (User.objects.create_user("nobody"), 302),
        (User.objects.create_user("staff", is_staff=True), 403),
    ):
        client.force_login(account)
        for model in MODELS:
            assert client.get(page_of(model, "changelist")).status_code == expected
    client.logout()
    assert client.get(page_of(MODELS[0], "changelist")).status_code == 302
