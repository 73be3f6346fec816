"""Runs with their events and artifacts, preference labels and snapshots."""

from django.contrib import admin

from annotations.admin.read_only import ReadOnlyAdmin
from annotations.models import Artifact, PreferenceLabel, Run, RunEvent, Snapshot


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "name",
        "kind",
        "status",
        "queue",
        "catalogue",
        "started_by",
        "created_at",
        "finished_at",
    )
    list_display_links = ("id", "name")
    list_filter = ("status", "kind", "queue", "catalogue")
    search_fields = ("name",)
    list_select_related = ("catalogue", "started_by")


@admin.register(RunEvent)
class RunEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "run", "level", "step", "message")
    list_filter = ("level", "run__kind")
    search_fields = ("message", "run__name")
    list_select_related = ("run",)


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    list_display = ("role", "run", "sha256", "size_bytes", "created_at")
    list_filter = ("role", "run__kind")
    search_fields = ("sha256__startswith", "run__name")
    list_select_related = ("run",)


@admin.register(PreferenceLabel)
class PreferenceLabelAdmin(ReadOnlyAdmin):
    list_display = ("criterion", "source", "labeller", "purpose", "endorsement", "other", "value", "votes")
    list_filter = ("criterion", "source", "purpose", "catalogue", "study")
    search_fields = ("labeller", "endorsement__item__title")
    list_select_related = ("endorsement", "other")


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ("name", "catalogue", "sha256", "created_at")
    list_filter = ("catalogue",)
    search_fields = ("name", "sha256__startswith")
    list_select_related = ("catalogue",)
