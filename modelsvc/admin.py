"""The machine side in the admin: to read, not to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from modelsvc.models import Policy


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    """Where a system's texts come from; runs write it."""

    list_display = (
        "system", "trained_by", "base_model", "uses_embeddings", "temperature", "top_p", "max_new_tokens",
    )  # fmt: skip
    list_filter = ("uses_embeddings", "system__kind")
    list_select_related = ("system", "artifact__run")
    search_fields = ("system__name", "system__title")
    fields = (
        "system", "trained_by", "artifact_sha256", "base_model", "uses_embeddings",
        "temperature", "top_p", "max_new_tokens", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="trained by")
    def trained_by(self, policy: Policy) -> str:
        return f"run {policy.artifact.run_id}: {policy.artifact.run.name}"

    @admin.display(description="SHA-256 of the weights' artifact")
    def artifact_sha256(self, policy: Policy) -> str:
        return policy.artifact.sha256

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
