"""Policies can be read in the admin and changed nowhere."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from modelsvc.models import Policy
from tests.modelsvc.world import GENERATE, World


@pytest.mark.django_db
def test_policies_are_shown_and_not_changed(world: World, client) -> None:
    world.executed("generate", {**GENERATE, "limit": 4}, policy=world.sft)
    policy = Policy.objects.get()
    assert (policy.base_model, policy.uses_embeddings) == ("tiny", True)
    client.force_login(get_user_model().objects.create_superuser("root", password="root"))

    page = client.get(reverse("admin:modelsvc_policy_changelist"))
    assert page.status_code == 200
    assert f"run {world.sft.pk}: Endorser training" in page.content.decode()
    detail = reverse("admin:modelsvc_policy_change", args=[policy.pk])
    assert policy.artifact.sha256 in client.get(detail).content.decode()
    assert client.post(detail, {"temperature": "2"}).status_code == 403
    assert client.get(reverse("admin:modelsvc_policy_add")).status_code == 403
    assert client.post(reverse("admin:modelsvc_policy_delete", args=[policy.pk])).status_code == 403


@pytest.mark.django_db
def test_who_is_no_admin_sees_nothing(client) -> None:
    client.force_login(get_user_model().objects.create_user("someone"))
    assert client.get(reverse("admin:modelsvc_policy_changelist")).status_code == 302
