"""Ready-made endorsements: all rows or none."""

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Endorsement, System

pytestmark = pytest.mark.django_db

HEADER = "catalogue,system,system_title,item,viewer,text,sample\n"


@pytest.fixture
def texts(tmp_path, catalogue):
    path = tmp_path / "texts.csv"

    def write(*lines: str):
        path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
        return path

    return write


def test_rows_are_written_once(texts, capsys):
    path = texts("tiny,mine,My writer,1,7,See it.,", "tiny,mine,,2,7,See that.,", "tiny,mine,,2,7,Or that.,1")
    call_command("import_endorsements", path, "--json")
    call_command("import_endorsements", path, "--json")
    assert capsys.readouterr().out.splitlines() == [
        '{"written": 3, "unchanged": 0, "systems_new": 1}',
        '{"written": 0, "unchanged": 3, "systems_new": 0}',
    ]
    system = System.objects.get()
    assert (system.name, system.title, system.kind) == ("mine", "My writer", "import")
    assert Endorsement.objects.filter(sample=1).get().text == "Or that."


def test_any_fault_refuses_the_whole_file_and_names_the_rows(texts):
    path = texts(
        "tiny,mine,,1,7,See it.,",
        "tiny,mine,,99,7,See it.,",
        "tiny,mine,,1,nobody,See it.,",
        "elsewhere,mine,,1,7,See it.,",
        "tiny,not a slug,,1,7,See it.,",
        "tiny,mine,,1,8,,",
        "tiny,mine,,1,8,See it.,-1",
    )
    with pytest.raises(CommandError) as error:
        call_command("import_endorsements", path)
    for part in (
        "nothing was written",
        "texts.csv row 3: item '99' is not in catalogue 'tiny'",
        "texts.csv row 4: viewer 'nobody' is not in catalogue 'tiny'",
        "texts.csv row 5: catalogue 'elsewhere' is not there",
        "texts.csv row 6: system 'not a slug' is no short name",
        "texts.csv row 7: text is empty",
        "texts.csv row 8: sample '-1' is no number",
    ):
        assert part in str(error.value)
    assert not Endorsement.objects.exists()
    assert not System.objects.exists()


def test_another_text_for_the_same_pair_is_an_error_in_the_file_and_against_the_database(texts):
    with pytest.raises(CommandError, match=r"texts\.csv row 3: text 'B' differs from the text"):
        call_command("import_endorsements", texts("tiny,mine,,1,7,A,", "tiny,mine,,1,7,B,"))
    call_command("import_endorsements", texts("tiny,mine,,1,7,A,"))
    with pytest.raises(
        CommandError, match=r"texts\.csv row 2: text 'B' differs .* item '1', viewer '7', sample 0"
    ):
        call_command("import_endorsements", texts("tiny,mine,,1,7,B,"))
    assert Endorsement.objects.get().text == "A"


def test_a_system_that_runs_made_is_not_written_to(texts, catalogue):
    System.objects.create(catalogue=catalogue, name="sft", title="SFT", kind="sft")
    with pytest.raises(CommandError, match="system 'sft' is not one of imported texts"):
        call_command("import_endorsements", texts("tiny,sft,,1,7,A,"))


def test_a_missing_file_and_a_missing_column(tmp_path, catalogue):
    with pytest.raises(CommandError, match="there is no such file"):
        call_command("import_endorsements", tmp_path / "none.csv")
    path = tmp_path / "texts.csv"
    path.write_text("system,item,viewer,text\nmine,1,7,A\n")
    with pytest.raises(CommandError, match=r"row 1: has no column catalogue"):
        call_command("import_endorsements", path)
    call_command("import_endorsements", path, "--catalogue", "tiny")
    assert Endorsement.objects.get().text == "A"
