"""The whole journey in a browser that runs no scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from annotations.models import Judgment
from tests.rater.world import make_link, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def choose(page: Page, **answers: str) -> None:
    for name, value in answers.items():
        page.check(f"[name={name}][value={value}]")


def test_the_journey_without_scripts(live_server, plain_page: Page) -> None:
    page = plain_page
    study = make_study(pairs=1, redundancy=1, completion_code="NO-SCRIPT")
    _, link = make_link(study)
    page.goto(live_server.url + link)
    page.click("form button")
    page.click("form button")
    expect(page.locator("#open-help")).to_be_hidden()
    expect(page.locator("[name=aligns_0]").first).to_be_hidden()
    choose(page, precision="A", covers_a_0="yes", covers_b_0="yes", covers_a_1="no", covers_b_1="no")
    expect(page.locator("[name=aligns_0]").first).to_be_visible()
    page.click("#submit")
    expect(page.locator("#errors")).to_contain_text("3 questions still need an answer")
    expect(page.locator("[name=precision][value=A]")).to_be_checked()
    choose(page, appeal="B", aligns_0="B", overall="A")
    page.click("#submit")
    expect(page.locator("#completion-code")).to_have_text("NO-SCRIPT")
    judgment = Judgment.objects.get()
    assert (judgment.precision, judgment.appeal, judgment.overall) == ("A", "B", "A")
    assert judgment.duration_s > 0
