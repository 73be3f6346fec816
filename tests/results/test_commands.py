"""export_labels, study_results and analyze: the same numbers by every way."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotations.exports import study_labels
from annotations.exports.readers import iterate_labels
from annotations.models import AuditEvent
from annotations.queries.labels import label_rows
from tests.study_data import make_study

pytestmark = pytest.mark.django_db


def run(command, *arguments, **options):
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def data():
    """Two contrasts, three people (one excluded), two bots, gold, surplus, a revision, hostile text."""
    data = make_study("films", contrasts=(("zeta", "sft"), ("p4lm", "sft")), items=4, gold=[4])
    data.enrol("eve", is_excluded=True, exclusion_reason="answered at random")
    data.enrol("bot1", kind="bot")
    data.enrol("bot2", kind="bot")
    choices = ["A", "B", "tie", "both_bad", "skip"]
    for turn, rater in enumerate(("ann", "bob", "eve", "bot1", "bot2")):
        for comparison in range(8):
            position = "AB"[(turn + comparison) % 2]
            pick = choices[(turn * 3 + comparison) % 5]
            data.judge(
                rater,
                comparison,
                position,
                precision=pick,
                appeal=choices[comparison % 2],
                overall=position,
                attributes=[(True, True, pick), (comparison % 2 == 0, turn % 2 == 0, None)],
                status="surplus" if (turn, comparison) == (1, 5) else "submitted",
                duration_s=20 + comparison / 3,
            )
    first = data.study.assignments.order_by("pk").first()
    data.revise(first, precision="B", attributes=[(False, True, None), (True, True, "tie")])
    return data


@pytest.mark.parametrize("label_format", ["csv", "jsonl"])
def test_analyze_on_the_export_prints_the_bytes_of_study_results(data, tmp_path, label_format):
    path = tmp_path / f"labels.{label_format}"
    run("export_labels", "films", "--format", label_format, "--output", path)
    printed = run("study_results", "films", "--json")
    assert run("analyze", path, "--manifest", f"{path}.manifest.json", "--json") == printed
    assert run("analyze", path, "--manifest", f"{path}.manifest.json") == run("study_results", "films")

    numbers = json.loads(printed)
    assert [entry["test_system"] for entry in numbers["contrasts"]] == ["zeta", "p4lm"]
    assert numbers["rater_kind"] == "human"
    assert list(numbers["other_rater_kinds"]) == ["bot"]
    # Overall always named the test system's text: two people on three comparisons that are not gold, of
    # which one dropped the answer in a revision; and on four, of which one was surplus.
    assert numbers["contrasts"][0]["overall"]["wins"] == numbers["contrasts"][0]["overall"]["n"] == 5
    assert numbers["contrasts"][1]["overall"]["wins"] == numbers["contrasts"][1]["overall"]["n"] == 7
    assert numbers["rows"]["surplus"] > 0
    assert numbers["rows"]["excluded_by_manifest"] == 0

    # Without the manifest only the declared order of the contrasts is unknown.
    alone = json.loads(run("analyze", path, "--json"))
    alone["contrasts"].reverse()
    for other in alone["other_rater_kinds"].values():
        other["contrasts"].reverse()
    assert alone == numbers


@pytest.mark.parametrize("label_format", ["csv", "jsonl"])
def test_the_file_gives_back_the_rows(data, tmp_path, label_format):
    path = tmp_path / f"labels.{label_format}"
    report = json.loads(run("export_labels", "films", "--format", label_format, "--output", path, "--json"))
    rows = [row for _, row in iterate_labels(path)]
    assert rows == list(label_rows(data.study.pk))
    assert report == {
        "study": "films",
        "labels": str(path),
        "manifest": f"{path}.manifest.json",
        "rows": len(rows),
    }
    assert AuditEvent.objects.get(action="labels.exported").data == {
        "format": label_format,
        "rows": len(rows),
    }


def test_the_manifest_declares_what_was_frozen(data, tmp_path):
    path = tmp_path / "labels.csv"
    run("export_labels", data.study.pk, "--format", "csv", "--output", path)
    assert json.loads((tmp_path / "labels.csv.manifest.json").read_text()) == {
        "study": "films",
        "contrasts": [
            {"test_system": "zeta", "baseline_system": "sft"},
            {"test_system": "p4lm", "baseline_system": "sft"},
        ],
        "exclusions": {"rater_ids": [str(data.raters["eve"].rater.public_id)], "comparison_ids": []},
        "bootstrap_seed": 7,
        "study_manifest_sha256": data.study.manifest_sha256,
    }


def test_a_study_that_nobody_judged_has_reasons_instead_of_numbers(tmp_path):
    make_study()
    path = tmp_path / "labels.csv"
    run("export_labels", "films", "--format", "csv", "--output", path)
    printed = run("study_results", "films", "--json")
    assert run("analyze", path, "--manifest", f"{path}.manifest.json", "--json") == printed
    (contrast,) = json.loads(printed)["contrasts"]
    assert contrast["precision"]["reason"] == "no votes"
    assert contrast["coverage"]["pcov"] is None


def test_files_that_are_there_are_kept_unless_forced(data, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("mine")
    with pytest.raises(CommandError, match=r"labels\.csv exists already; --force overwrites it"):
        run("export_labels", "films", "--format", "csv", "--output", path)
    assert path.read_text() == "mine"
    run("export_labels", "films", "--format", "csv", "--output", path, "--force")
    assert path.read_text().startswith("study,comparison_id,")
    path.unlink()
    with pytest.raises(CommandError, match=r"labels\.csv\.manifest\.json exists already"):
        run("export_labels", "films", "--format", "csv", "--output", path)
    assert not path.exists()


def test_a_failing_export_leaves_no_file(data, tmp_path, monkeypatch):
    def cut_off(rows):
        yield "study,\r\n"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(study_labels._LINES, "csv", cut_off)
    with pytest.raises(CommandError, match=r"labels\.csv: cannot be written: No space left on device"):
        run("export_labels", "films", "--format", "csv", "--output", tmp_path / "labels.csv")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CommandError, match=r"No such file or directory"):
        run("export_labels", "films", "--format", "csv", "--output", tmp_path / "nowhere" / "labels.csv")


def test_wrong_names_are_told(data, tmp_path):
    for command, options in (
        ("study_results", ()),
        ("export_labels", ("--format", "csv", "--output", tmp_path / "labels.csv")),
    ):
        with pytest.raises(CommandError, match=r"there is no study 'filmz'.*films"):
            run(command, "filmz", *options)
    with pytest.raises(CommandError, match=r"labels\.txt: a csv file must end in \.csv"):
        run("export_labels", "films", "--format", "csv", "--output", tmp_path / "labels.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_look_at_a_blinded_study_is_said_and_logged(capsys):
    make_study(study_fields={"blinded_until_close": True})
    error = StringIO()
    run("study_results", "films", "--json", stderr=error)
    assert "blinded until it is closed" in error.getvalue()
    assert AuditEvent.objects.filter(action="results.seen_while_blinded").count() == 1
