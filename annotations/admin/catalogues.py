"""Catalogues, items, viewers, profiles, pairs, systems, endorsements."""

from django.contrib import admin
from unfold.admin import TabularInline

from annotations.admin.read_only import FieldsOnlyAdmin, ReadOnlyAdmin
from annotations.models import Attribute, Catalogue, Endorsement, Item, Pair, Profile, System, Viewer


@admin.register(Catalogue)
class CatalogueAdmin(FieldsOnlyAdmin):
    list_display = ("name", "title", "domain", "source_format", "rating_count", "owner", "created_at")
    list_filter = ("domain", "source_format")
    search_fields = ("name", "title")
    list_select_related = ("owner",)
    editable = ("title", "licence", "owner")
    autocomplete_fields = ("owner",)


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    list_display = ("title", "year", "catalogue", "external_id", "description_source")
    list_filter = ("catalogue", "description_source")
    search_fields = ("title", "external_id__exact")
    list_select_related = ("catalogue",)


@admin.register(Viewer)
class ViewerAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "catalogue")
    list_filter = ("catalogue",)
    search_fields = ("external_id",)
    list_select_related = ("catalogue",)


class AttributeInline(TabularInline):
    """The bullets of a profile."""

    model = Attribute
    extra = 0
    can_delete = False
    ordering = ("position",)

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Profile)
class ProfileAdmin(ReadOnlyAdmin):
    list_display = ("viewer", "source", "is_current", "created_at")
    list_filter = ("is_current", "source", "viewer__catalogue")
    search_fields = ("viewer__external_id__exact",)
    list_select_related = ("viewer",)
    inlines = (AttributeInline,)


@admin.register(Pair)
class PairAdmin(ReadOnlyAdmin):
    list_display = ("viewer", "item", "split", "catalogue")
    list_filter = ("split", "catalogue")
    search_fields = ("viewer__external_id__exact", "item__title")
    list_select_related = ("viewer", "item", "catalogue")


@admin.register(System)
class SystemAdmin(FieldsOnlyAdmin):
    list_display = ("name", "title", "kind", "catalogue", "created_at")
    list_filter = ("kind", "catalogue")
    search_fields = ("name", "title")
    list_select_related = ("catalogue",)
    editable = ("title", "description")


@admin.register(Endorsement)
class EndorsementAdmin(ReadOnlyAdmin):
    list_display = ("beginning", "system", "item", "viewer", "sample", "created_at")
    list_filter = ("system__catalogue", "system__kind", "system")
    search_fields = ("text", "item__title", "viewer__external_id__exact")
    list_select_related = ("system", "item", "viewer")

    @admin.display(description="text")
    def beginning(self, endorsement: Endorsement) -> str:
        return f"{endorsement.text[:90]}…" if len(endorsement.text) > 90 else endorsement.text
