"""launch_study on the command line."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from annotations.models import Study
from tests.rater.world import make_catalogue

pytestmark = pytest.mark.django_db

SPEC = """
name: first
title: Which is better?
catalogue: films
purpose: collect
baseline: plain
tests: [tailored]
redundancy: 2
"""


def test_prints_the_link_that_lets_raters_in(tmp_path: Path) -> None:
    make_catalogue(pairs=3)
    get_user_model().objects.create_user("ada")
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    out = StringIO()
    call_command(
        "launch_study", str(spec), "--owner", "ada", "--base-url", "https://x.org/", "--json", stdout=out
    )
    result = json.loads(out.getvalue())
    study = Study.objects.get()
    assert study.owner is not None
    assert study.owner.get_username() == "ada"
    assert (result["study"], result["study_id"], result["comparisons"], result["slots"]) == (
        "first",
        study.pk,
        3,
        6,
    )
    assert result["manifest_sha256"] == study.manifest_sha256
    assert result["completion_code"] == study.completion_code
    assert result["rater_url"].startswith("https://x.org/r/")
    page = Client().get(result["rater_url"].removeprefix("https://x.org"))
    assert "I agree" in page.content.decode()


def test_problems_are_reported_by_file_and_leave_nothing(tmp_path: Path) -> None:
    make_catalogue(pairs=1)
    spec = tmp_path / "spec.yaml"
    for text, message in (
        (SPEC + "colour: red", "spec.yaml: colour: is not a field"),
        (SPEC.replace("tailored", "fancy"), "spec.yaml: the catalogue 'films' has no system 'fancy'"),
    ):
        spec.write_text(text)
        with pytest.raises(CommandError, match=message):
            call_command("launch_study", str(spec))
    spec.write_text(SPEC)
    with pytest.raises(CommandError, match="there is no account 'nobody'"):
        call_command("launch_study", str(spec), "--owner", "nobody")
    assert not Study.objects.exists()
