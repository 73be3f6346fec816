"""Recording which policy a system's texts are sampled from."""

from typing import TypedDict

from django.db import transaction

from modelsvc.models import Policy


class OtherPolicyError(ValueError):
    """The system's texts come from another policy, or were sampled otherwise: a system is one writer."""


class Sampling(TypedDict):
    """The settings under which a policy's texts are drawn."""

    temperature: float
    top_p: float
    max_new_tokens: int


@transaction.atomic
def record_policy(
    *,
    system_id: int,
    artifact_id: int,
    artifact_sha256: str,
    base_model: str,
    uses_embeddings: bool,
    sampling: Sampling,
) -> Policy:
    """The system's policy, recorded if it has none.

    Raises:
        OtherPolicyError: if the system has other weights or other settings.
    """
    policy, made = Policy.objects.select_related("system", "artifact").get_or_create(
        system_id=system_id,
        defaults={
            "artifact_id": artifact_id,
            "base_model": base_model,
            "uses_embeddings": uses_embeddings,
            **sampling,
        },
    )
    if made:
        return policy
    if policy.artifact.sha256 != artifact_sha256:
        raise OtherPolicyError(
            f"system {policy.system.name!r} holds texts of the policy that run {policy.artifact.run_id} "
            "trained; a system is one policy, choose another name"
        )
    for setting, value in sampling.items():
        known = getattr(policy, setting)
        if known != value:
            raise OtherPolicyError(
                f"system {policy.system.name!r} was sampled with {setting} {known:g}, not {value:g}; "
                "a system is one way of writing, choose another name"
            )
    return policy
