"""load_demo: everything there, once, whatever happened before."""

import json
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from annotations.demo import loading
from annotations.models import Catalogue, Endorsement, Invitation, Profile, Run, Study, System

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _stores(settings, tmp_path):
    settings.ARTIFACTS_URL = str(tmp_path / "artifacts")
    settings.SCRATCH_DIR = tmp_path / "scratch"


@pytest.fixture
def load(capsys):
    def run(*arguments):
        call_command("load_demo", "--json", *arguments)
        return json.loads(capsys.readouterr().out)

    return run


def test_a_first_load_and_a_second(load):
    first = load("--base-url", "http://example.org:81/")
    assert set(first) == {"rater_url", "admin_url", "results_url", "runs_url", "username", "password"}
    assert urlsplit(first["rater_url"]).netloc == "example.org:81"
    token = first["rater_url"].rstrip("/").rsplit("/", 1)[1]
    assert Invitation.objects.filter(token_sha256=sha256(token.encode()).hexdigest()).exists()
    account = get_user_model().objects.get()
    assert account.check_password(first["password"])
    assert account.is_staff
    catalogue = Catalogue.objects.get()
    assert (catalogue.items.count(), catalogue.viewers.count()) == (190, 240)
    assert not catalogue.items.filter(description="").exists()
    assert dict(System.objects.values_list("name", "title")) == {
        "tailored": "Writer who knows the viewer",
        "generic": "Writer who does not",
    }
    study = Study.objects.get()
    assert (study.status, study.purpose, study.comparisons.count()) == ("open", "collect", 80)
    assert set(catalogue.pairs.values_list("split", flat=True)) == {"collect"}
    assert Run.objects.filter(kind="pipeline").count() == 1
    counts = [model.objects.count() for model in (Profile, Endorsement, Run, Invitation)]

    second = load()
    assert (second["rater_url"], second["password"]) == (None, None)
    assert counts == [model.objects.count() for model in (Profile, Endorsement, Run, Invitation)]

    renewed = load("--new-secrets")
    account.refresh_from_db()
    assert account.check_password(renewed["password"])
    assert Invitation.objects.count() == 2


@pytest.mark.parametrize("step", ["_profiles", "import_endorsements", "_study", "_pipeline", "_secrets"])
def test_a_load_that_broke_off_is_finished_by_the_next(step, load, monkeypatch):
    def breaks(*args, **kwargs):
        raise loading.ImportFileError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(loading, step, breaks)
        with pytest.raises(CommandError, match="the demo cannot be loaded: power cut"):
            load()
    report = load()
    assert report["password"]
    assert report["rater_url"]
    assert (
        Study.objects.count(),
        Endorsement.objects.count(),
        Run.objects.filter(kind="pipeline").count(),
    ) == (
        1,
        160,
        1,
    )


def test_without_the_pipeline(load):
    load("--no-pipeline")
    assert not Run.objects.filter(kind="pipeline").exists()
