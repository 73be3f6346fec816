"""``analyze``: the numbers of a label file without a database, in both forms, and silence on error."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotations.exports.analysis import analyze_labels
from annotations.exports.manifest import ManifestError, read_manifest
from annotations.exports.report import results_report
from annotations.exports.schema import LabelFileError
from annotations.exports.writers import csv_lines
from annotations.metrics.labels import Answer, LabelTable
from annotations.metrics.results import study_results
from tests.metrics.label_rows import small_study, vote

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def labels(tmp_path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("".join(csv_lines(small_study())), newline="", encoding="utf-8")
    return path


def manifest(folder: Path, **content) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def run(*arguments) -> str:
    out = StringIO()
    call_command("analyze", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_json_is_what_the_library_gives(labels):
    printed = json.loads(run(labels, "--json"))
    assert printed == json.loads(json.dumps(study_results(LabelTable.from_rows(small_study())).as_dict()))
    (contrast,) = printed["contrasts"]
    assert contrast["precision"]["win_rate"] == 0.625
    assert contrast["coverage"]["pcov"] == pytest.approx(0.2)


def test_table_shows_fractions_percent_and_reasons(labels):
    table = run(labels)
    assert "P4LM against SFT, judged by raters of kind human" in table
    assert "0.625" in table
    assert "+20.0%" in table
    assert "no votes" in table
    assert "one rater" in table


def test_manifest_chooses_contrasts_and_exclusions(labels, tmp_path):
    declared = manifest(
        tmp_path,
        study="films",
        contrasts=[{"test_system": "P4LM", "baseline_system": "SFT"}],
        exclusions={"rater_ids": ["r3"], "comparison_ids": ["c2"]},
        bootstrap_seed=7,
    )
    (contrast,) = json.loads(run(labels, "--manifest", declared, "--json"))["contrasts"]
    assert (contrast["precision"]["wins"], contrast["precision"]["n"]) == (4, 4)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_errors_print_nothing_to_stdout(tmp_path, form):
    out = StringIO()
    with pytest.raises(CommandError, match=r"absent\.csv: cannot be read"):
        call_command("analyze", str(tmp_path / "absent.csv"), *form, stdout=out)
    assert out.getvalue() == ""


def test_it_needs_no_database(labels, tmp_path):
    # A fresh process whose database address leads nowhere and whose data folder cannot be made.
    blocked = tmp_path / "file"
    blocked.write_text("")
    environment = {
        "PATH": "",
        "DJANGO_SETTINGS_MODULE": "raterapp.settings.test",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "RATERAPP_VAR": str(blocked),
    }
    command = [sys.executable, "manage.py", "analyze", str(labels), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["contrasts"][0]["precision"]["win_rate"] == 0.625


BAD_MANIFESTS = [
    ({"contrasts": [{"test_system": "P4LM"}]}, r"contrasts\.0\.baseline_system: Field required"),
    ({"contrast": []}, r"contrast: unknown field; allowed at the top: study, contrasts, exclusions"),
    ({"bootstrap_seed": "7"}, r"bootstrap_seed: Input should be a valid integer"),
    ({"bootstrap_seed": -1}, r"bootstrap_seed: Input should be greater than or equal to 0"),
    ({"exclusions": {"rater_ids": "r1"}}, r"exclusions\.rater_ids: Input should be a valid list"),
    ({"contrasts": [{"test_system": "a", "baseline_system": "a"}]}, r"contrasts\.0: .* are the same"),
    ({"contrasts": [{"test_system": "a", "baseline_system": "b"}] * 2}, r"a against b twice"),
    ({"study": "books"}, r"study: 'books' is not in labels\.csv, which has 'films'"),
    ({"contrasts": [{"test_system": "SFT", "baseline_system": "P4LM"}]}, r"the other way round"),
    ([], r"manifest: Input should be an object|manifest: Input should be a valid dictionary"),
]


@pytest.mark.parametrize(("content", "message"), BAD_MANIFESTS)
def test_bad_manifests_are_named(labels, tmp_path, content, message):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ManifestError, match=message) as caught:
        analyze_labels(labels, path)
    assert str(caught.value).startswith("manifest.json")


def test_unreadable_manifests_are_named(tmp_path):
    with pytest.raises(ManifestError, match=r"none\.json: cannot be read"):
        read_manifest(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ManifestError, match=r"broken\.json: not JSON"):
        read_manifest(tmp_path / "broken.json")


def test_several_studies_need_a_choice(tmp_path):
    rows = small_study()
    other = [vote(Answer.BASELINE, study="books", assignment_id="a9")]
    path = tmp_path / "labels.csv"
    path.write_text("".join(csv_lines(rows + other)), newline="", encoding="utf-8")
    with pytest.raises(LabelFileError, match="several studies: 'books', 'films'"):
        analyze_labels(path)
    chosen = analyze_labels(path, manifest(tmp_path, study="films"))
    assert chosen == study_results(LabelTable.from_rows(rows))


def test_names_cannot_drive_the_terminal():
    rows = [vote(Answer.TEST, test_system="\x1b[2Jevil")]
    report = results_report(study_results(LabelTable.from_rows(rows)))
    assert "\x1b" not in report
    assert "\\x1b[2Jevil" in report
