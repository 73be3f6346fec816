"""The people that every route is tried with."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.test import Client

from annotations.models import Study, StudyMember


@dataclass
class People:
    """Clients by what the person is to the study; None stands for nobody logged in."""

    owner: Client
    editor: Client
    viewer: Client
    staff: Client
    outsider: Client
    anonymous: Client


def people_around(study: Study) -> People:
    """An owner, an editor, a viewer, staff, an outsider, and somebody who is not logged in."""
    clients = {}
    for name in ("owner", "editor", "viewer", "staff", "outsider"):
        account = User.objects.create_user(f"{name}-{study.pk}", is_staff=name == "staff")
        clients[name] = Client()
        clients[name].force_login(account)
        if name == "owner":
            Study.objects.filter(pk=study.pk).update(owner=account)
        elif name in ("editor", "viewer"):
            StudyMember.objects.create(study=study, account=account, role=name)
    study.refresh_from_db()
    return People(**clients, anonymous=Client())
