from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotations.models import (
    Attribute,
    Catalogue,
    Endorsement,
    Item,
    Profile,
    Run,
    RunEvent,
    Study,
    StudyMember,
    System,
    Viewer,
)


@dataclass
class World:
    """A catalogue with an owner, a teammate by way of a study, staff and an outsider."""

    catalogue: Catalogue
    item: Item
    viewer: Viewer
    clients: dict[str, Client] = field(default_factory=dict)
    accounts: dict[str, User] = field(default_factory=dict)

    def run(self, **fields) -> Run:
        defaults = {
            "name": "A run",
            "kind": "import_catalogue",
            "queue": "light",
            "status": "succeeded",
            "config": {"a": 1},
            "code_version": "x",
            "catalogue": self.catalogue,
        }
        return Run.objects.create(**defaults | fields)

    def event(self, run: Run, **fields) -> RunEvent:
        return RunEvent.objects.create(run=run, fence=1, **{"level": "info", "message": "line"} | fields)


@pytest.fixture
def world(db):
    accounts = {
        name: User.objects.create_user(name, is_staff=name == "staff")
        for name in ("owner", "teammate", "staff", "outsider")
    }
    catalogue = Catalogue.objects.create(
        name="films", title="Films", domain="movies", source_format="csv", owner=accounts["owner"]
    )
    study = Study.objects.create(
        catalogue=catalogue,
        name="study",
        title="Study",
        purpose="collect",
        seed=0,
        redundancy=1,
        questions=[],
        attributes_per_comparison=1,
        consent="c",
        instructions="i",
        completion_code="code",
        spec={},
        owner=accounts["owner"],
    )
    StudyMember.objects.create(study=study, account=accounts["teammate"], role="viewer")
    item = Item.objects.create(
        catalogue=catalogue,
        external_id="1",
        title="<b>Heat</b>",
        year=1995,
        description="<script>x()</script>",
    )
    viewer = Viewer.objects.create(catalogue=catalogue, external_id="7")
    profile = Profile.objects.create(viewer=viewer, source="test")
    Attribute.objects.create(
        profile=profile, position=0, text="They <i>like</i> it.", polarity="like", evidence=["1"]
    )
    system = System.objects.create(catalogue=catalogue, name="s", title="S", kind="import")
    Endorsement.objects.create(
        system=system, item=item, viewer=viewer, text="<u>See</u> it.", text_sha256="0" * 64
    )
    clients = {"anonymous": Client()}
    for name, account in accounts.items():
        clients[name] = Client()
        clients[name].force_login(account)
    return World(catalogue, item, viewer, clients, accounts)
