"""The results page and the downloads: the library's numbers, reasons, blinding, queries."""

import json
import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.exports.writers import csv_lines
from annotations.models import AuditEvent, Study, System
from annotations.queries.labels import label_rows
from annotations.services.studies import close_study
from tests.study_data import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def researcher(client):
    client.force_login(User.objects.create_user("researcher", is_staff=True))
    return client


def judged(**fields):
    """Two items, two people: precision 3 of 4, coverage 6 against 4, one bot who prefers the baseline."""
    data = make_study(items=2, study_fields=fields)
    both, other, test_only = (True, True, "A"), (True, True, "B"), (True, False, None)
    data.judge("ann", 0, "A", precision="A", appeal="A", overall="tie", attributes=[both, test_only])
    data.judge("ann", 1, "A", precision="A", appeal="B", overall="A", attributes=[both])
    data.judge("bob", 0, "A", precision="B", appeal="A", overall="A", attributes=[other, test_only])
    data.judge("bob", 1, "A", precision="A", appeal="skip", overall="A", attributes=[both])
    data.enrol("bot", kind="bot")
    data.judge("bot", 0, "B", precision="A")
    return data


def text_of(response):
    page = re.sub(r"<svg.*?</svg>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_has_the_numbers_and_their_counts(researcher):
    judged()
    page = text_of(researcher.get("/studies/films/results/"))
    assert "P4LM against SFT" in page
    assert "3 won, 1 lost, 0 tied" in page  # precision, and prioritization: A, A, B, A
    assert "2 won, 1 lost, 0 tied, 1 skipped (not in n)" in page
    assert "3 won, 0 lost, 1 tied" in page
    assert "covered 6 by test, 4 by baseline" in page
    assert "+50%" in page
    assert page.index("People") < page.index("Simulated raters")
    assert "0 won, 1 lost, 0 tied" in page  # the bot by itself
    assert "One item judged by one rater" in page


def test_what_is_undefined_says_why(researcher):
    data = make_study(items=1)
    data.judge("ann", 0, "A", attributes=[(True, False, None)])
    page = text_of(researcher.get("/studies/films/results/"))
    assert "The baseline covers no attribute, so the ratio has no denominator." in page
    assert "No votes: nowhere did a rater find an attribute covered by both." in page


def test_a_study_without_answers_says_so(researcher):
    make_study()
    assert "Nobody has judged anything yet" in text_of(researcher.get("/studies/films/results/"))


def test_the_downloads_are_the_labels_the_manifest_and_the_numbers(researcher, tmp_path):
    data = judged()
    csv = researcher.get(reverse("study_labels_csv", args=["films"]))
    assert csv.streaming
    assert csv["Content-Disposition"] == 'attachment; filename="films.labels.csv"'
    content = csv.getvalue()
    assert content.decode() == "".join(csv_lines(label_rows(data.study.pk)))
    jsonl = researcher.get(reverse("study_labels_jsonl", args=["films"])).getvalue().decode()
    assert [json.loads(line)["answer"] for line in jsonl.splitlines()][:2] == ["test", "test"]

    (tmp_path / "labels.csv").write_bytes(content)
    manifest = researcher.get(reverse("study_labels_manifest", args=["films"])).getvalue()
    (tmp_path / "manifest.json").write_bytes(manifest)
    out = StringIO()
    call_command(
        "analyze", str(tmp_path / "labels.csv"), manifest=tmp_path / "manifest.json", json=True, stdout=out
    )
    assert researcher.get(reverse("study_results_json", args=["films"])).getvalue().decode() == out.getvalue()
    downloads = AuditEvent.objects.filter(action="labels.downloaded").order_by("pk")
    assert list(downloads.values_list("data__format", flat=True)) == ["csv", "jsonl"]


def test_a_blinded_study_shows_no_number_until_it_is_closed(researcher):
    data = judged(blinded_until_close=True)
    blinded = researcher.get("/studies/films/results/")
    assert "Blinded until close" in text_of(blinded)
    for word in ("won", "Pcov", "P4LM", "0.75"):
        assert word not in text_of(blinded)
    for route in ("study_labels_csv", "study_labels_jsonl", "study_results_json"):
        response = researcher.get(reverse(route, args=["films"]))
        assert response.status_code == 403
        assert "Blinded until close" in text_of(response)
    assert researcher.get(reverse("study_labels_manifest", args=["films"])).status_code == 200
    study_page = text_of(researcher.get("/studies/films/"))
    assert "blinded until close" in study_page
    assert "5 of 5" in study_page

    close_study(study_id=data.study.pk)
    assert "3 won, 1 lost" in text_of(researcher.get("/studies/films/results/"))
    assert researcher.get(reverse("study_labels_csv", args=["films"])).status_code == 200


def test_hostile_titles_stay_text(researcher):
    judged(title="<script>alert(1)</script>")
    System.objects.filter(name="p4lm").update(title='"><img src=x onerror=alert(1)>')
    for where in ("/", "/studies/", "/studies/films/", "/studies/films/results/", "/studies/films/raters/"):
        page = researcher.get(where).content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert not re.search(r"<[^>]+\s(?:style|on\w+)=", page), where


@pytest.mark.parametrize("contrasts", [1, 3])
def test_queries_of_the_results_page(researcher, contrasts):
    names = ("p4lm", "sft-text", "teacher")[:contrasts]
    data = make_study(contrasts=tuple((name, "sft") for name in names))
    for rater in range(contrasts):
        for comparison in range(3 * contrasts):
            data.judge(f"r{rater}", comparison, precision="A", attributes=[(True, True, "A")])
    # session, account, study, any answers, systems of the contrasts, labels (cursor), contrasts, excluded
    with CaptureQueriesContext(connection) as queries:
        assert researcher.get("/studies/films/results/").status_code == 200
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 8


def test_a_closed_study_has_no_buttons_left(researcher):
    data = judged()
    Study.objects.filter(pk=data.study.pk).update(status="closed")
    page = researcher.get("/studies/films/").content.decode()
    assert "Close for good" not in page
    assert "Make a link" not in page
