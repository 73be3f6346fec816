"""A rater who uses nothing but the keyboard, from the link to the thank-you page."""

import csv
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from annotations.models import AttributeAnswer, Judgment
from tests.rater.world import make_link, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def exported_answers(path: Path) -> dict[tuple[str, str], str]:
    """By question and attribute text, what the label file says."""
    call_command("export_labels", "first", "--format", "csv", "--output", str(path), stdout=StringIO())
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["question"], row["attribute_text"]): row["answer"]
            or f"{row['covers_test']}/{row['covers_baseline']}"
            for row in csv.DictReader(file)
        }


def test_keyboard_alone_reaches_the_thank_you_page(live_server, page: Page, tmp_path: Path) -> None:
    study = make_study(pairs=1, redundancy=1, completion_code="KEYS-ONLY", ties=True)
    _, link = make_link(study)
    page.goto(live_server.url + link)
    tab_to(page, "form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions/")
    tab_to(page, "form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/work/")
    expect(page.locator("html.js")).to_be_attached()

    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()

    page.keyboard.press("b")  # precision
    # What has the focus is not hidden behind the texts, which stay in view.
    focused = page.locator("fieldset.question:focus-within").bounding_box()
    texts = page.locator(".endorsements").bounding_box()
    assert focused is not None
    assert texts is not None
    assert focused["y"] >= texts["y"] + texts["height"]
    page.keyboard.press("t")  # appeal
    page.keyboard.press("y")  # the first preference: A covers it
    expect(page.locator("[data-question=aligns_0]")).to_be_hidden()
    page.keyboard.press("y")  # and B too, so that one more question appears
    expect(page.locator("[data-question=aligns_0]")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("n")  # the second preference
    page.keyboard.press("y")
    expect(page.locator("[data-question=aligns_1]")).to_be_hidden()
    page.keyboard.press("a")  # overall
    expect(page.locator("#submit")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/finish/")
    expect(page.locator("#completion-code")).to_have_text("KEYS-ONLY")

    judgment = Judgment.objects.get()
    assert (judgment.precision, judgment.appeal, judgment.overall) == ("B", "tie", "A")
    answers = AttributeAnswer.objects.order_by("sampled_attribute__position")
    assert [(a.covers_a, a.covers_b, a.aligns) for a in answers] == [(True, True, "A"), (False, True, None)]

    test_at = judgment.assignment.slot.position_of_test
    system_at = {test_at: "test", "B" if test_at == "A" else "A": "baseline"}
    first, second = (answer.sampled_attribute.text for answer in answers)
    assert exported_answers(tmp_path / "labels.csv") == {
        ("precision", ""): system_at["B"],
        ("appeal", ""): "tie",
        ("overall", ""): system_at["A"],
        ("coverage", first): "true/true",
        ("prioritization", first): system_at["A"],
        ("coverage", second): "false/true" if test_at == "A" else "true/false",
    }


def test_draft_survives_a_reload(live_server, page: Page) -> None:
    study = make_study(pairs=1, redundancy=1)
    _, link = make_link(study)
    page.goto(live_server.url + link)
    page.click("form button")
    page.click("form button")
    page.wait_for_url("**/work/")
    page.check("[name=precision][value=A]")
    page.click("label[for=q-covers-b-1-0]")
    expect(page.locator("#save-state")).to_have_text("Draft saved")
    page.reload()
    expect(page.locator("[name=precision][value=A]")).to_be_checked()
    expect(page.locator("[name=covers_b_1][value=yes]")).to_be_checked()
    expect(page.locator("[name=appeal]:checked")).to_have_count(0)


def test_unmade_condition_clears_the_answer_and_says_so(live_server, page: Page) -> None:
    study = make_study(pairs=1, redundancy=1)
    _, link = make_link(study)
    page.goto(live_server.url + link)
    page.click("form button")
    page.click("form button")
    for name, value in (
        ("covers_a_0", "yes"),
        ("covers_b_0", "yes"),
        ("aligns_0", "B"),
        ("covers_a_0", "no"),
    ):
        page.check(f"[name={name}][value={value}]")
    expect(page.locator("#announcer")).to_contain_text("was cleared")
    page.check("[name=covers_a_0][value=yes]")
    expect(page.locator("[name=aligns_0]:checked")).to_have_count(0)


def test_missing_answers_are_pointed_out_and_focused(live_server, page: Page) -> None:
    study = make_study(pairs=1, redundancy=1)
    _, link = make_link(study)
    page.goto(live_server.url + link)
    page.click("form button")
    page.click("form button")
    page.check("[name=appeal][value=B]")
    with page.expect_response(lambda response: response.status == 422) as refused:
        page.keyboard.press("Control+Enter")
    assert "/answers/" in refused.value.url
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors li")).to_have_count(6)
    expect(page.locator("[name=appeal][value=B]")).to_be_checked()
    page.locator("#errors a").first.click()
    expect(page.locator("[name=precision]").first).to_be_focused()


def test_a_form_revived_by_the_back_button_has_a_new_key(live_server, page: Page) -> None:
    """Sent again with its old key, a return to an earlier answer would pass for a repeated request."""
    _, link = make_link(make_study(pairs=1, redundancy=1))
    page.goto(live_server.url + link)
    page.locator("form button").click()
    page.locator("form button").click()
    page.wait_for_url("**/work/")
    expect(page.locator("html.js")).to_be_attached()
    key = page.locator("input[name=key]")
    shown_first = uuid.UUID(key.input_value())
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: false}))")
    assert uuid.UUID(key.input_value()) == shown_first
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert uuid.UUID(key.input_value()) != shown_first
