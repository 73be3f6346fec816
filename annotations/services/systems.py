"""Recording the systems whose endorsements runs write."""

from django.db import transaction

from annotations.models import System


class SystemKindError(ValueError):
    """A system of that name is there already, as another kind of writer."""


@transaction.atomic
def save_system(
    *, catalogue_id: int, name: str, title: str, kind: str, run_id: int | None = None, description: str = ""
) -> int:
    """The id of the catalogue's system of that name, made if it is not there.

    Raises:
        SystemKindError: if the system has another kind.
    """
    system, made = System.objects.get_or_create(
        catalogue_id=catalogue_id,
        name=name,
        defaults={"title": title, "kind": kind, "run_id": run_id, "description": description},
    )
    if not made and system.kind != kind:
        raise SystemKindError(f"system {name!r} is there as {system.kind}, not {kind}; choose another name")
    return system.pk
