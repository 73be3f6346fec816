"""import_catalogue as people use it."""

import json

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Catalogue, Run

pytestmark = pytest.mark.django_db


def test_the_report_for_people_and_for_programs(movielens, capsys):
    call_command("import_catalogue", "movielens", movielens, "--name", "tiny", "--title", "Tiny")
    shown = capsys.readouterr()
    assert "catalogue tiny: 3 items (3 new, 0 changed), 2 viewers, 3 ratings" in shown.out
    assert "read 3 items" in shown.err
    call_command("import_catalogue", "movielens", movielens, "--name", "tiny", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["items"], report["items_new"]) == (3, 0)
    assert Run.objects.get(pk=report["run"]).kind == "import_catalogue"
    assert Catalogue.objects.get().title == "Tiny"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "not a slug"], "name: String should match pattern"),
        (["--name", "tiny", "--rating-min", "1"], "give both rating_min and rating_max, or neither"),
        (["--name", "tiny", "--descriptions", "none.csv"], r"none\.csv: there is no such file$"),
    ],
)
def test_clear_errors(arguments, message, movielens):
    with pytest.raises(CommandError, match=message):
        call_command("import_catalogue", "movielens", movielens, *arguments)
    assert not Catalogue.objects.exists()


def test_a_missing_folder(tmp_path, caplog):
    with pytest.raises(CommandError, match=r"^.*/none: there is no such file or folder$"):
        call_command("import_catalogue", "movielens", tmp_path / "none", "--name", "tiny")
    assert "Traceback" not in caplog.text
    run = Run.objects.get()
    assert "Traceback" in run.events.get(level="error").data["traceback"]
