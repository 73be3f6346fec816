"""A small catalogue with texts by three systems, and studies launched on it."""

import hashlib
from typing import Any

from annotations.models import (
    Attribute,
    Catalogue,
    Endorsement,
    Invitation,
    Item,
    Pair,
    Profile,
    Study,
    System,
    Viewer,
)
from annotations.services.invitations import create_invitation
from annotations.services.launch import launch_study

SYSTEMS = ("plain", "tailored", "lively")


def make_catalogue(
    *, pairs: int = 4, attributes: int = 4, split: str = "collect", name: str = "films"
) -> Catalogue:
    """``pairs`` viewers with one item each, all in one split, with a text by every system."""
    catalogue = Catalogue.objects.create(
        name=name, title="Films", domain=Catalogue.Domain.MOVIES, source_format="csv"
    )
    systems = [
        System.objects.create(catalogue=catalogue, name=system, title=system.title(), kind="import")
        for system in SYSTEMS
    ]
    items = Item.objects.bulk_create(
        Item(
            catalogue=catalogue,
            external_id=str(100 + n),
            title=f"Film {n}",
            year=1990 + n % 30,
            description=f"Description number {n}: a ship's cook crosses the desert with a borrowed camel.",
        )
        for n in range(pairs)
    )
    viewers = Viewer.objects.bulk_create(
        Viewer(catalogue=catalogue, external_id=str(n)) for n in range(pairs)
    )
    Pair.objects.bulk_create(
        Pair(catalogue=catalogue, viewer=viewer, item=item, split=split)
        for viewer, item in zip(viewers, items, strict=True)
    )
    profiles = Profile.objects.bulk_create(Profile(viewer=viewer, source="test") for viewer in viewers)
    Attribute.objects.bulk_create(
        Attribute(
            profile=profile,
            position=position,
            text=f"They enjoy thing {position} of viewer {profile.viewer.external_id}.",
            polarity="like",
        )
        for profile in profiles
        for position in range(attributes)
    )
    texts = [
        (system, viewer, item, f"Text of kind {n} about {item.title} for viewer {viewer.external_id}.")
        for n, system in enumerate(systems)
        for viewer, item in zip(viewers, items, strict=True)
    ]
    Endorsement.objects.bulk_create(
        Endorsement(
            system=system,
            viewer=viewer,
            item=item,
            text=text,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        for system, viewer, item, text in texts
    )
    return catalogue


def make_spec(**changes: Any) -> dict[str, Any]:
    """A specification of a study on ``make_catalogue``."""
    return {
        "name": "first",
        "title": "Which text is better?",
        "catalogue": "films",
        "purpose": "collect",
        "seed": 7,
        "baseline": "plain",
        "tests": ["tailored"],
        "attributes_per_comparison": 2,
        "redundancy": 2,
        **changes,
    }


def make_study(*, pairs: int = 4, **changes: Any) -> Study:
    """A launched study on a fresh catalogue."""
    make_catalogue(pairs=pairs, name=changes.get("catalogue", "films"))
    return launch_study(spec=make_spec(**changes))


def make_link(study: Study, **changes: Any) -> tuple[Invitation, str]:
    """An invitation and the address of its entry page."""
    new = create_invitation(study=study, **changes)
    return new.invitation, new.path
